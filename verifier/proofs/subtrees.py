"""Chosen subtree hashes of a list of leaves that need not fit into memory.

Every node of an audit path or a consistency proof is the root over some range of
leaves. Each range is cut into complete subtrees; one pass over the leaves keeps the
hashes of those, so that memory grows with log2(size) and with what is asked for.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce

from verifier.format.tree import node_hash

Range = tuple[int, int]
"""First leaf, and the one after the last."""


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges whose roots are the audit path of a leaf, leaf to root.

    Source: PATH(m, D[n]), RFC 6962, section 2.1.1.
    """
    ranges: list[Range] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            ranges.append((middle, last))
            last = middle
        else:
            ranges.append((first, middle))
            first = middle
    return ranges[::-1]


def consistency_ranges(size_old: int, size_new: int) -> list[Range]:
    """The ranges whose roots are the consistency proof between two sizes.

    Source: PROOF(m, D[n]), RFC 6962, section 2.1.2.
    """
    if size_old == size_new:
        return []
    ranges: list[Range] = []
    first, last = 0, size_new
    while last != size_old:
        middle = first + _split(last - first)
        if size_old <= middle:
            ranges.append((middle, last))
            last = middle
        else:
            ranges.append((first, middle))
            first = middle
    if first:  # the old tree is no complete subtree: its last part is not known
        ranges.append((first, last))
    return ranges[::-1]


def range_roots(leaves: Iterable[bytes], ranges: Sequence[Range]) -> dict[Range, bytes]:
    """The root over each range of leaf hashes, in one pass.

    Requires ranges that begin at a multiple of the power of two at or above their
    length, as those of proofs do, and that end within the leaves.
    """
    wanted = {node for one in ranges for node in _complete(one)}
    found: dict[Range, bytes] = {}
    stack: list[bytes] = []
    for number, leaf in enumerate(leaves):
        node, first, last = leaf, number, number + 1
        if (first, last) in wanted:
            found[first, last] = node
        while first & (last - first):
            node = node_hash(stack.pop(), node)
            first -= last - first
            if (first, last) in wanted:
                found[first, last] = node
        stack.append(node)
    return {
        one: reduce(
            lambda right, left: node_hash(left, right),
            [found[node] for node in reversed(list(_complete(one)))],
        )
        for one in ranges
    }


def _complete(one: Range) -> Iterator[Range]:
    """Cut a range into complete subtrees, largest first."""
    first, last = one
    while first < last:
        width = 1 << (last - first).bit_length() - 1
        yield first, first + width
        first += width


def _split(size: int) -> int:
    """The largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1
