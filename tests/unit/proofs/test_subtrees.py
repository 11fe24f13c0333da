"""Proofs from one pass over leaves, against the recursive definitions."""

from hashlib import sha256

import pytest

from ledger.format.tree import prove_consistency, prove_inclusion, root_hash
from verifier.proofs.subtrees import consistency_ranges, inclusion_ranges, range_roots

LEAVES = [sha256(b"%d" % number).digest() for number in range(70)]


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 70])
def test_inclusion(size):
    """Every audit path of a tree is that of RFC 6962."""
    for index in range(size):
        ranges = inclusion_ranges(index, size)
        roots = range_roots(LEAVES[:size], ranges)

        assert prove_inclusion(index, LEAVES[:size]) == [roots[one] for one in ranges]


@pytest.mark.parametrize("size", [*range(1, 34), 63, 64, 65, 70])
def test_consistency(size):
    """Every consistency proof to a tree is that of RFC 6962, with the older root."""
    for old in range(1, size + 1):
        ranges = consistency_ranges(old, size)
        roots = range_roots(LEAVES[:size], [*ranges, (0, old)])

        assert prove_consistency(old, LEAVES[:size]) == [roots[one] for one in ranges]
        assert root_hash(LEAVES[:old]) == roots[0, old]


def test_leaves_are_read_once():
    """An iterator is enough: nothing is kept but the asked hashes and one stack."""
    roots = range_roots(iter(LEAVES), [(0, 70), (64, 70)])

    assert root_hash(LEAVES) == roots[0, 70]
    assert root_hash(LEAVES[64:]) == roots[64, 70]
