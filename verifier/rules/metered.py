"""Plans and metered batches of a run, one at a time and many at once: XEV-9."""

import json
from dataclasses import dataclass
from itertools import accumulate

from verifier.doubt import Doubt
from verifier.rules.plans import (
    are_complete,
    check_amounts,
    check_batch,
    check_plan,
    counted,
    flop_of,
    read_plan,
    refuse_batch,
)
from verifier.rules.state import BulkRules, Column, Handler, History
from verifier.rules.training import amounts, running
from verifier.schema.lines import Event
from verifier.schema.model_tables import FLOP_FIELDS

Place = tuple[bytes, bytes]
"""Shard and slice, as they are written."""

Claim = tuple[bytes, ...]
"""Shapes and the FLOP fields, as they are written."""


def _planned(state: History, event: Event, _at: int) -> None:
    run = running(state, event)
    run.plans.append(read_plan(event))
    check_plan(event, number=len(run.plans) - 1)


def _metered(state: History, event: Event, _at: int) -> None:
    run = running(state, event)
    batch, step_first = int(event["batch"]), int(event["step_first"])
    expected = run.batches, run.sums[0]
    found = amounts(event)
    run.batches += 1
    for place, value in enumerate(found):
        run.sums[place] += value
    run.faults.update(json.loads(event["faults"]))
    if (batch, step_first) != expected:
        refuse_batch(
            "batch {}, step_first {}".format(*expected),
            f"batch {batch}, step_first {step_first}",
        )
    shard, slice_ = int(event["shard"]), int(event["slice"])
    cost = run.by_slice.setdefault((shard, slice_), [0, 0])
    cost[0] += found[0]
    cost[1] += found[1]
    if shard not in (run.shards or {0}):
        refuse_batch("a shard of the run", shard)
    slices = 1 if run.shard_map is None else run.shard_map.slices
    if slice_ >= slices:
        refuse_batch(f"a slice below {slices}", event["slice"])
    check_amounts(event, check_batch(run.plans, event))


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
        claims: each list of shapes with the FLOP fields that were written beside it.
    """

    run_id: bytes
    count: int
    batch_first: int
    step_first: int
    sums: list[int]
    costs: dict[Place, tuple[int, int]]
    claims: set[Claim]


def _gather(
    run_ids: Column,
    batches: Column,
    shards: Column,
    slices: Column,
    step_firsts: Column,
    steps: Column,
    tokens: Column,
    shapes: Column,
    faults: Column,
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
        or faults.count(b"[]") != count
        or not all(map(_is_counted, steps, tokens, shapes))
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
        claims=set(zip(shapes, *flops, strict=True)),
    )


def _is_counted(steps: bytes, tokens: bytes, shapes: bytes) -> bool:
    """Whether steps and tokens follow from the shapes."""
    found = counted(shapes)
    return (
        bool(found.passes)
        and not found.has_strays
        and int(steps) <= found.steps_max
        and int(tokens) == found.tokens
    )


def _apply(state: History, gist: _Batches, _at: int) -> None:
    run = state.runs.get(bytes.fromhex(gist.run_id.decode()))
    if (
        run is None
        or run.ended
        or (run.batches, run.sums[0]) != (gist.batch_first, gist.step_first)
    ):
        raise Doubt
    for shapes, *flops in gist.claims:
        passes = counted(shapes)
        if (
            passes.plans > len(run.plans)
            or not are_complete(run.plans, passes)
            or flop_of(run.plans, passes) != tuple(map(int, flops))
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


HANDLERS: dict[str, Handler] = {
    "training.plan_registered.v1": _planned,
    "training.steps_metered.v1": _metered,
}

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
            "faults",
            *FLOP_FIELDS,
        ),
        gather=_gather,
        apply=_apply,
    ),
}
