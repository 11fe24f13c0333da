"""The RFC 6962 Merkle tree, by the iterative algorithms of RFC 9162.

Leaf = SHA-256(0x00 || data), node = SHA-256(0x01 || left || right), root of the
empty list = SHA-256("").  Source: RFC 6962, section 2.1; RFC 9162, section 2.1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice

_BLOCK = 1024


class ProofError(ValueError):
    """A Merkle proof does not lead to the root."""


def leaf_hash(data: bytes) -> bytes:
    """Return SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(items: Iterable[bytes]) -> bytes:
    """Return the root over the items."""
    hashed = sha256
    return root_of_leaves([hashed(b"\x00" + item).digest() for item in items])


def root_of_leaves(leaves: list[bytes]) -> bytes:
    """Return the root over leaf hashes, level by level.

    Pairing neighbours and carrying an odd last one up gives the RFC's tree, since
    the split is at the largest power of two below the size.
    """
    hashed = sha256
    level = leaves
    if not level:
        return hashed(b"").digest()
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [
            hashed(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level += odd
    return level[0]


def counted_root(items: Iterable[bytes]) -> tuple[int, bytes]:
    """Return number and root of items that need not fit into memory.

    Complete blocks of 2^10 leaves are subtrees of the RFC's tree; what is left is
    its last, smaller one.
    """
    blocks, count, source = Frontier(), 0, iter(items)
    while block := list(islice(source, _BLOCK)):
        count += len(block)
        blocks.push(root_of(block))
    return count, blocks.root()


@dataclass(slots=True)
class Frontier:
    """The roots of the complete subtrees of a growing list: 32 * log2(size) bytes.

    Source: the compact range of RFC 9162, section 2.1.2, one leaf at a time.
    """

    size: int = 0
    _roots: list[bytes] = field(default_factory=list)

    def push(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        size = self.size
        while size & 1:
            leaf = sha256(b"\x01" + self._roots.pop() + leaf).digest()
            size >>= 1
        self._roots.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        if not self._roots:
            return sha256(b"").digest()
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root

    def root_with(self, *leaves: bytes) -> bytes:
        """Return the root that the list would have with these leaves appended."""
        trial = Frontier(self.size, self._roots.copy())
        for leaf in leaves:
            trial.push(leaf)
        return trial.root()


def check_inclusion(
    *, index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that `leaf` is at `index` of the tree of `size` leaves under `root`.

    Raises:
        ProofError: it is not, or the proof is too long, too short or misshapen.

    Source: RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        message = f"index {index} is not below size {size}"
        raise ProofError(message)
    _check_hashes([leaf, root, *proof])
    fn, sn, node = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            node = node_hash(sibling, node)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofError("the proof is too short")
    if node != root:
        message = f"the proof leads to {node.hex()}, not to {root.hex()}"
        raise ProofError(message)


def check_consistency(
    *,
    size_old: int,
    root_old: bytes,
    size_new: int,
    root_new: bytes,
    proof: Sequence[bytes],
) -> None:
    """Check that the old tree is a prefix of the new one.

    Two trees of one size need equal roots and an empty proof. An empty old tree is
    a prefix of everything, so a proof from it says nothing and is refused.

    Raises:
        ProofError: it is not, or the proof is too long, too short or misshapen.

    Source: RFC 9162, section 2.1.4.2.
    """
    if size_old == size_new:
        if proof or root_old != root_new:
            raise ProofError("trees of one size need equal roots and an empty proof")
        return
    if not 0 < size_old < size_new:
        message = f"size {size_old} is not in 1..{size_new}"
        raise ProofError(message)
    _check_hashes([root_old, root_new, *proof])
    path = list(proof)
    if size_old & (size_old - 1) == 0:
        path.insert(0, root_old)
    if not path:
        raise ProofError("the proof is empty")
    old, new = _roots_from_path(size_old, size_new, path)
    if (old, new) != (root_old, root_new):
        message = f"the proof leads to {old.hex()} and {new.hex()}"
        raise ProofError(message)


def _roots_from_path(
    size_old: int, size_new: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Return both roots that the consistency path leads to."""
    fn, sn = size_old - 1, size_new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for node in path[1:]:
        if sn == 0:
            raise ProofError("the proof is too long")
        if fn & 1 or fn == sn:
            old, new = node_hash(node, old), node_hash(node, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, node)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0:
        raise ProofError("the proof is too short")
    return old, new


def _check_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(item) != 32 for item in hashes):
        raise ProofError("a hash is not 32 bytes")
