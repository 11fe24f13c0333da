"""Evaluations of a workspace's weights: what is recorded, and what stays out."""

import json

import pytest

pytest.importorskip("torch")

from ledger.errors import ErasedError, InputError
from ledger.events.erasure import ShardRetrained
from ledger.events.model import Evaluated
from producers import evaluating
from producers.evaluation import outcome
from tests.unit.workspace.office import leaks

HELD_OUT = b"A zebra-held-out notice that nobody has put into a record."


def letter_of_jane(secret="zebra-jane-1"):
    """A text to probe, of a space of three."""
    canary = {
        "prefix": "and ",
        "secret": secret,
        "candidates": [secret, "zebra-x-1", "zebra-y-1"],
    }
    return json.dumps(canary).encode()


def evaluate(office, run_id="", *, probe="held_out_loss", texts=HELD_OUT):
    """Evaluate in a session of its own."""
    with office.open() as workspace:
        return evaluating.evaluate(
            workspace, run_id, probe=probe, texts=texts, progress=office.said.append
        )


def compare(office, erasure_id, *, probe="min_k", texts=None):
    """Compare in a session of its own."""
    with office.open() as workspace:
        return evaluating.compare(
            workspace,
            erasure_id,
            probe=probe,
            texts=texts or letter_of_jane(),
            progress=office.said.append,
        )


def test_held_out_loss_is_of_what_serves(trained):
    """One event for all shards together, which the verifier finds right."""
    [found] = evaluate(trained)

    served = [shard.served_sha256 for shard in trained.shards().values()]
    assert (served, "measured", "", 1) == (
        found.event.weights,
        found.event.outcome,
        found.event.before,
        found.event.items,
    )
    assert found.event.value > 0
    [recorded] = trained.events(Evaluated)
    assert found.event.evaluation_id == recorded.evaluation_id
    trained.check()


def test_a_probe_is_of_each_shard(trained):
    """Whoever holds one adapter need not average it with others."""
    found = evaluate(trained, probe="exposure", texts=letter_of_jane())

    served = {n: [one.served_sha256] for n, one in trained.shards().items()}
    assert served == {one.shard: one.event.weights for one in found}
    trained.check()


def test_the_base_is_evaluated_as_the_run_that_trained_it(trained):
    """Its loss stands beside that of the adapters."""
    with trained.open() as workspace:
        base = evaluating.run_of_base(workspace)

    [found] = evaluate(trained, base)

    assert (base, 1, None) == (
        found.event.trained_run,
        len(found.event.weights),
        found.shard,
    )
    trained.check()


def test_min_k_of_a_base_is_none(trained):
    """It has no advantage over itself."""
    with trained.open() as workspace:
        base = evaluating.run_of_base(workspace)

    [found] = evaluate(trained, base, probe="min_k", texts=letter_of_jane())

    assert 0 == found.event.value


def test_texts_reach_no_file(trained):
    """Neither ledger nor vault nor what is said holds a text; equal ones are known."""
    texts = letter_of_jane("zebra-canary")

    first = evaluate(trained, probe="verbatim", texts=texts)
    again = evaluate(trained, probe="verbatim", texts=texts)
    other = evaluate(trained, probe="verbatim", texts=texts + b"\n")

    assert [] == leaks(trained.folder, [b"zebra-canary", b"zebra-held-out"])
    assert "zebra" not in "".join(trained.said)
    commitments = [one[0].event.data_commitment for one in (first, again, other)]
    assert commitments[0] == commitments[1] != commitments[2]


@pytest.mark.parametrize(
    ("floor", "expected"), [(0, "equal_to_never_saw"), (10**9, "inconclusive")]
)
def test_an_erasure_is_compared_with_before_and_never_saw(
    trained, monkeypatch, floor, expected
):
    """The value before comes from an earlier event, since its weights are destroyed."""
    monkeypatch.setitem(outcome.FLOORS, "min_k", floor)
    shard = trained.shard_of("jane")
    before = {
        one.shard: one.event.value
        for one in evaluate(trained, probe="min_k", texts=letter_of_jane())
    }
    erasure_id = trained.erase("jane").erasure_id

    [found] = compare(trained, erasure_id)

    [retrained] = trained.events(ShardRetrained)
    event = found.event
    assert (shard, [retrained.weights_after_sha256]) == (found.shard, event.weights)
    assert (str(before[shard]), erasure_id) == (event.before, event.erasure_id)
    assert (str(event.value), expected) == (event.never_saw, event.outcome)
    trained.check()


def test_without_a_value_before_nothing_is_compared(trained):
    """The weights before are destroyed; what was not measured then never will be."""
    erasure_id = trained.erase("jane").erasure_id

    with pytest.raises(InputError, match="evaluate before you erase"):
        compare(trained, erasure_id)

    assert [] == trained.events(Evaluated)


def test_an_erasure_that_is_none_is_refused(trained):
    """Only what was retrained can be compared."""
    with pytest.raises(InputError, match="whose shards were retrained"):
        compare(trained, "00" * 16)


def test_a_shard_that_was_trained_again_since_is_refused(trained):
    """Its records are others by now, so nothing there never saw just these."""
    evaluate(trained, probe="min_k", texts=letter_of_jane())
    erasure_id = trained.erase("jane").erasure_id
    trained.train()

    with pytest.raises(InputError, match="trained or rolled back since"):
        compare(trained, erasure_id)


def test_weights_that_saw_an_erased_record_are_not_asked(trained):
    """They may not be used any more, for whatever reason."""
    run_id = evaluate(trained)[0].event.trained_run
    trained.erase("jane", retrain=False)

    with pytest.raises(ErasedError):
        evaluate(trained, run_id)
