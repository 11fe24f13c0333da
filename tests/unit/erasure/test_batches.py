"""Several people in one erasure."""

import pytest

from ledger.errors import InputError
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    ErasureVerified,
    RecordsErased,
    ShardRetrained,
)
from ledger.events.erasure_request import ErasureRequested
from ledger.events.training import RunStarted
from tests.unit.erasure.asked import erase_all
from tests.unit.erasure.weights import neighbour, owed
from tests.unit.workspace.office import PEOPLE, leaks, letter, record, secrets_of


def test_one_plan_and_each_shard_once(trained):
    """Two people of one shard: one request, one plan, one retrain."""
    [erased] = erase_all(trained, "jane", neighbour(trained))

    assert 1 == len(trained.events(ErasureRequested))
    assert 1 == len(trained.events(ErasurePlanned))
    assert 1 == len(trained.events(ShardRetrained))
    assert 1 == sum(one.purpose == "retrain" for one in trained.events(RunStarted))
    assert 3 == sum(len(one.record_ids) for one in trained.events(RecordsErased))
    assert erased.certificate.exists()
    assert ["bitwise_equal"] == [
        one.exactness for one in trained.events(ErasureVerified)
    ]
    trained.check()


def test_nothing_of_any_of_them_is_left(trained):
    """Keys, texts and identifiers of all go together."""
    erase_all(trained, "jane", "dan", "bob")

    assert [] == leaks(trained.folder, secrets_of("jane", "dan", "bob"))


def test_all_are_fenced(trained):
    """Nobody of them comes back."""
    erase_all(trained, "jane", "dan", prove=False)
    back = [record(f"{name}-9", letter(name, 9), name) for name in ("jane", "dan")]

    assert {"blocked": 2} == trained.ingest(back).decisions


def test_again_is_success(trained):
    """The same erasure, in any order, and nothing is appended."""
    [first] = erase_all(trained, "jane", "eve")
    size = len(trained.events())
    [again] = erase_all(trained, "eve", "jane")

    assert first.certificate == again.certificate
    assert size == len(trained.events())


def test_who_was_erased_before_is_not_erased_twice(trained):
    """The new ones are in an erasure of their own."""
    first = trained.erase("jane")
    erasures = erase_all(trained, "jane", "dan")

    assert [first.erasure_id] == [one.erasure_id for one in erasures[:1]]
    assert 2 == len(erasures)
    assert 2 == len(trained.events(ErasureCertified))
    trained.check()


def test_two_who_share_their_records(trained):
    """What both are in is erased once."""
    erase_all(trained, "bob", "carol")
    ids = [one for event in trained.events(RecordsErased) for one in event.record_ids]

    assert 3 == len(ids) == len(set(ids))
    assert [] == owed(trained)
    trained.check()


def test_an_unknown_one_stops_all(trained):
    """Nobody is fenced by half a list."""
    with pytest.raises(InputError, match="unknown subject"):
        erase_all(trained, "jane", "nobody@nowhere.example")

    assert [] == trained.events(ErasureRequested)
    with trained.open() as workspace:
        assert [] == workspace.fences.all()


def test_a_restored_vault_is_erased_again(trained, tmp_path):
    """All of the batch, from the fences."""
    backup = (trained.folder / "acme.vault").read_bytes()
    erase_all(trained, "jane", "eve", retrain=False)
    (trained.folder / "acme.vault").write_bytes(backup)
    with trained.open() as workspace:
        found = [workspace.vault.find_identifier(PEOPLE[n]) for n in ("jane", "eve")]

    assert [None, None] == found
