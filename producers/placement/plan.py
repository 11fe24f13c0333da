"""What a placement would be and cost, before it is committed to. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from ledger.ports import UnitRecord
from producers.placement.bounded import DIMENSIONS, Dimension
from producers.placement.cost import Cost, Erasable, closed_form
from producers.placement.place import Placement, place
from producers.placement.units import (
    HAZARD_WEIGHT,
    NO_NEAR,
    Near,
    Unit,
    units_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedShard:
    """One shard as it would be filled.

    Attributes:
        tokens: bytes that each slice adds; bytes stand for tokens.
        erasures: expected erasures, in `HAZARD_WEIGHT`.
        units: how many lie in it.
        over: loads that are past the bound.
    """

    tokens: tuple[int, ...]
    erasures: int
    units: int
    over: tuple[Dimension, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A placement of everything on an empty map.

    Attributes:
        shards: each shard.
        load_per_mille: bound on a load over the mean.
        largest: the unit with most bytes; None where there is none.
        too_large: units that alone are past the bound, by descending size.
        cost: what erasures cost.
        expected: (2R+1)/(3RS).
    """

    shards: tuple[PlannedShard, ...]
    load_per_mille: int
    largest: Unit | None
    too_large: tuple[Unit, ...]
    cost: Cost
    expected: Fraction

    def mean(self, dimension: Dimension) -> Fraction:
        """Mean load of a shard."""
        loads = [_load(shard, dimension) for shard in self.shards]
        return Fraction(sum(loads), len(loads))

    def over_mean(self, shard: PlannedShard, dimension: Dimension) -> Fraction:
        """A shard's load over the mean; 1 where nothing is to be loaded."""
        mean = self.mean(dimension)
        return _load(shard, dimension) / mean if mean else Fraction(1)


def plan(
    records: Sequence[UnitRecord],
    *,
    shards: int,
    slices: int,
    load_per_mille: int,
    key: bytes,
    near: Near = NO_NEAR,
) -> Plan:
    """Place all records on an empty map of S shards and R slices, and say the cost.

    Args:
        records: every accepted record; where it lies now does not matter.
        shards: S, 1 .. 4096.
        slices: R, 1 .. 256.
        load_per_mille: bound over the mean, 1000 .. 4000.
        key: secret of the placement hash; with the workspace's own the plan is what a
            first assignment does.
        near: clusters of near duplicates that a record belongs to.

    Raises:
        InputError: a number is out of its range.
    """
    units = units_of([replace(record, shard=None) for record in records], near)
    placements = place(
        units,
        loads=[0] * shards,
        slices=slices,
        load_per_mille=load_per_mille,
        key=key,
    )
    place_of = {
        record_id: placement
        for unit, placement in zip(units, placements, strict=True)
        for record_id in unit.record_ids
    }
    planned = _filled(units, placements, shards, slices)
    largest = sorted(units, key=lambda unit: (-unit.size, unit.unit_id))
    drafted = Plan(
        shards=planned,
        load_per_mille=load_per_mille,
        largest=largest[0] if largest else None,
        too_large=(),
        cost=Cost([shard.tokens for shard in planned], erasables(records, place_of)),
        expected=closed_form(shards, slices),
    )
    bound = Fraction(load_per_mille, 1000)
    too_large = [
        unit
        for unit in largest
        if unit.size > bound * drafted.mean("tokens")
        or unit.erasures > bound * drafted.mean("erasures")
    ]
    over = [
        replace(
            shard,
            over=tuple(
                name for name in DIMENSIONS if drafted.over_mean(shard, name) > bound
            ),
        )
        for shard in planned
    ]
    return replace(drafted, shards=tuple(over), too_large=tuple(too_large))


def erasables(
    records: Sequence[UnitRecord], place_of: dict[str, Placement]
) -> list[Erasable]:
    """One for each subject, and one for each record without a subject.

    A record of several subjects goes with any one of them, so it counts for each.
    """
    weight: dict[str, int] = defaultdict(int)
    size: dict[str, int] = defaultdict(int)
    where: dict[str, Placement] = {}
    for record in records:
        for holder in set(record.subjects) or {f"record {record.record_id}"}:
            weight[holder] = max(weight[holder], HAZARD_WEIGHT[record.hazard])
            size[holder] += record.size
            where[holder] = place_of[record.record_id]
    return [
        Erasable(
            weight=weight[holder],
            shard=where[holder].shard,
            slice=where[holder].slice,
            size=size[holder],
        )
        for holder in sorted(where)
    ]


def _filled(
    units: Sequence[Unit], placements: Sequence[Placement], shards: int, slices: int
) -> tuple[PlannedShard, ...]:
    tokens = [[0] * slices for _ in range(shards)]
    erasures = [0] * shards
    counts = [0] * shards
    for unit, placed in zip(units, placements, strict=True):
        tokens[placed.shard][placed.slice] += unit.size
        erasures[placed.shard] += unit.erasures
        counts[placed.shard] += 1
    return tuple(
        PlannedShard(tokens=tuple(added), erasures=expected, units=count, over=())
        for added, expected, count in zip(tokens, erasures, counts, strict=True)
    )


def _load(shard: PlannedShard, dimension: Dimension) -> int:
    return sum(shard.tokens) if dimension == "tokens" else shard.erasures
