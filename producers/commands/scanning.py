"""Ask sites: scan."""

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import InputError
from producers.commands.combinations import given_options, is_given, refuse_beside
from producers.commands.common import (
    EXIT_POLICY,
    open_workspace,
    say,
    workspace_option,
)
from producers.commands.evidence import export_policy_files, replay_scans
from producers.commands.next_steps import NextSteps
from producers.commands.rescans import rescan
from producers.commands.scan_documents import scan_document
from producers.commands.scan_options import (
    fresh_option,
    scan_options,
    workers_option,
)
from producers.commands.scan_output import refuse_crashes, result_line, show_details
from producers.commands.url_lists import UrlList
from producers.commands.words import counted
from producers.rights import Decided, review_port
from producers.scanning import ScanOptions, scan_urls

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult

TASKS: Final = {
    "urls": "URL",
    "list_file": "--from",
    "replay": "--replay",
    "warc": "--warc",
}
"""What says what a scan is to do: the parameter, and how it is typed."""


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL]...")
@click.option(
    "--from",
    "list_file",
    type=click.Path(path_type=Path),
    help="File with a URL on each line; # at the start or after a space begins "
    "a comment.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Skip what the last day's scans could read, by the same policy, rules, "
    "lists and terms.",
)
@click.option("--details", is_flag=True, help="Show what every channel said.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON document for each URL, one on each line.",
)
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
@fresh_option
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
    as_json: bool,
    replay: bool,
    warc: Path | None,
    fresh: bool,
) -> None:
    """Ask every opt-out channel of each URL, and append the verdicts.

    Exit code 3 where a verdict is not `allowed`, or is another one when replayed; 2
    where a URL could not be looked at, though the others are scanned.
    """
    check_one_task()
    if replay:
        refuse_beside("--replay", read={"replay", "folder"})
    if warc is not None:
        refuse_beside("--warc", read={"warc", "folder"})
    if replay or warc:
        use_evidence(folder, warc)
        return
    if details and as_json:
        message = "scan: --details says nothing beside --json, which has it all"
        raise InputError(message)
    show = show_json if as_json else show_details if details else show_line
    listed = UrlList(urls, list_file, tell=say)
    verdicts = scan_and_show(
        folder,
        listed,
        options=dataclasses.replace(options, workers=workers, is_fresh=fresh),
        resume=resume,
        show=show,
    )
    refuse_crashes(verdicts)
    if failed := verdicts["failed"] + listed.refused:
        message = f"{counted(failed, 'URL')} could not be scanned; see above"
        raise InputError(message)
    if not verdicts:
        message = f"{list_file}: expected a URL on a line, found none"
        raise InputError(message)
    if verdicts.total() > verdicts["allowed"]:
        sys.exit(EXIT_POLICY)


def check_one_task() -> None:
    """Refuse a scan that is to do nothing, or several things.

    Raises:
        InputError: the message names what was given.
    """
    given = [spelled for name, spelled in TASKS.items() if is_given(name)]
    if len(given) == 1 or given == ["URL", "--from"]:
        return
    found = " and ".join(given or given_options(but={"folder"})) or "nothing"
    message = (
        "scan: expected URLs or --from FILE, or else --replay or --warc alone, "
        f"found {found}"
    )
    raise InputError(message)


def scan_and_show(
    folder: Path,
    urls: Iterable[str],
    *,
    options: ScanOptions,
    resume: bool,
    show: "Callable[[ScanResult, Decided | None], None]",
) -> Counter[str]:
    """Scan URLs, show each with what a person decided on it, and say what to do next.

    Returns:
        How many there are of each verdict; see `producers.scanning.scan_urls`.
    """
    steps = NextSteps()
    with open_workspace(folder) as workspace:
        decided_on = review_port(workspace)

        def report(result: "ScanResult") -> None:
            review = decided_on(result)
            show(result, review)
            steps.take(result, review)

        verdicts = scan_urls(
            workspace, urls, options=options, report=report, progress=say, resume=resume
        )
    if verdicts:
        counts = ", ".join(f"{n} {name}" for name, n in sorted(verdicts.items()) if n)
        say(f"verdicts: {counts}")
    looked_at = verdicts.total() - verdicts["failed"] - verdicts["internal_error"]
    for line in steps.lines(not_allowed=looked_at - verdicts["allowed"]):
        say(line)
    return verdicts


def show_line(result: "ScanResult", review: Decided | None) -> None:
    """One line a URL."""
    click.echo(result_line(result, review))


def show_json(result: "ScanResult", review: Decided | None) -> None:
    """One document a URL, on one line: a list may be of any length."""
    click.echo(json.dumps(scan_document(result, review)))


def use_evidence(folder: Path, warc: Path | None) -> None:
    """Export the policy files, or replay every scan."""
    with open_workspace(folder) as workspace:
        if warc is not None:
            files = export_policy_files(workspace, warc)
            click.echo(f"{warc}: {counted(files, 'policy file')}")
        elif not replay_scans(workspace):
            say("next: read what differs; `tuneledger scan URL` scans by today's rules")
            sys.exit(EXIT_POLICY)


COMMANDS = (scan, rescan)
