"""Erasures of people who share records, shards or nothing."""

import pytest

from ledger.errors import InputError
from ledger.events.erasure import (
    ErasureCertified,
    ErasurePlanned,
    ErasureVerified,
    RecordsErased,
    ShardRetrained,
)
from ledger.events.training import RunStarted
from tests.unit.erasure.weights import models, neighbour, owed, served, stranger
from tests.unit.workspace.office import (
    RECORDS,
    filled_office,
    leaks,
    letter,
    record,
    secrets_of,
)


def test_two_subjects_of_one_shard_one_after_the_other(trained):
    """The second erasure trains the same shard again; both are certified."""
    other = neighbour(trained)
    trained.erase("jane")
    trained.erase(other)

    assert 2 == len(trained.events(ErasureCertified))
    assert [] == owed(trained)
    assert ["bitwise_equal"] * 2 == [
        one.exactness for one in trained.events(ErasureVerified)
    ]
    trained.check()


@pytest.mark.parametrize("order", [("jane", "eve"), ("eve", "jane")], ids="-".join)
def test_two_open_erasures_of_one_shard(trained, order):
    """Two people wait for the same shard; finishing covers both, and owes nothing."""
    for name in order:
        trained.erase(name, retrain=False)
    trained.finish()

    assert 2 == len(trained.events(ErasureCertified))
    assert [] == owed(trained)
    assert not any(one.needs_retrain for one in trained.shards().values())
    assert set(served(trained).values()) <= models(trained)
    trained.check()


def test_the_second_erased_first(trained):
    """An erasure that overtakes an open one of the same shard does not break it."""
    trained.erase("jane", retrain=False)
    trained.erase("eve")
    trained.finish()

    assert [] == owed(trained)
    assert [] == leaks(trained.folder, secrets_of("jane", "eve"))
    trained.check()


def test_subjects_of_different_shards(trained):
    """Each erasure retrains its own shard."""
    other = stranger(trained)
    shards = [trained.shard_of("jane"), trained.shard_of(other)]
    trained.erase("jane")
    trained.erase(other)

    assert shards == [one.shard for one in trained.events(ShardRetrained)]
    trained.check()


def test_a_record_of_two_people_goes_with_either(trained):
    """What Bob and Carol share dies with Bob; Carol's own letter stays."""
    shared = set(trained.record_ids("bob")) & set(trained.record_ids("carol"))
    own = set(trained.record_ids("carol")) - shared
    trained.erase("bob")
    [erased] = trained.events(RecordsErased)

    assert shared < set(erased.record_ids)
    assert own == set(trained.record_ids("carol"))
    assert [] == leaks(trained.folder, [*secrets_of("bob"), b"zebra-both"])
    trained.check()


def test_the_other_person_of_a_shared_record_may_follow(trained):
    """Carol's erasure after Bob's finds her own letter only."""
    trained.erase("bob")
    trained.erase("carol")
    counts = [len(one.record_ids) for one in trained.events(RecordsErased)]

    assert [2, 1] == counts
    assert [] == leaks(trained.folder, secrets_of("bob", "carol"))
    trained.check()


def test_somebody_with_shared_records_only(tmp_path):
    """Whoever is left without any record is forgotten with the record."""
    office = filled_office(
        tmp_path / "acme", [record("both", "zebra-both", "bob", "carol"), *RECORDS[-2:]]
    )
    office.erase("bob")

    assert [] == leaks(office.folder, secrets_of("bob", "carol"))
    with pytest.raises(InputError, match="unknown subject"):
        office.erase("carol")
    office.check()


def test_records_that_were_never_trained(office):
    """Without a model nothing is retrained, and the certificate comes at once."""
    office.ingest(RECORDS)
    erased = office.erase("jane")

    assert erased.certificate is not None
    assert [] == office.events(RunStarted)
    assert [[]] == [one.hits for one in office.events(ErasurePlanned)]
    office.check()


def test_records_placed_after_the_training(trained):
    """Records that came later are erased; the shard is trained again all the same."""
    trained.ingest([record("gina-1", letter("gina"), "gina@garden.example")])
    erased = trained.erase("gina@garden.example")

    assert erased.certificate is not None
    assert [] == owed(trained)
    assert set(served(trained).values()) <= models(trained)
    trained.check()


def test_a_shard_that_empties(tmp_path):
    """Alone in a shard: what is left is an adapter that saw nothing."""
    office = filled_office(tmp_path / "acme", [record("j", letter("jane"), "jane")])
    hit = office.shard_of("jane")
    before = served(office)[hit]
    office.erase("jane")

    assert {0: 0, 1: 0} == {0: 0, 1: 0, **office.shards()[hit].live}
    assert before != served(office)[hit]
    assert set(served(office).values()) <= models(office)
    office.check()


def test_an_emptied_shard_takes_people_again(tmp_path):
    """Ingest, train and erase go on in a shard that was empty for a while."""
    office = filled_office(
        tmp_path / "acme", [record("j", letter("jane"), "jane")], shards=1
    )
    office.erase("jane")
    office.ingest([record("d", letter("dan"), "dan")])
    office.erase("dan")
    office.ingest([record("e", letter("eve"), "eve")])
    office.train()
    office.erase("eve")

    assert [] == owed(office)
    assert set(served(office).values()) <= models(office)
    assert {"bitwise_equal"} == {
        one.exactness for one in office.events(ErasureVerified)
    }
    office.check()
