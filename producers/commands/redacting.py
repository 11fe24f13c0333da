"""Redact event lines that need not be kept: redact."""

from pathlib import Path
from typing import get_args

import click

from ledger.erasing.redactor import Redactor
from ledger.errors import InputError
from ledger.events.erasure import RedactionReason
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.erasures import find_erasure


@click.command()
@click.argument("event_ids", metavar="[EVENT]...", nargs=-1)
@click.option(
    "--reason",
    type=click.Choice(get_args(RedactionReason)),
    default="retention",
    show_default=True,
    help="Why the lines need not be kept.",
)
@click.option(
    "--erasure",
    metavar="ERASURE",
    default="",
    help="The erasure that they fall under, by its id or by your own reference.",
)
@click.option("--what-if", is_flag=True, help="Say which lines; write nothing.")
@workspace_option
@json_option
def redact(
    event_ids: tuple[str, ...],
    folder: Path,
    reason: RedactionReason,
    erasure: str,
    *,
    what_if: bool,
    as_json: bool,
) -> None:
    """Replace the lines of EVENTs (SEQ.INDEX) by their leaf hashes, for good.

    Every receipt, signature and checkpoint stays what it was. Without EVENT, finish
    what a kill interrupted.
    """
    with open_workspace(folder) as workspace:
        redactor = Redactor(workspace)
        if what_if:
            lines = redactor.plan(event_ids)
            _print({line.event_id: line.name for line in lines}, as_json=as_json)
            return
        if not event_ids:
            if erasure or reason == "erasure":
                message = "redact: expected EVENTs beside --reason and --erasure"
                raise InputError(message)
            say(f"{redactor.finish()} lines redacted that were named before")
            return
        erasure_id = find_erasure(workspace, erasure) if erasure else ""
        redacted = redactor.redact(event_ids, reason=reason, erasure_id=erasure_id)
    _print({one: f"REDACTED_BY {by}" for one, by in redacted}, as_json=as_json)


def _print(said: dict[str, str], *, as_json: bool) -> None:
    """What is said of each event."""
    if as_json:
        print_json({"schema": "tuneledger.redact/1", "events": said})
        return
    for event_id, text in said.items():
        click.echo(f"{event_id:<9} {text}")


COMMANDS = (redact,)
