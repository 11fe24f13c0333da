"""What the ledger marks is trained again, each mark once."""

import pytest

from ledger.errors import BasisError
from ledger.events.erasure import ErasureCertified
from ledger.events.training import RunFailed, RunStarted
from ledger.events.training_saved import SliceTrained
from ledger.projections.shards import Shard
from ledger.records.dataset import Dataset
from producers.retraining import pending
from producers.retraining.pending import Mark, Wanted, work_off
from producers.training.errors import TrainingError
from producers.training.retrain import Retrainer
from tests.unit.workspace.office import ingest, train
from tests.unit.workspace.test_quarantine import jane_is_out, licensed

QUARANTINED = Wanted(quarantined=True)


@pytest.fixture
def stale(office):
    """A trained office whose shard of Jane saw a quarantined record; and the record."""
    with office.open() as workspace:
        ingest(workspace, licensed(workspace))
        train(workspace)
        record, _ = jane_is_out(workspace)
    return office, record


def work(office, wanted=QUARANTINED, **options):
    """Work off the marks of an office."""
    with office.open() as workspace:
        return work_off(workspace, wanted, progress=office.said.append, **options)


def starts(office):
    """The shards and the purpose of each run of shards."""
    return [
        (one.shards, one.purpose) for one in office.events(RunStarted) if one.map_id
    ]


def marked(office):
    """Shards that serve weights which saw a quarantined record."""
    return [n for n, one in office.shards().items() if one.stale_since()]


def fail(*_args, **_options):
    """A worker that refuses."""
    message = "worker of shard 0: no"
    raise TrainingError(message)


def test_a_quarantine_marks_and_trains_nothing_unasked(stale):
    """The weights may stay in service; to train again is a choice."""
    office, record = stale
    worked = work(office, Wanted())

    assert [record.shard] == marked(office)
    assert ([], "") == (worked.erased, worked.run_id)
    assert 1 == len(starts(office))


def test_trained_again_from_the_lowest_hit_slice(stale):
    """Only the shard that saw it; slices below keep their weights."""
    office, record = stale
    before = office.shards()
    worked = work(office)
    done = [one for one in office.events(SliceTrained) if one.run_id == worked.run_id]
    after = office.shards()
    other = 1 - record.shard

    assert [([0, 1], "train"), ([record.shard], "train")] == starts(office)
    assert list(range(record.slice, 2)) == [one.slice for one in done]
    assert {1} == {one.generation for one in done}
    assert [] == marked(office)
    assert before[record.shard].served_sha256 != after[record.shard].served_sha256
    assert before[other].served_sha256 == after[other].served_sha256
    office.check()


def test_once_a_mark(stale):
    """What was trained again is marked no more."""
    office, _ = stale
    work(office)
    size = len(office.events())
    worked = work(office)

    assert ("", {}) == (worked.run_id, worked.failed)
    assert size == len(office.events())


def test_another_shard(stale):
    """A mark of a shard that was not asked for stays."""
    office, record = stale
    work(office, Wanted(quarantined=True, shards={1 - record.shard}))

    assert [record.shard] == marked(office)


def test_killed_on_the_way(stale, monkeypatch):
    """What a run saved before it failed is gone on from; the mark stays till then."""
    office, record = stale
    real = Dataset.publish

    def publish(self, event):
        real(self, event)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Dataset, "publish", publish)
        with pytest.raises(KeyboardInterrupt):
            work(office)
    assert [record.shard] == marked(office)
    work(office)

    assert [] == marked(office)
    office.check()


def test_a_failed_mark_is_told(stale, monkeypatch):
    """With its error, and left alone where it is asked for."""
    office, record = stale
    with monkeypatch.context() as patch:
        patch.setattr(pending, "fine_tune", fail)
        worked = work(office)
    [mark] = worked.failed
    size = len(office.events())

    assert record.shard == mark.shard
    assert isinstance(worked.failed[mark], TrainingError)
    assert {} == work(office, but={mark}).failed
    assert size == len(office.events())


def test_one_failure_does_not_keep_others_waiting(trained, monkeypatch):
    """The second erasure is certified although the retrain of the first failed."""
    first = trained.erase("jane", retrain=False)
    names = ["bob", "dan", "eve", "frank"]
    apart = [
        one for one in names if trained.shard_of(one) != first.erasure.hits[0].shard
    ]
    second = trained.erase(apart[0], retrain=False)
    real = Retrainer.retrain

    def retrain(self, erasure_id, shards):
        return (
            fail() if erasure_id == first.erasure_id else real(self, erasure_id, shards)
        )

    monkeypatch.setattr(Retrainer, "retrain", retrain)
    worked = work(trained, Wanted())

    assert [Mark(first.erasure_id)] == [*worked.failed]
    assert [second.erasure_id] == [
        one.erasure_id for one in trained.events(ErasureCertified)
    ]


def test_only_erasures_of_a_shard(trained):
    """Those that do not hit it stay open."""
    erased = trained.erase("jane", retrain=False)
    hit = {one.shard for one in erased.erasure.hits}
    assert [] == work(trained, Wanted(shards={0, 1} - hit)).erased
    [finished] = work(trained, Wanted(shards=hit)).erased

    assert finished.certificate is not None


def test_an_erasure_goes_first(stale):
    """Its retrain leaves the quarantined record out too, and clears both marks."""
    office, _record = stale
    office.erase("jane", retrain=False)
    worked = work(office)

    assert [True] == [one.certificate is not None for one in worked.erased]
    assert ([], "") == (marked(office), worked.run_id)
    office.check()


def test_a_record_without_basis(stale, monkeypatch):
    """Nothing is trained unattended that `train` would refuse."""
    office, _ = stale

    def refuse(_self):
        message = "train: run rescan"
        raise BasisError(message)

    monkeypatch.setattr(Dataset, "check_bases", refuse)
    [error] = work(office).failed.values()

    assert "train: run rescan" == str(error)
    assert [] == office.events(RunFailed)


def test_a_shard_that_never_served(office):
    """Nothing is marked before any training."""
    assert "" == Shard().stale_since()
