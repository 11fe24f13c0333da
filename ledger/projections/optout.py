"""What the sites said, what persons made of it, and what was decided on each record."""

from collections.abc import Mapping

import msgspec

from ledger.events.ingest import RecordDecided
from ledger.events.optout import (
    PolicyFileFetched,
    RecordsQuarantined,
    SiteRegistered,
    UrlScanned,
    may_be_cleared,
)
from ledger.events.review import ReviewDecided, review_evidence
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
        evidence: channels and digests of what that person must read, in order; empty
            where nobody must, or where some of it was not kept.
    """

    site_id: str
    verdict: str
    is_reviewable: bool
    event_id: str
    evidence: list[tuple[str, str]] = []


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
        reviews: reviewed scan to its newest review, the one that counts; in the order
            of these reviews.
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
        _scan_facts(event, event_id),
    )


def _scan_facts(event: UrlScanned, event_id: str) -> ScanFacts:
    is_reviewable = may_be_cleared(event.verdict, event.reasons)
    return ScanFacts(
        site_id=event.site_id,
        verdict=event.verdict,
        is_reviewable=is_reviewable,
        event_id=event_id,
        evidence=sorted(review_evidence(event.channels)) if is_reviewable else [],
    )


def _review(state: OptoutState, event: ReviewDecided, event_id: str) -> None:
    state.review_ids.setdefault(event.review_id, event.scan_id)
    state.reviews.pop(event.scan_id, None)  # so that the newest stands last
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


def waiting_for_review(
    state: OptoutState, at_ms: int, pages: Mapping[str, bytes] | None
) -> list[str]:
    """Scans that only a person can read and that no decision answers, oldest first.

    Only the newest scan of a URL waits. A decision answers it that is on this very
    scan, or the newest on the same evidence of the same URL; one that cleared does so
    until it ends.

    Args:
        state: the scans and reviews.
        at_ms: the time that clearances are held against, Unix milliseconds.
        pages: for each scan a value that is the same for the same URL; scans that are
            not in it were of erased records, and wait no more. None where there is no
            vault to tell: then each scan stands for itself.
    """
    known = {one: one.encode() for one in state.by_scan} if pages is None else pages
    newest: dict[bytes, str] = {}
    for scan_id in state.by_scan:
        if scan_id in known:
            newest.pop(known[scan_id], None)
            newest[known[scan_id]] = scan_id
    answers = {
        (known[scan_id], *state.by_scan[scan_id].evidence): review
        for scan_id, review in state.reviews.items()
        if scan_id in known and scan_id in state.by_scan
    }
    return [
        scan_id
        for page, scan_id in newest.items()
        if (scan := state.by_scan[scan_id]).is_reviewable
        and not _stands(state.reviews.get(scan_id), at_ms)
        and not (scan.evidence and _stands(answers.get((page, *scan.evidence)), at_ms))
    ]


def _stands(review: Review | None, at_ms: int) -> bool:
    """Whether a decision counts; a no has no end but a newer decision."""
    if review is None:
        return False
    return review.outcome == "upheld" or at_ms < review.expires_at_ms


PROJECTION = Projection(name="optout", version=3, state=OptoutState, apply=apply)
