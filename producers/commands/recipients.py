"""To whom data or models were handed: recipient add, list."""

from pathlib import Path

import click

from ledger.errors import InputError
from ledger.vault.recipients import RECORDS, Recipients
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.ids import whole_run_id
from producers.erasing.due import utc


@click.group()
def recipient() -> None:
    """Keep the list of whoever must be told of erasures (GDPR Article 19)."""


@recipient.command()
@click.argument("name")
@click.option(
    "--run", "run_id", metavar="RUN", help="They got the weights of this run."
)
@click.option("--records", is_flag=True, help="They got records themselves.")
@workspace_option
def add(name: str, folder: Path, run_id: str | None, *, records: bool) -> None:
    """Note that NAME was handed the weights of a run, or records."""
    if (run_id is None) != records:
        message = "recipient: expected one of --run RUN and --records"
        raise InputError(message)
    with open_workspace(folder) as workspace:
        if run_id is not None:
            run_id = whole_run_id(workspace.ledger, run_id)
        if run_id is not None and run_id not in workspace.states()["compute"].runs:
            message = f"expected the id of a run (see `status`), found {run_id[:32]!r}"
            raise InputError(message)
        added = Recipients(workspace.vault).add(
            name, run_id or RECORDS, now_ms=workspace.clock_ms()
        )
    click.echo(f"{added.name}  {added.handed}")


@recipient.command("list")
@workspace_option
@json_option
def list_recipients(folder: Path, *, as_json: bool) -> None:
    """List who was handed what."""
    with open_workspace(folder) as workspace:
        found = Recipients(workspace.vault).all()
    if as_json:
        listed = [
            {
                "name": one.name,
                "handed": one.handed,
                "since_ms": one.since_ms,
            }
            for one in found
        ]
        print_json({"schema": "tuneledger.recipients/1", "recipients": listed})
        return
    for one in found:
        click.echo(f"{one.name}  {one.handed}  {utc(one.since_ms)}")
    if not found:
        say("nobody was handed anything, as far as is noted")


COMMANDS = (recipient,)
