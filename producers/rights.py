"""What persons and licences make of what a scan found.

A module of the composition, as `producers.wiring` is.
"""

# ruff: noqa: PLC0415 (an extra; importing it takes longer than most commands)
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.events.optout import UrlScanned
from ledger.events.review import review_evidence
from ledger.projections.optout import waiting_for_review
from ledger.scanned import scanned_pages
from ledger.workspace import Workspace
from producers.ingest import (
    IngestPolicy,
    Register,
    RegisterLicence,
    ReviewBook,
    ScanOutcome,
    in_register,
)
from producers.scanning import ScanOptions, needs_scan_extra, origin_of

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult


def outcome_port(workspace: Workspace) -> "Callable[[ScanResult], ScanOutcome]":
    """The function that looks up what a person decided on what a scan found.

    Decisions are read once, when the first scan needs one.
    """
    books: list[ReviewBook] = []

    def outcome_of(result: "ScanResult") -> ScanOutcome:
        found = None
        if result.needs_review:
            if not books:
                books.append(_review_book(workspace))
            found = books[0].find(
                workspace.names.scans_of(result.url),
                review_evidence(reading.read for reading in result.readings),
                workspace.clock_ms(),
            )
        return ScanOutcome(
            scan_id=result.scan_id,
            verdict=result.verdict,
            reasons=result.reasons,
            final_url=result.final_url,
            body_sha256=result.body_sha256,
            review="" if found is None else found.outcome,
            reviewed_scan_id="" if found is None else found.scan_id,
        )

    return outcome_of


def _review_book(workspace: Workspace) -> ReviewBook:
    ledger = workspace.ledger
    return ReviewBook(
        (recorded.event for recorded in ledger.events(stream="policy")),
        (recorded.event for recorded in ledger.events(stream="scan")),
    )


def licence_port(
    workspace: Workspace, policy: IngestPolicy
) -> Callable[[Sequence[str], str], RegisterLicence | None]:
    """The function that finds the licence of the register for a record."""
    events = (recorded.event for recorded in workspace.ledger.events(stream="policy"))
    granted = in_register(events)
    register = Register(granted, policy.jurisdictions)

    def licensed(urls: Sequence[str], stated: str) -> RegisterLicence | None:
        if not granted:
            return None
        origins = dict.fromkeys(map(origin_of, urls))
        site_ids = [workspace.names.find_site(origin) for origin in origins]
        return register.find(site_ids, stated, workspace.clock_ms())

    return licensed


def shunned_port(options: ScanOptions) -> Callable[[str], bool]:
    """The function that says whether a URL's site is on the list of piracy sites.

    Raises:
        InputError: the extra `scan` is missing, or the list cannot be read.
    """
    if options.piracy_list is None:
        return lambda _: False
    with needs_scan_extra():
        from producers.optout.lists.piracy import load_piracy_list
        from producers.optout.net.url import parse_url
    piracy = load_piracy_list(options.piracy_list)
    return lambda url: piracy.lists(parse_url(url).host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A scan that waits for a person.

    Attributes:
        scan: what was found.
        url: the URL that was asked for; it may name a person.
    """

    scan: UrlScanned
    url: str


def waiting_reviews(workspace: Workspace) -> list[Waiting]:
    """The scans that a person must decide about, oldest first.

    See `ledger.projections.optout.waiting_for_review`.
    """
    waiting = waiting_for_review(
        workspace.states()["optout"],
        at_ms=workspace.clock_ms(),
        pages=scanned_pages(workspace.vault),
    )
    wanted = set(waiting)
    found = {
        recorded.event.scan_id: recorded.event
        for recorded in (workspace.ledger.events(stream="scan") if wanted else ())
        if isinstance(recorded.event, UrlScanned) and recorded.event.scan_id in wanted
    }
    return [
        Waiting(scan=found[scan_id], url=workspace.names.urls(scan_id)[0])
        for scan_id in waiting
    ]
