"""What a scan of one URL prints: its verdict, why, and what a person made of it."""

from collections import Counter
from typing import TYPE_CHECKING, Final

import click

from ledger.errors import TuneledgerError
from producers.commands.channels import reading_line, unasked
from producers.commands.given import shown_time
from producers.commands.words import counted
from producers.optout.vocabulary.bases import bases
from producers.rights import Decided

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult

MS_PER_S: Final = 1000
NAMES_MAX: Final = 2
"""Most files that a line names for one cause; `--details` names them all."""


def result_line(result: "ScanResult", review: Decided | None) -> str:
    """The verdict of a URL, why, and who decided otherwise, in a line."""
    reasons = " ".join(result.reasons)
    parts = (
        f"{result.verdict:<9} {result.url}",
        reasons,
        f"({causes})" if (causes := cause_words(result)) else "",
        "" if review is None else f"[{review_words(review)}]",
    )
    return " ".join(part for part in parts if part)


def show_details(result: "ScanResult", review: Decided | None) -> None:
    """A URL's verdict by usage and by law, and what every channel said."""
    click.echo(result_line(result, review))
    click.echo(f"  scan {result.scan_id}  access {result.access}")
    if result.final_url != result.url:
        click.echo(f"  redirected to {result.final_url}")
    usages = "  ".join(f"{usage} {verdict}" for usage, verdict in result.usages)
    click.echo(f"  usages: {usages}")
    click.echo(
        f"  by the specifications alone: {result.spec_verdict}; "
        f"by RFC 9309 alone: {result.robots_rfc9309}"
    )
    for basis in bases(result.verdict, result.access):
        click.echo(f"  basis {basis.basis}: {basis.standing}; {basis.why}")
    for yes, no in result.contradictions:
        click.echo(f"  contradiction: {yes} allows, {no} does not")
    for reading in result.readings:
        if reading.read.outcome != "not_recorded":
            click.echo(f"  {reading_line(result, reading)}")
    by_reason: dict[str, list[str]] = {}
    for channel, why in unasked(result).items():
        by_reason.setdefault(why, []).append(channel)
    for why, channels in by_reason.items():
        click.echo(f"  not asked, {why}: {' '.join(channels)}")


def cause_words(result: "ScanResult") -> str:
    """Why files and page could not be read; empty where all could."""
    unread = [*result.causes.items(), *_page(result)]
    by_cause: dict[str, list[str]] = {}
    for name, cause in unread:
        by_cause.setdefault(cause, []).append(name)
    return "; ".join(f"{cause}: {_some(names)}" for cause, names in by_cause.items())


def _page(result: "ScanResult") -> list[tuple[str, str]]:
    return [("page", result.page_cause)] if result.page_cause else []


def _some(names: list[str]) -> str:
    """One name or two; of more the first, and how many others."""
    if len(names) <= NAMES_MAX:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} more"


def review_words(review: Decided) -> str:
    """What a person decided, by which review, and until when."""
    by = f"{review.outcome} by review {review.review_id} of scan {review.scan_id}"
    if review.outcome == "upheld":
        return by
    return f"{by} until {shown_time(review.expires_at_ms // MS_PER_S)}"


def refuse_crashes(verdicts: Counter[str]) -> None:
    """End as an uncaught error ends, after everything was printed.

    Raises:
        TuneledgerError: a page broke its reader, which is a mistake of this program.
    """
    if broken := verdicts["internal_error"]:
        urls = counted(broken, "URL")
        message = f"internal error at {urls}; see above, and please report it"
        raise TuneledgerError(message)
