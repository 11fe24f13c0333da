"""Erasure units, their cap and both loads: what holds for every corpus."""

import random
import sqlite3
from contextlib import closing
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.ports import UnitRecord
from ledger.vault.near_bands import MemoryBands
from ledger.vault.near_tables import SCHEMA, SqliteBands
from producers.placement.bounded import DIMENSIONS
from producers.placement.cap import held_back
from producers.placement.groups import Groups
from producers.placement.near import NearDuplicates
from producers.placement.place import place
from producers.placement.units import HAZARD_WEIGHT, Unit, units_of

KEY = bytes(range(32))
HAZARDS = tuple(HAZARD_WEIGHT)
RECORDS = st.lists(
    st.builds(
        UnitRecord,
        record_id=st.uuids().map(lambda value: value.hex),
        subjects=st.lists(st.sampled_from("abcdefghij"), max_size=3).map(tuple),
        size=st.integers(1, 50),
        hazard=st.sampled_from(HAZARDS),
        duplicates=st.sampled_from(("", "", "", "x", "y")),
    ),
    max_size=30,
    unique_by=lambda record: record.record_id,
)
CLUSTERS = st.lists(
    st.lists(st.sampled_from("123456"), max_size=2).map(tuple), min_size=30, max_size=30
)
SHARDS = st.integers(1, 8)
UNITS = st.lists(
    st.builds(
        Unit,
        unit_id=st.uuids().map(lambda value: value.hex),
        size=st.integers(1, 5000),
        hazard=st.sampled_from(HAZARDS),
        erasures=st.integers(0, 20),
    ),
    max_size=60,
    unique_by=lambda unit: unit.unit_id,
)


def near_of(records, clusters):
    return {
        record.record_id: found
        for record, found in zip(records, clusters, strict=False)
    }


def links(record, near):
    """What a record shares, said again."""
    return (
        {("s", subject) for subject in record.subjects}
        | ({("d", record.duplicates)} if record.duplicates else set())
        | {("n", one) for one in near[record.record_id]}
    )


def closure(records, near):
    """Records by what reaches what, without a union-find."""
    left = list(records)
    found = []
    while left:
        group, shared = [left.pop()], set()
        for member in group:  # grows while it is walked
            shared |= links(member, near)
            reached = [other for other in left if links(other, near) & shared]
            group.extend(reached)
            left = [other for other in left if other not in reached]
        found.append(group)
    return found


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=3), max_size=20))
def test_union_find_agrees_with_a_closure(joins):
    """After any joins two nodes have one root exactly when a chain joins them."""
    groups = Groups()
    sets = [{node} for node in range(13)]
    for nodes in joins:
        groups.join(nodes, 1)
        merged = set().union(*(one for one in sets if one & set(nodes)))
        sets = [one for one in sets if not one & merged] + [merged]

    for one in sets:
        assert 1 == len({groups.root(node) for node in one})
        expected = sum(bool(set(nodes) & one) for nodes in joins)
        assert expected == groups.size(one)
    assert len(sets) == len({groups.root(node) for node in range(13)})


@given(RECORDS, CLUSTERS)
def test_units_with_near_duplicates_are_the_reachable_sets(records, clusters):
    """A unit is what subjects, texts and near duplicates reach."""
    near = near_of(records, clusters)
    expected = {
        frozenset(record.record_id for record in group)
        for group in closure(records, near)
    }

    assert expected == {frozenset(unit.record_ids) for unit in units_of(records, near)}


@given(RECORDS, CLUSTERS, SHARDS, st.integers(1, 4))
def test_every_component_is_in_one_shard_and_slice(records, clusters, shards, slices):
    """Whatever shares anything lies in one place."""
    near = near_of(records, clusters)
    units = units_of(records, near)
    placements = place(
        units, loads=[0] * shards, slices=slices, load_per_mille=1250, key=KEY
    )
    where = {
        record_id: (placed.shard, placed.slice)
        for unit, placed in zip(units, placements, strict=True)
        for record_id in unit.record_ids
    }

    for group in closure(records, near):
        assert 1 == len({where[record.record_id] for record in group})


@given(RECORDS, CLUSTERS, st.integers(1, 200), st.randoms(use_true_random=False))
def test_no_link_passes_the_cap(records, clusters, cap, draw):
    """A unit heavier than the cap has no link; the answer depends on the set only."""
    near = near_of(records, clusters)
    held = held_back(records, cap_bytes=cap, near=near)
    shuffled = list(records)
    draw.shuffle(shuffled)
    assert held == held_back(shuffled, cap_bytes=cap, near=near)

    kept = [record for record in records if record.record_id not in held]
    for group in closure(kept, near):
        if sum(record.size for record in group) <= cap:
            continue
        assert all(len(set(record.subjects)) <= 1 for record in group)
        assert 1 >= len({subject for record in group for subject in record.subjects})


