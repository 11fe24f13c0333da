"""producers.placement.plan: what a placement would be, before it is made."""

from fractions import Fraction

from ledger.ports import UnitRecord
from producers.placement.place import place
from producers.placement.plan import plan
from producers.placement.plan_document import plan_document, plan_text
from producers.placement.units import units_of

KEY = bytes(range(32))


def record(number, *subjects, size=10, hazard="personal", shard=None):
    return UnitRecord(
        record_id=f"{number:032x}",
        subjects=subjects,
        size=size,
        hazard=hazard,
        shard=shard,
    )


def planned(records, shards=4, slices=3):
    return plan(records, shards=shards, slices=slices, load_per_mille=1250, key=KEY)


def test_a_plan_is_what_the_first_assignment_does():
    """Loads are those of the units where `place` puts them."""
    records = [record(i, f"s{i % 40}", size=5 + i % 11) for i in range(120)]
    units = units_of(records)
    tokens = [[0] * 3 for _ in range(4)]
    placements = place(units, loads=[0] * 4, slices=3, load_per_mille=1250, key=KEY)
    for unit, placed in zip(units, placements, strict=True):
        tokens[placed.shard][placed.slice] += unit.size

    found = planned(records)
    assert tokens == [list(shard.tokens) for shard in found.shards]
    assert 40 == sum(shard.erasures for shard in found.shards)


def test_what_is_placed_already_does_not_matter():
    """A plan starts from an empty map."""
    records = [record(i, f"s{i}") for i in range(20)]
    placed = [record(i, f"s{i}", shard=0) for i in range(20)]

    assert planned(records).shards == planned(placed).shards


def test_subjects_of_a_record_are_erased_one_by_one():
    """A record of two subjects goes with either: two erasures hit it."""
    found = planned([record(0, "a", "b", size=8)], shards=1, slices=1)

    assert 2 == found.shards[0].erasures
    assert Fraction(0) == found.cost.single()
    assert 8 == found.cost.everything()


def test_a_unit_larger_than_the_bound_is_named():
    """The unit and its shard's loads are said; those within the bound are not."""
    sizes = [1000, *[10] * 29]
    found = planned([record(i, size=s, hazard="public") for i, s in enumerate(sizes)])

    assert [f"{0:032x}"] == [unit.unit_id for unit in found.too_large]
    assert [("tokens",)] == [shard.over for shard in found.shards if shard.over]
    text = plan_text(plan_document(found, batch=10))
    assert f"larger than the bound alone: unit {0:032x}" in text
    assert 1 == text.count("past the bound in tokens")


def test_text_of_a_plan():
    """Loads, the largest unit, one erasure, a batch and the training, as lines."""
    found = planned([record(i, f"s{i}") for i in range(8)], shards=2, slices=2)
    units = sorted(shard.units for shard in found.shards)

    assert [4, 4] == units
    assert (
        "S = 2, R = 2, bound 1.25 x the mean\n"
        "  shard  units       bytes  /mean  erasures  /mean\n"
        "      0      4          40   1.00         4   1.00\n"
        "      1      4          40   1.00         4   1.00\n"
        "  largest unit: 1 records, 10 bytes, 0.25 x a shard's mean\n"
        "  one erasure: 35 tokens, 0.333 of a full sharded retrain "
        "(0.417 if all even)\n"
        "  10 erasures together: 0.981 of a full sharded retrain\n"
        "  training: 120 tokens, 1.50 x one pass without slices"
    ) == plan_text(plan_document(found, batch=10))


def test_an_empty_corpus_has_a_plan():
    """Nothing to place is no error, and costs nothing."""
    document = plan_document(planned([]), batch=10)

    assert document["largest_unit"] is None
    assert 0 == document["erasure_tokens"] == document["full_retrain_tokens"]
    assert [1.0] * 4 == [load["bytes_over_mean"] for load in document["load"]]
