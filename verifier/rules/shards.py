"""Shard maps and assignments: XEV-7, and XEV-20 where a record is quarantined."""

from binascii import unhexlify
from dataclasses import dataclass

from verifier.doubt import Doubt
from verifier.findings import Code
from verifier.rules.index import Assignment
from verifier.rules.state import (
    BulkRules,
    Column,
    Handler,
    History,
    ShardMap,
    digest,
    refuse,
)
from verifier.schema.lines import Event


def _declared(state: History, event: Event, _at: int) -> None:
    map_id = digest(event, "map_id")
    if map_id in state.maps:
        refuse(
            Code.ASSIGNMENT, 7, expected="a map declared once", found=event["map_id"]
        )
    state.maps[map_id] = ShardMap(
        len(state.maps), int(event["shards"]), int(event["slices"])
    )


def _assigned(state: History, event: Event, at: int) -> None:
    shard_map = state.maps.get(digest(event, "map_id"))
    if shard_map is None:
        refuse(Code.ASSIGNMENT, 7, expected="a declared map", found=event["map_id"])
    shard, slice_ = int(event["shard"]), int(event["slice"])
    if shard >= shard_map.shards or slice_ >= shard_map.slices:
        refuse(
            Code.ASSIGNMENT,
            7,
            expected=f"shard < {shard_map.shards}, slice < {shard_map.slices}",
            found=f"shard {shard}, slice {slice_}",
        )
    record = digest(event, "record_id")
    commitment = state.index.commitment(record)
    if not commitment:
        if state.index.is_quarantined(record):
            refuse(
                Code.QUARANTINE,
                20,
                expected="no assignment of a quarantined record",
                found=event["record_id"],
            )
        refuse(
            Code.ASSIGNMENT,
            7,
            expected="a record that was accepted and not erased",
            found=event["record_id"],
        )
    if not state.index.assign(
        (record, shard_map.number, shard, slice_, at, commitment)
    ):
        refuse(
            Code.ASSIGNMENT,
            7,
            expected="a record assigned once in each map",
            found=event["record_id"],
        )


@dataclass(frozen=True, slots=True)
class _Assignments:
    """The gist of a bulk of assignments.

    Attributes:
        records: the ids, in order.
        places: of each, its place among `targets`.
        targets: the different (map, shard, slice) that occur, as they are written.
    """

    records: list[bytes]
    places: list[int]
    targets: list[tuple[bytes, bytes, bytes]]


def _gather_assignments(
    maps: Column, records: Column, shards: Column, slices: Column
) -> _Assignments:
    written = list(zip(maps, shards, slices, strict=True))
    numbers = {target: number for number, target in enumerate(dict.fromkeys(written))}
    return _Assignments(
        records=list(map(unhexlify, records)),
        places=list(map(numbers.__getitem__, written)),
        targets=list(numbers),
    )


def _apply_assignments(state: History, gist: _Assignments, at: int) -> None:
    targets = [_target(state, target) for target in gist.targets]
    commitments = state.index.commitments_of(gist.records)
    if not all(commitments):
        raise Doubt
    rows: list[Assignment] = [
        (record, *targets[place], number, commitment)
        for number, (record, place, commitment) in enumerate(
            zip(gist.records, gist.places, commitments, strict=True), start=at
        )
    ]
    state.index.assign_all(rows)


def _target(
    state: History, written: tuple[bytes, bytes, bytes]
) -> tuple[int, int, int]:
    """Return number of the map, shard and slice."""
    shard_map = state.maps.get(unhexlify(written[0]))
    shard, slice_ = int(written[1]), int(written[2])
    if shard_map is None or shard >= shard_map.shards or slice_ >= shard_map.slices:
        raise Doubt
    return shard_map.number, shard, slice_


HANDLERS: dict[str, Handler] = {
    "shards.map_declared.v1": _declared,
    "shards.record_assigned.v1": _assigned,
}
BULK: dict[str, BulkRules] = {
    "shards.record_assigned.v1": BulkRules(
        fields=("map_id", "record_id", "shard", "slice"),
        gather=_gather_assignments,
        apply=_apply_assignments,
    ),
}
