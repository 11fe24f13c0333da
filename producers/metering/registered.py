"""Plans and counted passes as events state them, and back: what an audit reads."""

from collections.abc import Mapping, Sequence

from ledger.events.training import StepsMetered
from ledger.events.training_plan import CountedPasses, PlanRegistered, TracedShape
from producers.metering.batch import COUNTERS, Batch, Counted
from producers.metering.plan import Plan
from producers.metering.polynomial import Polynomial


def plan_event(plan: Plan, *, run_id: str, number: int) -> PlanRegistered:
    """The event that states a plan.

    Args:
        plan: the plan.
        run_id: the run that it is of.
        number: its 0-based number in the run.
    """
    return PlanRegistered(
        run_id=run_id,
        plan=number,
        plan_sha256=plan.sha256,
        model_sha256=plan.model_sha256,
        torch_version=plan.torch_version,
        closed_form=plan.closed_form,
        forward_token=str(plan.forward.token),
        forward_pair=str(plan.forward.pair),
        backward_token=str(plan.backward.token),
        backward_pair=str(plan.backward.pair),
        recompute_token=str(plan.recompute.token),
        recompute_pair=str(plan.recompute.pair),
        inference_token=str(plan.inference.token),
        inference_pair=str(plan.inference.pair),
        shapes=[TracedShape(batch=b, sequence=s) for b, s in plan.shapes],
        unknown=list(plan.unknown),
        faults=list(plan.faults),
    )


def plan_of(event: PlanRegistered) -> Plan:
    """The plan that an event states."""
    return Plan(
        model_sha256=event.model_sha256,
        forward=_polynomial(event.forward_token, event.forward_pair),
        backward=_polynomial(event.backward_token, event.backward_pair),
        recompute=_polynomial(event.recompute_token, event.recompute_pair),
        inference=_polynomial(event.inference_token, event.inference_pair),
        shapes=tuple((each.batch, each.sequence) for each in event.shapes),
        unknown=tuple(event.unknown),
        faults=tuple(event.faults),
        closed_form=event.closed_form,
        torch_version=event.torch_version,
    )


def passes_of(counted: Counted, *, plan: int) -> CountedPasses:
    """Counted passes as an event states them.

    Args:
        counted: the passes.
        plan: number of their plan in the run.
    """
    return CountedPasses(
        plan=plan,
        phase=counted.phase,
        batch=counted.batch,
        sequence=counted.sequence,
        has_gradient=counted.has_gradient,
        forwards=counted.forwards,
        backwards=counted.backwards,
    )


def batch_event(
    batch: Batch,
    *,
    run_id: str,
    number: int,
    shard: int,
    slice_index: int,
    tokens: int,
    plans: Sequence[Plan],
) -> StepsMetered:
    """The event of a batch.

    Args:
        batch: the batch; its first step is counted over the run.
        run_id: the run that it is of.
        number: its 0-based number in the run.
        shard: the shard in training.
        slice_index: the slice in training.
        tokens: positions through the model in training, padding included.
        plans: those of the run, by number.
    """
    faults = set(batch.faults)
    if not all(each.plan.is_complete for each in batch.counted):
        faults.add("plan_incomplete")
    return StepsMetered(
        run_id=run_id,
        batch=number,
        shard=shard,
        slice=slice_index,
        step_first=batch.step_first,
        steps=batch.steps,
        tokens=tokens,
        shapes=[passes_of(each, plan=plans.index(each.plan)) for each in batch.counted],
        faults=sorted(faults),
        **flop_fields(batch.flop()),
    )


def flop_fields(flop: Mapping[str, int]) -> dict[str, str]:
    """FLOP by counter as the fields of an event."""
    return {f"flop_{name}": str(flop.get(name, 0)) for name in COUNTERS}


def counted_of(event: StepsMetered, plans: Sequence[Plan]) -> list[Counted]:
    """The passes that an event counts.

    Raises:
        IndexError: it names a plan that is not there.
    """
    return [
        Counted(
            plan=plans[each.plan],
            phase=each.phase,
            batch=each.batch,
            sequence=each.sequence,
            has_gradient=each.has_gradient,
            forwards=each.forwards,
            backwards=each.backwards,
        )
        for each in event.shapes
    ]


def _polynomial(token: str, pair: str) -> Polynomial:
    return Polynomial(token=int(token), pair=int(pair))
