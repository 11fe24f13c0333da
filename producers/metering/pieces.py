"""A batch as events can hold it: so many shapes each, and no claim without a pass."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ledger.events.training_plan import SHAPES_MAX
from producers.metering.batch import Batch, Counted

NOT_COUNTED: Final = "forward_not_seen"
"""Fault of steps in which no training pass was seen (docs/flops.md)."""


def pieces(batch: Batch, step_first: int) -> Iterator[Batch]:
    """Split a batch into parts that hold as many shapes as an event can.

    Every part has at most as many steps as training passes, so that each says no more
    than its shapes show; a batch that has more steps than that as a whole has a fault.

    Args:
        batch: the batch.
        step_first: the 0-based first step of the first part, over the run.
    """
    faults = dict(batch.faults)
    if not faults and (not batch.counted or batch.steps > _passes(batch.counted)):
        faults[NOT_COUNTED] = max(1, batch.steps)
    parts = list(_split(batch.counted)) or [()]
    left = batch.steps
    for number, counted in enumerate(parts):
        is_last = number == len(parts) - 1
        steps = left if is_last else min(left, _passes(counted))
        yield replace(
            batch, step_first=step_first, steps=steps, counted=counted, faults=faults
        )
        step_first += steps
        left -= steps


def _split(counted: tuple[Counted, ...]) -> Iterator[tuple[Counted, ...]]:
    for first in range(0, len(counted), SHAPES_MAX):
        yield counted[first : first + SHAPES_MAX]


def _passes(counted: tuple[Counted, ...]) -> int:
    """Forward passes of training, each of which may be a step of its own."""
    return sum(each.forwards for each in counted if each.phase == "train")
