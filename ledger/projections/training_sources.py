"""What each shard map's training set is made of: kinds of source, sites, months.

A record is in a training set once it was accepted and assigned to a shard of the map,
and until it is erased. So what is counted is what the model in service may hold; an
accepted record that was never assigned is in no training set.
"""

from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from ledger.events.erasure import RecordsErased
from ledger.events.ingest import RecordDecided
from ledger.events.optout import UrlScanned
from ledger.events.policy import PolicyAdopted
from ledger.events.shards import RecordAssigned
from ledger.projections.base import Projection, Recorded

UNDECIDED: Final = "undecided"
"""Kind of an assigned record without an ingest decision that accepted it."""

_YEAR_10000_MS: Final = 253_402_300_800_000
"""First millisecond that `datetime` cannot hold; an event may name a later one."""


class Scan(msgspec.Struct, array_like=True):
    """What a record needs of its scan; a short array when persisted.

    Attributes:
        site_id: the site.
        scanner: scanner name and version.
        month: month of the page's answer, YYYY-MM, UTC; empty where out of range.
    """

    site_id: str
    scanner: str
    month: str


class Accepted(msgspec.Struct, array_like=True):
    """An accepted record that is not erased; a short array when persisted.

    Attributes:
        kind: where the text came from.
        scan_id: the scan that it rests on, or empty.
        month: month in which the decision was recorded, YYYY-MM, UTC.
        maps: maps that it is assigned in.
    """

    kind: str
    scan_id: str
    month: str
    maps: list[str] = []


class Content(msgspec.Struct):
    """What one map's training set is made of. Counts of records, never zero.

    Attributes:
        kinds: by kind of source.
        sites: by site of the scan.
        months: by month of ingest.
        crawls: by scanner, then by month of the scan.
    """

    kinds: dict[str, int] = {}
    sites: dict[str, int] = {}
    months: dict[str, int] = {}
    crawls: dict[str, dict[str, int]] = {}


class SourcesState(msgspec.Struct):
    """Training sets by map, and what is needed to keep them.

    Attributes:
        content: map id to its training set.
        scans: every scan.
        accepted: every accepted record that is not erased.
        undecided: assigned records without an acceptance, with their maps.
        policies: digests of the adopted policies, oldest first.
        last_event: the newest event.
        last_at_ms: when it was recorded.
    """

    content: dict[str, Content] = {}
    scans: MutableMapping[str, Scan] = {}
    accepted: MutableMapping[str, Accepted] = {}
    undecided: MutableMapping[str, list[str]] = {}
    policies: list[str] = []
    last_event: str = ""
    last_at_ms: int = 0


def apply(state: SourcesState, recorded: Recorded) -> SourcesState:
    """Fold one event in place; events of other types only move the end."""
    state.last_event = recorded.event_id
    state.last_at_ms = recorded.recorded_at_ms
    match recorded.event:
        case UrlScanned() as event:
            state.scans[event.scan_id] = Scan(
                event.site_id, event.scanner, month_of(event.scanned_at_ms)
            )
        case RecordDecided(decision="accepted") as event:
            state.accepted.setdefault(
                event.record_id,
                Accepted(
                    event.source_kind, event.scan_id, month_of(recorded.recorded_at_ms)
                ),
            )
        case RecordAssigned(map_id=map_id, record_id=record_id):
            _assign(state, map_id, record_id)
        case RecordsErased(record_ids=record_ids):
            for record_id in record_ids:
                _erase(state, record_id)
        case PolicyAdopted(policy_sha256=digest):
            if digest not in state.policies:
                state.policies.append(digest)
        case _:
            pass
    return state


def _assign(state: SourcesState, map_id: str, record_id: str) -> None:
    record = state.accepted.get(record_id)
    maps = state.undecided.get(record_id, []) if record is None else record.maps
    if map_id in maps:
        return
    maps.append(map_id)
    if record is None:
        state.undecided[record_id] = maps
    else:
        state.accepted[record_id] = record
    _count(state, map_id, record, 1)


def _erase(state: SourcesState, record_id: str) -> None:
    record = state.accepted.pop(record_id, None)
    if record is not None:
        for map_id in record.maps:
            _count(state, map_id, record, -1)
    for map_id in state.undecided.pop(record_id, ()):
        _count(state, map_id, None, -1)


def _count(
    state: SourcesState, map_id: str, record: Accepted | None, step: int
) -> None:
    content = state.content.setdefault(map_id, Content())
    if record is None:
        _add(content.kinds, UNDECIDED, step)
        return
    _add(content.kinds, record.kind, step)
    _add(content.months, record.month, step)
    scan = state.scans.get(record.scan_id)
    if scan is not None:
        _add(content.sites, scan.site_id, step)
        _add(content.crawls.setdefault(scan.scanner, {}), scan.month, step)


def _add(counts: dict[str, int], key: str, step: int) -> None:
    count = counts.get(key, 0) + step
    if count > 0:
        counts[key] = count
    else:
        counts.pop(key, None)


def month_of(at_ms: int) -> str:
    """The month of a time as YYYY-MM, UTC; empty from the year 10000 on."""
    return utc(at_ms, "%Y-%m")


def utc(at_ms: int, form: str) -> str:
    """A time in UTC by a `strftime` form; empty from the year 10000 on."""
    if at_ms >= _YEAR_10000_MS:
        return ""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime(form)


PROJECTION = Projection(
    name="training_sources",
    version=2,
    state=SourcesState,
    apply=apply,
    tables=("scans", "accepted", "undecided"),
)
