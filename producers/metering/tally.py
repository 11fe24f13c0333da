"""The counts of a meter between two batches."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from producers.metering.batch import Batch, Counted, Phase
from producers.metering.plan import Plan


class Key(NamedTuple):
    """What tells one kind of pass from another.

    Attributes:
        plan: number of the plan.
        phase: what the pass is for.
        batch: sequences.
        sequence: positions in each.
        has_gradient: whether gradients were on.
    """

    plan: int
    phase: Phase
    batch: int
    sequence: int
    has_gradient: bool


class Passes(NamedTuple):
    """How many passes there were.

    Attributes:
        forwards: forward passes of training.
        backwards: backward passes of training.
        with_gradient: forward passes with gradients, of any phase.
    """

    forwards: int
    backwards: int
    with_gradient: int


class MeteringError(RuntimeError):
    """A strict meter could not count a pass."""


class Tally:
    """Passes, steps and faults.

    Attributes:
        strict: whether a fault is raised where it happens.
        forwards: forward passes since the last batch.
        backwards: backward passes since the last batch.
        steps: steps that ended, ever.
    """

    def __init__(self, *, strict: bool) -> None:
        self.strict = strict
        self.forwards: Counter[Key] = Counter()
        self.backwards: Counter[Key] = Counter()
        self.steps = 0
        self._steps_out = 0
        self._out = Passes(0, 0, 0)
        self._faults: Counter[str] = Counter()
        self._standing: Counter[str] = Counter()

    def fault(
        self, name: str, error: Exception | None = None, *, is_standing: bool = False
    ) -> None:
        """Note what could not be counted.

        Args:
            name: the fault's name.
            error: what led to it.
            is_standing: whether it also holds for every later batch.

        Raises:
            MeteringError: the meter is strict.
        """
        (self._standing if is_standing else self._faults)[name] += 1
        if self.strict:
            message = f"meter: {name}"
            raise MeteringError(message) from error

    def passes(self) -> Passes:
        """Passes ever, so that a batch in the middle of a step hides none of it."""
        forwards, backwards, graded = self._out
        for key, number in self.forwards.items():
            forwards += number * (key.phase == "train")
            graded += number * key.has_gradient
        for key, number in self.backwards.items():
            backwards += number * (key.phase == "train")
        return Passes(forwards, backwards, graded)

    def end_step(self, before: Passes) -> None:
        """Count a step, and note where it lacks what every step has.

        Args:
            before: the passes when it began.

        Raises:
            MeteringError: the meter is strict, and it lacks something.
        """
        self.steps += 1
        forwards, backwards, graded = (
            now - then for now, then in zip(self.passes(), before, strict=True)
        )
        if forwards > backwards:
            self.fault("backward_not_seen")
        # Where something else was not counted, the batch says so already.
        if not graded and not self._faults and not self._standing:
            self.fault("forward_not_seen")

    def drain(self, plans: Sequence[Plan]) -> Batch | None:
        """Everything since the last time; None where nothing was."""
        faults = self._faults + self._standing
        is_idle = self.steps == self._steps_out
        if is_idle and not (self.forwards or self.backwards or self._faults):
            return None
        counted = tuple(
            Counted(
                plan=plans[key.plan],
                phase=key.phase,
                batch=key.batch,
                sequence=key.sequence,
                has_gradient=key.has_gradient,
                forwards=self.forwards[key],
                backwards=self.backwards[key],
            )
            for key in sorted(self.forwards.keys() | self.backwards.keys())
        )
        for each in counted:
            if not each.plan.is_complete:
                faults["plan_incomplete"] += each.forwards + each.backwards
        batch = Batch(
            step_first=self._steps_out,
            steps=self.steps - self._steps_out,
            counted=counted,
            faults=dict(sorted(faults.items())),
        )
        self._out = self.passes()
        self.forwards.clear()
        self.backwards.clear()
        self._faults.clear()
        self._steps_out = self.steps
        return batch
