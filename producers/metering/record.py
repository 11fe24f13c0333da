"""Counted passes to the events of a run: few of them, and none lost.

An event covers the steps of one slice of one shard. It is due after 100 steps, 10
seconds or 64 shapes, whichever comes first, and when the slice ends; so a crash loses
the record of seconds, and a long run does not drown the ledger. The plans that the FLOP
follow from are on record before the first step.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.errors import TuneledgerError
from ledger.events import Event
from ledger.events.training import RunFinished, StepsMetered
from ledger.events.training_plan import PlanRegistered
from ledger.events.training_saved import Adapter
from producers.metering.batch import COUNTERS, Batch, Counted
from producers.metering.pieces import pieces
from producers.metering.plan import Plan
from producers.metering.registered import batch_event, flop_fields, plan_event
from producers.metering.tally import Key
from producers.ports import ClockMs, Emit

STEPS_MAX: Final = 100
"""Most steps in one event."""

INTERVAL_MS_MAX: Final = 10_000
"""Most milliseconds between a step and the one that finds its event due."""

SHAPES_DUE: Final = 64
"""Shapes that make an event due; one step must not bring more new ones than that."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """Steps that no event covers yet."""

    slice_index: int
    since_ms: int
    steps: int = 0
    tokens: int = 0
    forwards: Counter[Key] = field(default_factory=Counter)
    backwards: Counter[Key] = field(default_factory=Counter)
    faults: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Totals:
    """Sums over the events written."""

    steps: int = 0
    tokens: int = 0
    flop: Counter[str] = field(default_factory=Counter)
    faults: set[str] = field(default_factory=set)

    def add(self, event: StepsMetered) -> None:
        self.steps += event.steps
        self.tokens += event.tokens
        for name in COUNTERS:
            self.flop[name] += int(getattr(event, f"flop_{name}"))
        self.faults.update(event.faults)


class RunRecord:
    """Counts the steps of one run, of any number of shards at once.

    Attributes:
        batches: events written so far.
        is_counted: whether every event that was written is counted; False where an
            interrupt fell between the two.
    """

    def __init__(
        self, *, run_id: str, plans: Sequence[Plan], emit: Emit, clock_ms: ClockMs
    ) -> None:
        """Begin the record of a run.

        Args:
            run_id: the run.
            plans: what its passes may cost, no plan twice.
            emit: where events go.
            clock_ms: the time now.
        """
        self.batches = 0
        self.is_counted = True
        self._run_id = run_id
        self._plans = list(plans)
        self._emit = emit
        self._clock_ms = clock_ms
        self._begun_ms = clock_ms()
        self._open: dict[int, _Open] = {}
        self._totals = _Totals()

    @property
    def steps(self) -> int:
        """Steps in the events written so far."""
        return self._totals.steps

    def plans(self) -> list[PlanRegistered]:
        """The events that state the plans; they go behind the run's start."""
        return [
            plan_event(plan, run_id=self._run_id, number=number)
            for number, plan in enumerate(self._plans)
        ]

    def step(
        self,
        *,
        shard: int,
        slice_index: int,
        tokens: int,
        counted: Iterable[Counted],
        faults: Iterable[str] = (),
    ) -> None:
        """Count one optimizer step.

        Args:
            shard: the shard in training.
            slice_index: the slice in training.
            tokens: positions through the model in training, padding included.
            counted: the passes of the step, by plans of this run.
            faults: what was not counted or is in doubt.
        """
        now_ms = self._clock_ms()
        pending = self._open.get(shard)
        if pending is not None and pending.slice_index != slice_index:
            self.flush(shard)
            pending = None
        if pending is None:
            pending = _Open(slice_index=slice_index, since_ms=now_ms)
            self._open[shard] = pending
        pending.steps += 1
        pending.tokens += tokens
        pending.faults.update(faults)
        for each in counted:
            key = Key(
                plan=self._plans.index(each.plan),
                phase=each.phase,
                batch=each.batch,
                sequence=each.sequence,
                has_gradient=each.has_gradient,
            )
            pending.forwards[key] += each.forwards
            pending.backwards[key] += each.backwards
        is_late = now_ms - pending.since_ms >= INTERVAL_MS_MAX
        is_full = len(pending.forwards) >= SHAPES_DUE
        if is_late or is_full or pending.steps >= STEPS_MAX:
            self.flush(shard)

    def flush(self, shard: int) -> None:
        """Write the event of the shard's steps that none covers yet, if there are any.

        Steps of several shards run at the same time; they are numbered over the run in
        the order in which their events are written.
        """
        pending = self._open.pop(shard, None)
        if pending is None:
            return
        self._write(
            [
                batch_event(
                    Batch(
                        step_first=self._totals.steps,
                        steps=pending.steps,
                        counted=tuple(self._counted(pending)),
                        faults=dict.fromkeys(pending.faults, 1),
                    ),
                    run_id=self._run_id,
                    number=self.batches,
                    shard=shard,
                    slice_index=pending.slice_index,
                    tokens=pending.tokens,
                    plans=self._plans,
                )
            ]
        )

    def batch(self, batch: Batch) -> None:
        """Write a batch that a meter made, of a run without shards: all of it, or none.

        Plans that are new in it are stated in front of it. What does not fit into one
        event becomes several, in one call of `emit`.

        Args:
            batch: the batch; where it says it begins does not matter.

        Raises:
            TuneledgerError: nothing of it was written.
        """
        plans = list(self._plans)
        for each in batch.counted:
            if each.plan not in plans:
                plans.append(each.plan)
        events: list[Event] = [
            plan_event(plan, run_id=self._run_id, number=number)
            for number, plan in enumerate(plans)
            if number >= len(self._plans)
        ]
        events += [
            batch_event(
                piece,
                run_id=self._run_id,
                number=self.batches + place,
                shard=0,
                slice_index=0,
                tokens=piece.tokens,
                plans=plans,
            )
            for place, piece in enumerate(pieces(batch, self._totals.steps))
        ]
        self._write(events)
        self._plans = plans

    def flush_all(self) -> None:
        """Write what is left of every shard."""
        for shard in sorted(self._open):
            self.flush(shard)

    def finished(
        self,
        adapters: list[Adapter],
        *,
        memory_peak_bytes: int = 0,
        energy_joules: int = 0,
    ) -> RunFinished:
        """The run's last event, with the sums of all that was written.

        Args:
            adapters: the weights that result.
            memory_peak_bytes: of the device; 0 where not measured.
            energy_joules: of the devices; 0 where not measured.
        """
        reasons = sorted(self._totals.faults)
        return RunFinished(
            run_id=self._run_id,
            batches=self.batches,
            steps=self._totals.steps,
            tokens=self._totals.tokens,
            **flop_fields(self._totals.flop),
            completeness="incomplete" if reasons else "complete",
            reasons=reasons,
            adapters=adapters,
            # A clock that was set back must not make an event that cannot be written.
            wall_ms=max(0, self._clock_ms() - self._begun_ms),
            memory_peak_bytes=memory_peak_bytes,
            energy_joules=energy_joules,
        )

    def _counted(self, pending: _Open) -> list[Counted]:
        return [
            Counted(
                plan=self._plans[key.plan],
                phase=key.phase,
                batch=key.batch,
                sequence=key.sequence,
                has_gradient=key.has_gradient,
                forwards=pending.forwards[key],
                backwards=pending.backwards[key],
            )
            for key in sorted(pending.forwards)
        ]

    def _write(self, events: Sequence[Event]) -> None:
        """Emit events and count them; what was not written is not counted."""
        self.is_counted = False
        try:
            self._emit(events)
        except TuneledgerError:  # nothing was written
            self.is_counted = True
            raise
        for event in events:
            if isinstance(event, StepsMetered):
                self.batches += 1
                self._totals.add(event)
        self.is_counted = True
