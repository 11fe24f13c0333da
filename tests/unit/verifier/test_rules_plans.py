"""Rules of plans, and of what a run's end says of its batches (XEV-10, XEV-23)."""

import dataclasses

import msgspec
import pytest

from producers.metering.plan import Plan
from producers.metering.polynomial import Polynomial
from producers.metering.registered import plan_event
from tests.unit.verifier.rule_cases import END, ONE, A, begin_run, raw, tell

PLAN = Plan(
    model_sha256=ONE,
    forward=Polynomial(3, 2),
    backward=Polynomial(7, 5),
    recompute=Polynomial(1, 4),
    inference=Polynomial(2, 10**30),
    shapes=((2, 4), (2, 6), (3, 5)),
    unknown=("a::_b.c", "a::b"),
    faults=("no_polynomial_backward",),
    closed_form=False,
    torch_version="2.13.0+cpu",
)


def planned(plan: Plan = PLAN, number: int = 0, **changes) -> dict:
    """The fields of the event that states a plan."""
    event = msgspec.to_builtins(plan_event(plan, run_id=A, number=number)) | changes
    return {
        name: value for name, value in event.items() if name not in {"type", "salt"}
    }


def told_of(state, **changes) -> str:
    return tell(state, "training.plan_registered", **planned(**changes))


def test_plan(state):
    """The writer's digest is the reader's; what is missing is noted."""
    run = begin_run(state)

    assert "" == told_of(state)
    assert ((7, 5), (3, 2), (2, 10**30), (1, 4)) == run.plans[0].costs
    assert not run.plans[0].is_complete


@pytest.mark.parametrize(
    ("changes", "is_complete"),
    [
        ({"unknown": (), "faults": ()}, True),
        ({"unknown": ()}, False),
        ({"faults": ()}, False),
    ],
    ids=["nothing", "faults", "unknown"],
)
def test_complete_plan(state, changes, is_complete):
    """A plan is complete without unknown operations and without faults."""
    run = begin_run(state)

    assert "" == told_of(state, plan=dataclasses.replace(PLAN, **changes))
    assert is_complete == run.plans[0].is_complete


def test_plans_are_numbered(state):
    """0, 1, 2 ... in each run (XEV-23)."""
    begin_run(state)

    assert "PLAN XEV-23" == told_of(state, number=1)
    assert "" == told_of(state, number=1)
    assert "PLAN XEV-23" == told_of(state, number=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"plan_sha256": ONE},
        {"model_sha256": "33" * 32},
        {"torch_version": "2.13.1"},
        {"closed_form": True},
        {"forward_token": "4"},
        {"inference_pair": "0"},
        {"shapes": [{"batch": 2, "sequence": 4}] * 3},
        {"unknown": []},
        {"unknown": ["a::b", "a::_b.c"]},
        {"faults": ["no_polynomial_backward"] * 2},
    ],
    ids=str,
)
def test_plan_that_was_altered(state, changes):
    """Its digest stands for all of it, and its lists have one order (XEV-23)."""
    begin_run(state)

    assert "PLAN XEV-23" == told_of(state, **changes)


@pytest.mark.parametrize("ended", ["run_finished", "run_failed"])
def test_plan_after_the_end(state, ended):
    """Nothing follows the end of a run (XEV-8)."""
    begin_run(state, ended=ended)

    assert "RUN_LIFE XEV-8" == told_of(state)


@pytest.mark.parametrize(
    ("faults", "completeness", "reasons", "told"),
    [
        (set(), "complete", [], ""),
        ({"b", "a"}, "incomplete", ["a", "b"], ""),
        (set(), "incomplete", [], "RUN_TOTALS XEV-10"),
        (set(), "incomplete", ["a"], "RUN_TOTALS XEV-10"),
        ({"a"}, "complete", [], "RUN_TOTALS XEV-10"),
        ({"a"}, "complete", ["a"], "RUN_TOTALS XEV-10"),
        ({"a", "b"}, "incomplete", ["a"], "RUN_TOTALS XEV-10"),
        ({"a", "b"}, "incomplete", ["b", "a"], "RUN_TOTALS XEV-10"),
        ({"a"}, "incomplete", ["a", "a"], "RUN_TOTALS XEV-10"),
    ],
)
def test_end_says_what_is_missing(state, faults, completeness, reasons, told):
    """Complete exactly where no batch had a fault; else all of them (XEV-10)."""
    begin_run(state, shard_map=None, shards=frozenset(), faults=faults)
    amounts = {"run_id": A, "batches": 0, "steps": 0, "tokens": 0}
    said = {"completeness": completeness, "reasons": reasons, "adapters": []}

    assert told == tell(state, "training.run_finished", **END | amounts | said)
    assert "run_finished" == state.runs[raw(A)].ended
