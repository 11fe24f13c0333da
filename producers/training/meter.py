"""Steps to `StepsMetered` events: few of them, and none lost.

An event covers the steps of one slice of one shard. It is due after 100 steps or 10
seconds, whichever comes first, and when the slice ends; so a crash loses the record of
seconds, and a long run does not drown the ledger.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ledger.errors import TuneledgerError
from ledger.events.training import Adapter, RunFinished, StepShape, StepsMetered
from producers.ports import ClockMs, Emit
from producers.training.flop import StepFlop

STEPS_MAX: Final = 100
"""Most steps in one event."""

INTERVAL_MS_MAX: Final = 10_000
"""Most milliseconds between a step and the one that finds its event due."""

FlopOf = Callable[[int, int], StepFlop]
"""FLOP of one step on a batch of (sequences, positions)."""


@dataclass(slots=True, kw_only=True)
class _Open:
    """Steps that no event covers yet."""

    slice_index: int
    since_ms: int
    shapes: Counter[tuple[int, int]] = field(default_factory=Counter)


@dataclass(slots=True)
class _Totals:
    """Sums over the events written."""

    steps: int = 0
    tokens: int = 0
    forward: int = 0
    backward: int = 0


class StepMeter:
    """Counts the steps of one run, of any number of shards at once.

    Attributes:
        batches: events written so far.
        is_counted: whether every event that was written is counted; False where an
            interrupt fell between the two.
    """

    def __init__(
        self, *, run_id: str, flop_of: FlopOf, emit: Emit, clock_ms: ClockMs
    ) -> None:
        self.batches = 0
        self.is_counted = True
        self._run_id = run_id
        self._flop_of = flop_of
        self._emit = emit
        self._clock_ms = clock_ms
        self._open: dict[int, _Open] = {}
        self._totals = _Totals()

    def step(self, *, shard: int, slice_index: int, batch: int, sequence: int) -> None:
        """Count one optimizer step of `batch` sequences of `sequence` positions."""
        now_ms = self._clock_ms()
        pending = self._open.get(shard)
        if pending is not None and pending.slice_index != slice_index:
            self.flush(shard)
            pending = None
        if pending is None:
            pending = _Open(slice_index=slice_index, since_ms=now_ms)
            self._open[shard] = pending
        pending.shapes[batch, sequence] += 1
        is_late = now_ms - pending.since_ms >= INTERVAL_MS_MAX
        if is_late or pending.shapes.total() >= STEPS_MAX:
            self.flush(shard)

    def flush(self, shard: int) -> None:
        """Write the event of the shard's steps that none covers yet, if there are any.

        Steps of several shards run at the same time; they are numbered over the run in
        the order in which their events are written.
        """
        pending = self._open.pop(shard, None)
        if pending is None:
            return
        event = self._event(shard, pending)
        self.is_counted = False
        try:
            self._emit([event])
        except TuneledgerError:  # nothing was written
            self.is_counted = True
            raise
        self.batches += 1
        self._totals.steps += event.steps
        self._totals.tokens += event.tokens
        self._totals.forward += int(event.flop_forward)
        self._totals.backward += int(event.flop_backward)
        self.is_counted = True

    def flush_all(self) -> None:
        """Write what is left of every shard."""
        for shard in sorted(self._open):
            self.flush(shard)

    def finished(self, adapters: list[Adapter]) -> RunFinished:
        """The run's last event, with the sums of all that was written."""
        return RunFinished(
            run_id=self._run_id,
            batches=self.batches,
            steps=self._totals.steps,
            tokens=self._totals.tokens,
            flop_forward=str(self._totals.forward),
            flop_backward=str(self._totals.backward),
            **_NOT_DONE,
            adapters=adapters,
        )

    def _event(self, shard: int, pending: _Open) -> StepsMetered:
        counted = sorted(pending.shapes.items())
        flop = [(self._flop_of(*shape), steps) for shape, steps in counted]
        return StepsMetered(
            run_id=self._run_id,
            batch=self.batches,
            shard=shard,
            slice=pending.slice_index,
            step_first=self._totals.steps,
            steps=pending.shapes.total(),
            tokens=sum(b * s * steps for (b, s), steps in counted),
            shapes=[
                StepShape(batch=b, sequence=s, steps=steps) for (b, s), steps in counted
            ],
            flop_forward=str(sum(step.forward * n for step, n in flop)),
            flop_backward=str(sum(step.backward * n for step, n in flop)),
            **_NOT_DONE,
        )


_NOT_DONE: Final = {
    "flop_recompute": "0",
    "flop_reference": "0",
    "flop_rollout": "0",
    "flop_reward": "0",
    "flop_auxiliary": "0",
    "flop_evaluation": "0",
}
"""What this trainer does not do: the fields are there for trainers that do."""
