"""producers.placement.place: bytes and expected erasures at once."""

import pytest

from ledger.errors import InputError
from producers.placement.place import place
from producers.placement.units import Unit

KEY = bytes(range(32))


def put(units, *, loads=(0, 0, 0, 0), **options):
    return place(
        units,
        loads=loads,
        slices=2,
        load_per_mille=options.pop("load_per_mille", 1250),
        key=KEY,
        **options,
    )


def unit(number, size=10, erasures=0, shard=None):
    return Unit(
        unit_id=f"{number:032x}",
        size=size,
        hazard="personal",
        erasures=erasures,
        shard=shard,
    )


def loads_of(units, placements, shards=4):
    """Bytes and erasures of each shard."""
    found = [[0, 0] for _ in range(shards)]
    for one, placed in zip(units, placements, strict=True):
        found[placed.shard][0] += one.size
        found[placed.shard][1] += one.erasures
    return found


def test_both_loads_are_bounded():
    """Many small units: each shard within 1.25 of the mean of both."""
    units = [unit(i, 10 + i % 7, i % 5) for i in range(400)]
    placements = put(units)
    found = loads_of(units, placements)

    assert not any(placed.over for placed in placements)
    for index in (0, 1):
        total = sum(pair[index] for pair in found)
        assert max(pair[index] for pair in found) * 4 <= 1.25 * total


def test_large_bytes_and_large_hazards_are_spread():
    """Four units of bytes and four of erasures: no shard has two of a kind."""
    heavy = [unit(i, 1000, 0) for i in range(4)]
    risky = [unit(4 + i, 1, 1000) for i in range(4)]

    assert [[1001, 1000]] * 4 == loads_of([*heavy, *risky], put([*heavy, *risky]))


def test_unit_larger_than_the_bound_says_so():
    """A unit that no shard can hold is placed, and said; the others are not."""
    units = [unit(0, 10_000), *(unit(i) for i in range(1, 40))]
    placements = put(units)

    assert [("tokens",)] == [placed.over for placed in placements if placed.over]
    assert ("tokens",) == placements[0].over
    assert 10_000 == loads_of(units, placements)[placements[0].shard][0]


def test_one_hazard_never_unbalances_the_bytes():
    """Where one person has most of the expected erasures, bytes stay in bounds."""
    units = [unit(0, 10, 10_000), *(unit(i, 10, 1) for i in range(1, 200))]
    placements = put(units)
    tokens = [pair[0] for pair in loads_of(units, placements)]

    assert "erasures" in placements[0].over
    assert max(tokens) * 4 <= 1.25 * sum(tokens)
    assert not any("tokens" in placed.over for placed in placements)


def test_what_adds_nothing_passes_nothing():
    """A unit without expected erasures fits a shard that has too many of them."""
    units = [unit(i) for i in range(40)]
    placements = put(units, loads=(1, 1, 1, 1), erasures=(100, 0, 0, 0))

    assert 0 in {placed.shard for placed in placements}
    assert not any(placed.over for placed in placements)


def test_grown_unit_that_passes_the_bound_says_so():
    """A unit that names its full shard goes there, and says what it passes."""
    [placed] = put([unit(0, 10, 1, shard=1)], loads=(0, 90, 0, 0))

    assert (1, ("tokens", "erasures")) == (placed.shard, placed.over)


@pytest.mark.parametrize(
    ("erasures", "units"),
    [((1, 2, 3), []), ((0, 0, 0, -1), []), ((), [unit(0, 1, -1)])],
    ids=["three-shards-of-four", "negative-load", "negative-unit"],
)
def test_refused(erasures, units):
    """Expected erasures are one number a shard, none negative."""
    with pytest.raises(InputError, match="expected erasures of 4 shards"):
        put(units, erasures=erasures)
