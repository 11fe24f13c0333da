"""producers.placement: erasure units and where they go."""

import pytest

from ledger.errors import InputError
from producers.placement.place import place
from producers.placement.units import Unit, UnitRecord, units_of

KEY = bytes(range(32))


def record(record_id, *subjects, **changes):
    fields = {"size": 10, "hazard": "personal" if subjects else "public"}
    return UnitRecord(record_id=record_id, subjects=subjects, **{**fields, **changes})


def unit(unit_id, size=10, hazard="personal", shard=None):
    return Unit(unit_id=unit_id, size=size, hazard=hazard, shard=shard)


def put(units, *, loads=(0, 0, 0, 0), slices=3, load_per_mille=1250, key=KEY):
    return place(
        units, loads=loads, slices=slices, load_per_mille=load_per_mille, key=key
    )


def grouped(*records):
    return [found.record_ids for found in units_of(records)]


@pytest.mark.parametrize(
    ("expected", "records"),
    [
        ([], []),
        ([("a",), ("b",)], [record("a"), record("b")]),
        ([("a", "b")], [record("b", "s"), record("a", "s")]),
        ([("a",), ("b",)], [record("a", "s"), record("b", "t")]),
        (
            [("a", "b", "c")],
            [record("a", "s"), record("b", "t"), record("c", "s", "t")],
        ),
        (
            [("a", "b"), ("c",)],
            [record("a", duplicates="d"), record("b", duplicates="d"), record("c")],
        ),
        (
            [("a", "b", "c")],
            [
                record("a", "s", duplicates="d"),
                record("b", duplicates="d"),
                record("c", "s"),
            ],
        ),
        ([("a",), ("b",)], [record("a", "d"), record("b", duplicates="d")]),
    ],
    ids=[
        "none",
        "no-subjects",
        "one-subject",
        "two-subjects",
        "linked",
        "duplicates",
        "duplicate-and-subject",
        "subject-is-no-digest",
    ],
)
def test_units(expected, records):
    """A unit is a connected component of shared subjects and duplicates."""
    assert expected == grouped(*records)


def test_unit_sums_size_and_takes_the_highest_hazard():
    """A unit is as large as its records and as likely to be erased as the worst."""
    records = [record("a", "s"), record("b", "s", size=7, hazard="consent")]

    assert [
        Unit(unit_id="a", size=17, hazard="consent", record_ids=("a", "b"), erasures=4)
    ] == units_of(records)


@pytest.mark.parametrize(
    ("expected", "records"),
    [
        (0, [record("a")]),
        (1, [record("a", "s")]),
        (1, [record("a", "s"), record("b", "s")]),
        (2, [record("a", "s", "t")]),
        (4, [record("a", hazard="consent")]),
        (5, [record("a", "s", "t"), record("b", "t", hazard="consent")]),
        (1, [record("a", "s", shard=1), record("b", "s", "t")]),
        (3, [record("a", "s", shard=1), record("b", "s", hazard="consent")]),
    ],
    ids=[
        "public",
        "one",
        "one-with-two-records",
        "two",
        "consent-of-nobody",
        "highest-of-each",
        "one-is-placed",
        "the-placed-one-rose",
    ],
)
def test_unit_expects_erasures_by_subject(expected, records):
    """Each subject counts once, by its highest hazard, less what is placed."""
    assert [expected] == [unit.erasures for unit in units_of(records)]


def test_near_duplicates_are_one_unit():
    """Records that share a cluster of near duplicates lie together."""
    near = {"a": ("1",), "b": ("1", "2"), "c": ("2",), "d": ("3",)}
    records = [record(name) for name in "abcd"]

    assert [("a", "b", "c"), ("d",)] == [
        unit.record_ids for unit in units_of(records, near)
    ]


def test_new_record_of_a_placed_subject():
    """A new record goes where its subject lies; only what is new is placed."""
    records = [record("b", "s", shard=2), record("c", "s", size=4)]

    assert [
        Unit(unit_id="b", size=4, hazard="personal", record_ids=("c",), shard=2)
    ] == units_of(records)


def test_placed_records_alone_are_no_unit():
    """What is placed already is not placed again."""
    assert [] == units_of([record("a", "s", shard=0)])


def test_link_between_two_shards_is_refused():
    """A new record about persons of two shards is refused, by its random id."""
    records = [
        record("a", "s", shard=0),
        record("b", "t", shard=3),
        record("c", "s", "t"),
    ]

    with pytest.raises(InputError, match=r"records c: .* found links into shards 0, 3"):
        units_of(records)


