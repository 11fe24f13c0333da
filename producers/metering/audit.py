"""What a ledger says of compute, computed again: plans traced, batches multiplied.

The sum is held against what the run's devices can do, which knows neither plan nor
shape. No weights, no records and no machine to train on are needed. Nothing here looks
at a signature: that the events are those that were signed is for `verify` to say.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from ledger.errors import TuneledgerError
from ledger.events import Event
from ledger.events.training import RunFinished, RunStarted, StepsMetered
from ledger.events.training_plan import PlanRegistered
from producers.metering.batch import COUNTERS, total
from producers.metering.physics import Physics, Work, physics
from producers.metering.plan import Plan
from producers.metering.registered import counted_of, plan_of

Verdict = Literal["equal", "differs", "not_derivable"]

_COMPARED: Final = ("model_sha256", "costs", "unknown", "faults", "closed_form")
"""What must be equal; another build of the library traces the same products."""


class NotDerivableError(TuneledgerError):
    """A plan cannot be traced again here; the text says why."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A plan that was traced again.

    Attributes:
        plan: the plan.
        doubt: why a difference may not be the run's; empty where it is.
    """

    plan: Plan
    doubt: str = ""


Derive = Callable[[str], Derived]
"""From a recipe's SHA-256 to the plan of its model.

Raises `NotDerivableError` where that cannot be done here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedRun:
    """What became of one run.

    Attributes:
        run_id: the run.
        model_name: the model that results.
        verdict: `equal` where every plan is the one that was traced again and every
            batch is what its shapes cost; `differs` where one is not; `not_derivable`
            where the batches are right and no plan could be traced again.
        reason: why it is not equal; empty where it is.
        plans: how many plans it registered.
        batches: how many batches were computed again.
        faults: of its batches, ascending; the FLOP are a lower bound if there are any.
        physics: whether its devices can have done it in its time.
    """

    run_id: str
    model_name: str
    verdict: Verdict
    reason: str
    plans: int
    batches: int
    faults: tuple[str, ...]
    physics: Physics


@dataclass(slots=True)
class _Run:
    """A run as far as it was read."""

    started: RunStarted
    plans: list[Plan] = field(default_factory=list)
    batches: int = 0
    faults: set[str] = field(default_factory=set)
    work: Work = field(default_factory=Work)
    finished: RunFinished | None = None
    # The first thing that is not as it was computed again.
    difference: str = ""


def audit(events: Iterable[Event], derive: Derive) -> list[AuditedRun]:
    """Compute the compute of every run again.

    Args:
        events: those of a ledger, in order; events of other families are passed over.
        derive: traces the model of a recipe again.

    Returns:
        The runs, in the order of their start. An event of a run that never started is
        passed over: it is in no total.
    """
    runs: dict[str, _Run] = {}
    for event in events:
        if isinstance(event, RunStarted):
            runs.setdefault(event.run_id, _Run(event))
        elif isinstance(event, PlanRegistered | StepsMetered):
            run = runs.get(event.run_id)
            if run is not None:
                found = _take(run, event)
                run.difference = run.difference or found
        elif isinstance(event, RunFinished) and event.run_id in runs:
            runs[event.run_id].finished = event
    return [_audited(run, derive) for run in runs.values()]


def _take(run: _Run, event: PlanRegistered | StepsMetered) -> str:
    """Follow one event and say what differs; nothing where nothing does."""
    if isinstance(event, PlanRegistered):
        plan = plan_of(event)
        run.plans.append(plan)
        if plan.sha256 == event.plan_sha256:
            return ""
        return f"plan {event.plan}: expected {plan.sha256}, found {event.plan_sha256}"
    run.batches += 1
    run.faults.update(event.faults)
    try:
        counted = counted_of(event, run.plans)
    except IndexError:
        return f"batch {event.batch}: a plan that was not registered before"
    expected = total(counted)
    run.work.add(expected, counted)
    for name in COUNTERS:
        found = int(getattr(event, f"flop_{name}"))
        if found != expected[name]:
            return (
                f"batch {event.batch}: flop_{name}: expected {expected[name]}, "
                f"found {found}"
            )
    return ""


def _audited(run: _Run, derive: Derive) -> AuditedRun:
    verdict: Verdict = "differs"
    reason = run.difference
    if not reason:
        verdict, reason = _compare(run, derive)
    return AuditedRun(
        run_id=run.started.run_id,
        model_name=run.started.model_name,
        verdict=verdict,
        reason=reason,
        plans=len(run.plans),
        batches=run.batches,
        faults=tuple(sorted(run.faults)),
        physics=physics(
            run.started, run.finished, run.work, is_complete=not run.faults
        ),
    )


def _compare(run: _Run, derive: Derive) -> tuple[Verdict, str]:
    """Trace the run's model again and compare its plans with that."""
    if not run.plans:
        return "not_derivable", "no plan was registered"
    if not run.started.reexecutable:
        return "not_derivable", "trained outside: no recipe to trace its model from"
    try:
        derived = derive(run.started.recipe_sha256)
    except NotDerivableError as error:
        return "not_derivable", str(error)
    for number, plan in enumerate(run.plans):
        for name in _COMPARED:
            expected, found = _part(derived.plan, name), _part(plan, name)
            if expected != found:
                reason = f"plan {number}: {name}: expected {expected}, found {found}"
                if derived.doubt:
                    return "not_derivable", f"{derived.doubt}; {reason}"
                return "differs", reason
    return "equal", ""


def _part(plan: Plan, name: str) -> str:
    if name == "costs":
        return ", ".join(
            f"{phase} {cost.token} + {cost.pair} S"
            for phase, cost in plan.costs().items()
        )
    return str(getattr(plan, name))
