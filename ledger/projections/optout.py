"""What the sites said, what persons made of it, and what was decided on each record."""

import msgspec

from ledger.events.ingest import RecordDecided
from ledger.events.optout import (
    REVIEW_REASONS,
    PolicyFileFetched,
    RecordsQuarantined,
    SiteRegistered,
    UrlScanned,
)
from ledger.events.review import ReviewDecided
from ledger.projections.base import Projection, Recorded


class Site(msgspec.Struct):
    """One site's scans and policy files.

    Attributes:
        registered: the `SiteRegistered` event; empty where there is none.
        verdicts: how many scans ended in each verdict.
        latest_verdict: verdict of the newest scan in the ledger's order; empty before
            one.
        latest_scan: that `UrlScanned` event.
        latest_scan_id: the scan's id.
        latest_at_ms: when that page's answer ended.
        policy_files: for each channel, how the newest fetch of the file ended.
    """

    registered: str = ""
    verdicts: dict[str, int] = {}
    latest_verdict: str = ""
    latest_scan: str = ""
    latest_scan_id: str = ""
    latest_at_ms: int = 0
    policy_files: dict[str, str] = {}


class Tally(msgspec.Struct):
    """A count, and its parts.

    Attributes:
        total: how many.
        by_reason: how many for each reason.
    """

    total: int = 0
    by_reason: dict[str, int] = {}

    def add(self, reasons: list[str], step: int = 1) -> None:
        """Count one more, or with `step` -1 one fewer, under each reason."""
        self.total += step
        for reason in reasons:
            self.by_reason[reason] = self.by_reason.get(reason, 0) + step


class ScanFacts(msgspec.Struct, array_like=True):
    """What other events need of a scan; a short array when persisted.

    Attributes:
        site_id: the site.
        verdict: the scan's verdict.
        is_reviewable: whether a person may clear it (XEV-18).
        event_id: the `UrlScanned` event.
    """

    site_id: str
    verdict: str
    is_reviewable: bool
    event_id: str


class Review(msgspec.Struct):
    """What a person decided about a scan.

    Attributes:
        review_id: the review.
        outcome: `cleared` or `upheld`.
        expires_at_ms: when a `cleared` ends.
        decided_at_ms: when it was decided.
        event_id: the `ReviewDecided` event.
    """

    review_id: str
    outcome: str
    expires_at_ms: int
    decided_at_ms: int
    event_id: str


class OptoutState(msgspec.Struct):
    """Counts over all sites, scans and decisions, and what stands of each scan.

    Attributes:
        sites: site id to site.
        scans: verdict to its scans; a scan counts under each of its reasons.
        decisions: outcome to its records; a record counts under its first reason, so
            that the parts add up. A pending record that is decided leaves `pending`.
        channels: channel to how its reads ended, each read counted.
        scanners: scanner name and version to its scans.
        waiting: pending records with their first reason.
        by_scan: every scan by its id.
        reviews: reviewed scan to its newest review, the one that counts.
        review_ids: every review to its scan.
        quarantined: quarantined record to the scan that took it out.
    """

    sites: dict[str, Site] = {}
    scans: dict[str, Tally] = {}
    decisions: dict[str, Tally] = {}
    channels: dict[str, dict[str, int]] = {}
    scanners: dict[str, int] = {}
    waiting: dict[str, str] = {}
    by_scan: dict[str, ScanFacts] = {}
    reviews: dict[str, Review] = {}
    review_ids: dict[str, str] = {}
    quarantined: dict[str, str] = {}


def apply(state: OptoutState, recorded: Recorded) -> OptoutState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RecordDecided() as event:
            _decide(state, event)
        case UrlScanned() as event:
            _scan(state, event, recorded.event_id)
        case PolicyFileFetched(site_id=site_id, channel=channel, outcome=outcome):
            _site(state, site_id).policy_files[channel] = outcome
        case SiteRegistered(site_id=site_id):
            site = _site(state, site_id)
            site.registered = site.registered or recorded.event_id
        case ReviewDecided() as event:
            _review(state, event, recorded.event_id)
        case RecordsQuarantined(scan_id=scan_id, record_ids=record_ids):
            for record_id in record_ids:
                state.quarantined.setdefault(record_id, scan_id)
        case _:
            pass
    return state


def _site(state: OptoutState, site_id: str) -> Site:
    site = state.sites.get(site_id)
    if site is None:
        site = state.sites[site_id] = Site()
    return site


def _scan(state: OptoutState, event: UrlScanned, event_id: str) -> None:
    site = _site(state, event.site_id)
    site.verdicts[event.verdict] = site.verdicts.get(event.verdict, 0) + 1
    site.latest_verdict = event.verdict
    site.latest_scan = event_id
    site.latest_scan_id = event.scan_id
    site.latest_at_ms = event.scanned_at_ms
    state.scans.setdefault(event.verdict, Tally()).add(list(event.reasons))
    state.scanners[event.scanner] = state.scanners.get(event.scanner, 0) + 1
    for read in event.channels:
        outcomes = state.channels.setdefault(read.channel, {})
        outcomes[read.outcome] = outcomes.get(read.outcome, 0) + 1
    state.by_scan.setdefault(
        event.scan_id,
        ScanFacts(event.site_id, event.verdict, _is_reviewable(event), event_id),
    )


def _is_reviewable(event: UrlScanned) -> bool:
    return event.verdict == "unknown" and REVIEW_REASONS.issuperset(event.reasons)


def _review(state: OptoutState, event: ReviewDecided, event_id: str) -> None:
    state.review_ids.setdefault(event.review_id, event.scan_id)
    state.reviews[event.scan_id] = Review(
        review_id=event.review_id,
        outcome=event.outcome,
        expires_at_ms=event.expires_at_ms,
        decided_at_ms=event.decided_at_ms,
        event_id=event_id,
    )


def _decide(state: OptoutState, event: RecordDecided) -> None:
    earlier = state.waiting.pop(event.record_id, None)
    if earlier is not None:
        state.decisions["pending"].add([earlier], -1)
    first = event.reasons[0]
    state.decisions.setdefault(event.decision, Tally()).add([first])
    if event.decision == "pending":
        state.waiting[event.record_id] = first


def latest_verdicts(state: OptoutState) -> dict[str, int]:
    """How many sites stand at each verdict, by their newest scan."""
    counts: dict[str, int] = {}
    for site in state.sites.values():
        if site.latest_verdict:
            counts[site.latest_verdict] = counts.get(site.latest_verdict, 0) + 1
    return counts


def cleared_until(state: OptoutState, scan_id: str) -> int:
    """Until when a person has cleared a scan, Unix milliseconds; 0 where nobody has."""
    review = state.reviews.get(scan_id)
    if review is None or review.outcome != "cleared":
        return 0
    return review.expires_at_ms


def waiting_for_review(state: OptoutState) -> list[str]:
    """Scans that only a person can read and that none has, oldest first."""
    return [
        scan_id
        for scan_id, scan in state.by_scan.items()
        if scan.is_reviewable and scan_id not in state.reviews
    ]


PROJECTION = Projection(name="optout", version=2, state=OptoutState, apply=apply)
