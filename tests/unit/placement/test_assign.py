"""producers.assign: what is placed becomes events."""

from dataclasses import replace

from ledger.events.shards import MapDeclared
from ledger.ports import UnitRecord
from producers.assign import assign, passed_bounds
from producers.placement.units import components, erasures_of


class Book:
    """A placement book in memory."""

    def __init__(self, records, shards=4):
        self.records = {record.record_id: record for record in records}
        self.events = []
        self.shards = shards
        self.clusters = {}

    def map(self):
        return MapDeclared(
            map_id="0" * 32,
            shards=self.shards,
            slices=3,
            placement="rendezvous_bounded_load",
            load_per_mille=1250,
            salt="0" * 24,
        )

    def units(self):
        found = components(self.records.values(), self.clusters)
        return [one for one in found if any(record.shard is None for record in one)]

    def placed(self, shard):
        return [one for one in self.records.values() if one.shard == shard]

    def loads(self, shards):
        return [sum(one.size for one in self.placed(n)) for n in range(shards)]

    def erasures(self, shards, weights):
        return [erasures_of(self.placed(number)) for number in range(shards)]

    def key(self):
        return bytes(32)

    def append(self, events):
        self.events.extend(events)
        for event in events:
            placed = replace(self.records[event.record_id], shard=event.shard)
            self.records[event.record_id] = placed


def record(number, *subjects, size=10, hazard="personal", shard=None):
    return UnitRecord(
        record_id=f"{number:032x}",
        subjects=subjects,
        size=size,
        hazard=hazard,
        shard=shard,
    )


def ignore(text):
    """Nobody is told."""


def test_every_new_record_is_assigned_once():
    """What has no place gets one; what has one is left alone."""
    book = Book([record(number, f"s{number}") for number in range(20)])

    assert 20 == assign(book, progress=ignore)
    assert 0 == assign(book, progress=ignore)
    assert sorted(book.records) == sorted(event.record_id for event in book.events)


def test_near_duplicates_go_to_one_place():
    """Records that share a cluster are assigned together."""
    book = Book([record(number) for number in range(20)])
    near = {f"{number:032x}": ("1",) for number in (3, 11, 17)}
    book.clusters = near
    assign(book, progress=ignore)

    places = {
        (event.shard, event.slice) for event in book.events if event.record_id in near
    }
    assert 1 == len(places)


def test_a_later_near_duplicate_goes_where_the_first_lies():
    """A near copy that comes later is assigned to its original's shard."""
    book = Book([record(number, f"s{number}") for number in range(12)])
    assign(book, progress=ignore)
    late = record(99, "late")
    book.records[late.record_id] = late
    book.clusters = {f"{5:032x}": ("1",), late.record_id: ("1", "2")}
    assign(book, progress=ignore)

    [original] = [one for one in book.events if one.record_id == f"{5:032x}"]
    assert original.shard == book.events[-1].shard
    assert late.record_id == book.events[-1].record_id


def test_a_passed_bound_is_told():
    """A person learns which shard a unit took past its bound, and in what."""
    told = []
    sizes = [1000, *[10] * 8]
    book = Book([record(n, size=s, hazard="public") for n, s in enumerate(sizes)])
    assign(book, progress=told.append)
    [shard] = [e.shard for e in book.events if e.record_id == f"{0:032x}"]

    assert [
        "assigned 9 records to 4 shards",
        f"shard {shard} is past its bound in tokens: a unit found no shard with room",
    ] == told


def test_passed_bounds_are_one_line_a_shard():
    """Both dimensions of a shard stand in one line; shards in order."""
    passed = [(3, ("tokens",)), (3, ("erasures",)), (0, ("tokens",))]

    assert [
        "shard 0 is past its bound in tokens",
        "shard 3 is past its bound in erasures and tokens",
    ] == [line.partition(":")[0] for line in passed_bounds(passed)]


def test_one_record_is_told_as_one():
    """Counts and nouns agree."""
    told = []
    assign(Book([record(1)], shards=1), progress=told.append)

    assert "assigned 1 record to 1 shard" == told[0]
