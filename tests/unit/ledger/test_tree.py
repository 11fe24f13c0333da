"""RFC 6962 trees (ledger.format.tree); test_format.py has every size up to 70."""

import hashlib

import pytest

from ledger.format import tree

LEAVES = [tree.leaf_hash(bytes([number])) for number in range(7)]

RFC_INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
RFC_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Roots over the first 1 .. 8 inputs.

Source: google/certificate-transparency, merkletree tests; repeated in
transparency-dev/merkle, testonly/constants.go.
"""


def test_hashes_are_prefixed():
    """Leaves and nodes live in different worlds (RFC 6962, section 2.1)."""
    assert hashlib.sha256(b"\x00ab").digest() == tree.leaf_hash(b"ab")
    assert hashlib.sha256(b"\x01ab").digest() == tree.node_hash(b"a", b"b")


def test_the_empty_root():
    """The root of no leaves is the hash of nothing."""
    assert hashlib.sha256(b"").digest() == tree.root_hash([])
    assert tree.EMPTY_ROOT == tree.Frontier().root()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_of_certificate_transparency(size):
    """The roots are those that Certificate Transparency publishes."""
    leaves = [tree.leaf_hash(bytes.fromhex(text)) for text in RFC_INPUTS[:size]]

    assert RFC_ROOTS[size - 1] == tree.root_hash(leaves).hex()


def test_a_frontier_resumes_from_its_roots():
    """Saved roots are enough to go on."""
    frontier = tree.Frontier()
    for leaf in LEAVES[:5]:
        frontier.append(leaf)
    resumed = tree.Frontier(frontier.size, frontier.roots)
    resumed.append(LEAVES[5])

    assert tree.root_hash(LEAVES[:6]) == resumed.root()


@pytest.mark.parametrize(("size", "roots"), [(1, 0), (0, 1), (3, 1), (4, 2)])
def test_a_frontier_of_another_shape_is_refused(size, roots):
    """The size says how many perfect subtrees there are."""
    with pytest.raises(ValueError, match=f"size {size} has {roots} roots"):
        tree.Frontier(size, LEAVES[:roots])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_inclusion_outside_the_tree_cannot_be_proved(index, size):
    """Requires 0 <= index < size."""
    with pytest.raises(ValueError, match=f"index {index} is not in a tree of {size}"):
        tree.prove_inclusion(index, LEAVES[:size])


@pytest.mark.parametrize(("old", "size"), [(0, 3), (4, 3), (-1, 3)])
def test_consistency_outside_the_tree_cannot_be_proved(old, size):
    """Requires 0 < old_size <= size."""
    with pytest.raises(ValueError, match=f"no tree of {old} leaves"):
        tree.prove_consistency(old, LEAVES[:size])


@pytest.mark.parametrize(
    ("changes"),
    [
        {"index": -1},
        {"index": 7},
        {"size": 0},
        {"leaf": b"short"},
        {"path": [*tree.prove_inclusion(2, LEAVES), bytes(32)]},
        {"path": tree.prove_inclusion(2, LEAVES)[:-1]},
        {"path": []},
        {"path": [b"short", *tree.prove_inclusion(2, LEAVES)[1:]]},
        {"size": 1, "index": 0},
    ],
    ids=[
        "negative",
        "outside",
        "empty tree",
        "short leaf",
        "longer",
        "shorter",
        "no path",
        "short node",
        "one leaf needs no path",
    ],
)
def test_what_cannot_be_an_inclusion_path_leads_nowhere(changes):
    """A path of another length leads to no root at all."""
    path = tree.prove_inclusion(2, LEAVES)
    proof = {"index": 2, "size": 7, "leaf": LEAVES[2], "path": path}

    assert tree.root_hash(LEAVES) == tree.root_from_inclusion(**proof)
    assert None is tree.root_from_inclusion(**(proof | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"old_size": 0},
        {"old_size": 8},
        {"proof": [*tree.prove_consistency(3, LEAVES), bytes(32)]},
        {"proof": tree.prove_consistency(3, LEAVES)[1:]},
        {"proof": []},
        {"proof": [b"short", *tree.prove_consistency(3, LEAVES)[1:]]},
        {"old_root": b"short"},
        {"old_size": 7},
    ],
    ids=[
        "nothing before",
        "larger before",
        "longer",
        "shorter",
        "no proof",
        "short node",
        "short root",
        "equal sizes need none",
    ],
)
def test_what_cannot_be_a_consistency_proof_leads_nowhere(changes):
    """A proof of another length leads to no pair of roots."""
    proof = {
        "old_size": 3,
        "new_size": 7,
        "old_root": tree.root_hash(LEAVES[:3]),
        "proof": tree.prove_consistency(3, LEAVES),
    }
    both = (tree.root_hash(LEAVES[:3]), tree.root_hash(LEAVES))

    assert both == tree.roots_from_consistency(**proof)
    assert None is tree.roots_from_consistency(**(proof | changes))
