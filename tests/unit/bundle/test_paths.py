"""ledger.export.paths against the recursive definition."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.export.paths import audit_paths
from ledger.format.tree import EMPTY_ROOT, leaf_hash, prove_inclusion, root_hash


@given(size=st.integers(1, 70), data=st.data())
def test_paths_are_those_of_rfc_6962(size, data):
    """One pass gives the root and the paths that the recursion gives one by one."""
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    wanted = data.draw(st.sets(st.integers(0, size - 1)))

    root, paths = audit_paths(leaves, wanted)

    assert root_hash(leaves) == root
    assert {index: prove_inclusion(index, leaves) for index in wanted} == paths


def test_no_leaves():
    """An empty tree has its own root and no paths."""
    assert (EMPTY_ROOT, {}) == audit_paths([], [])
