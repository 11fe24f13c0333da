"""ledger.records.placer: what placement is told of a vault."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from ledger.ports import UnitRecord
from ledger.records.placer import Placer
from ledger.vault.rows import UNPLACED
from producers.placement.units import HAZARD_WEIGHT, components, erasures_of
from tests.unit.workspace.test_links import kept, vault_of

HAZARDS = ("public", "personal", "consent")
RECORDS = st.lists(
    st.tuples(
        st.sets(st.sampled_from("abcdef"), max_size=2),
        st.sampled_from("uvwxyz"),
        st.sets(st.integers(1, 5), max_size=2),
        st.sampled_from((UNPLACED, UNPLACED, 0, 1, 2)),
        st.sampled_from(HAZARDS),
    ),
    max_size=10,
)


def told(history):
    """Records as placement is told of them, what is near each, and a placer on them."""
    records, near = [], {}
    for number, (subjects, text, numbers, shard, _) in enumerate(history):
        one = kept(sorted(subjects), text, shard)
        one.record_id = f"{number}"
        records.append(one)
        near[one.record_id] = tuple(sorted(numbers))
    vault = vault_of(records, near)
    for number, (*_, hazard) in enumerate(history):
        vault.connection.execute(
            "UPDATE record SET hazard = ? WHERE record_id = ?", (hazard, f"{number}")
        )
    members = [
        UnitRecord(
            record_id=one.record_id,
            subjects=one.subjects,
            size=one.bytes,
            hazard=hazard,
            duplicates=one.digest.hex(),
            shard=None if one.shard == UNPLACED else one.shard,
        )
        for one, (*_, hazard) in zip(records, history, strict=True)
    ]
    placer = Placer(SimpleNamespace(vault=vault, follow=lambda: None))
    named = {name: tuple(map(str, numbers)) for name, numbers in near.items()}
    return members, named, placer


@given(RECORDS)
def test_units_are_the_components_that_have_one_to_place(history):
    """Two implementations agree on every vault; placed units are left alone."""
    members, near, placer = told(history)
    expected = [
        one
        for one in components(members, near)
        if any(record.shard is None for record in one)
    ]
    found = list(placer.units())

    assert {frozenset(one) for one in expected} == {frozenset(one) for one in found}
    assert len(expected) == len(found)


@given(RECORDS)
def test_erasures_are_those_of_the_placed(history):
    """Each subject of a shard once, with its highest hazard."""
    members, _, placer = told(history)
    expected = [
        erasures_of(one for one in members if one.shard == shard) for shard in range(3)
    ]

    assert expected == placer.erasures(3, HAZARD_WEIGHT)


def test_units_are_told_anew_each_time():
    """What was told and not placed is told again."""
    _, _, placer = told([(set("a"), "x", {1}, UNPLACED, "public")])

    assert list(placer.units()) == list(placer.units())
    assert 1 == len(list(placer.units()))