@given(RECORDS, CLUSTERS, st.integers(1, 200))
def test_only_links_are_held_back(records, clusters, cap):
    """What shares nothing but one person with others is never held back."""
    near = near_of(records, clusters)
    held = held_back(records, cap_bytes=cap, near=near)

    for record in records:
        texts = {link for link in links(record, near) if link[0] != "s"}
        others = [one for one in records if one is not record]
        alone = not any(texts & links(other, near) for other in others)
        if len(set(record.subjects)) <= 1 and alone:
            assert record.record_id not in held


@given(UNITS, st.lists(st.integers(0, 9000), min_size=1, max_size=6), st.data())
def test_both_loads_stay_within_the_bound_unless_said(units, loads, data):
    """A load past the bound is its past's, or some placement in that shard says it."""
    shards = len(loads)
    held = data.draw(st.lists(st.integers(0, 40), min_size=shards, max_size=shards))
    placements = place(
        units, loads=loads, slices=2, load_per_mille=1250, key=KEY, erasures=held
    )
    before = list(zip(loads, held, strict=True))
    after = [list(pair) for pair in before]
    by_id = {unit.unit_id: unit for unit in units}
    for placed in placements:
        after[placed.shard][0] += by_id[placed.unit_id].size
        after[placed.shard][1] += by_id[placed.unit_id].erasures

    for index, dimension in enumerate(DIMENSIONS):
        bound = Fraction(sum(pair[index] for pair in after), shards) * 5 / 4
        for shard in range(shards):
            if after[shard][index] > max(bound, before[shard][index]):
                assert any(
                    dimension in placed.over
                    for placed in placements
                    if placed.shard == shard
                )


@given(UNITS, SHARDS, st.randoms(use_true_random=False))
def test_order_does_not_matter_for_two_loads(units, shards, draw):
    """Placement depends on the set of units, not on how they are listed."""
    options = {"loads": [0] * shards, "slices": 3, "load_per_mille": 1250, "key": KEY}
    shuffled = list(units)
    draw.shuffle(shuffled)

    assert place(units, **options) == place(shuffled, **options)


@given(RECORDS, RECORDS, SHARDS)
def test_nothing_placed_moves(first, later, shards):
    """Units that grow stay in their shard; what was placed is not placed again."""
    taken = {record.record_id for record in first}
    later = [
        UnitRecord(
            record_id=record.record_id,
            subjects=record.subjects[:1],  # a link of two shards would be refused
            size=record.size,
            hazard=record.hazard,
        )
        for record in later
        if record.record_id not in taken
    ]
    options = {"slices": 3, "load_per_mille": 1250, "key": KEY}
    units = units_of(first)
    placements = place(units, loads=[0] * shards, **options)
    shard_of = {
        record_id: placed.shard
        for unit, placed in zip(units, placements, strict=True)
        for record_id in unit.record_ids
    }
    loads = [0] * shards
    for record in first:
        loads[shard_of[record.record_id]] += record.size
    members = [
        UnitRecord(
            record_id=record.record_id,
            subjects=record.subjects,
            size=record.size,
            hazard=record.hazard,
            duplicates=record.duplicates,
            shard=shard_of[record.record_id],
        )
        for record in first
    ]
    grown = units_of([*members, *later])
    again = place(grown, loads=loads, **options)

    assert {record.record_id for record in later} == {
        record_id for unit in grown for record_id in unit.record_ids
    }
    for unit, placed in zip(grown, again, strict=True):
        if unit.shard is not None:
            assert unit.shard == placed.shard


@given(st.integers(0, 2**32), st.integers(0, 299))
@settings(max_examples=40)
def test_a_near_duplicate_planted_later_is_caught(seed, at):
    """A copy with one letter changed shares a number with its original."""
    text = "".join(random.Random(seed).choices("abcdefghijklmnop ", k=300))
    near = NearDuplicates(MemoryBands(), key=KEY)
    near.add("a", near.look(text))
    copy = f"{text[:at]}#{text[at + 1 :]}"
    near.add("b", near.look(copy))
    clusters = near.clusters()

    assert set(clusters["a"]) & set(clusters["b"])


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9), st.integers(0, 5)),
        st.tuples(st.just("remove"), st.integers(0, 9), st.just(0)),
    ),
    max_size=15,
)


@given(ACTS)
@settings(max_examples=30)
def test_both_indexes_agree(acts):
    """In memory and in SQLite the same acts lead to the same answers."""
    base = "the quick brown fox jumps over the lazy dog and runs into the dark wood "
    texts = [base * 2 + "x" * number for number in (0, 1, 2)] + ["one", "two", base]
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in SCHEMA:
            connection.execute(statement)
        both = [
            NearDuplicates(index, key=KEY)
            for index in (MemoryBands(), SqliteBands(connection))
        ]
        kept = set()
        for act, record, text in acts:
            if act == "add" and record not in kept:
                kept.add(record)
                left, right = (
                    near.add(str(record), near.look(texts[text])) for near in both
                )
                assert left == right
            elif act == "remove":
                kept.discard(record)
                for near in both:
                    near.remove(str(record))
        assert both[0].clusters() == both[1].clusters()
