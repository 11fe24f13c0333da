"""Workspaces: what must hold after any history of records and erasures."""

import shutil
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import Ledger
from ledger.errors import InputError
from ledger.log.projector import project
from ledger.ports import UnitRecord
from ledger.projections import PROJECTIONS, advance, initial
from ledger.vault.rows import UNPLACED, Record
from ledger.vault.vault import Vault
from producers.placement.units import units_of
from tests.unit.workspace.office import PEOPLE, leaks, new_office, record, secrets_of
from tests.unit.workspace.test_links import links_of

NAMES = sorted(PEOPLE)[:4]

linked = st.tuples(
    st.frozensets(st.sampled_from("abcde"), max_size=3),
    st.sampled_from("wxyz"),
    st.sampled_from([UNPLACED, 0, 1, 2]),
)


def as_record(number, subjects, text, shard):
    """What the vault would say of it."""
    return Record(
        record_id=f"{number:032x}",
        digest=text.encode(),
        bytes=1,
        hazard="personal",
        subjects=tuple(sorted(subjects)),
        shard=shard,
        slice=0,
        quarantined=False,
    )


def as_unit_record(one):
    """What placement would be told of it."""
    return UnitRecord(
        record_id=one.record_id,
        subjects=one.subjects,
        size=1,
        hazard="personal",
        duplicates=one.digest.hex(),
        shard=None if one.shard == UNPLACED else one.shard,
    )


def is_tied(records):
    """Whether placement refuses these records."""
    try:
        units_of([as_unit_record(one) for one in records])
    except InputError:
        return True
    return False


@given(st.lists(linked, max_size=7), linked)
def test_links_foresee_what_placement_refuses(before, new):
    """Two implementations agree on every record that comes after a sound history."""
    kept = []
    for number, (subjects, text, shard) in enumerate(before):
        one = as_record(number, subjects, text, shard)
        probe = as_record(100 + number, subjects, text, UNPLACED)
        if not is_tied([*kept, one, probe]):  # a history that could have happened
            kept.append(one)
    subjects, text, _ = new
    one = as_record(99, subjects, text, UNPLACED)

    assert is_tied([*kept, one]) == links_of(kept).would_tie(one.subjects, one.digest)


acts = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.frozensets(st.sampled_from(NAMES), max_size=2)),
        st.tuples(st.just("destroy"), st.sampled_from(NAMES)),
    ),
    max_size=12,
)


@given(acts)
@settings(max_examples=30)
def test_the_vault_keeps_who_has_records_and_nobody_else(tmp_path_factory, history):
    """Against a model of sets: records, subjects, and not a byte of anybody else."""
    folder = tmp_path_factory.mktemp("vault")
    model = {}
    with closing(Vault(folder / "v.vault")) as vault:
        for number, (act, whom) in enumerate(history):
            if act == "add":
                record_id = f"{number:032x}"
                subjects = [vault.subject(PEOPLE[name]) for name in sorted(whom)]
                with vault.transaction():
                    vault.add_record(
                        record_id, external_id=str(number), subjects=subjects, text="t"
                    )
                model[record_id] = set(whom)
                continue
            found = vault.find_identifier(PEOPLE[whom])
            if found is not None:
                vault.destroy_subject(found.subject_id)
            model = {key: names for key, names in model.items() if whom not in names}
        here = {name for names in model.values() for name in names}

        assert model.keys() == vault.record_ids()
        assert {PEOPLE[name].casefold() for name in here} == {
            subject.name for subject, _ in vault.subjects()
        }
    assert [] == leaks(folder, secrets_of(*(set(NAMES) - here)))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def pristine(tmp_path_factory):
    """An empty office."""
    return new_office(tmp_path_factory.mktemp("pristine") / "acme")


@given(acts)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_of_records_and_erasures(pristine, tmp_path_factory, history):
    """It verifies, incremental equals rebuild, and the erased left not a byte."""
    office = pristine.copy(tmp_path_factory.mktemp("history") / "acme")
    erased = set()
    for number, (act, whom) in enumerate(history):
        if act == "add":
            text = " and ".join(f"zebra-{name}" for name in sorted(whom))
            office.ingest([record(f"{number}", f"{number} {text}", *sorted(whom))])
            continue
        try:
            office.erase(whom)
        except InputError:  # nobody of that name has a record
            continue
        erased.add(whom)
    with Ledger.open(office.folder) as ledger:
        rebuilt = advance(initial(), ledger.events())
        kept = project(ledger)
        assert all(
            one.dump(rebuilt[one.name]) == one.dump(kept[one.name])
            for one in PROJECTIONS
        )

    assert [] == leaks(office.folder, secrets_of(*erased))
    office.check()
    shutil.rmtree(office.folder.parent)
