"""Merkle proofs of the verifier against the RFC's recursive definition."""

import pytest

from tests.simulator import leaf, tree_root
from verifier.format.tree import (
    Frontier,
    ProofError,
    check_consistency,
    check_inclusion,
    counted_root,
    leaf_hash,
    node_hash,
    root_of,
)

SIZES = [*range(1, 18), 31, 32, 33]
LEAVES = [leaf(b"%d" % number) for number in range(max(SIZES) + 1)]


def split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1


def inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = split(len(leaves))
    left, right = leaves[:half], leaves[half:]
    if index < half:
        return [*inclusion(index, left), tree_root(right)]
    return [*inclusion(index - half, right), tree_root(left)]


def consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962, section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [tree_root(leaves)]
    half = split(len(leaves))
    left, right = leaves[:half], leaves[half:]
    if old <= half:
        return [*consistency(old, left, whole=whole), tree_root(right)]
    return [*consistency(old - half, right, whole=False), tree_root(left)]


def included(place: int, size: int, **changes) -> None:
    """Check the true proof of an index, with values changed."""
    leaves = LEAVES[:size]
    check_inclusion(
        **{
            "index": place,
            "size": size,
            "leaf": leaves[place],
            "proof": inclusion(place, leaves),
            "root": tree_root(leaves),
            **changes,
        }
    )


def extends(old: int, new: int, **changes) -> None:
    """Check the true proof between two sizes, with values changed."""
    check_consistency(
        **{
            "size_old": old,
            "root_old": tree_root(LEAVES[:old]),
            "size_new": new,
            "root_new": tree_root(LEAVES[:new]),
            "proof": consistency(old, LEAVES[:new]),
            **changes,
        }
    )


@pytest.mark.parametrize("size", SIZES)
def test_inclusion(size):
    """The true proof of each leaf holds, and at no other index."""
    for index in range(size):
        included(index, size)
        for other in {*range(size)} - {index}:
            with pytest.raises(ProofError):
                included(index, size, index=other)


@pytest.mark.parametrize("new", SIZES)
def test_consistency(new):
    """The true proof from each smaller size holds, and from no other."""
    for old in range(1, new + 1):
        extends(old, new)
        for other in {*range(1, new)} - {old}:
            with pytest.raises(ProofError):
                extends(old, new, size_old=other)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"index": 5}, "index 5 is not below size 5"),
        ({"index": -1}, "index -1 is not below size 5"),
        ({"proof": inclusion(2, LEAVES[:5])[:-1]}, "too short"),
        ({"proof": [*inclusion(2, LEAVES[:5]), LEAVES[0]]}, "too long"),
        ({"leaf": LEAVES[3]}, "leads to"),
        ({"root": LEAVES[3]}, "leads to"),
        ({"leaf": LEAVES[2][:31]}, "32 bytes"),
        ({"root": b""}, "32 bytes"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_false_inclusion(changes, says):
    """A proof that is misshapen or leads elsewhere says which."""
    with pytest.raises(ProofError, match=says):
        included(2, 5, **changes)


@pytest.mark.parametrize(
    ("old", "changes", "says"),
    [
        (3, {"size_old": 0}, "size 0 is not in 1..5"),
        (3, {"size_old": 6}, "size 6 is not in 1..5"),
        (3, {"proof": consistency(3, LEAVES[:5])[:-1]}, "too short"),
        (3, {"proof": [*consistency(3, LEAVES[:5]), LEAVES[0]]}, "too long"),
        (3, {"proof": []}, "the proof is empty"),
        (4, {"proof": []}, "too short"),
        (3, {"root_old": LEAVES[0]}, "leads to"),
        (3, {"root_new": LEAVES[0]}, "leads to"),
        (3, {"root_new": b""}, "32 bytes"),
        (5, {"proof": [LEAVES[0]]}, "trees of one size"),
        (5, {"root_new": LEAVES[0]}, "trees of one size"),
    ],
)
def test_false_consistency(old, changes, says):
    """The same of proofs between two trees."""
    with pytest.raises(ProofError, match=says):
        extends(old, 5, **changes)


def test_byte_moved_between_two_hashes():
    """What is hashed is the same, but neither side is a hash any more."""
    left, right = LEAVES[:2]
    moved = {"leaf": left + right[:1], "proof": [right[1:]]}

    with pytest.raises(ProofError, match="32 bytes"):
        included(0, 2, **moved)


def test_only_leaf_at_another_index():
    """The root of a tree of one leaf is that leaf, at index 0 only."""
    with pytest.raises(ProofError):
        included(0, 1, index=1)


def test_hashes_have_their_prefix():
    """Leaves and nodes are hashed as in RFC 6962, section 2.1."""
    left, right = LEAVES[:2]

    assert leaf(b"item") == leaf_hash(b"item")
    assert tree_root([left, right]) == node_hash(left, right)


@pytest.mark.parametrize("size", [0, *SIZES])
def test_roots(size):
    """A frontier, a list and a stream of items have the RFC's root."""
    items = [b"%d" % number for number in range(size)]
    frontier = Frontier()
    for item in LEAVES[:size]:
        frontier.push(item)
    root = tree_root(LEAVES[:size])

    assert (root, size) == (frontier.root(), frontier.size)
    assert (size, root) == counted_root(items)
    assert root == root_of(items)
    more = tree_root([*LEAVES[:size], LEAVES[0], LEAVES[1]])
    assert more == frontier.root_with(LEAVES[0], LEAVES[1])
    assert root == frontier.root()


@pytest.mark.parametrize("size", [1023, 1024, 1025, 2048, 3000])
def test_root_of_several_blocks(size):
    """Items are counted and hashed alike where they come in blocks."""
    items = [b"%d" % number for number in range(size)]

    assert (size, tree_root(list(map(leaf, items)))) == counted_root(items)
