"""Which shard: rendezvous hashing with a bound on two loads. Pure.

Each unit ranks the shards by a keyed hash and takes the first with room for both its
bytes and its expected erasures. So a unit's shard hardly depends on the other units,
and no shard grows far past the mean of either.

Source: Thaler and Ravishankar, IEEE/ACM Trans. Networking 6(1), 1998 (rendezvous);
    Mirrokni, Thorup and Zadimoghaddam, arXiv:1608.01350 (bounded load); Panigrahy,
    Talwar, Uyeda and Wieder, "Heuristics for Vector Bin Packing", Microsoft Research,
    2011 (several loads: largest first).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, Literal

from producers.placement.units import Unit

Dimension = Literal["tokens", "erasures"]
DIMENSIONS: Final[tuple[Dimension, Dimension]] = ("tokens", "erasures")
"""Bytes stand for tokens: how many tokens a text is depends on the model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What a shard may hold of each dimension.

    Attributes:
        totals: what all shards hold together in the end.
        shards: how many there are.
        load_per_mille: bound over the mean, 1250 = 1.25.
    """

    totals: tuple[int, int]
    shards: int
    load_per_mille: int

    def holds(self, dimension: int, load: int) -> bool:
        """Whether load <= (load_per_mille / 1000) * (total / shards), in integers."""
        most = self.load_per_mille * self.totals[dimension]
        return load * 1000 * self.shards <= most

    def is_larger(self, unit: Unit, dimension: int) -> bool:
        """Whether the unit alone passes the bound, wherever it lies."""
        return not self.holds(dimension, _needs(unit)[dimension])

    def share(self, loads: Sequence[int]) -> int:
        """The larger of the two loads as a share of its total, on a common scale."""
        tokens, erasures = (max(total, 1) for total in self.totals)
        return max(loads[0] * erasures, loads[1] * tokens)


@dataclass(slots=True)
class Filled:
    """Shards as they are filled.

    Attributes:
        bound: what they may hold.
        loads: bytes and expected erasures of each shard.
        shard_of: the shard of each unit placed.
        over: dimensions in which a unit's shard passes the bound with it.
    """

    bound: Bound
    loads: list[list[int]]
    shard_of: dict[str, int] = field(default_factory=dict)
    over: dict[str, tuple[Dimension, ...]] = field(default_factory=dict)

    def after(self, shard: int, unit: Unit) -> list[int]:
        """Both loads of a shard if it took the unit."""
        pair = zip(self.loads[shard], _needs(unit), strict=True)
        return [load + more for load, more in pair]

    def passes(self, shard: int, unit: Unit) -> tuple[Dimension, ...]:
        """Dimensions that the unit adds to, and that would pass the bound with it."""
        after, needs = self.after(shard, unit), _needs(unit)
        return tuple(
            name
            for index, name in enumerate(DIMENSIONS)
            if needs[index] and not self.bound.holds(index, after[index])
        )

    def put(self, shard: int, unit: Unit) -> None:
        """Place a unit, and note what it passes."""
        self.over[unit.unit_id] = self.passes(shard, unit)
        self.shard_of[unit.unit_id] = shard
        self.loads[shard] = self.after(shard, unit)


Choose = Callable[[Filled, Unit, Sequence[int]], int]
"""A unit's shard, of the shards as it ranks them."""


def fill_shards(
    units: Sequence[Unit],
    *,
    loads: Sequence[tuple[int, int]],
    load_per_mille: int,
    key: bytes,
) -> Filled:
    """Choose a shard for every unit that names none.

    Units are taken by descending share of the total, in the dimension where that is
    larger: the small ones then fill the gaps, and a unit that fits nowhere meets the
    shards at their emptiest. It goes, of the shards that have room for its bytes, where
    it leads to the smallest share; of all shards, where none has room. So a person with
    most of the expected erasures never unbalances the bytes. Where a bound is passed by
    a unit that alone is not larger, all are placed once more, each where it leads to
    the smallest share, and the better of the two stands.

    Args:
        units: new units, and grown ones that name their shard.
        loads: bytes and expected erasures that each shard holds already.
        load_per_mille: bound over the mean of each dimension.
        key: secret of the hash.
    """
    sizes = [_needs(unit) for unit in units] + list(loads)
    totals = sum(size for size, _ in sizes), sum(count for _, count in sizes)
    bound = Bound(totals=totals, shards=len(loads), load_per_mille=load_per_mille)
    free = sorted(
        (unit for unit in units if unit.shard is None),
        key=lambda unit: (-bound.share(_needs(unit)), -unit.size, unit.unit_id),
    )

    def fill(choose: Choose) -> Filled:
        filled = Filled(bound, [list(pair) for pair in loads])
        for unit in sorted(units, key=lambda unit: unit.unit_id):
            if unit.shard is not None:
                filled.put(unit.shard, unit)
        for unit in free:
            ranked = _ranked(unit.unit_id, len(loads), key)
            filled.put(choose(filled, unit, ranked), unit)
        return filled

    def avoidable(filled: Filled) -> tuple[int, ...]:
        return tuple(
            sum(
                name in filled.over[unit.unit_id] and not bound.is_larger(unit, index)
                for unit in free
            )
            for index, name in enumerate(DIMENSIONS)
        )

    first = fill(_first_with_room)
    if not any(avoidable(first)):
        return first
    return min(first, fill(_least_loaded), key=avoidable)


def _first_with_room(filled: Filled, unit: Unit, ranked: Sequence[int]) -> int:
    for shard in ranked:
        if not filled.passes(shard, unit):
            return shard
    return _least_loaded(filled, unit, ranked)


def _least_loaded(filled: Filled, unit: Unit, ranked: Sequence[int]) -> int:
    def share(shard: int) -> tuple[int, int]:
        tokens, erasures = filled.after(shard, unit)
        return filled.bound.share((tokens, erasures if unit.erasures else 0)), tokens

    roomy = [shard for shard in ranked if "tokens" not in filled.passes(shard, unit)]
    if roomy:
        return min(roomy, key=share)
    return min(ranked, key=lambda shard: filled.loads[shard][0])


def _needs(unit: Unit) -> tuple[int, int]:
    return unit.size, unit.erasures


def _ranked(unit_id: str, shards: int, key: bytes) -> list[int]:
    """Shards by descending BLAKE2b-128(key, shard as 4 bytes || unit id)."""
    name = unit_id.encode()

    def score(shard: int) -> bytes:
        message = shard.to_bytes(4, "big") + name
        return blake2b(message, key=key, digest_size=16, person=b"tl shard").digest()

    return sorted(range(shards), key=score, reverse=True)
