"""FLOP per run by phase, and which runs a model's weights descend from.

Two counters, never one, since the guidelines define training compute twice: what
directly updates parameters, and the cumulative compute that also holds what made the
training data. Which phases are in which is data: `[counters]` of the rule pack.

A failed or unfinished run is metered by itself and left out of every model, unless a
later run went on from weights that it saved: that compute is in the model, and a
training that is stopped and resumed must not count less than one that ran through.

Source: Commission guidelines C(2025) 7719 final, Annex A.1.
"""

from ledger.events.model import ComputeAttested, HostedRunRecorded
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_saved import SliceTrained, SnapshotSaved
from ledger.projections.base import Projection, Recorded
from ledger.projections.compute_state import Base, ComputeState, Flop, Run, Status
from ledger.projections.stated import attested_of, hosted_of

__all__ = ["PROJECTION", "Base", "ComputeState", "Flop", "Run", "Status", "apply"]

_OfRun = StepsMetered | SnapshotSaved | SliceTrained | RunFinished | RunFailed
"""Events of a run after its start that this projection folds."""


def apply(state: ComputeState, recorded: Recorded) -> ComputeState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RunStarted() as event:
            _start(state, event, recorded.event_id)
        case (
            StepsMetered()
            | SnapshotSaved()
            | SliceTrained()
            | RunFinished()
            | RunFailed() as event
        ):
            run = state.runs.get(event.run_id)
            if run is None:
                state.strays.append(recorded.event_id)
            else:
                _go_on(state, run, event, recorded.event_id)
        case HostedRunRecorded() as event:
            state.hosted[event.hosted_id] = hosted_of(event, recorded.event_id)
        case ComputeAttested() as event:
            state.attested.append(attested_of(event, recorded.event_id))
        case _:
            pass
    return state


def _go_on(
    state: ComputeState,
    run: Run,
    event: _OfRun,
    event_id: str,
) -> None:
    run_id = event.run_id
    match event:
        case StepsMetered():
            _meter(run, event, event_id)
        case SnapshotSaved(weights_sha256=weights):
            _save(state, run, run_id, weights)
        case SliceTrained(parent_sha256=parent, weights_sha256=weights):
            _link(state, run, run_id, parent)
            _note_saved(state, run_id, weights, parent)
            run.trained.append(f"{event.shard}.{event.slice}")
        case RunFinished(adapters=adapters):
            _finish(run, event, event_id)
            for adapter in adapters:
                _note_saved(state, run_id, adapter.weights_sha256, run.base.sha256)
        case RunFailed(batches=batches):
            _end(run, "failed", batches, event_id)


def _start(state: ComputeState, event: RunStarted, event_id: str) -> None:
    if event.run_id in state.runs:
        _fault(state.runs[event.run_id], "started_twice")
        return
    run = Run(
        model_name=event.model_name,
        objective=event.objective,
        purpose=event.purpose,
        base=Base(
            name=event.base_name,
            sha256=event.base_sha256,
            licence=event.base_licence,
            flop=event.base_flop,
            flop_source=event.base_flop_source,
            flop_estimable=event.base_flop_estimable,
            systemic_risk=event.base_systemic_risk,
        ),
        started=event_id,
        is_sharded=bool(event.map_id),
        is_outside=not event.reexecutable,
        resumes=event.resumes_run_id,
        resumed_from=event.resumes_sha256,
    )
    _link(state, run, event.run_id, event.base_sha256)
    if event.base_sha256 and event.base_name != event.model_name:
        _link_by_name(state, run)
    run.base_in_ledger = bool(run.parents)
    _resume(state, run, event.run_id)
    state.runs[event.run_id] = run


def _resume(state: ComputeState, run: Run, run_id: str) -> None:
    """Note that a run goes on from one that was cut off, on the same base."""
    before = state.runs.get(run.resumes)
    if before is None:
        return
    before.resumed_by = run_id
    if run.resumes not in run.parents:
        run.parents.append(run.resumes)


def _save(state: ComputeState, run: Run, run_id: str, weights_sha256: str) -> None:
    """Keep what had been computed when weights were saved on the way."""
    run.snapshots.pop(weights_sha256, None)  # the order is that of the last time
    run.snapshots[weights_sha256] = run.flop.copy()
    savers = state.snapshot_of.setdefault(weights_sha256, [])
    if run_id not in savers:
        savers.append(run_id)


def _link(state: ComputeState, run: Run, run_id: str, parent_sha256: str) -> None:
    savers = (
        *state.saved_by.get(parent_sha256, ()),
        *state.snapshot_of.get(parent_sha256, ()),
    )
    for parent in savers:
        if parent != run_id and parent not in run.parents:
            run.parents.append(parent)


def _link_by_name(state: ComputeState, run: Run) -> None:
    # A merged model has weights that no run saved, so its digest alone finds nothing.
    for run_id, earlier in state.runs.items():
        if (
            earlier.model_name == run.base.name
            and earlier.status == "finished"
            and run_id not in run.parents
        ):
            run.parents.append(run_id)


def _note_saved(
    state: ComputeState, run_id: str, weights_sha256: str, parent_sha256: str
) -> None:
    if weights_sha256 == parent_sha256:
        return  # a slice without records: nothing was trained, nobody can descend
    savers = state.saved_by.setdefault(weights_sha256, [])
    if run_id not in savers:
        savers.append(run_id)


def _meter(run: Run, event: StepsMetered, event_id: str) -> None:
    if run.status != "open":
        _fault(run, "metered_after_its_end")
    if event.batch != run.batches:
        _fault(run, "batches_missing_or_repeated")
    for fault in event.faults:
        _fault(run, fault)
    run.batches += 1
    run.batch_first = run.batch_first or event_id
    run.batch_last = event_id
    run.steps += event.steps
    run.tokens += event.tokens
    flop = _flop_of(event)
    run.flop.add(flop)
    if run.is_sharded:
        run.by_place.setdefault(f"{event.shard}.{event.slice}", Flop()).add(flop)


def _flop_of(event: StepsMetered | RunFinished) -> Flop:
    return Flop(
        forward=int(event.flop_forward),
        backward=int(event.flop_backward),
        recompute=int(event.flop_recompute),
        reference=int(event.flop_reference),
        rollout=int(event.flop_rollout),
        reward=int(event.flop_reward),
        auxiliary=int(event.flop_auxiliary),
        evaluation=int(event.flop_evaluation),
    )


def _finish(run: Run, event: RunFinished, event_id: str) -> None:
    _end(run, "finished", event.batches, event_id)
    declared = (event.steps, event.tokens, _flop_of(event))
    if declared != (run.steps, run.tokens, run.flop):
        _fault(run, "totals_differ_from_batches")
    for fault in event.reasons:
        _fault(run, fault)


def _end(run: Run, status: Status, batches: int, event_id: str) -> None:
    if run.status != "open":
        _fault(run, "ended_twice")
        return
    run.status = status
    run.ended = event_id
    if batches != run.batches:
        _fault(run, "batches_missing_or_repeated")


def _fault(run: Run, fault: str) -> None:
    if fault not in run.faults:
        run.faults.append(fault)


PROJECTION = Projection(name="compute", version=2, state=ComputeState, apply=apply)
