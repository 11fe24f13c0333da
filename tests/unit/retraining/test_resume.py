"""A sharded run that failed is gone on with, slice by slice."""

import pytest

from ledger.erasing.book import ErasureBook
from ledger.errors import ErasedError, InputError
from ledger.events.training import RunFailed, RunFinished, RunStarted, StepsMetered
from ledger.events.training_saved import SliceTrained
from ledger.records.dataset import Dataset
from ledger.vault.seeds import Seeds
from tests.unit.workspace.office import letter, record

SLICES = 4
"""Slices of the office: two shards of two."""


def newest(office, kind):
    """The newest event of a type."""
    return office.events(kind)[-1]


def of_run(office, kind, run_id):
    """The events of a type of one run."""
    return [one for one in office.events(kind) if one.run_id == run_id]


def with_secrets(office):
    """Make the secrets of the next generation, so that copies draw the same seeds."""
    with office.open() as workspace:
        map_id = workspace.states()["shards"].current_map
        for shard in range(2):
            for number in range(2):
                Seeds(workspace.vault).secret(
                    map_id, shard=shard, slice_=number, generation=1
                )
    return office


@pytest.mark.parametrize("slices", range(1, SLICES + 1))
def test_the_same_weights(trained, tmp_path, stop_after, resume, slices):
    """Wherever it stopped, the end is that of the run that was not stopped."""
    whole = with_secrets(trained).copy(tmp_path / "whole")
    whole.train()
    published = stop_after(trained, slices)
    run_id = resume(trained)
    done = of_run(trained, SliceTrained, run_id)

    assert newest(whole, RunFinished).adapters == newest(trained, RunFinished).adapters
    assert SLICES - slices == len(done)
    assert published[0].run_id == newest(trained, RunStarted).resumes_run_id
    assert [0, 1] == newest(trained, RunStarted).shards
    trained.check()


def test_what_stands_is_not_metered_again(trained, stop_after, resume):
    """A resumed run meters only the slices that it trains."""
    published = stop_after(trained, 3)
    run_id = resume(trained)

    stood = {(one.shard, one.slice) for one in published}
    metered = of_run(trained, StepsMetered, run_id)
    assert 1 == len({(one.shard, one.slice) for one in metered})
    assert not stood & {(one.shard, one.slice) for one in metered}


def test_every_shard_is_in_service(trained, stop_after, resume):
    """The end of the resumed run serves what it did not train too."""
    published = stop_after(trained, 3)
    run_id = resume(trained)

    served = {n: one.served_sha256 for n, one in trained.shards().items()}
    [finished] = of_run(trained, RunFinished, run_id)
    assert {one.shard: one.weights_sha256 for one in finished.adapters} == served
    assert published[1].weights_sha256 in served.values()


def test_stopped_twice(trained, tmp_path, stop_after, resume, monkeypatch):
    """A resumed run that fails is resumed in its turn, with the same seeds."""
    whole = with_secrets(trained).copy(tmp_path / "whole")
    whole.train()
    stop_after(trained, 1)
    real = Dataset.publish

    def publish(self, event):
        real(self, event)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "publish", publish)
        with pytest.raises(KeyboardInterrupt):
            resume(trained)
    resume(trained)

    starts = trained.events(RunStarted)
    assert [starts[-2].run_id, starts[-3].run_id] == [
        starts[-1].resumes_run_id,
        starts[-2].resumes_run_id,
    ]
    assert newest(whole, RunFinished).adapters == newest(trained, RunFinished).adapters
    trained.check()


def test_new_records_in_a_slice(trained, stop_after, resume):
    """A slice that holds other records than it was trained on is trained again."""
    stop_after(trained, SLICES)
    trained.ingest([record("jane-3", letter("jane", 3), "jane")])
    shard = trained.shard_of("jane")
    run_id = resume(trained)

    assert {shard} == {one.shard for one in of_run(trained, SliceTrained, run_id)}
    trained.check()


def test_after_an_erasure(trained, stop_after, resume):
    """What an erasure retrained since is finished by the run that goes on."""
    stop_after(trained, 3)
    trained.erase("jane")
    run_id = resume(trained)

    assert run_id == newest(trained, RunFinished).run_id
    assert not any(one.needs_retrain for one in trained.shards().values())
    trained.check()


def test_while_an_erasure_waits(trained, stop_after, resume):
    """Nothing is trained on until the hit shards are."""
    stop_after(trained, 1)
    trained.erase("jane", retrain=False)
    shard = trained.shard_of("bob")
    run_id = resume(trained)

    trained.finish()
    assert shard in {one.shard for one in of_run(trained, SliceTrained, run_id)}
    trained.check()


def test_a_run_that_finished(trained, resume):
    """There is nothing to go on with."""
    with pytest.raises(
        InputError, match=r"expected a run that failed, found .* finish"
    ):
        resume(trained)


def test_a_run_that_was_resumed(trained, stop_after, resume):
    """Two runs cannot go on from one."""
    run_id = stop_after(trained, 1)[0].run_id
    resume(trained)

    with pytest.raises(InputError, match="was resumed by"):
        resume(trained, run_id)


def test_an_unknown_run(trained, resume):
    """It is named in the message."""
    with pytest.raises(InputError, match="expected a training of the shards in force"):
        resume(trained, "0" * 32)


def test_an_erasure_during_it(trained, stop_after, resume, monkeypatch):
    """It is ended by the fence like any other run."""
    stop_after(trained, 1)
    real = Dataset.publish

    def publish(self, event):
        with trained.open() as workspace:
            ErasureBook(workspace).fence("s-1", ground="not_stated", now_ms=0)
        real(self, event)

    monkeypatch.setattr(Dataset, "publish", publish)
    with pytest.raises(ErasedError):
        resume(trained)
    assert "fenced" == newest(trained, RunFailed).reason
