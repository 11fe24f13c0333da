"""FLOP per run by phase, and which runs a model's weights descend from.

Two counters, never one, since the guidelines define training compute twice: what
directly updates parameters, and the cumulative compute that also holds what made the
training data. Which phases are in which is data: `[counters]` of the rule pack.

A failed or unfinished run is metered by itself and left out of every model, unless a
later run went on from weights that it saved: that compute is in the model, and a
training that is stopped and resumed must not count less than one that ran through.

Source: Commission guidelines C(2025) 7719 final, Annex A.1.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_saved import SliceTrained
from ledger.projections.base import Projection, Recorded

Status = Literal["open", "finished", "failed"]


class Flop(msgspec.Struct):
    """Model FLOP by phase, exact integers; `StepsMetered` says what each phase is."""

    forward: int = 0
    backward: int = 0
    recompute: int = 0
    reference: int = 0
    rollout: int = 0
    reward: int = 0
    auxiliary: int = 0
    evaluation: int = 0

    def add(self, other: "Flop") -> None:
        """Add `other` in place, phase by phase."""
        self.forward += other.forward
        self.backward += other.backward
        self.recompute += other.recompute
        self.reference += other.reference
        self.rollout += other.rollout
        self.reward += other.reward
        self.auxiliary += other.auxiliary
        self.evaluation += other.evaluation

    def of(self, phases: Iterable[str]) -> int:
        """Sum over the named phases."""
        return sum(int(getattr(self, phase)) for phase in phases)

    def executed(self) -> int:
        """Sum over all phases: everything that the machine was asked to do."""
        return self.of(self.__struct_fields__)


class Base(msgspec.Struct, frozen=True):
    """The model that a run starts from, as `RunStarted` states it.

    Attributes:
        name: its name.
        sha256: digest of the starting weights; empty where from scratch.
        licence: SPDX expression.
        flop: training compute as decimal text; empty where not known.
        flop_source: where `flop` comes from.
        flop_estimable: whether it could be estimated if it is not known.
        systemic_risk: whether it is a GPAI model with systemic risk.
    """

    name: str
    sha256: str
    licence: str
    flop: str
    flop_source: str
    flop_estimable: bool
    systemic_risk: bool


class Run(msgspec.Struct):
    """One run's compute and where it comes from.

    Attributes:
        model_name: the model that results.
        objective: what is learnt.
        purpose: a first training, or an erasure's retraining.
        base: the model that it starts from.
        started: the `RunStarted` event.
        parents: other runs whose saved weights or model it goes on from.
        base_in_ledger: whether the base itself is a model of this ledger.
        status: open until `RunFinished` or `RunFailed`.
        ended: that event; empty while open.
        batches: how many `StepsMetered` events were seen.
        batch_first: the first of them; empty where there is none.
        batch_last: the last of them.
        steps: their steps.
        tokens: their tokens, padding included.
        flop: their FLOP.
        faults: why the count may be too low; empty where it is complete.
    """

    model_name: str
    objective: str
    purpose: str
    base: Base
    started: str
    parents: list[str] = []
    base_in_ledger: bool = False
    status: Status = "open"
    ended: str = ""
    batches: int = 0
    batch_first: str = ""
    batch_last: str = ""
    steps: int = 0
    tokens: int = 0
    flop: Flop = msgspec.field(default_factory=Flop)
    faults: list[str] = []


class ComputeState(msgspec.Struct):
    """Every run, and which run saved which weights.

    Attributes:
        runs: run id to run, in order of their start.
        saved_by: digest of saved weights to the runs that saved them: equal weights
            may come from several.
        strays: events of runs that never started; their compute is in no total.
    """

    runs: dict[str, Run] = {}
    saved_by: dict[str, list[str]] = {}
    strays: list[str] = []


def apply(state: ComputeState, recorded: Recorded) -> ComputeState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RunStarted() as event:
            _start(state, event, recorded.event_id)
        case StepsMetered() | SliceTrained() | RunFinished() | RunFailed() as event:
            run = state.runs.get(event.run_id)
            if run is None:
                state.strays.append(recorded.event_id)
            else:
                _go_on(state, run, event, recorded.event_id)
        case _:
            pass
    return state


def _go_on(
    state: ComputeState,
    run: Run,
    event: StepsMetered | SliceTrained | RunFinished | RunFailed,
    event_id: str,
) -> None:
    run_id = event.run_id
    match event:
        case StepsMetered():
            _meter(run, event, event_id)
        case SliceTrained(parent_sha256=parent, weights_sha256=weights):
            _link(state, run, run_id, parent)
            _note_saved(state, run_id, weights, parent)
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
    )
    _link(state, run, event.run_id, event.base_sha256)
    if event.base_sha256 and event.base_name != event.model_name:
        _link_by_name(state, run)
    run.base_in_ledger = bool(run.parents)
    state.runs[event.run_id] = run


def _link(state: ComputeState, run: Run, run_id: str, parent_sha256: str) -> None:
    for parent in state.saved_by.get(parent_sha256, ()):
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
    run.flop.add(_flop_of(event))


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


PROJECTION = Projection(name="compute", version=1, state=ComputeState, apply=apply)
