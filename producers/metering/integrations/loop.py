"""A training under the meter: what every trainer's callback does, said once.

Steps are counted by the meter; every so many of them become a batch, which goes to
whoever records it. What a recorder could not take is kept, merged, and offered again.
Nothing is raised into the training unless the meter is strict.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from torch import nn

from producers.metering.batch import COUNTERS, Batch, Phase
from producers.metering.closed_form import ClosedForm
from producers.metering.integrations.budget import BudgetGuard
from producers.metering.integrations.merging import merged
from producers.metering.integrations.ranks import ALONE, Rank, of_all_ranks
from producers.metering.meter import Meter
from producers.metering.tally import MeteringError
from producers.ports import Monotonic

Sink = Callable[[Batch], None]
"""Record a batch as a whole, or raise and record nothing of it."""

STEPS_EVERY: Final = 100
"""Steps between two batches, unless said otherwise."""

SECONDS_MAX: Final = 10.0
"""Longest time between a step's begin and the end of the one that writes the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a training has cost up to now, on this rank.

    Attributes:
        steps: optimizer steps that ended.
        tokens: positions through the model in training, padding included.
        flop: FLOP by counter, exact integers; no tokens and none on a rank that does
            not count.
        faults: what was not counted, is in doubt or was not recorded, and how often.
        unrecorded_steps: steps that no recorder has taken; 0 without a recorder.
    """

    steps: int
    tokens: int
    flop: dict[str, int]
    faults: dict[str, int]
    unrecorded_steps: int

    @property
    def is_complete(self) -> bool:
        """Whether the sums are exact and recorded."""
        return not self.faults


class MeteredLoop:
    """Counts a training's steps, records them, and watches a budget.

    Attributes:
        meter: counts the models that are attached to it.
        rank: this process among those that train.
        should_stop: whether the budget says that the training should end; the same on
            every rank.
    """

    def __init__(
        self,
        *,
        meter: Meter | None = None,
        sink: Sink | None = None,
        every: int = STEPS_EVERY,
        guard: BudgetGuard | None = None,
        rank: Rank = ALONE,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """Make a loop that nothing is attached to.

        Args:
            meter: one of its own by default, which is not strict.
            sink: who records the batches; none only keeps the account.
            every: steps between two batches and two looks at the budget, 1 or more;
                the same on every rank. A batch is also written after `SECONDS_MAX`.
            guard: watches a budget. With several ranks, each look waits for all.
            rank: see `this_rank`.
            monotonic: seconds from an arbitrary start.
        """
        self.meter = meter or Meter()
        self.rank = rank
        self.should_stop = False
        self._sink = sink
        self._every = every
        self._guard = guard
        self._monotonic = monotonic
        self._since_s: float | None = None
        self._open: AbstractContextManager[None] | None = None
        self._pending: Batch | None = None
        self._steps = self._in_batches = self._tokens = 0
        self._flop: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()

    @property
    def is_in_step(self) -> bool:
        """Whether a step has begun and not ended."""
        return self._open is not None

    def attach(
        self,
        model: nn.Module,
        *,
        twin: nn.Module | None = None,
        closed_form: Callable[[nn.Module], ClosedForm | None] | None = None,
    ) -> None:
        """Count the calls of `model` from now on; see `Meter.attach`.

        Args:
            model: what the loop calls, or the module inside of it.
            twin: a plain model of the same shapes to trace instead.
            closed_form: what the architecture of a model says.

        Raises:
            MeteringError: the meter is strict, and the model cannot be traced.
        """
        try:
            form = None if closed_form is None else closed_form(twin or model)
        except Exception as error:  # noqa: BLE001 - never into the training loop
            self.meter.fault("closed_form_failed", error)
            form = None
        self.meter.attach(model, twin=twin, closed_form=form)

    def begin(self, *, without_gradient: Phase = "evaluation") -> None:
        """Begin a step; one that was left open is given up, which is a fault.

        Args:
            without_gradient: see `Meter.step`.

        Raises:
            MeteringError: the meter is strict, and a step was left open.
        """
        self._give_up()
        if self._since_s is None:
            self._since_s = self._monotonic()
        self._open = self.meter.step(without_gradient=without_gradient)
        self._open.__enter__()

    def end(self) -> None:
        """End the step; every so many, write a batch and look at the budget.

        Raises:
            MeteringError: the meter is strict, and something was not counted.
        """
        step, self._open = self._open, None
        if step is None:
            self.meter.fault("step_not_begun")
            return
        step.__exit__(None, None, None)
        self._steps += 1
        if self._steps % self._every == 0:
            self.flush()
            self._look()
        elif self._is_late():
            self.flush()

    @contextmanager
    def step(self, *, without_gradient: Phase = "evaluation") -> Iterator[None]:
        """One optimizer step: any number of micro-batches.

        Args:
            without_gradient: see `Meter.step`.
        """
        self.begin(without_gradient=without_gradient)
        yield
        self.end()

    def flush(self) -> None:
        """Offer what was counted to the recorder; what it does not take is kept.

        Raises:
            MeteringError: the meter is strict, and the recorder failed.
        """
        self._since_s = None
        try:
            for batch in self.meter.batches():
                self._add(batch)
        except MeteringError:
            raise
        except Exception as error:  # noqa: BLE001 - never into the training loop
            self.meter.fault("hook_failed", error)
        if self._pending is None or self._sink is None:
            return
        try:
            self._sink(self._pending)
        except Exception as error:
            if self.meter.is_strict:
                message = "meter: record_failed"
                raise MeteringError(message) from error
        else:
            self._pending = None

    def finish(self) -> Account:
        """End the training: record what is left, and stop counting.

        Raises:
            MeteringError: the meter is strict, and the recorder failed.
        """
        self._give_up()
        self.flush()
        self.meter.detach()
        return self.account()

    def account(self) -> Account:
        """What the batches up to now add up to."""
        unrecorded = 0 if self._pending is None else self._pending.steps
        faults = dict(self._faults)
        if self._pending is not None:
            faults["record_failed"] = max(1, unrecorded)
        return Account(
            steps=self._in_batches,
            tokens=self._tokens,
            flop={name: self._flop[name] for name in COUNTERS},
            faults=dict(sorted(faults.items())),
            unrecorded_steps=unrecorded,
        )

    def _is_late(self) -> bool:
        since_s = self._since_s
        return since_s is not None and self._monotonic() - since_s >= SECONDS_MAX

    def _give_up(self) -> None:
        """Leave a step that nothing ended, as after an error in it."""
        step, self._open = self._open, None
        if step is not None:
            stop = GeneratorExit()
            step.__exit__(type(stop), stop, None)
            self.meter.fault("step_abandoned")

    def _add(self, batch: Batch) -> None:
        if not self.rank.counts:
            # The same passes are counted on another rank; this one says that it ran.
            batch = replace(batch, counted=())
        self._in_batches += batch.steps
        self._tokens += batch.tokens
        self._flop.update(batch.flop())
        self._faults.update(batch.faults)
        if self._sink is not None:
            self._pending = merged(self._pending, batch)

    def _look(self) -> None:
        if self._guard is None:
            return
        counters = self._guard.budget.counters
        used = sum(self._flop[name] for name in counters)
        shares = of_all_ranks((used, not self._faults), self.rank)
        self._guard.look(
            sum(share for share, _ in shares),
            is_complete=all(is_complete for _, is_complete in shares),
            is_heard=self.rank.number == 0,
        )
        self.should_stop = self._guard.should_stop
