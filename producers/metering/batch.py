"""What was counted: shapes, and the FLOP that follow from them and a plan."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from producers.metering.plan import Plan

Phase = Literal["train", "reference", "rollout", "reward", "auxiliary", "evaluation"]
"""What a pass is for. A training pass is billed as forward and backward."""

COUNTERS: Final = (
    "forward",
    "backward",
    "recompute",
    "reference",
    "rollout",
    "reward",
    "auxiliary",
    "evaluation",
)
"""Sums of a batch, in the order of a metered event's fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Passes of one shape.

    Attributes:
        plan: what one of them costs.
        phase: what they were for.
        batch: sequences in each.
        sequence: positions in each sequence, padding included.
        has_gradient: whether they ran with gradients.
        forwards: forward passes.
        backwards: backward passes.
    """

    plan: Plan
    phase: Phase
    batch: int
    sequence: int
    has_gradient: bool
    forwards: int
    backwards: int

    def flop(self) -> dict[str, int]:
        """FLOP by counter.

        A phase other than training has one counter for its forward and backward passes;
        what is computed again goes to `recompute` in every phase.
        """
        shape = self.batch, self.sequence
        plan = self.plan
        cost = plan.forward if self.has_gradient else plan.inference
        forward = self.forwards * cost.at(*shape)
        backward = self.backwards * plan.backward.at(*shape)
        recompute = self.backwards * plan.recompute.at(*shape)
        if self.phase == "train":
            return {"forward": forward, "backward": backward, "recompute": recompute}
        return {self.phase: forward + backward, "recompute": recompute}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Everything counted over some steps.

    Attributes:
        step_first: 0-based first step, counted since the meter was made.
        steps: how many steps ended.
        counted: the passes, in order of shape.
        faults: what was not counted or is in doubt, and how often; empty if complete.
    """

    step_first: int
    steps: int
    counted: tuple[Counted, ...]
    faults: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether the sums are exact; otherwise they are a lower bound."""
        return not self.faults

    @property
    def tokens(self) -> int:
        """Positions through the model in training, padding included."""
        return sum(
            each.forwards * each.batch * each.sequence
            for each in self.counted
            if each.phase == "train"
        )

    def flop(self) -> dict[str, int]:
        """FLOP by counter, exact integers."""
        return total(self.counted)


def total(counted: Iterable[Counted]) -> dict[str, int]:
    """Sums of some passes by counter."""
    sums = dict.fromkeys(COUNTERS, 0)
    for each in counted:
        for name, flop in each.flop().items():
            sums[name] += flop
    return sums
