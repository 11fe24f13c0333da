"""What the sites said, what persons made of it, and what was decided on each record."""

from collections.abc import MutableMapping
from typing import Final

import msgspec

from ledger.events.ingest import DatasetClassified, RecordDecided
from ledger.events.optout import (
    PolicyFileFetched,
    RecordsQuarantined,
    SiteRegistered,
    UrlScanned,
    may_be_cleared,
)
from ledger.events.policy import PolicyAdopted
from ledger.events.review import ReviewDecided, review_evidence
from ledger.projections.base import Projection, Recorded

UNREADABLE: Final = frozenset({"unreadable", "page_unreadable"})
"""Reasons of a scan that say nothing but that something could not be read."""


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
        is_lawful: whether the page could be read by anybody, or under a licence.
        is_silent: whether it is `unknown` only because something could not be read.
        is_piracy: whether the site is on a list of piracy sites.
    """

    site_id: str
    verdict: str
    is_reviewable: bool
    event_id: str
    evidence: list[tuple[str, str]] = []
    is_lawful: bool = True
    is_silent: bool = False
    is_piracy: bool = False


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


class Dataset(msgspec.Struct):
    """What is known of a dataset.

    Attributes:
        consent_review: by its newest classification.
        decided: decision to how many of its records it was made on.
    """

    consent_review: str
    decided: dict[str, int] = {}


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
        quarantined: quarantined record to the scan or the licence that took it out.
        spent: scan that quarantined records rested on, to the scan that took them out;
            nothing rests on it any more (XEV-6).
        bases: accepted record that cites a scan and rests on something else than
            Article 4, to that basis: the one in the EU, or where it has none there, the
            one in the UK.
        purposes: adopted policy to what its models are trained for.
        datasets: dataset id to dataset.
    """

    sites: MutableMapping[str, Site] = {}
    scans: dict[str, Tally] = {}
    decisions: dict[str, Tally] = {}
    channels: dict[str, dict[str, int]] = {}
    scanners: dict[str, int] = {}
    waiting: MutableMapping[str, str] = {}
    by_scan: MutableMapping[str, ScanFacts] = {}
    reviews: MutableMapping[str, Review] = {}
    review_ids: MutableMapping[str, str] = {}
    quarantined: MutableMapping[str, str] = {}
    spent: MutableMapping[str, str] = {}
    bases: MutableMapping[str, str] = {}
    purposes: dict[str, str] = {}
    datasets: dict[str, Dataset] = {}


def apply(state: OptoutState, recorded: Recorded) -> OptoutState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RecordDecided() as event:
            _decide(state, event)
        case UrlScanned() as event:
            _scan(state, event, recorded.event_id)
        case PolicyFileFetched(site_id=site_id, channel=channel, outcome=outcome):
            site = state.sites.get(site_id) or Site()
            site.policy_files[channel] = outcome
            state.sites[site_id] = site
        case SiteRegistered(site_id=site_id):
            site = state.sites.get(site_id) or Site()
            site.registered = site.registered or recorded.event_id
            state.sites[site_id] = site
        case ReviewDecided() as event:
            _review(state, event, recorded.event_id)
        case RecordsQuarantined() as event:
            _quarantine(state, event)
        case PolicyAdopted(policy_sha256=policy_sha256, purpose=purpose):
            state.purposes[policy_sha256] = purpose
        case DatasetClassified(dataset_id=dataset_id, consent_review=review):
            dataset = state.datasets.setdefault(dataset_id, Dataset(review))
            dataset.consent_review = review
        case _:
            pass
    return state


def _scan(state: OptoutState, event: UrlScanned, event_id: str) -> None:
    site = state.sites.get(event.site_id) or Site()
    site.verdicts[event.verdict] = site.verdicts.get(event.verdict, 0) + 1
    site.latest_verdict = event.verdict
    site.latest_scan = event_id
    site.latest_scan_id = event.scan_id
    site.latest_at_ms = event.scanned_at_ms
    state.sites[event.site_id] = site
    state.scans.setdefault(event.verdict, Tally()).add(list(event.reasons))
    state.scanners[event.scanner] = state.scanners.get(event.scanner, 0) + 1
    for read in event.channels:
        outcomes = state.channels.setdefault(read.channel, {})
        outcomes[read.outcome] = outcomes.get(read.outcome, 0) + 1
    state.by_scan.setdefault(event.scan_id, scan_facts(event, event_id))


def scan_facts(event: UrlScanned, event_id: str = "") -> ScanFacts:
    """What other events need of a scan; `event_id` is empty before it is recorded."""
    is_reviewable = may_be_cleared(event.verdict, event.reasons)
    return ScanFacts(
        site_id=event.site_id,
        verdict=event.verdict,
        is_reviewable=is_reviewable,
        event_id=event_id,
        evidence=sorted(review_evidence(event.channels)) if is_reviewable else [],
        is_lawful=event.access in {"open", "licensed"},
        is_silent=event.verdict == "unknown" and UNREADABLE.issuperset(event.reasons),
        is_piracy="piracy_site" in event.reasons,
    )


def _quarantine(state: OptoutState, event: RecordsQuarantined) -> None:
    for record_id in event.record_ids:
        state.quarantined.setdefault(record_id, event.scan_id or event.licence_id)
    if event.earlier_scan_id:
        state.spent.setdefault(event.earlier_scan_id, event.scan_id)


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
    if event.dataset_id in state.datasets:
        decided = state.datasets[event.dataset_id].decided
        decided[event.decision] = decided.get(event.decision, 0) + 1
    basis = event.eu_basis if event.eu_basis != "none" else event.uk_basis
    if event.decision == "accepted" and event.scan_id and basis != "tdm_article_4":
        state.bases[event.record_id] = basis


PROJECTION = Projection(
    name="optout",
    version=5,
    state=OptoutState,
    apply=apply,
    tables=(
        "sites",
        "waiting",
        "by_scan",
        "reviews",
        "review_ids",
        "quarantined",
        "spent",
        "bases",
    ),
)
