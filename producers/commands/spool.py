"""What producers have signed and the ledger has not taken yet: spool status, drain."""

import sys
from pathlib import Path

import click

from ledger import Ledger
from ledger.errors import ConflictError, NotALedgerError, TuneledgerError
from ledger.spool.spool import spools_in
from producers.commands.common import (
    json_option,
    passphrase,
    print_json,
    say,
    workspace_option,
)


@click.group()
def spool() -> None:
    """Look at what producers have spooled, and append it."""


@spool.command()
@workspace_option
@json_option
def status(folder: Path, *, as_json: bool) -> None:
    """Print what is spooled in each stream, whether or not the ledger can be reached.

    Exit code 8 where a stream was cut off.
    """
    if not folder.is_dir():
        message = f"{folder} is no workspace: no such folder"
        raise NotALedgerError(message)
    streams = []
    for found in spools_in(folder):
        files, size = found.size()
        streams.append(
            {
                "stream": found.stream,
                "submissions": files,
                "bytes": size,
                "is_open": found.is_locked(),
                "quarantined": found.quarantined(),
            }
        )
    if as_json:
        print_json({"schema": "tuneledger.spool/1", "streams": streams})
    for one in [] if as_json else streams:
        is_open = "  open" if one["is_open"] else ""
        click.echo(
            f"{one['submissions']:>7} {one['bytes']:>12}  {one['stream']}{is_open}"
        )
        if one["quarantined"]:
            click.echo(f"        quarantined: {one['quarantined']}")
    if any(one["quarantined"] for one in streams):
        sys.exit(ConflictError.exit_code)


@spool.command()
@workspace_option
def drain(folder: Path) -> None:
    """Append everything that is spooled now.

    Exit code 8 where a stream's next submission was not appended.
    """
    appended = 0
    refused: dict[str, TuneledgerError] = {}
    with Ledger.open(folder, passphrase=passphrase()) as ledger:
        while True:
            drained = ledger.drain()
            appended += drained.submissions
            # What an earlier pass moved to quarantine does not come up again.
            refused |= drained.refused
            if not drained.is_full:
                break
    click.echo(f"appended {appended} submissions")
    for stream, why in sorted(refused.items()):
        say(f"stream {stream}: not appended: {why}")
    if refused:
        sys.exit(ConflictError.exit_code)


COMMANDS = (spool,)
