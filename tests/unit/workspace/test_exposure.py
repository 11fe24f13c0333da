"""ledger.erasing.exposure: from a person to the models that saw them."""

from ledger.erasing.exposure import exposure
from ledger.erasing.plan import draft
from tests.unit.workspace.office import PEOPLE


def seen(office, *names):
    """What saw the records of some people, and what an erasure of them would touch."""
    with office.open() as workspace:
        who = [
            workspace.vault.find_identifier(PEOPLE[name]).subject_id for name in names
        ]
        states = workspace.states()
        return (
            exposure(workspace.vault, states, who),
            draft(workspace.vault, states, who),
        )


def test_slices_are_where_the_vault_has_the_records(trained):
    """Both took note of the same assignments."""
    found, _ = seen(trained, "jane")
    map_id = trained.states()["shards"].current_map
    expected = {(map_id, one.shard, one.slice) for one in found.records}

    assert sorted(expected) == [*found.slices]
    assert 2 == len(found.records)


def test_a_shared_record_counts_once(trained):
    """Bob and Carol share one of three records."""
    found, _ = seen(trained, "bob", "carol")

    assert 3 == len(found.records)
    assert [one.record_id for one in found.records] == sorted(
        one.record_id for one in found.records
    )


def test_it_is_what_an_erasure_would_touch(trained):
    """The same records, runs and models as the plan."""
    found, plan = seen(trained, "dan")

    assert plan.record_ids == [one.record_id for one in found.records]
    assert plan.runs == [*found.saw.runs]
    assert plan.models == [*found.saw.models] != []


def test_nobody_was_seen(trained):
    """No subject, no record, no model."""
    found, _ = seen(trained)

    assert ((), (), ()) == (found.records, found.slices, found.saw.models)
