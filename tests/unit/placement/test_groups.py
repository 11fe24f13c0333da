"""producers.placement.groups: a running union."""

from producers.placement.groups import Groups


def test_joined_nodes_have_one_root():
    """What was joined, directly or through others, is one group."""
    groups = Groups()
    groups.join(["a", "b"])
    groups.join(["c", "d"])
    assert groups.root("a") != groups.root("c")
    groups.join(["b", "c"])

    assert 1 == len({groups.root(node) for node in "abcd"})


def test_size_counts_each_group_once():
    """The bytes of several nodes are those of their different groups."""
    groups = Groups()
    groups.join(["a", "b"], 5)
    groups.join(["c"], 7)

    assert 5 == groups.size(["a", "b"])
    assert 12 == groups.size(["a", "b", "c", "unknown"])
    groups.join(["b", "c"], 1)
    assert 13 == groups.size(["a"])


def test_asking_joins_nothing():
    """An unknown node is its own group, and stays unknown."""
    groups = Groups()

    assert "a" == groups.root("a")
    assert "a" not in groups
    groups.join([])
    groups.join(["a"])
    assert "a" in groups
