"""Commands that only read a ledger: status, summary, log, show."""

from pathlib import Path

import click

from ledger.export.event_path import event_document, event_text
from ledger.export.log_lines import log_document, log_text
from ledger.export.status import (
    masked_subjects,
    status_document,
    status_text,
)
from ledger.export.summary import private_names, summary_document
from ledger.log.ledger import Ledger, system_clock_ms
from ledger.log.moment import Moment, find_moment
from ledger.log.projector import project
from ledger.projections.summary_markdown import to_markdown
from ledger.workspace.scanned import known_pages
from producers.commands.common import (
    json_option,
    open_ledger,
    print_json,
    workspace_option,
)

at_option = click.option(
    "--at",
    metavar="INDEX|DATE",
    help="As it was: after entry INDEX, or at the end of DATE (ISO 8601, UTC).",
)


def moment_of(ledger: Ledger, at: str | None) -> Moment:
    """The moment that was asked for; now, where none was."""
    if at is None:
        return Moment(size=ledger.size, at_ms=system_clock_ms())
    return find_moment(ledger, at)


@click.command()
@workspace_option
@at_option
@json_option
@click.option(
    "--subjects",
    is_flag=True,
    help="List data subjects by local alias, identifiers masked.",
)
def status(folder: Path, at: str | None, *, as_json: bool, subjects: bool) -> None:
    """Show shards, runs, provider status and erasures."""
    with open_ledger(folder) as ledger:
        moment = moment_of(ledger, at)
        states = project(ledger, size=None if at is None else moment.size)
        document = status_document(
            ledger, states, moment=moment, pages=known_pages(folder)
        )
    if subjects:
        document["subjects"] = masked_subjects(folder)
    if as_json:
        print_json(document)
    else:
        click.echo(status_text(document))


@click.command()
@workspace_option
@at_option
@json_option
@click.option(
    "--sme/--no-sme",
    default=None,
    help="Whether the provider is an SME; decides how many domains are listed.",
)
def summary(folder: Path, at: str | None, *, as_json: bool, sme: bool | None) -> None:
    """Draft the public summary of training content, field by field.

    Names and sizes come from the vault as it is now, whatever `--at` says.
    """
    with open_ledger(folder) as ledger:
        size = None if at is None else moment_of(ledger, at).size
        draft = summary_document(
            project(ledger, size=size), private=private_names(folder), sme=sme
        )
    if as_json:
        print_json(draft.as_dict())
    else:
        click.echo(to_markdown(draft.summary))


@click.command("log")
@workspace_option
@click.option("--stream", help="Only this stream and those below it.")
@click.option("--type", "event_type", help="Only event types that begin with this.")
@click.option("--last", type=click.IntRange(min=1), help="Only the last N events.")
@json_option
def log_command(
    folder: Path,
    stream: str | None,
    event_type: str | None,
    last: int | None,
    *,
    as_json: bool,
) -> None:
    """List the events, oldest first."""
    with open_ledger(folder) as ledger:
        document = log_document(ledger, stream=stream, event_type=event_type, last=last)
    if as_json:
        print_json(document)
    else:
        click.echo(log_text(document))


@click.command()
@click.argument("event_id", metavar="EVENT")
@workspace_option
@json_option
def show(event_id: str, folder: Path, *, as_json: bool) -> None:
    """Show one EVENT (SEQ.INDEX) with its path to its signature and checkpoint."""
    with open_ledger(folder) as ledger:
        document = event_document(ledger, event_id)
    if as_json:
        print_json(document)
    else:
        click.echo(event_text(document))


COMMANDS = (status, summary, log_command, show)
