"""Rules of metered steps, one at a time and as bulk (XEV-9)."""

import pytest

from tests.unit.verifier.rule_cases import FLOP, A, B, apply, begin_run, gathered, tell
from verifier.doubt import Doubt
from verifier.rules.state import History, Run
from verifier.schema.model_tables import FLOP_FIELDS

BATCH = {
    "run_id": A,
    "batch": 2,
    "shard": 1,
    "slice": 2,
    "step_first": 7,
    "steps": 5,
    "tokens": 2 * 3 * 4 + 5 * 6 * 1,
    "shapes": [
        {"batch": 2, "sequence": 3, "steps": 4},
        {"batch": 5, "sequence": 6, "steps": 1},
    ],
    **FLOP,
}


def going(state: History, **changes) -> Run:
    """A run with two batches of seven steps."""
    return begin_run(state, batches=2, sums=[7, *[0] * 9], **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch": 1},
        {"batch": 3},
        {"step_first": 6},
        {"step_first": 8},
        {"steps": 4},
        {"steps": 6},
        {"tokens": 53},
        {"tokens": 55},
        {"shard": 2},
        {"slice": 3},
    ],
    ids=str,
)
def test_batch_that_does_not_follow(state, changes):
    """Numbers, steps and tokens follow from the run so far and the shapes (XEV-9)."""
    going(state)

    assert "METERING XEV-9" == tell(state, "training.steps_metered", **BATCH | changes)


def test_batch(state):
    """It is added to the sums, and to those of its slice."""
    run = going(state)
    flop = {name: str(number) for number, name in enumerate(FLOP_FIELDS, 1)}

    assert "" == tell(state, "training.steps_metered", **BATCH | flop)
    assert (3, [12, 54, *range(1, 9)]) == (run.batches, run.sums)
    assert {(1, 2): [5, 54]} == run.by_slice


@pytest.mark.parametrize(
    ("shard", "slice_", "told"),
    [(0, 0, ""), (1, 0, "METERING XEV-9"), (0, 1, "METERING XEV-9")],
)
def test_batch_of_a_run_without_shards(state, shard, slice_, told):
    """All of it is slice 0 of shard 0 (XEV-9)."""
    going(state, shard_map=None, shards=frozenset())
    event = BATCH | {"shard": shard, "slice": slice_}

    assert told == tell(state, "training.steps_metered", **event)


def batches(count: int = 2, **changes) -> list[dict]:
    """Batches that follow one another, the first with changes."""
    found = []
    for number in range(count):
        later = {"batch": 2 + number, "step_first": 7 + 5 * number}
        found.append(BATCH | later)
    found[0].update(changes)
    return found


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bulk_of_batches(state, count):
    """Together they do what they do one after the other, bulk after bulk."""
    events = batches(6, shard=0, flop_forward="9")
    single = going(state)
    for event in events:
        assert "" == tell(state, "training.steps_metered", **event)
    together = going(state)
    for first in range(0, 6, count):
        apply(state, gathered(events[first : first + count]))

    assert single == together
    assert {(0, 2): [5, 54], (1, 2): [25, 270]} == together.by_slice


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": B},
        {"batch": 1},
        {"step_first": 6},
        {"steps": 4},
        {"tokens": 53},
        {"shapes": []},
    ],
    ids=str,
)
def test_bulk_of_batches_that_do_not_follow(changes):
    """Where one does not follow from the others, there is no gist."""
    assert gathered(batches()) is not None
    assert None is gathered(batches(**changes))


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({"ended": "run_failed"}, {}),
        ({"batches": 1}, {}),
        ({"sums": [6, *[0] * 9]}, {}),
        ({}, {"shard": 2}),
        ({}, {"slice": 3}),
        ({"shard_map": None, "shards": frozenset()}, {"slice": 1, "shard": 0}),
        ({"shard_map": None, "shards": frozenset()}, {"slice": 0, "shard": 1}),
    ],
    ids=str,
)
def test_bulk_of_batches_that_the_run_does_not_fit(state, changes, event):
    """A batch that the run refuses is a reason to doubt."""
    run = going(state)
    for name, value in changes.items():
        setattr(run, name, value)
    gist = gathered([one | event for one in batches()])

    with pytest.raises(Doubt):
        apply(state, gist)


def test_bulk_of_batches_of_no_run(state):
    """So is a run that never began."""
    with pytest.raises(Doubt):
        apply(state, gathered(batches()))


def test_bulk_of_batches_without_shards(state):
    """All of them are slice 0 of shard 0."""
    run = going(state, shard_map=None, shards=frozenset())
    apply(state, gathered([one | {"shard": 0, "slice": 0} for one in batches()]))

    assert {(0, 0): [10, 108]} == run.by_slice
