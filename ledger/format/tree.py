"""RFC 6962 Merkle trees: hash, grow, prove.

The writer's half: trees are grown leaf by leaf (`Frontier`) and proofs are made from
the recursive definitions of RFC 6962, section 2.1. The verifier's code is iterative.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of a tree without leaves (RFC 6962, section 2.1)."""


def leaf_hash(content: bytes) -> bytes:
    """SHA-256(0x00 || content). Source: RFC 6962, section 2.1."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right). Source: RFC 6962, section 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees.

    Largest first. Memory is one hash for each bit set in the size, so a ledger's root
    costs the same at any length.
    """

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Sequence[bytes] = ()) -> None:
        """Start from a saved frontier, empty by default.

        Raises:
            ValueError: the number of roots is not the number of bits set in `size`.
        """
        if len(roots) != size.bit_count():
            message = f"frontier of size {size} has {len(roots)} roots"
            raise ValueError(message)
        self.size = size
        self._roots = list(roots)

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The perfect subtrees' roots, largest first; enough to resume from."""
        return tuple(self._roots)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash; a carry in the size joins two subtrees."""
        carry = self.size
        node = leaf
        while carry & 1:
            node = node_hash(self._roots.pop(), node)
            carry >>= 1
        self._roots.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree's root: subtrees joined from the smallest up."""
        if not self._roots:
            return EMPTY_ROOT
        node = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            node = node_hash(left, node)
        return node


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, level by level.

    Pairs are joined and an odd last node is carried up unchanged, which gives the same
    tree as the split at the largest power of two (RFC 6962, section 2.1).
    """
    if not leaves:
        return EMPTY_ROOT
    sha256 = hashlib.sha256  # looked up once: this loop is the cost of an append
    level = list(leaves)
    while len(level) > 1:
        paired = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


def _split(size: int) -> int:
    """The largest power of two below `size`. Requires size > 1."""
    return 1 << (size - 1).bit_length() - 1


def prove_inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The audit path of leaf `index`, leaf to root.

    Requires 0 <= index < len(leaves).

    Source: PATH(m, D[n]), RFC 6962, section 2.1.1.
    """
    size = len(leaves)
    if not 0 <= index < size:
        message = f"index {index} is not in a tree of {size} leaves"
        raise ValueError(message)
    if size == 1:
        return []
    middle = _split(size)
    if index < middle:
        path = prove_inclusion(index, leaves[:middle])
        return [*path, root_hash(leaves[middle:])]
    path = prove_inclusion(index - middle, leaves[middle:])
    return [*path, root_hash(leaves[:middle])]


def prove_consistency(old_size: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The proof that the first `old_size` leaves are a prefix of `leaves`.

    Requires 0 < old_size <= len(leaves).

    Source: PROOF(m, D[n]), RFC 6962, section 2.1.2.
    """
    if not 0 < old_size <= len(leaves):
        message = f"no tree of {old_size} leaves precedes one of {len(leaves)}"
        raise ValueError(message)
    return _subproof(old_size, leaves, is_complete=True)


def _subproof(
    old_size: int, leaves: Sequence[bytes], *, is_complete: bool
) -> list[bytes]:
    """SUBPROOF(m, D[n], b), RFC 6962, section 2.1.2."""
    size = len(leaves)
    if old_size == size:
        return [] if is_complete else [root_hash(leaves)]
    middle = _split(size)
    if old_size <= middle:
        proof = _subproof(old_size, leaves[:middle], is_complete=is_complete)
        return [*proof, root_hash(leaves[middle:])]
    proof = _subproof(old_size - middle, leaves[middle:], is_complete=False)
    return [*proof, root_hash(leaves[:middle])]


def _are_hashes(hashes: Sequence[bytes]) -> bool:
    """Whether each is 32 bytes; anything else was never a node of a tree."""
    return all(len(one) == 32 for one in hashes)


def root_from_inclusion(
    *, index: int, size: int, leaf: bytes, path: Sequence[bytes]
) -> bytes | None:
    """The root that `path` leads to from `leaf`, or None where it cannot be a path.

    Follows the recursive definition from the root down, so that it shares no method
    with the verifier's walk from the leaf up.
    """
    if not 0 <= index < size or not _are_hashes([leaf, *path]):
        return None
    if size == 1:
        return leaf if not path else None
    if not path:
        return None
    middle = _split(size)
    if index < middle:
        left = root_from_inclusion(index=index, size=middle, leaf=leaf, path=path[:-1])
        return None if left is None else node_hash(left, path[-1])
    right = root_from_inclusion(
        index=index - middle, size=size - middle, leaf=leaf, path=path[:-1]
    )
    return None if right is None else node_hash(path[-1], right)


def roots_from_consistency(
    *, old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """The old and new root that `proof` leads to, or None where it cannot be a proof.

    `old_root` stands in for the subtree that the proof leaves out when the old tree is
    complete. Equal sizes need an empty proof; an empty old tree proves nothing.
    """
    if old_size == new_size:
        return (old_root, old_root) if not proof else None
    if not 0 < old_size <= new_size or not _are_hashes([old_root, *proof]):
        return None
    return _replay(old_size, new_size, list(proof), old_root)


def _replay(
    old_size: int, size: int, proof: list[bytes], known: bytes | None
) -> tuple[bytes, bytes] | None:
    """Undo SUBPROOF: `known` is the old root while the old tree is a whole subtree."""
    if old_size == size:
        if known is not None:
            return (known, known) if not proof else None
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    middle = _split(size)
    sibling = proof.pop()
    if old_size <= middle:
        below = _replay(old_size, middle, proof, known)
        return None if below is None else (below[0], node_hash(below[1], sibling))
    below = _replay(old_size - middle, size - middle, proof, None)
    if below is None:
        return None
    return node_hash(sibling, below[0]), node_hash(sibling, below[1])
