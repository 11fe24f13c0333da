"""Placement: which shard and slice holds which erasure unit. Pure.

An erasure unit is a connected component of {subject, duplicate, record with several
subjects}. It lies in one slice of one shard, so that erasing a subject retrains one
shard from one slice on. The assignment is recorded as a fact and never recomputed:
moving a unit later would retrain two shards.

Shard: rendezvous hashing with bounded load. Each unit ranks the shards by a keyed hash
and takes the first with room, so a unit's shard hardly depends on the other units, and
no shard grows far past the mean.

Slice: ascending erasure hazard. Slice k trains on slices 0..k, so what is likely to be
erased goes last, where an erasure costs least.

Source: Thaler and Ravishankar, IEEE/ACM Trans. Networking 6(1), 1998 (rendezvous);
    Mirrokni, Thorup and Zadimoghaddam, arXiv:1608.01350 (bounded load); Bourtoule et
    al., arXiv:1912.03817, section IV (shards and slices).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Final

from ledger.errors import InputError
from ledger.events.ingest import Hazard
from ledger.ports import UnitRecord

__all__ = ["Placement", "Unit", "UnitRecord", "place", "units_of"]

SHARDS_MAX: Final = 4096
SLICES_MAX: Final = 256
LOAD_PER_MILLE_MIN: Final = 1000
LOAD_PER_MILLE_MAX: Final = 4000
"""Ranges of `shards.map_declared.v1`."""

_HAZARD_RANK: Final[Mapping[Hazard, int]] = {"public": 0, "personal": 1, "consent": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Records that must lie together.

    Attributes:
        unit_id: the smallest record id in it.
        size: bytes of the records that are not yet placed, at least 1.
        hazard: the highest hazard of any of its records.
        record_ids: the records that are not yet placed, sorted.
        shard: where other records of the unit lie already; None for a new unit.
    """

    unit_id: str
    size: int
    hazard: Hazard
    record_ids: tuple[str, ...] = ()
    shard: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one unit goes.

    Attributes:
        unit_id: the unit.
        shard: 0-based shard.
        slice: 0-based slice in the shard.
    """

    unit_id: str
    shard: int
    slice: int


def units_of(records: Iterable[UnitRecord]) -> list[Unit]:
    """Group records into erasure units.

    Args:
        records: new records, and those placed already whose subjects or duplicates may
            link to a new one.

    Returns:
        One unit for each component that holds a new record, sorted by unit id.

    Raises:
        InputError: a new record would link records of two shards, so that one erasure
            would hit both; leave the named records out.
    """
    by_id = {record.record_id: record for record in records}
    units = [_unit(members) for members in _components(by_id)]
    return sorted((unit for unit in units if unit), key=lambda unit: unit.unit_id)


def place(
    units: Sequence[Unit],
    *,
    loads: Sequence[int],
    slices: int,
    load_per_mille: int,
    key: bytes,
) -> list[Placement]:
    """Place every unit into one slice of one shard.

    A load stays within `load_per_mille / 1000` times the mean, or within the mean plus
    the largest unit where that is more. Loads that are past it already, and units that
    name their shard, are taken as they are. On an empty map the slices are filled by
    ascending hazard; later units go into the last slice, since a new unit in slice k
    would retrain slices k and up.

    Args:
        units: new units, and grown ones that name their shard; the result does not
            depend on their order.
        loads: bytes that each shard holds already; its length is the number of shards,
            1 .. 4096, and all zero means an empty map.
        slices: slices in each shard, 1 .. 256.
        load_per_mille: bound over the mean, 1000 .. 4000; 1250 = 1.25.
        key: 16 .. 64 secret bytes, so that nobody outside can choose ids that crowd
            one shard.

    Returns:
        One placement a unit, sorted by unit id.

    Raises:
        InputError: a number is out of its range, or a unit is given twice.
    """
    _check(units, loads, slices, load_per_mille, key)
    shard_of = _fill_shards(units, loads, load_per_mille, key)
    if any(loads):
        slice_of = {unit.unit_id: slices - 1 for unit in units}
    else:
        slice_of = {}
        members: dict[int, list[Unit]] = defaultdict(list)
        for unit in units:
            members[shard_of[unit.unit_id]].append(unit)
        for shard_units in members.values():
            slice_of.update(_fill_slices(shard_units, slices))
    return [
        Placement(unit_id=unit_id, shard=shard_of[unit_id], slice=slice_of[unit_id])
        for unit_id in sorted(shard_of)
    ]


def _components(by_id: Mapping[str, UnitRecord]) -> list[list[UnitRecord]]:
    """Union-find over records; a shared subject or duplicate digest joins two."""
    parent = {record_id: record_id for record_id in by_id}

    def root(record_id: str) -> str:
        while parent[record_id] != record_id:
            parent[record_id] = parent[parent[record_id]]  # path halving
            record_id = parent[record_id]
        return record_id

    holders: dict[tuple[str, str], list[str]] = defaultdict(list)
    for record in by_id.values():
        for subject in record.subjects:
            holders["subject", subject].append(record.record_id)
        if record.duplicates:
            holders["duplicates", record.duplicates].append(record.record_id)
    for record_ids in holders.values():
        for left, right in pairwise(record_ids):
            parent[root(left)] = root(right)
    members: dict[str, list[UnitRecord]] = defaultdict(list)
    for record in by_id.values():
        members[root(record.record_id)].append(record)
    return list(members.values())


def _unit(members: Sequence[UnitRecord]) -> Unit | None:
    """The unit of one component; None where all of it is placed already."""
    new = sorted(
        (record for record in members if record.shard is None),
        key=lambda record: record.record_id,
    )
    if not new:
        return None
    shards = sorted({record.shard for record in members if record.shard is not None})
    if len(shards) > 1:
        names = ", ".join(record.record_id for record in new)
        message = (
            f"records {names}: expected links into one shard, "
            f"found links into shards {', '.join(map(str, shards))}"
        )
        raise InputError(message)
    return Unit(
        unit_id=min(record.record_id for record in members),
        size=sum(record.size for record in new),
        hazard=max((record.hazard for record in members), key=_HAZARD_RANK.__getitem__),
        record_ids=tuple(record.record_id for record in new),
        shard=shards[0] if shards else None,
    )


def _fill_shards(
    units: Sequence[Unit], loads: Sequence[int], load_per_mille: int, key: bytes
) -> dict[str, int]:
    filled = list(loads)
    total = sum(filled) + sum(unit.size for unit in units)
    shard_of: dict[str, int] = {}
    for unit in units:
        if unit.shard is not None:
            shard_of[unit.unit_id] = unit.shard
            filled[unit.shard] += unit.size
    # Largest first: the small ones then fill the gaps, and a unit that fits nowhere
    # under the bound meets the shards at their emptiest.
    free = (unit for unit in units if unit.shard is None)
    for unit in sorted(free, key=lambda unit: (-unit.size, unit.unit_id)):
        ranked = _ranked(unit.unit_id, len(filled), key)
        shard = next(
            (
                shard
                for shard in ranked
                # load + size <= (per_mille / 1000) * (total / shards), in integers
                if (filled[shard] + unit.size) * 1000 * len(filled)
                <= load_per_mille * total
            ),
            min(ranked, key=filled.__getitem__),
        )
        shard_of[unit.unit_id] = shard
        filled[shard] += unit.size
    return shard_of


def _ranked(unit_id: str, shards: int, key: bytes) -> list[int]:
    """Shards by descending BLAKE2b-128(key, shard as 4 bytes || unit id)."""
    name = unit_id.encode()

    def score(shard: int) -> bytes:
        message = shard.to_bytes(4, "big") + name
        return blake2b(message, key=key, digest_size=16, person=b"tl shard").digest()

    return sorted(range(shards), key=score, reverse=True)


def _fill_slices(units: Sequence[Unit], slices: int) -> dict[str, int]:
    """Cut the units of one shard, in order of hazard, into runs of about equal size.

    Each unit goes where its middle falls. No slice before the last unit stays empty: an
    empty slice would leave a later one larger than it must be.
    """
    ordered = sorted(units, key=lambda unit: (_HAZARD_RANK[unit.hazard], unit.unit_id))
    total = sum(unit.size for unit in ordered)
    before = 0
    current = -1
    slice_of: dict[str, int] = {}
    for index, unit in enumerate(ordered):
        target = (2 * before + unit.size) * slices // (2 * total)
        still_needed = slices - (len(ordered) - index)  # so that the last is not empty
        current = min(max(target, still_needed, current), current + 1, slices - 1)
        slice_of[unit.unit_id] = current
        before += unit.size
    return slice_of


def _check(
    units: Sequence[Unit],
    loads: Sequence[int],
    slices: int,
    load_per_mille: int,
    key: bytes,
) -> None:
    for name, low, value, high in (
        ("number of shards", 1, len(loads), SHARDS_MAX),
        ("number of slices", 1, slices, SLICES_MAX),
        ("load_per_mille", LOAD_PER_MILLE_MIN, load_per_mille, LOAD_PER_MILLE_MAX),
        ("bytes of the placement key", 16, len(key), 64),
        ("smallest load", 0, min(loads, default=0), None),
        ("smallest unit", 1, min((unit.size for unit in units), default=1), None),
    ):
        if value < low or (high is not None and value > high):
            limit = f"{low} .. {high}" if high is not None else f"at least {low}"
            message = f"placement: {name}: expected {limit}, found {value}"
            raise InputError(message)
    if len({unit.unit_id for unit in units}) < len(units):
        message = "placement: expected each unit once, found one twice"
        raise InputError(message)
    for unit in units:
        if unit.shard is not None and not 0 <= unit.shard < len(loads):
            message = (
                f"placement: unit {unit.unit_id}: found unknown shard {unit.shard}"
            )
            raise InputError(message)
