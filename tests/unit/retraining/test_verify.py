"""Weights are repeated in clean processes, and what came out is on record."""

import dataclasses

import msgspec
import pytest

from ledger.errors import InputError
from ledger.events.model import Replayed
from ledger.events.training import RunFinished
from producers.retraining import verify
from producers.retraining.verify import verify_weights
from producers.training import replay
from tests.unit.workspace.office import ingest, letter, record, train
from tests.unit.workspace.test_quarantine import jane_is_out, licensed


def check(office, run_id="", **options):
    """Verify the weights of an office."""
    with office.open() as workspace:
        return verify_weights(workspace, run_id, progress=office.said.append, **options)


def outcomes(checked):
    """What came out, by shard."""
    return {one.shard: one.outcome for one in checked}


def test_what_serves_is_repeated_to_the_bit(trained):
    """And each shard's outcome is an event."""
    checked = check(trained)
    served = {n: one.served_sha256 for n, one in trained.shards().items()}

    assert {0: "bitwise_equal", 1: "bitwise_equal"} == outcomes(checked)
    assert served == {one.shard: one.weights_sha256 for one in trained.events(Replayed)}
    trained.check()


def test_one_shard(trained):
    """The others are left alone."""
    assert {1: "bitwise_equal"} == outcomes(check(trained, shards={1}))


def test_after_records_came(trained):
    """What was placed since was not trained on, and is not repeated with."""
    trained.ingest([record("jane-3", letter("jane", 3), "jane")])

    assert {"bitwise_equal"} == set(outcomes(check(trained)).values())


def test_weights_that_two_runs_made(trained):
    """A retrained shard is proven link by link."""
    trained.erase("jane")

    assert {"bitwise_equal"} == set(outcomes(check(trained)).values())
    trained.check()


def test_weights_of_a_resumed_run(trained, stop_after, resume):
    """Each slice is put to the run that trained it."""
    stop_after(trained, 3)
    run_id = resume(trained)
    checked = check(trained, run_id)

    assert {"bitwise_equal"} == set(outcomes(checked).values())
    assert 2 == len({one.run_id for one in checked})
    trained.check()


def test_an_earlier_run_whose_records_were_erased(trained):
    """That is not a difference: there is nothing to repeat it with."""
    run_id = trained.events(RunFinished)[-1].run_id
    shard = trained.shard_of("jane")
    trained.erase("jane")
    found = outcomes(check(trained, run_id))

    assert {shard: "records_gone", 1 - shard: "bitwise_equal"} == found
    assert [1 - shard] == [one.shard for one in trained.events(Replayed)]


def test_records_that_were_taken_out(office):
    """They are kept, and still not trained on."""
    with office.open() as workspace:
        ingest(workspace, licensed(workspace))
        train(workspace)
        out, _ = jane_is_out(workspace)

    assert "records_gone" == outcomes(check(office))[out.shard]


def test_another_machine(trained, monkeypatch):
    """What differs is named, and nothing is said about the weights."""
    real = replay.capture_environment

    def elsewhere(*settings):
        return msgspec.structs.replace(real(*settings), cpu_capability="OTHER")

    monkeypatch.setattr(replay, "capture_environment", elsewhere)
    checked = check(trained)

    assert {"not_re_executable_here"} == set(outcomes(checked).values())
    assert {"another cpu_capability"} == {one.detail for one in checked}
    assert {"not_re_executable_here"} == {
        one.outcome for one in trained.events(Replayed)
    }
    trained.check()


def test_weights_that_differ(trained, monkeypatch):
    """The first slice that does is named."""
    real = verify.replay

    def other_seeds(jobs):
        return real([dataclasses.replace(job, seeds=[1, 2]) for job in jobs])

    monkeypatch.setattr(verify, "replay", other_seeds)
    checked = check(trained)

    assert {"differs"} == set(outcomes(checked).values())
    assert all(one.detail.startswith("slice 0 gives ") for one in checked)
    trained.check()


def test_an_unknown_run(trained):
    """It is named in the message."""
    with pytest.raises(InputError, match="expected the id of a finished run"):
        check(trained, "0" * 32)


def test_a_shard_without_weights(trained):
    """There is nothing to repeat."""
    with pytest.raises(InputError, match="expected weights that a shard was trained"):
        check(trained, shards={7})
