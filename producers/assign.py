"""Assign accepted records to shards and slices; assignments are facts in events."""

from collections.abc import Sequence
from typing import Protocol

from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.ports import UnitRecord
from producers.ports import Progress
from producers.shards import place, units_of


class PlacementBook(Protocol):
    """What is placed already, and where new assignments go."""

    def map(self) -> MapDeclared:
        """The map in force."""
        ...

    def members(self) -> list[UnitRecord]:
        """Every accepted record, placed or not."""
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

    Returns:
        How many records were placed.

    Raises:
        InputError: a record would tie two shards together.
    """
    members = book.members()
    if all(member.shard is not None for member in members):
        return 0
    declared = book.map()
    units = units_of(members)
    placements = place(
        units,
        loads=book.loads(declared.shards),
        slices=declared.slices,
        load_per_mille=declared.load_per_mille,
        key=book.key(),
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
    progress(f"assigned {len(events)} records to {declared.shards} shards")
    return len(events)
