"""Which slice of its shard: ascending erasure hazard. Pure.

Slice k trains on slices 0..k, so an erasure in slice k retrains k and all after it:
of two units of one size, the one that is likelier to be erased costs less in the later.

Source: Bourtoule et al., arXiv:1912.03817, section IV (slices).
"""

from collections.abc import Sequence
from typing import Final

from producers.placement.units import HAZARD_RANK, Unit

_GIGABYTE: Final = 10**9


def fill_slices(units: Sequence[Unit], slices: int) -> dict[str, int]:
    """Cut the units of one shard, in order of hazard, into runs of about equal size.

    Hazard, then expected erasures a gigabyte, then unit id. Each unit goes where its
    middle falls. No slice before the last unit stays empty: an empty slice would leave
    a later one larger than it must be.
    """
    ordered = sorted(units, key=_order)
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


def _order(unit: Unit) -> tuple[int, int, str]:
    density = unit.erasures * _GIGABYTE // unit.size
    return HAZARD_RANK[unit.hazard], density, unit.unit_id
