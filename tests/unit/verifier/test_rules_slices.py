"""Rules of trained slices (XEV-11)."""

import pytest

from tests.unit.verifier.rule_cases import (
    AFRESH,
    END,
    ONE,
    TWO,
    A,
    B,
    C,
    add_weights,
    begin_run,
    raw,
    tell,
)
from verifier.format.tree import leaf_hash, root_of_leaves
from verifier.rules import training
from verifier.rules.state import History


def train(state: History, **changes) -> str:
    """A slice is trained on record A, which is in slice 1 of shard 1."""
    state.index.assign((raw(A), 0, 1, 1, 5, raw(ONE)))
    state.index.assign((raw(B), 0, 1, 2, 6, raw(TWO)))
    add_weights(state, TWO, shard=1, slice_=0)
    run = state.runs.get(raw(A)) or begin_run(state)
    run.by_slice = {(1, 1): [5, 54]}
    event = {
        "run_id": A,
        "shard": 1,
        "slice": 1,
        "generation": 1,
        "parent_sha256": TWO,
        "weights_sha256": "33" * 32,
        "records": 1,
        "records_root": leaf_hash(raw(ONE)).hex(),
        "steps": 5,
        "tokens": 54,
    }
    return tell(state, "training.slice_trained", 70, **event | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"shard": 2},
        {"slice": 3},
        {"generation": 0},
        {"generation": 2},
        {"parent_sha256": ONE},
        {"records": 0},
        {"records": 2},
        {"records_root": ONE},
        {"steps": 4},
        {"steps": 6},
        {"tokens": 53},
        {"tokens": 55},
        {"slice": 0},
    ],
    ids=str,
)
def test_slice_that_is_another(state, changes):
    """Place, records, costs and parent follow from what was before (XEV-11)."""
    assert "SLICE_TRAINED XEV-11" == train(state, **changes)


def test_trained_slice(state):
    """Its weights are known from then on, by their place and their run's time."""
    assert "" == train(state)
    assert raw("33" * 32) == state.index.weights.newest(map_number=0, shard=1, slice_=1)
    assert {} == state.runs[raw(A)].trained
    assert [(1, 1)] == state.index.erase(raw(A))


def test_last_slice(state):
    """Its weights are those of the shard."""
    run = begin_run(state)
    add_weights(state, TWO, shard=1, slice_=1)
    both = root_of_leaves([leaf_hash(raw(ONE)), leaf_hash(raw(TWO))]).hex()
    last = {"slice": 2, "records": 2, "records_root": both, "steps": 0, "tokens": 0}

    assert "" == train(state, **last)
    assert {1: raw("33" * 32)} == run.trained


def test_slice_above_the_last(state):
    """It is no slice of the map, though all that it says would fit (XEV-11)."""
    add_weights(state, TWO, shard=1, slice_=2)
    both = root_of_leaves([leaf_hash(raw(ONE)), leaf_hash(raw(TWO))]).hex()
    above = {"slice": 3, "records": 2, "records_root": both, "steps": 0, "tokens": 0}

    assert "SLICE_TRAINED XEV-11" == train(state, **above)


def test_first_slice_follows_the_base(state):
    """Slice 0 begins from the weights that the run began from (XEV-11)."""
    run = begin_run(state, base=raw(ONE))
    empty = root_of_leaves([]).hex()
    first = {"slice": 0, "records": 0, "records_root": empty, "steps": 0, "tokens": 0}

    assert "" == train(state, parent_sha256=ONE, **first)
    assert "SLICE_TRAINED XEV-11" == train(state, parent_sha256=TWO, **first)
    assert {} == run.trained


def test_slice_of_a_run_without_shards(state):
    """It has no slices (XEV-11)."""
    begin_run(state, shard_map=None, shards=frozenset())

    assert "SLICE_TRAINED XEV-11" == train(state, shard=0)


def test_slice_from_deleted_weights(state):
    """Its parent is in use (XEV-17)."""
    state.index.weights.delete(raw(TWO))

    assert "WEIGHTS_DELETED XEV-17" == train(state)


@pytest.mark.parametrize("most", [0, 1, 2, 100])
def test_records_are_counted_in_any_memory(state, monkeypatch, most):
    """However many leaves are kept, number and root are the same."""
    monkeypatch.setattr(training, "STOCK_MAX", most)

    assert "" == train(state)
    assert most == 0 or len(state.stock) == min(2, most + 1)


@pytest.mark.parametrize(("most", "kept"), [(1, 1), (2, 1), (3, 3)])
def test_counts_in_memory(state, monkeypatch, most, kept):
    """Where there are as many as the limit, all of them give way to the next."""
    monkeypatch.setattr(training, "COUNTED_MAX", most)
    train(state)
    train(state, slice=0)
    train(state, shard=0, slice=0)

    assert kept == len(state.counted)


@pytest.mark.parametrize(
    ("slice_", "told"), [(0, "QUARANTINE XEV-20"), (1, "")], ids=["saw", "clean"]
)
def test_slice_from_weights_that_saw_a_quarantined_record(state, slice_, told):
    """Training goes on from none that did, whenever their run started (XEV-20)."""
    state.index.assign((raw(C), 0, 1, slice_, 5, raw(ONE)))
    add_weights(state, TWO, shard=1, slice_=0)
    state.index.quarantine(raw(C))

    assert told == train(state)


def test_run_from_weights_that_saw_a_quarantined_record(state):
    """Its base is as little trained from as a parent; it may be finished with."""
    begin_run(state, shard_map=None, shards=frozenset())
    state.index.assign((raw(A), 0, 1, 0, 5, raw(ONE)))
    add_weights(state, TWO, shard=1)
    end = {"run_id": A, "batches": 0, "steps": 0, "tokens": 0,
           "adapters": [{"shard": 0, "weights_sha256": TWO}]}  # fmt: skip
    start = {"run_id": B, "shards": [], "slices": 0, "map_id": "", "generation": 0,
             "purpose": "train", "erasure_id": "", "base_sha256": TWO}  # fmt: skip
    state.index.quarantine(raw(A))

    assert "QUARANTINE XEV-20" == tell(state, "training.run_started", **start | AFRESH)
    assert "" == tell(state, "training.run_finished", **end | END)
