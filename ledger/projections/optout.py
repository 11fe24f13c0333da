"""What the sites said, and what was decided on each record."""

import msgspec

from ledger.events.ingest import RecordDecided
from ledger.events.optout import PolicyFileFetched, SiteRegistered, UrlScanned
from ledger.projections.base import Projection, Recorded


class Site(msgspec.Struct):
    """One site's scans and policy files.

    Attributes:
        registered: the `SiteRegistered` event; empty where there is none.
        verdicts: how many scans ended in each verdict.
        latest_verdict: verdict of the newest scan in the ledger's order; empty before
            one.
        latest_scan: that `UrlScanned` event.
        latest_at_ms: when that page's answer ended.
        policy_files: for each channel, how the newest fetch of the file ended.
    """

    registered: str = ""
    verdicts: dict[str, int] = {}
    latest_verdict: str = ""
    latest_scan: str = ""
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


class OptoutState(msgspec.Struct):
    """Counts over all sites, scans and decisions.

    Attributes:
        sites: site id to site.
        scans: verdict to its scans; a scan counts under each of its reasons.
        decisions: outcome to its records; a record counts under its first reason, so
            that the parts add up. A pending record that is decided leaves `pending`.
        channels: channel to how its reads ended, each read counted.
        scanners: scanner name and version to its scans.
        waiting: pending records with their first reason.
    """

    sites: dict[str, Site] = {}
    scans: dict[str, Tally] = {}
    decisions: dict[str, Tally] = {}
    channels: dict[str, dict[str, int]] = {}
    scanners: dict[str, int] = {}
    waiting: dict[str, str] = {}


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
    site.latest_at_ms = event.scanned_at_ms
    state.scans.setdefault(event.verdict, Tally()).add(list(event.reasons))
    state.scanners[event.scanner] = state.scanners.get(event.scanner, 0) + 1
    for read in event.channels:
        outcomes = state.channels.setdefault(read.channel, {})
        outcomes[read.outcome] = outcomes.get(read.outcome, 0) + 1


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


PROJECTION = Projection(name="optout", version=1, state=OptoutState, apply=apply)
