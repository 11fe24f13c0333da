"""What persons and licences make of what a scan found.

A module of the composition, as `producers.wiring` is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.events.optout import UrlScanned
from ledger.workspace import Workspace
from producers.ingest import (
    IngestPolicy,
    Register,
    RegisterLicence,
    ReviewBook,
    ScanOutcome,
    in_register,
    review_evidence,
)
from producers.ingest.decide import is_for_review
from producers.scanning import origin_of

if TYPE_CHECKING:
    from producers.optout.scan import ScanResult


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
) -> Callable[[str, str], RegisterLicence | None]:
    """The function that finds the licence of the register for a record."""
    events = (recorded.event for recorded in workspace.ledger.events(stream="policy"))
    granted = in_register(events)
    register = Register(granted, policy.jurisdictions)

    def licensed(url: str, stated: str) -> RegisterLicence | None:
        if not granted:
            return None
        site_id = workspace.names.find_site(origin_of(url)) if url else ""
        return register.find(site_id, stated, workspace.clock_ms())

    return licensed


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

    Only a URL's newest scan counts, and none whose evidence a person has decided on;
    where a `cleared` has ended, the scan waits again.
    """
    newest: dict[str, UrlScanned | None] = {}
    for recorded in workspace.ledger.events(stream="scan"):
        scan = recorded.event
        if not isinstance(scan, UrlScanned):
            continue
        # Where a record was erased, the vault has forgotten the URL.
        for url in workspace.names.urls(scan.scan_id)[:1]:
            newest.pop(url, None)
            waits = scan.verdict == "unknown" and is_for_review(scan.reasons)
            newest[url] = scan if waits else None
    book, now_ms = _review_book(workspace), workspace.clock_ms()
    return [
        Waiting(scan=scan, url=url)
        for url, scan in newest.items()
        if scan is not None and not _is_decided(workspace, book, url, scan, now_ms)
    ]


def _is_decided(
    workspace: Workspace, book: ReviewBook, url: str, scan: UrlScanned, now_ms: int
) -> bool:
    own = book.of(scan.scan_id, now_ms)
    scans = workspace.names.scans_of(url)
    same = book.find(scans, review_evidence(scan.channels), now_ms)
    return own is not None or same is not None