def test_placement_is_pinned():
    """The same units and key go to the same places on every machine, for ever."""
    units = [unit(name * 32, 10 + index) for index, name in enumerate("abcdefgh")]

    assert [(2, 0), (2, 1), (1, 0), (0, 0), (3, 0), (1, 1), (3, 1), (0, 1)] == [
        (found.shard, found.slice) for found in put(units)
    ]


def test_another_key_is_another_placement():
    """Without the key nobody can tell where a unit will go."""
    units = [unit(f"{i:032x}") for i in range(64)]

    assert put(units) != put(units, key=KEY[::-1])


def test_slices_rise_with_hazard():
    """In one shard public units come first and consent-based ones last."""
    hazards = ("consent", "public", "personal")
    units = [unit(f"{i:02}", hazard=hazards[i % 3]) for i in range(9)]

    slices = {
        hazard: {
            placement.slice
            for placement, placed in zip(put(units, loads=(0,)), units, strict=True)
            if placed.hazard == hazard
        }
        for hazard in hazards
    }
    assert {"public": {0}, "personal": {1}, "consent": {2}} == slices


@pytest.mark.parametrize(
    ("expected", "sizes"),
    [
        ([0], [5]),
        ([0, 1], [5, 5]),
        ([0, 1, 2], [5, 5, 5]),
        ([0, 1, 2], [1000, 1, 1]),
        ([0, 1, 2], [1, 1, 1000]),
        ([0, 0, 1, 1, 2, 2], [5, 5, 5, 5, 5, 5]),
        ([0, 0, 0, 1, 1, 2], [1, 1, 1, 2, 2, 3]),
    ],
    ids=["one", "two", "three", "big-first", "big-last", "even", "uneven"],
)
def test_slices_are_balanced(expected, sizes):
    """Slices of a shard are about equal, and none stays empty if units suffice."""
    units = [unit(f"{i:02}", size) for i, size in enumerate(sizes)]

    assert expected == [found.slice for found in put(units, loads=(0,))]


def test_later_units_go_into_the_last_slice():
    """Once a shard map holds data, new units never touch an earlier slice."""
    units = [unit("a", hazard="public"), unit("b", hazard="consent")]

    assert {2} == {found.slice for found in put(units, loads=(5, 0, 0, 0))}


def test_grown_unit_stays_in_its_shard():
    """A unit that names its shard goes there, full or not."""
    [found] = put([unit("a", shard=1)], loads=(0, 1000, 0, 0))

    assert 1 == found.shard


def test_full_shard_gets_nothing_new():
    """A shard past the bound is passed over."""
    units = [unit(f"{i:02}", 1) for i in range(40)]

    assert {1, 2, 3} == {found.shard for found in put(units, loads=(1000, 0, 0, 0))}


def test_more_shards_than_units():
    """Shards may stay empty."""
    found = put([unit("a"), unit("b")], loads=(0,) * 64)

    assert ["a", "b"] == [placement.unit_id for placement in found]


def test_no_units():
    """Nothing to place is no error."""
    assert [] == put([])


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("number of shards: expected 1 .. 4096, found 0", {"loads": ()}),
        ("number of shards: expected 1 .. 4096, found 4097", {"loads": (0,) * 4097}),
        ("number of slices: expected 1 .. 256, found 0", {"slices": 0}),
        ("number of slices: expected 1 .. 256, found 257", {"slices": 257}),
        ("load_per_mille: expected 1000 .. 4000, found 999", {"load_per_mille": 999}),
        ("load_per_mille: expected 1000 .. 4000, found 4001", {"load_per_mille": 4001}),
        ("placement key: expected 16 .. 64, found 15", {"key": bytes(15)}),
        ("placement key: expected 16 .. 64, found 65", {"key": bytes(65)}),
        ("smallest load: expected at least 0, found -1", {"loads": (0, -1)}),
        ("smallest unit: expected at least 1, found 0", {"units": [unit("a", 0)]}),
        ("found unknown shard 4", {"units": [unit("a", shard=4)]}),
        ("expected each unit once", {"units": [unit("a"), unit("a")]}),
    ],
)
def test_refused(rule, changes):
    """A number outside of its range is refused by name."""
    options = {"units": [unit("a")], **changes}

    with pytest.raises(InputError, match=rule):
        put(options.pop("units"), **options)
