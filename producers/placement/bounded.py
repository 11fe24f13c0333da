"""Which shard: rendezvous hashing with a bound on two loads. Pure.

Each unit ranks the shards by a keyed hash and takes the first with room for both its
bytes and its expected erasures. So a unit's shard hardly depends on the other units,
and no shard grows far past the mean of either.

Source: Thaler and Ravishankar, IEEE/ACM Trans. Networking 6(1), 1998 (rendezvous);
    Mirrokni, Thorup and Zadimoghaddam, arXiv:1608.01350 (bounded load); Panigrahy,
    Talwar, Uyeda and Wieder, "Heuristics for Vector Bin Packing", Microsoft Research,
    2011 (several loads: largest first).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, Protocol

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
    """

    bound: Bound
    loads: list[list[int]]

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

    def put(self, shard: int, unit: Unit) -> tuple[Dimension, ...]:
        """Place a unit, and return what it passes."""
        over = self.passes(shard, unit)
        self.loads[shard] = self.after(shard, unit)
        return over


Choose = Callable[[Filled, Unit, Sequence[int]], int]
"""A unit's shard, of the shards as it ranks them."""


class Units(Protocol):
    """What is to be placed, as often as it is asked for; see `UnitFile`."""

    def totals(self) -> tuple[int, int]:
        """Bytes and expected erasures of all units together."""
        ...

    def fixed(self) -> Iterable[Unit]:
        """Grown units, which name their shard, by unit id."""
        ...

    def free(self, bound: Bound) -> Iterable[Unit]:
        """New units by descending share of the total, then size, then unit id."""
        ...

    def choose(
        self, attempt: int, unit: Unit, shard: int, over: tuple[Dimension, ...]
    ) -> None:
        """Note the shard that an attempt chose for a unit."""
        ...


def fill_shards(
    units: Units,
    *,
    loads: Sequence[tuple[int, int]],
    load_per_mille: int,
    key: bytes,
) -> int:
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

    Returns:
        The attempt that stands, 0 or 1.
    """
    size, erasures = units.totals()
    totals = (
        size + sum(one for one, _ in loads),
        erasures + sum(one for _, one in loads),
    )
    bound = Bound(totals=totals, shards=len(loads), load_per_mille=load_per_mille)

    def fill(attempt: int, choose: Choose) -> tuple[int, ...]:
        filled = Filled(bound, [list(pair) for pair in loads])
        for unit in units.fixed():
            if unit.shard is not None:
                units.choose(attempt, unit, unit.shard, filled.put(unit.shard, unit))
        avoidable = [0] * len(DIMENSIONS)
        for unit in units.free(bound):
            shard = choose(filled, unit, _ranked(unit.unit_id, len(loads), key))
            over = filled.put(shard, unit)
            units.choose(attempt, unit, shard, over)
            for at, name in enumerate(DIMENSIONS):
                avoidable[at] += name in over and not bound.is_larger(unit, at)
        return tuple(avoidable)

    first = fill(0, _first_with_room)
    return int(any(first) and fill(1, _least_loaded) < first)


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
