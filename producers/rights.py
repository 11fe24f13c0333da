"""What persons and licences make of what a scan found.

A module of the composition, as `producers.wiring` is.
"""

# ruff: noqa: PLC0415 (an extra; importing it takes longer than most commands)
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ledger.events.optout import UrlScanned
from ledger.events.review import (
    ReviewDecided,
    ReviewEvidence,
    ReviewOutcome,
    review_evidence,
)
from ledger.projections.reviewed import waiting_for_review
from ledger.workspace.scanned import resting_on, scanned_pages
from ledger.workspace.workspace import Workspace
from producers.ingest import (
    IngestPolicy,
    Register,
    RegisterLicence,
    ReviewBook,
    ScanOutcome,
    in_register,
)
from producers.scanning import ScanOptions
from producers.urls import needs_scan_extra, origin_of

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult

_Book = tuple[ReviewBook, dict[str, str]]
"""What was decided, and the newest review of each scan by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a person decided on the evidence of a scan, as it stands now.

    Attributes:
        outcome: the decision.
        review_id: the newest review of the scan that was decided on.
        scan_id: that scan: the one in question, or an earlier one of the same URL.
        expires_at_ms: when a `cleared` ends, Unix milliseconds.
    """

    outcome: ReviewOutcome
    review_id: str
    scan_id: str
    expires_at_ms: int


def review_port(workspace: Workspace) -> "Callable[[ScanResult], Decided | None]":
    """The function that looks up what a person decided on what a scan found.

    Decisions are read once, when the first scan needs one.
    """
    books: list[_Book] = []

    def decided_on(result: "ScanResult") -> Decided | None:
        if not result.needs_review:
            return None
        if not books:
            books.append(_review_book(workspace))
        evidence = review_evidence(reading.read for reading in result.readings)
        return _find(workspace, books[0], result.url, evidence)

    return decided_on


def decision_on(workspace: Workspace, scan: UrlScanned) -> Decided | None:
    """What a person decided on a scan that is on record, or on the same evidence.

    None where nobody did, where it has ended, and where the scan's URL was erased.
    """
    urls = workspace.names.urls(scan.scan_id)
    if not urls:
        return None
    evidence = review_evidence(scan.channels)
    return _find(workspace, _review_book(workspace), urls[0], evidence)


def _find(
    workspace: Workspace, reviews: _Book, url: str, evidence: ReviewEvidence
) -> Decided | None:
    """The decision on evidence of a URL that stands now."""
    book, review_ids = reviews
    scans = workspace.names.scans_of(url)
    found = book.find(scans, evidence, workspace.clock_ms())
    if found is None:
        return None
    return Decided(
        outcome=found.outcome,
        review_id=review_ids[found.scan_id],
        scan_id=found.scan_id,
        expires_at_ms=found.expires_at_ms,
    )


def carrying_port(workspace: Workspace) -> "Callable[[ScanResult], tuple[str, ...]]":
    """The function that names the licences by which records of a URL stay.

    Those of the register that are in force; asked once the scan's events are durable.
    """
    rests: dict[str, str] = workspace.states()["licences"].rests

    def carrying(result: "ScanResult") -> tuple[str, ...]:
        records = [one for one, _ in resting_on(workspace.vault, result.scan_id)]
        bases = workspace.admission.bases(workspace.clock_ms())
        return tuple(
            sorted(
                {rests[one] for one in records if one in rests and not bases.ended(one)}
            )
        )

    return carrying


def outcome_port(workspace: Workspace) -> "Callable[[ScanResult], ScanOutcome]":
    """The function that joins what a scan found and what a person decided on it."""
    decided_on = review_port(workspace)

    def outcome_of(result: "ScanResult") -> ScanOutcome:
        found = decided_on(result)
        return ScanOutcome(
            scan_id=result.scan_id,
            verdict=result.verdict,
            reasons=result.reasons,
            access=result.access,
            final_url=result.final_url,
            body_sha256=result.body_sha256,
            review="" if found is None else found.outcome,
            reviewed_scan_id="" if found is None else found.scan_id,
        )

    return outcome_of


def _review_book(workspace: Workspace) -> _Book:
    """What was decided, and the newest review of each scan by its id."""
    ledger = workspace.ledger
    # No review revives a scan that quarantined records rested on (XEV-6): such a one
    # has ended, though it is still the newest word on its evidence.
    spent = workspace.states()["optout"].spent
    decisions = [
        replace(event, expires_at_ms=0) if event.scan_id in spent else event
        for recorded in ledger.events(stream="policy")
        if isinstance(event := recorded.event, ReviewDecided)
    ]
    scans = (recorded.event for recorded in ledger.events(stream="scan"))
    review_ids = {one.scan_id: one.review_id for one in decisions}
    return ReviewBook(decisions, scans), review_ids


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

    See `ledger.projections.reviewed.waiting_for_review`.
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
