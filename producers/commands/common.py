"""What every command shares: options, output, and how a workspace is opened."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from ledger import Ledger
from ledger.workspace.workspace import Workspace
from producers.optout.net.resolve import resolve_public
from producers.scanning import ScanOptions

EXIT_ROLLED_BACK = 1
EXIT_POLICY = 3
EXIT_WAITING = 4
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


def say(text: str) -> None:
    """Progress and messages go to stderr, so that stdout is the result."""
    click.echo(text, err=True)


def finish(text: str, code: int) -> None:
    """Print a report and exit with its code, even where nobody reads to the end."""
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        stop_printing()
    sys.exit(code)


def stop_printing() -> None:
    """Send to nowhere what a reader who went away would have got."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(document: Any) -> None:
    """One document on stdout."""
    click.echo(json.dumps(document, indent=2))


workspace_option = click.option(
    "-w",
    "--workspace",
    "folder",
    type=click.Path(path_type=Path),
    default=Path(),
    envvar="TUNELEDGER_WORKSPACE",
    help="Folder of the workspace; the current one by default.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document."
)
root_option = click.option(
    "--root",
    "roots",
    multiple=True,
    metavar="VKEY",
    help="Root key that you know from elsewhere, or @FILE with one a line.",
)
root_threshold_option = click.option(
    "--root-threshold",
    type=click.IntRange(1, 16),
    metavar="K",
    help="Least root threshold; the policy's, or the number of root keys.",
)
policy_option = click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    help="Your trust policy (docs/policy.md).",
)
out_option = click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A new file."
)
jurisdiction_option = click.option(
    "--jurisdiction",
    "jurisdictions",
    type=click.Choice(["eu", "uk"]),
    multiple=True,
    help="Where the model may be used; the settings' by default (EU and UK at first).",
)


def network() -> ScanOptions:
    """How a scan connects: by name service, politely, unless the caller says else."""
    injected: ScanOptions | None = click.get_current_context().obj
    return injected or ScanOptions(resolver=resolve_public)


def passphrase() -> bytes | None:
    """The key files' passphrase, from the environment only."""
    value = os.environ.get("TUNELEDGER_PASSPHRASE")
    return value.encode() if value else None


def open_workspace(folder: Path) -> Workspace:
    """Open a workspace for writing."""
    return Workspace(folder, passphrase=passphrase())


@contextlib.contextmanager
def open_ledger(path: Path) -> Iterator[Ledger]:
    """Open the ledger of a workspace, or a `.ledger` file, for reading."""
    with Ledger.open(path) as ledger:
        yield ledger
