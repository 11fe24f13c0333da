"""What only a person can read: review list, show, decide."""

import re
from pathlib import Path

import click

from ledger.corpus import EvidenceFolder
from ledger.errors import InputError
from ledger.events.optout import ChannelRead, UrlScanned
from ledger.governance import Governance
from ledger.review_notes import NOTE_BYTES_MAX
from ledger.workspace import Workspace
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.given import read_limited, shown_time
from producers.rights import Waiting, waiting_reviews

DAYS_MAX = 366
DAY_MS = 24 * 3600 * 1000
CONTEXT_LINES = 3
SHOWN_CHARS_MAX = 400
"""Most that is shown of a line of evidence; a page may be all one line."""
WORDS = re.compile(
    r"tdm|mining|train|\bai\b|noai|rsl|usage|signal|licen[cs]e|reserv|permi|prohibit",
    re.IGNORECASE,
)
"""What a longer line is shown around; for the eye, nothing is decided by it."""

scan_argument = click.argument("scan_id", metavar="SCAN")


@click.group()
def review() -> None:
    """Decide what no parser decides; until somebody does, the answer is no."""


@review.command("list")
@workspace_option
@json_option
def list_reviews(folder: Path, *, as_json: bool) -> None:
    """List the scans that wait for a person, oldest first."""
    with open_workspace(folder) as workspace:
        waiting = waiting_reviews(workspace)
    if as_json:
        scans = [review_document(one) for one in waiting]
        print_json({"schema": "tuneledger.reviews/1", "scans": scans})
        return
    for one in waiting:
        click.echo(f"{one.scan.scan_id}  {one.url}  {' '.join(one.scan.reasons)}")
    if not waiting:
        say("no scan waits for a person")


@review.command()
@scan_argument
@workspace_option
def show(scan_id: str, folder: Path) -> None:
    """Show what a person must read of a SCAN: the evidence around each line."""
    with open_workspace(folder) as workspace:
        scan = find_scan(workspace, scan_id)
        urls = workspace.names.urls(scan_id)
        click.echo(f"{scan.verdict:<9} {' -> '.join(urls) or 'the URL was erased'}")
        for read in unread(scan):
            click.echo(f"{read.channel}, line {read.line} of {read.evidence_sha256}")
            for line in evidence_lines(workspace.evidence, read):
                click.echo(f"  {line}")


@review.command()
@scan_argument
@click.option("--clear", is_flag=True, help="There is no reservation against training.")
@click.option("--uphold", is_flag=True, help="There is one, or you are not sure.")
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=90,
    show_default=True,
    help="How long a clearance counts.",
)
@click.option(
    "--note",
    type=click.Path(path_type=Path),
    help="File with your reasons; they stay in the vault.",
)
@workspace_option
def decide(
    scan_id: str,
    folder: Path,
    days: int,
    note: Path | None,
    *,
    clear: bool,
    uphold: bool,
) -> None:
    """Decide about a SCAN, signed by governance.

    Later scans of the same URL that rest on the same evidence follow the decision.
    """
    if clear == uphold:
        message = "review: expected one of --clear and --uphold"
        raise InputError(message)
    text = "" if note is None else read_note(note)
    with open_workspace(folder) as workspace:
        decided = Governance(workspace).decide_review(
            scan_id,
            "cleared" if clear else "upheld",
            expires_at_ms=workspace.clock_ms() + days * DAY_MS,
            note=text,
        )
    until = f" until {shown_time(decided.expires_at_ms // 1000)}" if clear else ""
    click.echo(f"{decided.outcome:<9} {scan_id}{until}")


def read_note(path: Path) -> str:
    """The text of a note.

    Raises:
        InputError: it cannot be read, is too long, or no UTF-8.
    """
    try:
        return read_limited(path, NOTE_BYTES_MAX).decode()
    except UnicodeDecodeError:
        message = f"{path}: expected UTF-8"
        raise InputError(message) from None


def find_scan(workspace: Workspace, scan_id: str) -> UrlScanned:
    """A scan of the ledger.

    Raises:
        InputError: there is none of that id.
    """
    for recorded in workspace.ledger.events(stream="scan"):
        scan = recorded.event
        if isinstance(scan, UrlScanned) and scan.scan_id == scan_id:
            return scan
    message = f"review: expected a scan of this ledger, found {scan_id[:32]!r}"
    raise InputError(message)


def unread(scan: UrlScanned) -> list[ChannelRead]:
    """The readings that a person must look at."""
    return [read for read in scan.channels if read.verdict == "unknown"]


def evidence_lines(evidence: EvidenceFolder, read: ChannelRead) -> list[str]:
    """What a person must read, with numbers of lines.

    Of terms of use the sentences that speak of training; of all else the lines around
    the one that decides.

    Raises:
        IntegrityError: the evidence is missing, or was altered.
    """
    from producers.optout.page.terms import find_sentences

    if not read.evidence_sha256:
        return []
    text = evidence.get(read.evidence_sha256).decode("utf-8", "replace")
    sentences = find_sentences(text) if read.channel == "terms_page" else ()
    if sentences:
        return [f"{found.line}: {plain(found.text)}" for found in sentences]
    lines = text.splitlines()
    first = max(read.line - 1 - CONTEXT_LINES, 0)
    around = lines[first : max(read.line, 1) + CONTEXT_LINES]
    return [
        f"{first + number}: {shortened(line)}"
        for number, line in enumerate(around, start=1)
    ]


def shortened(line: str) -> str:
    """A line for a person; a long one around its first telling word, the cut marked."""
    telling = WORDS.search(line)
    middle = 0 if telling is None else telling.start()
    last = max(len(line) - SHOWN_CHARS_MAX, 0)
    first = min(max(middle - SHOWN_CHARS_MAX // 2, 0), last)
    shown = plain(line[first : first + SHOWN_CHARS_MAX])
    return f"{shown} (cut, {last} more characters)" if last else shown


def plain(text: str) -> str:
    """The text with a dot for whatever a terminal might obey."""
    return "".join(c if c.isprintable() else "." for c in text)


def review_document(one: Waiting) -> dict[str, object]:
    """A waiting scan as plain values."""
    return {
        "scan_id": one.scan.scan_id,
        "url": one.url,
        "reasons": list(one.scan.reasons),
        "scanned_at_ms": one.scan.scanned_at_ms,
        "evidence": [
            {
                "channel": read.channel,
                "sha256": read.evidence_sha256,
                "line": read.line,
            }
            for read in unread(one.scan)
        ],
    }


COMMANDS = (review,)
