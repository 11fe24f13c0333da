"""Commands that ask sites: scan, and rescan before a run."""

import dataclasses
import functools
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click

from ledger.errors import InputError
from ledger.files import open_regular
from producers import rescanning
from producers.commands.common import (
    EXIT_POLICY,
    json_option,
    network,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.evidence import export_policy_files, replay_scans
from producers.commands.scan_output import (
    rescan_document,
    show_details,
    show_refused,
    show_rescan,
    show_result,
)
from producers.scanning import ScanOptions, scan_urls

WORKERS_MAX: Final = 256
LINE_BYTES_MAX: Final = 65_536
"""Longest line of a list of URLs; the scanner takes far shorter URLs."""

_Command = Callable[..., Any]

workers_option = click.option(
    "--workers",
    type=click.IntRange(1, WORKERS_MAX),
    default=8,
    show_default=True,
    help="How many sites are asked at the same time.",
)

_OPTIONS: Final = (
    click.option(
        "--tos",
        "terms_urls",
        multiple=True,
        metavar="URL",
        help="Terms of use to read beside those that a page names.",
    ),
    click.option(
        "--piracy-list",
        type=click.Path(path_type=Path),
        help="File with sites that publish without the rights holders.",
    ),
    click.option(
        "--registry",
        "registries",
        type=click.Path(path_type=Path),
        multiple=True,
        help="File with a snapshot of a registry of reservations.",
    ),
)


def scan_options(command: _Command) -> _Command:
    """Give a command the options of a scan, as one argument `options`."""

    @functools.wraps(command)
    def with_options(
        *args: Any,
        terms_urls: tuple[str, ...],
        piracy_list: Path | None,
        registries: tuple[Path, ...],
        **others: Any,
    ) -> Any:
        options = dataclasses.replace(
            network(),
            terms_urls=terms_urls,
            piracy_list=piracy_list,
            registries=registries,
        )
        return command(*args, options=options, **others)

    for option in reversed(_OPTIONS):
        with_options = option(with_options)
    return with_options


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "--from",
    "list_file",
    type=click.Path(path_type=Path),
    help="File with a URL on each line; # begins a comment.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Skip what the last day's scans could read, by the same policy and rules.",
)
@click.option("--details", is_flag=True, help="Show what every channel said.")
@click.option(
    "--replay",
    is_flag=True,
    help="Scan nothing: read the evidence of all scans again, by today's rules.",
)
@click.option(
    "--warc",
    type=click.Path(path_type=Path),
    help="Scan nothing: write the kept policy files to a new WARC file.",
)
@workers_option
@scan_options
@workspace_option
def scan(
    urls: tuple[str, ...],
    list_file: Path | None,
    folder: Path,
    options: ScanOptions,
    workers: int,
    *,
    resume: bool,
    details: bool,
    replay: bool,
    warc: Path | None,
) -> None:
    """Ask every opt-out channel of each URL, and append the verdicts.

    Exit code 3 where a verdict is not `allowed`, or is another one when replayed.
    """
    tasks = [bool(urls or list_file), replay, warc is not None]
    if tasks.count(True) != 1:
        message = "scan: expected URLs or --from FILE, or else --replay or --warc"
        raise InputError(message)
    if replay or warc:
        use_evidence(folder, warc)
        return
    listed: Iterator[str] = iter(()) if list_file is None else read_urls(list_file)
    with open_workspace(folder) as workspace:
        verdicts = scan_urls(
            workspace,
            itertools.chain(urls, listed),
            options=dataclasses.replace(options, workers=workers),
            report=show_details if details else show_result,
            progress=say,
            resume=resume,
        )
    if verdicts["failed"]:
        message = f"URLs that could not be scanned: {verdicts['failed']}; see above"
        raise InputError(message)
    if verdicts.total() > verdicts["allowed"]:
        sys.exit(EXIT_POLICY)


def use_evidence(folder: Path, warc: Path | None) -> None:
    """Export the policy files, or replay every scan."""
    with open_workspace(folder) as workspace:
        if warc is not None:
            click.echo(f"{warc}: {export_policy_files(workspace, warc)} policy files")
        elif not replay_scans(workspace):
            sys.exit(EXIT_POLICY)


@click.command()
@click.option(
    "--keep-unreadable",
    is_flag=True,
    help="Keep records whose site could not be read and said nothing else.",
)
@workers_option
@scan_options
@workspace_option
@json_option
def rescan(
    folder: Path,
    options: ScanOptions,
    workers: int,
    *,
    keep_unreadable: bool,
    as_json: bool,
) -> None:
    """Scan anew what records were copied from; quarantine what is not allowed now.

    Names the shards, runs and models that saw it. Exit code 3 where a record was
    quarantined, or rests on a site that could not be read, or on a URL that could not
    be looked at: those are printed.
    """
    with open_workspace(folder) as workspace:
        found = rescanning.rescan(
            workspace,
            options=dataclasses.replace(options, workers=workers),
            report=(lambda _: None) if as_json else show_refused,
            progress=say,
            keep_unreadable=keep_unreadable,
        )
    if as_json:
        print_json(rescan_document(found))
    else:
        show_rescan(found)
    if not found.is_clear:
        sys.exit(EXIT_POLICY)


def read_urls(path: Path) -> Iterator[str]:
    """The URLs of a file, one a line, as they are needed.

    Raises:
        InputError: the file cannot be read, or a line is too long or no UTF-8.
    """
    number = 0
    try:
        with open_regular(path) as file:
            while line := file.readline(LINE_BYTES_MAX + 1):
                number += 1
                if len(line) > LINE_BYTES_MAX:
                    message = (
                        f"{path}: line {number}: expected at most "
                        f"{LINE_BYTES_MAX} bytes"
                    )
                    raise InputError(message)
                text = line.decode("utf-8-sig").strip()
                if text and not text.startswith("#"):
                    yield text
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise InputError(message) from None
    except UnicodeDecodeError:
        message = f"{path}: line {number}: expected UTF-8"
        raise InputError(message) from None


COMMANDS = (scan, rescan)
