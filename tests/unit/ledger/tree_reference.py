"""RFC 6962, section 2.1, written as it stands: slow, and plainly right."""

import functools

from ledger.format import tree

SIZES = 70
LEAVES = [tree.leaf_hash(bytes([number])) for number in range(SIZES)]


@functools.cache
def reference_root(start, stop):
    """MTH(D[start:stop])."""
    if start == stop:
        return tree.EMPTY_ROOT
    if stop - start == 1:
        return LEAVES[start]
    middle = start + _split(stop - start)
    return tree.node_hash(reference_root(start, middle), reference_root(middle, stop))


def _split(size):
    """The largest power of two below `size`, by trying them all."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def reference_path(index, start, stop):
    """PATH(m, D[n]), section 2.1.1."""
    size = stop - start
    if size == 1:
        return []
    middle = start + _split(size)
    if index < middle:
        return [*reference_path(index, start, middle), reference_root(middle, stop)]
    return [*reference_path(index, middle, stop), reference_root(start, middle)]


def reference_proof(old, start, stop, *, is_complete):
    """SUBPROOF(m, D[n], b), section 2.1.2."""
    size = stop - start
    if old == size:
        return [] if is_complete else [reference_root(start, stop)]
    split = _split(size)
    middle = start + split
    if old <= split:
        below = reference_proof(old, start, middle, is_complete=is_complete)
        return [*below, reference_root(middle, stop)]
    below = reference_proof(old - split, middle, stop, is_complete=False)
    return [*below, reference_root(start, middle)]
