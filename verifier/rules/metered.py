"""Many metered batches of one training run, all at once: XEV-9."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from verifier.doubt import Doubt
from verifier.rules.state import BulkRules, Column, History
from verifier.schema.model_tables import FLOP_FIELDS

Place = tuple[bytes, bytes]
"""Shard and slice, as they are written."""


@dataclass(frozen=True, slots=True)
class _Batches:
    """The gist of consecutive batches of one run.

    Attributes:
        run_id: the run, in hex.
        count: how many batches.
        batch_first: number of the first.
        step_first: steps before the first.
        sums: steps, tokens and the FLOP fields, added up.
        costs: steps and tokens by place.
    """

    run_id: bytes
    count: int
    batch_first: int
    step_first: int
    sums: list[int]
    costs: dict[Place, tuple[int, int]]


def _gather(
    run_ids: Column,
    batches: Column,
    shards: Column,
    slices: Column,
    step_firsts: Column,
    steps: Column,
    tokens: Column,
    shapes: Column,
    *flops: Column,
) -> _Batches | None:
    count = len(run_ids)
    numbers = list(map(int, batches))
    each = list(zip(map(int, steps), map(int, tokens), strict=True))
    begins = list(map(int, step_firsts))
    passed = accumulate((step for step, _ in each[:-1]), initial=begins[0])
    if (
        run_ids.count(run_ids[0]) != count
        or numbers != list(range(numbers[0], numbers[0] + count))
        or begins != list(passed)
        or each != list(map(_cost, shapes))
    ):
        return None
    costs: dict[Place, tuple[int, int]] = {}
    places = zip(shards, slices, strict=True)
    for place, (step, token) in zip(places, each, strict=True):
        before = costs.get(place, (0, 0))
        costs[place] = (before[0] + step, before[1] + token)
    return _Batches(
        run_id=run_ids[0],
        count=count,
        batch_first=numbers[0],
        step_first=begins[0],
        sums=[
            sum(step for step, _ in each),
            sum(token for _, token in each),
            *(sum(map(int, column)) for column in flops),
        ],
        costs=costs,
    )


@lru_cache(maxsize=1024)
def _cost(shapes: bytes) -> tuple[int, int]:
    """Return the steps and tokens of a batch; batches of one shape are the rule."""
    listed: Sequence[dict[str, int]] = json.loads(shapes)
    return (
        sum(shape["steps"] for shape in listed),
        sum(s["batch"] * s["sequence"] * s["steps"] for s in listed),
    )


def _apply(state: History, gist: _Batches, _at: int) -> None:
    run = state.runs.get(bytes.fromhex(gist.run_id.decode()))
    if (
        run is None
        or run.ended
        or (run.batches, run.sums[0]) != (gist.batch_first, gist.step_first)
    ):
        raise Doubt
    shards = run.shards or {0}
    slices = 1 if run.shard_map is None else run.shard_map.slices
    for (shard, slice_), (steps, tokens) in gist.costs.items():
        if int(shard) not in shards or int(slice_) >= slices:
            raise Doubt
        cost = run.by_slice.setdefault((int(shard), int(slice_)), [0, 0])
        cost[0] += steps
        cost[1] += tokens
    run.batches += gist.count
    for place, amount in enumerate(gist.sums):
        run.sums[place] += amount


BULK: dict[str, BulkRules] = {
    "training.steps_metered.v1": BulkRules(
        fields=(
            "run_id",
            "batch",
            "shard",
            "slice",
            "step_first",
            "steps",
            "tokens",
            "shapes",
            *FLOP_FIELDS,
        ),
        gather=_gather,
        apply=_apply,
    ),
}
