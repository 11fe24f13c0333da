"""Placement: which shard and slice holds which erasure unit. Pure.

A unit lies in one slice of one shard, so that erasing a subject retrains one shard from
one slice on. The assignment is recorded as a fact and never recomputed: moving a unit
later would retrain two shards.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError
from producers.placement.bounded import Dimension, fill_shards
from producers.placement.unit_file import UnitFile
from producers.placement.units import Unit

SHARDS_MAX: Final = 4096
SLICES_MAX: Final = 256
LOAD_PER_MILLE_MIN: Final = 1000
LOAD_PER_MILLE_MAX: Final = 4000
"""Ranges of `shards.map_declared.v1`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one unit goes.

    Attributes:
        unit_id: the unit.
        shard: 0-based shard.
        slice: 0-based slice in the shard.
        over: loads of the shard that passed the bound when it took this unit: the unit
            alone is larger, or it found no shard with room.
    """

    unit_id: str
    shard: int
    slice: int
    over: tuple[Dimension, ...] = ()


def place(
    units: Iterable[Unit],
    *,
    loads: Sequence[int],
    slices: int,
    load_per_mille: int,
    key: bytes,
    erasures: Sequence[int] = (),
) -> list[Placement]:
    """Place units that are held in memory; see `place_file`.

    Returns:
        One placement a unit, sorted by unit id.

    Raises:
        InputError: a number is out of its range, or a unit is given twice.
    """
    with closing(UnitFile()) as file:
        for unit in units:
            file.add(unit)
        place_file(
            file,
            loads=loads,
            slices=slices,
            load_per_mille=load_per_mille,
            key=key,
            erasures=erasures,
        )
        return [
            Placement(unit_id=unit_id, shard=shard, slice=slice_, over=over)
            for unit_id, shard, slice_, over in file.placed()
        ]


def place_file(
    file: UnitFile,
    *,
    loads: Sequence[int],
    slices: int,
    load_per_mille: int,
    key: bytes,
    erasures: Sequence[int] = (),
) -> None:
    """Place every unit of a file into one slice of one shard.

    Bytes and expected erasures of a shard each stay within `load_per_mille / 1000`
    times the mean, unless a placement says `over`. Loads that are past it already, and
    units that name their shard, are taken as they are. On an empty map the slices are
    filled by ascending hazard; later units go into the last slice, since a new unit in
    slice k would retrain slices k and up.

    Args:
        file: new units, and grown ones that name their shard; it has the places then,
            which do not depend on the order of the units.
        loads: bytes that each shard holds already; its length is the number of shards,
            1 .. 4096, and all zero means an empty map.
        slices: slices in each shard, 1 .. 256.
        load_per_mille: bound over the mean, 1000 .. 4000; 1250 = 1.25.
        key: 16 .. 64 secret bytes, so that nobody outside can choose ids that crowd
            one shard.
        erasures: expected erasures that each shard holds already; none by default.

    Raises:
        InputError: a number is out of its range.
    """
    held = erasures or [0] * len(loads)
    _check(file, loads, slices, load_per_mille, key)
    _check_erasures(file, held, len(loads))
    attempt = fill_shards(
        file,
        loads=list(zip(loads, held, strict=True)),
        load_per_mille=load_per_mille,
        key=key,
    )
    file.keep(attempt)
    if any(loads):
        file.use_slice(slices - 1)
    else:
        file.fill_slices(slices)


def _check(
    file: UnitFile,
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
        ("smallest unit", 1, file.least()[0], None),
    ):
        if value < low or (high is not None and value > high):
            limit = f"{low} .. {high}" if high is not None else f"at least {low}"
            message = f"placement: {name}: expected {limit}, found {value}"
            raise InputError(message)
    unit = file.outside(len(loads))
    if unit is not None:
        message = f"placement: unit {unit.unit_id}: found unknown shard {unit.shard}"
        raise InputError(message)


def _check_erasures(file: UnitFile, held: Sequence[int], shards: int) -> None:
    least = min([*held, file.least()[1]])
    if len(held) != shards or least < 0:
        message = (
            f"placement: expected erasures of {shards} shards, none negative, "
            f"found {len(held)}, the least {least}"
        )
        raise InputError(message)
