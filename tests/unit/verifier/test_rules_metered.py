"""Rules of metered steps, one at a time and as bulk (XEV-9, XEV-24)."""

import pytest

from tests.unit.verifier.rule_cases import FLOP, A, B, apply, begin_run, gathered, tell
from verifier.doubt import Doubt
from verifier.rules.state import History, Plan, Run

# FLOP for each token and each pair: backward, forward, inference, recompute.
PLAN = Plan(costs=((7, 5), (3, 2), (2, 1), (1, 4)), is_complete=True)


def passes(phase: str = "train", **changes) -> dict:
    """Four passes of 2 x 3 positions, forward and backward."""
    fields = {"plan": 0, "phase": phase, "batch": 2, "sequence": 3}
    counts = {"has_gradient": True, "forwards": 4, "backwards": 4}
    return fields | counts | changes


# 2 x 3 positions: 7 * 6 + 5 * 18 backward, 3 * 6 + 2 * 18 forward, and so on.
BACKWARD, FORWARD, INFERENCE, RECOMPUTE = 132, 54, 30, 78
COST = {
    "flop_forward": str(4 * FORWARD),
    "flop_backward": str(4 * BACKWARD),
    "flop_recompute": str(4 * RECOMPUTE),
}
BATCH = {
    "run_id": A,
    "batch": 2,
    "shard": 1,
    "slice": 2,
    "step_first": 7,
    "steps": 3,
    "tokens": 2 * 3 * 4,
    "shapes": [passes()],
    "faults": [],
    **FLOP,
    **COST,
}


def going(state: History, plan: Plan = PLAN, **changes) -> Run:
    """A run with a plan, and two batches of seven steps."""
    values = {"batches": 2, "sums": [7, *[0] * 9], "plans": [plan]}
    return begin_run(state, **values | changes)


def told_of(state: History, **changes) -> str:
    """What is said of the batch with changes."""
    return tell(state, "training.steps_metered", **BATCH | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch": 1},
        {"batch": 3},
        {"step_first": 6},
        {"step_first": 8},
        {"steps": 5},
        {"tokens": 23},
        {"tokens": 25},
        {"shard": 2},
        {"slice": 3},
        {"shapes": [], **dict.fromkeys(COST, "0")},
        {
            "shapes": [passes(backwards=2)],
            "flop_backward": str(2 * BACKWARD),
            "flop_recompute": str(2 * RECOMPUTE),
        },
        {"tokens": 23, "faults": ["hook_failed"]},
    ],
    ids=str,
)
def test_batch_that_does_not_follow(state, changes):
    """Numbers, steps and tokens follow from the run so far and the shapes (XEV-9)."""
    going(state)

    assert "METERING XEV-9" == told_of(state, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"tokens": 25},
        {"steps": 5},
        {"shapes": [], **dict.fromkeys(COST, "0")},
    ],
    ids=str,
)
def test_batch_with_faults(state, changes):
    """It may have had more than was counted, and the run remembers that (XEV-9)."""
    run = going(state)

    assert "" == told_of(state, faults=["hook_failed", "trace_failed"], **changes)
    assert {"hook_failed", "trace_failed"} == run.faults


def test_batch(state):
    """It is added to the sums, and to those of its slice."""
    run = going(state)

    assert "" == told_of(state)
    assert (3, [10, 24, 216, 528, 312, *[0] * 5]) == (run.batches, run.sums)
    assert {(1, 2): [3, 24]} == run.by_slice


