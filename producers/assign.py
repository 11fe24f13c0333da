"""Assign accepted records to shards and slices; assignments are facts in events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.ports import UnitRecord
from producers.placement.place import Placement, place
from producers.placement.units import Near, erasures_of, units_of
from producers.ports import Progress


class PlacementBook(Protocol):
    """What is placed already, and where new assignments go."""

    def map(self) -> MapDeclared:
        """The map in force."""
        ...

    def members(self) -> list[UnitRecord]:
        """Every accepted record, placed or not."""
        ...

    def near(self) -> Near:
        """Clusters of near duplicates that a record belongs to."""
        ...

    def loads(self, shards: int) -> list[int]:
        """Bytes that each shard holds."""
        ...

    def key(self) -> bytes:
        """The secret of the placement hash."""
        ...

    def append(self, events: Sequence[RecordAssigned]) -> None:
        """Append assignments."""
        ...


def assign(book: PlacementBook, *, progress: Progress) -> int:
    """Place every accepted record that has no place yet.

    Args:
        book: what is placed, and where assignments go.
        progress: told how many were placed, and which shards passed their bound.

    Returns:
        How many records were placed.

    Raises:
        InputError: a record would tie two shards together.
    """
    members = book.members()
    if all(member.shard is not None for member in members):
        return 0
    declared = book.map()
    units = units_of(members, book.near())
    placements = place(
        units,
        loads=book.loads(declared.shards),
        slices=declared.slices,
        load_per_mille=declared.load_per_mille,
        key=book.key(),
        erasures=held_erasures(members, declared.shards),
    )
    records_of = {unit.unit_id: unit.record_ids for unit in units}
    events = [
        RecordAssigned(
            map_id=declared.map_id,
            record_id=record_id,
            shard=placement.shard,
            slice=placement.slice,
        )
        for placement in placements
        for record_id in records_of[placement.unit_id]
    ]
    book.append(events)
    progress(_told(len(events), declared.shards))
    for line in passed_bounds(placements):
        progress(line)
    return len(events)


def _told(records: int, shards: int) -> str:
    return (
        f"assigned {records} {'record' if records == 1 else 'records'} to "
        f"{shards} {'shard' if shards == 1 else 'shards'}"
    )


def held_erasures(members: Iterable[UnitRecord], shards: int) -> list[int]:
    """Expected erasures that each shard holds already."""
    placed: dict[int, list[UnitRecord]] = defaultdict(list)
    for member in members:
        if member.shard is not None:
            placed[member.shard].append(member)
    return [erasures_of(placed[shard]) for shard in range(shards)]


def passed_bounds(placements: Iterable[Placement]) -> list[str]:
    """One line for each shard that a unit took past its bound, by shard."""
    passed: dict[int, set[str]] = defaultdict(set)
    for placement in placements:
        if placement.over:
            passed[placement.shard].update(placement.over)
    return [
        f"shard {shard} is past its bound in {' and '.join(sorted(passed[shard]))}: "
        "a unit found no shard with room"
        for shard in sorted(passed)
    ]
