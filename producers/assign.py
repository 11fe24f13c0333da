"""Assign accepted records to shards and slices; assignments are facts in events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Final, Protocol

from ledger.events.ingest import Hazard
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.ports import UnitRecord
from producers.placement.bounded import Dimension
from producers.placement.place import place_file
from producers.placement.unit_file import UnitFile
from producers.placement.units import HAZARD_WEIGHT, unit_of
from producers.ports import Progress

EVENTS: Final = 1024
"""Assignments that are held in memory at once."""


class PlacementBook(Protocol):
    """What is placed already, and where new assignments go."""

    def map(self) -> MapDeclared:
        """The map in force."""
        ...

    def units(self) -> Iterable[Sequence[UnitRecord]]:
        """The records, placed or not, of each unit that has one to place."""
        ...

    def loads(self, shards: int) -> list[int]:
        """Bytes that each shard holds."""
        ...

    def erasures(self, shards: int, weights: Mapping[Hazard, int]) -> list[int]:
        """Expected erasures that each shard holds."""
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
    with closing(UnitFile()) as units:
        for members in book.units():
            unit = unit_of(members)
            if unit is not None:
                units.add(unit)
        if not len(units):
            return 0
        declared = book.map()
        place_file(
            units,
            loads=book.loads(declared.shards),
            slices=declared.slices,
            load_per_mille=declared.load_per_mille,
            key=book.key(),
            erasures=book.erasures(declared.shards, HAZARD_WEIGHT),
        )
        assigned = 0
        for events in _events(units, declared.map_id):
            book.append(events)
            assigned += len(events)
        progress(_told(assigned, declared.shards))
        for line in passed_bounds(units.passed()):
            progress(line)
        return assigned


def _events(units: UnitFile, map_id: str) -> Iterator[list[RecordAssigned]]:
    """The assignments of every new record, some at a time."""
    events = (
        RecordAssigned(map_id=map_id, record_id=record_id, shard=shard, slice=slice_)
        for record_id, shard, slice_ in units.records()
    )
    while part := list(islice(events, EVENTS)):
        yield part


def _told(records: int, shards: int) -> str:
    return (
        f"assigned {records} {'record' if records == 1 else 'records'} to "
        f"{shards} {'shard' if shards == 1 else 'shards'}"
    )


def passed_bounds(passed: Iterable[tuple[int, Sequence[Dimension]]]) -> list[str]:
    """One line for each shard that a unit took past its bound, by shard."""
    names: dict[int, set[str]] = {}
    for shard, over in passed:
        names.setdefault(shard, set()).update(over)
    return [
        f"shard {shard} is past its bound in {' and '.join(sorted(names[shard]))}: "
        "a unit found no shard with room"
        for shard in sorted(names)
    ]