@pytest.mark.parametrize(
    ("shapes", "cost"),
    [
        ([passes("evaluation", has_gradient=False, backwards=0)], {"evaluation": 120}),
        ([passes("reference", has_gradient=False, backwards=0)], {"reference": 120}),
        ([passes("rollout", backwards=0)], {"rollout": 216}),
        ([passes("reward", forwards=1, backwards=0)], {"reward": 54}),
        (
            [passes("auxiliary", forwards=1, backwards=1)],
            {"auxiliary": 54 + 132, "recompute": 78},
        ),
        ([passes(has_gradient=False, backwards=0)], {"forward": 120}),
        (
            [passes(forwards=1, backwards=0), passes(forwards=3)],
            {"forward": 216, "backward": 528, "recompute": 312},
        ),
        (
            [passes(batch=1, sequence=1, forwards=2**53, backwards=0)],
            {"forward": 5 * 2**53},
        ),
    ],
    ids=[
        "evaluation",
        "reference",
        "rollout",
        "reward",
        "auxiliary",
        "without-gradient",
        "of-one-shape-twice",
        "past-2^53",
    ],
)
def test_flop_of_a_phase(state, shapes, cost):
    """Each phase has its field; what is computed again has one for all (XEV-24)."""
    going(state)
    trained = [each for each in shapes if each["phase"] == "train"]
    flop = {f"flop_{name}": str(number) for name, number in cost.items()}
    positions = [each["batch"] * each["sequence"] for each in trained]
    tokens = sum(
        each["forwards"] * size for each, size in zip(trained, positions, strict=True)
    )

    assert "" == told_of(
        state,
        steps=int(any(each["backwards"] for each in trained)),
        tokens=tokens,
        shapes=shapes,
        **FLOP | flop,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"flop_forward": "215"},
        {"flop_forward": "217"},
        {"flop_backward": "0"},
        {"flop_recompute": "0"},
        {"flop_evaluation": "1"},
        {"shapes": [passes(plan=1)]},
        {"shapes": [passes(has_gradient=False)]},
        {"faults": ["b", "a"]},
        {"faults": ["a", "a"]},
        {"flop_forward": "217", "faults": ["hook_failed"]},
    ],
    ids=str,
)
def test_flop_that_do_not_follow(state, changes):
    """FLOP follow from shapes and plans, faults or not (XEV-24)."""
    going(state)

    assert "METERED_FLOP XEV-24" == told_of(state, **changes)


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([], "METERED_FLOP XEV-24"),
        (["hook_failed"], "METERED_FLOP XEV-24"),
        (["plan_incomplete"], ""),
    ],
    ids=str,
)
def test_batch_of_an_incomplete_plan(state, faults, told):
    """It says that its figures are a lower bound (XEV-24)."""
    going(state, Plan(costs=PLAN.costs, is_complete=False))

    assert told == told_of(state, faults=faults)


@pytest.mark.parametrize(
    ("shard", "slice_", "told"),
    [(0, 0, ""), (1, 0, "METERING XEV-9"), (0, 1, "METERING XEV-9")],
)
def test_batch_of_a_run_without_shards(state, shard, slice_, told):
    """All of it is slice 0 of shard 0 (XEV-9)."""
    going(state, shard_map=None, shards=frozenset())

    assert told == told_of(state, shard=shard, slice=slice_)


def batches(count: int = 2, **changes) -> list[dict]:
    """Batches that follow one another, the first with changes."""
    found = []
    for number in range(count):
        later = {"batch": 2 + number, "step_first": 7 + 3 * number}
        found.append(BATCH | later)
    found[0].update(changes)
    return found


@pytest.mark.parametrize("count", [1, 2, 3])
def test_bulk_of_batches(state, count):
    """Together they do what they do one after the other, bulk after bulk."""
    events = batches(6, shard=0)
    single = going(state)
    for event in events:
        assert "" == tell(state, "training.steps_metered", **event)
    together = going(state)
    for first in range(0, 6, count):
        apply(state, gathered(events[first : first + count]))

    assert single == together
    assert {(0, 2): [3, 24], (1, 2): [15, 120]} == together.by_slice


@pytest.mark.parametrize(
    "changes",
    [
        {"run_id": B},
        {"batch": 1},
        {"step_first": 6},
        {"steps": 2},
        {"steps": 5},
        {"tokens": 23},
        {"shapes": []},
        {"shapes": [passes(has_gradient=False)]},
        {"faults": ["hook_failed"]},
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
        ({"plans": []}, {}),
        ({"plans": [Plan(costs=PLAN.costs, is_complete=False)]}, {}),
        ({}, {"flop_forward": "1"}),
        ({}, {"flop_reward": "1"}),
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

    assert {(0, 0): [6, 48]} == run.by_slice
