"""Which slice of its shard: ascending erasure hazard. Pure.

Slice k trains on slices 0..k, so an erasure in slice k retrains k and all after it:
of two units of one size, the one that is likelier to be erased costs less in the later.

Source: Bourtoule et al., arXiv:1912.03817, section IV (slices).
"""

from collections.abc import Iterable, Iterator
from typing import Final

from producers.placement.units import Unit

_GIGABYTE: Final = 10**9


def density(erasures: int, size: int) -> int:
    """Expected erasures a gigabyte: what goes into a later slice, of equal hazard."""
    return erasures * _GIGABYTE // size


def slices_of(
    ordered: Iterable[Unit], *, count: int, total: int, slices: int
) -> Iterator[tuple[str, int]]:
    """Cut the units of one shard into runs of about equal size.

    Each unit goes where its middle falls. No slice before the last unit stays empty: an
    empty slice would leave a later one larger than it must be.

    Args:
        ordered: the units by hazard, then expected erasures a gigabyte, then unit id.
        count: how many they are.
        total: bytes of all of them.
        slices: slices of the shard.

    Yields:
        Unit id and slice, in order.
    """
    before = 0
    current = -1
    for index, unit in enumerate(ordered):
        target = (2 * before + unit.size) * slices // (2 * total)
        still_needed = slices - (count - index)  # so that the last is not empty
        current = min(max(target, still_needed, current), current + 1, slices - 1)
        yield unit.unit_id, current
        before += unit.size
