"""What only a person can read: review list, show, decide."""

from pathlib import Path

import click

from ledger.errors import InputError
from ledger.events.optout import UrlScanned, may_be_cleared
from ledger.vault.review_notes import NOTE_BYTES_MAX
from ledger.workspace.governance import Governance
from ledger.workspace.workspace import Workspace
from producers.commands.combinations import is_given
from producers.commands.common import (
    json_option,
    open_workspace,
    print_json,
    say,
    workspace_option,
)
from producers.commands.given import read_limited, shown_time
from producers.commands.review_output import (
    evidence_of,
    place,
    show_read,
    telling,
    unread,
    why_not,
    write_raw,
)
from producers.commands.scan_output import review_words
from producers.rights import Decided, Waiting, decision_on, waiting_reviews

DAYS_MAX = 366
DAY_MS = 24 * 3600 * 1000
MS_PER_S = 1000
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
@click.option(
    "--raw",
    metavar="SHA256",
    help="Print the exact bytes of this piece of its evidence, and nothing else.",
)
@workspace_option
def show(scan_id: str, folder: Path, raw: str | None) -> None:
    """Show what a SCAN's verdict rests on: the evidence around each line.

    Also what a person decided on it, by which review and until when.
    """
    with open_workspace(folder) as workspace:
        scan = find_scan(workspace, scan_id)
        if raw is not None:
            write_raw(evidence_of(workspace, scan, raw))
            return
        urls = workspace.names.urls(scan_id)
        click.echo(f"{scan.verdict:<9} {' -> '.join(urls) or 'the URL was erased'}")
        for read in telling(scan):
            show_read(workspace, scan, read)
        decided = decision_on(workspace, scan)
        if decided is not None:
            click.echo(f"decided: {review_words(decided)}")
    say(f"next: {review_step(scan, decided)}")


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

    Later scans of the same URL that rest on the same evidence follow the decision. A
    second decision replaces the first.
    """
    if clear == uphold:
        message = "review: expected one of --clear and --uphold"
        raise InputError(message)
    if uphold and is_given("days"):
        message = "review: --days says nothing beside --uphold, which has no end"
        raise InputError(message)
    text = "" if note is None else read_note(note)
    with open_workspace(folder) as workspace:
        scan = find_scan(workspace, scan_id)
        if not may_be_cleared(scan.verdict, scan.reasons):
            message = f"scan {scan_id}: {why_not(scan)}"
            raise InputError(message)
        before = decision_on(workspace, scan)
        decided = Governance(workspace).decide_review(
            scan_id,
            "cleared" if clear else "upheld",
            expires_at_ms=workspace.clock_ms() + days * DAY_MS,
            note=text,
        )
    end = shown_time(decided.expires_at_ms // MS_PER_S)
    until = f" until {end}" if clear else ""
    click.echo(f"{decided.outcome:<9} {scan_id}{until}")
    if before is not None:
        say(f"replaces review {before.review_id} ({before.outcome})")


def review_step(scan: UrlScanned, decided: Decided | None) -> str:
    """What to do with a scan that was shown."""
    if not may_be_cleared(scan.verdict, scan.reasons):
        return why_not(scan)
    command = f"tuneledger review decide {scan.scan_id}"
    if decided is not None:
        return f"it is decided; `{command} --clear{place()}` or --uphold replaces that"
    return (
        f"{command} --clear{place()}; --uphold where there is a no, or you are not sure"
    )


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
