"""What a person must read of a scan, and how to get all of it."""

import re
import shlex
import sys

import click

from ledger.errors import InputError
from ledger.events.optout import (
    REVIEW_REASONS,
    ChannelRead,
    PolicyFileFetched,
    UrlScanned,
)
from ledger.workspace.corpus import EvidenceFolder
from ledger.workspace.workspace import Workspace
from producers.commands.combinations import is_given
from producers.commands.given import shown_time
from producers.commands.words import plain

MS_PER_S = 1000
CONTEXT_LINES = 3
SHOWN_CHARS_MAX = 400
"""Most that is shown of a line of evidence; a page may be all one line."""
WORDS = re.compile(
    r"tdm|mining|train|\bai\b|noai|rsl|usage|signal|licen[cs]e|reserv|permi|prohibit",
    re.IGNORECASE,
)
"""What a longer line is shown around; for the eye, nothing is decided by it."""


def unread(scan: UrlScanned) -> list[ChannelRead]:
    """The readings that a person must look at."""
    return [read for read in scan.channels if read.verdict == "unknown"]


def telling(scan: UrlScanned) -> list[ChannelRead]:
    """The readings that a scan's verdict rests on; none where it is `allowed`."""
    if scan.verdict == "allowed":
        return []
    return [read for read in scan.channels if read.verdict == scan.verdict]


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


def why_not(scan: UrlScanned) -> str:
    """Why no person decides about a scan, and what to do instead."""
    match scan.verdict:
        case "allowed":
            return "it found no reservation, so there is nothing to decide"
        case "reserved":
            return (
                "it found a reservation, which no person clears; only a licence "
                "overrides a reservation (tuneledger licence add)"
            )
        case _:
            unread_for = " ".join(
                reason for reason in scan.reasons if reason not in REVIEW_REASONS
            )
            return (
                f"nobody can clear what was not read ({unread_for}); "
                "scan its URL again (tuneledger scan)"
            )


def show_read(workspace: Workspace, scan: UrlScanned, read: ChannelRead) -> None:
    """One piece of evidence: where it came from, what to read, how to get it all."""
    if not read.evidence_sha256:
        click.echo(f"{read.channel}, not read, so nothing of it was kept")
        return
    where = f"line {read.line} of " if read.line else ""
    click.echo(f"{read.channel}, {where}{read.evidence_sha256}")
    if read.channel == "terms_page":
        click.echo(f"  {source_of(workspace, scan, read)}")
    for line in evidence_lines(workspace.evidence, read):
        click.echo(f"  {line}")
    command = f"tuneledger review show {scan.scan_id} --raw {read.evidence_sha256}"
    click.echo(f"  all of it: {command}{place()}")


def place() -> str:
    """The option that names the workspace, where it was typed."""
    if not is_given("folder"):
        return ""
    return f" -w {shlex.quote(str(click.get_current_context().params['folder']))}"


def source_of(workspace: Workspace, scan: UrlScanned, read: ChannelRead) -> str:
    """The site of a document that was named, and when it was fetched.

    The document's own URL is on no record.
    """
    fetched = [
        recorded.event
        for recorded in workspace.ledger.events(stream="scan")
        if isinstance(recorded.event, PolicyFileFetched)
        and recorded.event.channel == read.channel
        and recorded.event.body_sha256 == read.evidence_sha256
        and recorded.event.fetched_at_ms <= scan.scanned_at_ms
    ]
    if not fetched:
        return "a document whose site is on no record"
    site = workspace.names.origins().get(fetched[-1].site_id, "a site that was erased")
    at = shown_time(fetched[-1].fetched_at_ms // MS_PER_S)
    return f"a document of {site}, fetched {at}"


def evidence_of(workspace: Workspace, scan: UrlScanned, sha256: str) -> bytes:
    """The exact bytes of a piece of a scan's evidence.

    Raises:
        InputError: it is none of that scan.
        IntegrityError: it is missing, or was altered.
    """
    if not sha256 or sha256 not in {read.evidence_sha256 for read in scan.channels}:
        message = (
            "--raw: expected the digest of a piece of that scan's evidence, "
            f"found {sha256[:64]!r}"
        )
        raise InputError(message)
    return workspace.evidence.get(sha256)


def write_raw(content: bytes) -> None:
    """Write bytes to stdout; to a terminal without what it might obey."""
    if sys.stdout.isatty():
        lines = content.decode("utf-8", "replace").splitlines()
        click.echo("\n".join(map(plain, lines)))
    else:
        click.echo(content, nl=False)
