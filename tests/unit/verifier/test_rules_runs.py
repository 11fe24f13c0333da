"""Rules of runs: how they start and end (XEV-8, XEV-10, XEV-12)."""

import pytest

from tests.unit.verifier.rule_cases import (
    AFRESH,
    END,
    ONE,
    TWO,
    A,
    B,
    begin_erasure,
    begin_run,
    raw,
    tell,
)
from verifier.rules.state import History, Run, ShardMap
from verifier.schema.model_tables import FLOP_FIELDS

START = {
    "run_id": A,
    "purpose": "train",
    "erasure_id": "",
    "base_sha256": "",
    "map_id": A,
    "shards": [0, 1],
    "slices": 3,
    "generation": 4,
    **AFRESH,
}


def test_start_of_a_run(state):
    """What it says is kept, and how much was assigned before."""
    state.index.assign((raw(A), 0, 0, 0, 5, raw(ONE)))

    assert "" == tell(state, "training.run_started", 60, **START)
    assert state.runs[raw(A)] == Run(
        at=60,
        shard_map=ShardMap(0, 2, 3),
        shards=frozenset({0, 1}),
        purpose="train",
        erasure_id=b"",
        base=b"",
        generation=4,
        assigned=1,
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"erasure_id": A}, "RUN_LIFE XEV-8"),
        ({"purpose": "retrain"}, "RUN_LIFE XEV-8"),
        ({"purpose": "retrain", "erasure_id": B}, "RUN_LIFE XEV-8"),
        ({"purpose": "retrain", "erasure_id": A}, ""),
        ({"map_id": B}, "RUN_LIFE XEV-8"),
        ({"map_id": ""}, "RUN_LIFE XEV-8"),
        ({"map_id": "", "shards": []}, "RUN_LIFE XEV-8"),
        ({"map_id": "", "slices": 0}, "RUN_LIFE XEV-8"),
        ({"map_id": "", "shards": [], "slices": 0}, ""),
        ({"shards": [2]}, "RUN_LIFE XEV-8"),
        ({"shards": [0, 2]}, "RUN_LIFE XEV-8"),
        ({"shards": []}, ""),
        ({"slices": 2}, "RUN_LIFE XEV-8"),
        ({"slices": 4}, "RUN_LIFE XEV-8"),
        ({"base_sha256": ONE}, ""),
        ({"base_sha256": TWO}, "WEIGHTS_DELETED XEV-17"),
    ],
    ids=str,
)
def test_terms_of_a_start(state, changes, told):
    """Erasure, map and weights are those that are there (XEV-8, XEV-17)."""
    begin_erasure(state)
    state.index.weights.delete(raw(TWO))

    assert told == tell(state, "training.run_started", **START | changes)


def test_run_starts_once(state):
    """And ends once: nothing follows it (XEV-8)."""
    tell(state, "training.run_started", **START)
    end = {"run_id": A, "batches": 0}

    assert "RUN_LIFE XEV-8" == tell(state, "training.run_started", **START)
    assert "" == tell(state, "training.run_failed", **end)
    assert "run_failed" == state.runs[raw(A)].ended
    assert "RUN_LIFE XEV-8" == tell(state, "training.run_failed", **end)


@pytest.mark.parametrize("batches_", [1, 3])
def test_end_counts_the_batches(state, batches_):
    """As many as were metered (XEV-10)."""
    begin_run(state, batches=2)

    assert "RUN_TOTALS XEV-10" == tell(
        state, "training.run_failed", run_id=A, batches=batches_
    )


def end(state: History, adapters: list[tuple[int, str]], **changes) -> str:
    listed = [{"shard": s, "weights_sha256": weights} for s, weights in adapters]
    event = {"run_id": A, "batches": 0, "steps": 0, "tokens": 0, **END}
    return tell(state, "training.run_finished", **event | changes, adapters=listed)


@pytest.mark.parametrize("name", ["steps", "tokens", *FLOP_FIELDS])
def test_end_adds_up(state, name):
    """Each amount is the sum over the batches (XEV-10)."""
    begin_run(state, shards=frozenset())

    assert "RUN_TOTALS XEV-10" == end(state, [], **{name: "1"})


@pytest.mark.parametrize(
    ("adapters", "told"),
    [
        ([(0, ONE), (1, TWO)], ""),
        ([(1, TWO), (0, ONE)], ""),
        ([(0, ONE)], "ADAPTERS XEV-12"),
        ([(0, ONE), (1, ONE)], "ADAPTERS XEV-12"),
        ([(0, ONE), (1, TWO), (1, TWO)], "ADAPTERS XEV-12"),
        ([(0, ONE), (1, TWO), (2, TWO)], "ADAPTERS XEV-12"),
    ],
)
def test_adapters_of_a_run(state, adapters, told):
    """For each shard once the weights of its last slice (XEV-12)."""
    run = begin_run(state, trained={0: raw(ONE), 1: raw(TWO)})

    assert told == end(state, adapters)
    assert {shard: raw(weights) for shard, weights in adapters} == run.adapters


def test_adapters_of_shards_that_were_not_trained(state):
    """Each shard of the run must be among them (XEV-12)."""
    begin_run(state, trained={0: raw(ONE)})

    assert "ADAPTERS XEV-12" == end(state, [(0, ONE)])


@pytest.mark.parametrize(("shard", "told"), [(0, ""), (1, "ADAPTERS XEV-12")])
def test_adapters_of_a_run_without_shards(state, shard, told):
    """All of them are shard 0 (XEV-12)."""
    begin_run(state, shard_map=None, shards=frozenset())

    assert told == end(state, [(shard, ONE)])


def test_finished_with_deleted_weights(state):
    """They are in use again (XEV-17)."""
    begin_run(state, shard_map=None, shards=frozenset())
    state.index.weights.delete(raw(ONE))

    assert "WEIGHTS_DELETED XEV-17" == end(state, [(0, TWO), (0, ONE)])
