"""Erasures before, beside and after trainings."""

import pytest

from ledger.erasing.book import ErasureBook
from ledger.errors import ErasedError
from ledger.events.erasure import (
    ErasurePlanned,
    ErasureVerified,
)
from ledger.events.training import RunFailed, RunFinished
from ledger.events.training_saved import SliceTrained
from ledger.records.dataset import Dataset
from tests.unit.erasure.weights import owed
from tests.unit.workspace.office import (
    PEOPLE,
    erase,
    ingest,
    leaks,
    letter,
    record,
    secrets_of,
    train,
)


def test_a_training_after_an_erasure(trained):
    """The next training leaves the person out, and later erasures work on it."""
    trained.erase("jane")
    trained.train()
    trained.erase("eve")

    assert [] == owed(trained)
    assert [] == leaks(trained.folder, secrets_of("jane", "eve"))
    trained.check()


def test_after_an_interrupted_training(trained, monkeypatch):
    """Weights of a run that failed half way are hit like any other."""
    real = Dataset.publish
    published = []

    def stop_after_first(self, event):
        real(self, event)
        published.append(event)
        raise KeyboardInterrupt

    monkeypatch.setattr(Dataset, "publish", stop_after_first)
    with pytest.raises(KeyboardInterrupt):
        trained.train()
    monkeypatch.setattr(Dataset, "publish", real)
    name = "dan" if published[0].shard == trained.shard_of("dan") else "jane"
    trained.erase(name)

    assert ["interrupted"] == [one.reason for one in trained.events(RunFailed)]
    assert ["bitwise_equal"] == [
        one.exactness for one in trained.events(ErasureVerified)
    ]
    trained.check()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_weights_without_an_event_are_deleted(trained, monkeypatch, moment):
    """A kill between the file and its event leaves nothing that an erasure misses."""
    stray = trained.folder / "models" / ("ab" * 32 + ".sealed")
    stray.write_bytes(b"weights of a killed run")
    trained.erase("jane", retrain=moment == "after")

    assert not stray.exists()


def test_a_fence_ends_a_running_training(trained):
    """A run that would publish what saw a fenced person fails as `fenced`."""
    real = Dataset.publish

    def fence_first(self, event):
        with trained.open() as other:
            ErasureBook(other).fence(
                PEOPLE["jane"], ground="consent_withdrawn", now_ms=0
            )
        real(self, event)

    hit = trained.shard_of("jane")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dataset, "publish", fence_first)
        with pytest.raises(ErasedError):
            trained.train()
    runs = {one.run_id: one.reason for one in trained.events(RunFailed)}

    assert ["fenced"] == list(runs.values())
    assert [] == [
        one.shard
        for one in trained.events(SliceTrained)
        if one.run_id in runs and one.shard == hit
    ]
    assert 2 == len(trained.events(RunFinished))
    trained.finish()
    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()


def test_a_fenced_person_is_not_ingested_again(trained):
    """Neither before the plan nor after the certificate, however it is spelled."""
    with trained.open() as workspace:
        ErasureBook(workspace).fence("s-1", ground="objection", now_ms=0)
        report = ingest(workspace, [record("again", letter("jane", 9), "jane")])
        assert {"subject_fenced": 1} == report.reasons
        erase(workspace, "jane")
        again = record("again-2", letter("jane", 10), "  JANE.DOE+work@example.org")
        assert {"subject_fenced": 1} == ingest(workspace, [again]).reasons
        train(workspace)

    assert [] == leaks(trained.folder, secrets_of("jane"))
    trained.check()


def test_the_vault_holds_no_seed_of_weights_that_are_gone(trained):
    """The secrets behind the old weights' seeds die with them."""
    hit = trained.shard_of("jane")
    with trained.open() as workspace:
        query = "SELECT slice, secret FROM seed WHERE shard = ?"
        before = dict(workspace.vault.connection.execute(query, (hit,)).fetchall())
    trained.erase("jane")
    [planned] = trained.events(ErasurePlanned)
    gone = [s for n, s in before.items() if n >= planned.hits[0].slice_first]

    assert gone
    assert [] == leaks(trained.folder, gone)
