"""The audit: what it computes again, and what it says where something differs."""

import dataclasses

import msgspec
import pytest

from producers.metering.audit import Derived, NotDerivableError, audit
from producers.metering.batch import Counted, total
from producers.metering.polynomial import Polynomial
from producers.metering.registered import passes_of, plan_event
from tests.unit.metering.plans import make_plan
from tests.unit.projections.builders import finished, ident, metered, started

PLAN = make_plan()
RUN = ident("run")


def planned(plan=PLAN, number=0, **changes):
    event = plan_event(plan, run_id=RUN, number=number)
    return msgspec.structs.replace(event, **changes)


def batch(**changes):
    """A batch whose FLOP follow from the plan."""
    counted = Counted(
        plan=PLAN,
        phase="train",
        batch=2,
        sequence=9,
        has_gradient=True,
        forwards=3,
        backwards=3,
    )
    fields = {
        "shapes": [passes_of(counted, plan=0)],
        **{f"flop_{name}": str(flop) for name, flop in total([counted]).items()},
    }
    return msgspec.structs.replace(metered(), **fields | changes)


def derive(recipe_sha256):
    """The plan of every recipe."""
    del recipe_sha256
    return Derived(PLAN)


def one(*events, derive=derive):
    """What is said of the one run of some events."""
    (run,) = audit(events, derive)
    return run


def test_run_that_is_equal():
    """Plan and batches are what was computed again."""
    run = one(started(), planned(), batch(), batch(batch=1), finished())

    assert ("equal", "", 1, 2, ()) == (
        run.verdict,
        run.reason,
        run.plans,
        run.batches,
        run.faults,
    )
    assert RUN == run.run_id


def test_faults_of_a_run_are_told():
    """An equal run may still be incomplete."""
    run = one(started(), planned(), batch(faults=["b"]), batch(faults=["a", "b"]))

    assert ("equal", ("a", "b")) == (run.verdict, run.faults)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([planned(), batch(flop_forward="1")], "batch 0: flop_forward: expected 1134"),
        ([planned(), batch(flop_reward="1")], "batch 0: flop_reward: expected 0"),
        ([batch()], "batch 0: a plan that was not registered before"),
        ([planned(plan_sha256="00" * 32)], f"plan 0: expected {PLAN.sha256}"),
        (
            [planned(dataclasses.replace(PLAN, forward=Polynomial(2, 2)))],
            "plan 0: costs: expected forward 3 + 2 S",
        ),
        (
            [planned(dataclasses.replace(PLAN, model_sha256="00" * 32))],
            f"plan 0: model_sha256: expected {PLAN.model_sha256}",
        ),
        (
            [planned(), planned(dataclasses.replace(PLAN, unknown=("a::b",)), 1)],
            "plan 1: unknown: expected ()",
        ),
        (
            [planned(), batch(flop_forward="1"), batch(batch=1, flop_forward="2")],
            "batch 0: ",
        ),
    ],
    ids=[
        "flop",
        "phase",
        "no-plan",
        "digest",
        "costs",
        "model",
        "second-plan",
        "first-difference",
    ],
)
def test_run_that_differs(events, reason):
    """The first difference is named, with both figures."""
    run = one(started(), *events)

    assert "differs" == run.verdict
    assert run.reason.startswith(reason)


def test_another_build_of_the_library_is_no_difference():
    """The same products are traced, and these are compared."""
    other = dataclasses.replace(PLAN, torch_version="2.14.0")

    assert "equal" == one(started(), planned(other), batch()).verdict


def test_run_that_cannot_be_derived():
    """It says why; its batches were computed again all the same."""

    def unknown(recipe_sha256):
        raise NotDerivableError(f"recipe {recipe_sha256[:4]}: not here")

    right = one(started(), planned(), batch(), derive=unknown)
    wrong = one(started(), planned(), batch(flop_forward="1"), derive=unknown)

    assert ("not_derivable", "differs") == (right.verdict, wrong.verdict)
    assert right.reason.endswith("not here")


def test_difference_in_doubt():
    """Where another version of the code traces, a difference may be its own."""
    other = dataclasses.replace(PLAN, forward=Polynomial(4, 2))
    doubtful = one(
        started(), planned(), derive=lambda _: Derived(other, "another version")
    )
    sure = one(started(), planned(), derive=lambda _: Derived(PLAN, "another version"))

    assert ("not_derivable", "equal") == (doubtful.verdict, sure.verdict)
    assert doubtful.reason.startswith("another version; plan 0: costs")


def test_run_of_a_trainer_outside():
    """It names a configuration and no recipe; its batches were computed again."""
    begun = msgspec.structs.replace(started(), reexecutable=False)
    right = one(begun, planned(), batch())
    wrong = one(begun, planned(), batch(flop_forward="1"))

    assert ("not_derivable", "differs") == (right.verdict, wrong.verdict)
    assert right.reason.startswith("trained outside")


def test_run_without_a_plan():
    """There is nothing to trace again."""
    event = batch(shapes=[], faults=["trace_failed"], flop_forward="0")
    event = msgspec.structs.replace(event, flop_backward="0", flop_recompute="0")
    run = one(started(), event)

    assert ("not_derivable", "no plan was registered") == (run.verdict, run.reason)


def test_devices_that_cannot_have_done_it():
    """Each run is held against its own devices and time, recomputation left out."""
    begun = msgspec.structs.replace(started(), device="NVIDIA-L4")
    wide = planned(dataclasses.replace(PLAN, forward=Polynomial(10**13, 0)))
    derived = Derived(dataclasses.replace(PLAN, forward=Polynomial(10**13, 0)))
    flop = str(3 * 18 * 10**13)
    end = msgspec.structs.replace(finished(), wall_ms=1_000)
    fast = one(begun, wide, batch(flop_forward=flop), end, derive=lambda _: derived)
    slow = one(begun, planned(), batch(), end)
    unknown = one(started(), planned(), batch(), end)

    assert ("equal", "impossible") == (fast.verdict, fast.physics.speed)
    assert ("implausible", "not_bounded") == (slow.physics.speed, unknown.physics.speed)


def test_events_of_no_run_are_passed_over():
    """They are in no total."""
    assert [] == audit([planned(), batch()], derive)


def test_runs_are_told_in_the_order_of_their_start():
    """Each by its own plans."""
    runs = audit([started("b"), started(), planned(), batch()], derive)

    assert [(ident("b"), "not_derivable"), (RUN, "equal")] == [
        (run.run_id, run.verdict) for run in runs
    ]
