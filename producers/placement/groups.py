"""Union-find: which things are one group, and how much lies in it. Pure."""

from collections.abc import Hashable, Iterable


class Groups:
    """Disjoint groups of nodes that only ever grow together.

    Memory is one entry for each node.

    Source: Tarjan and van Leeuwen, Journal of the ACM 31(2), 1984 (linking by size with
        path halving: nearly constant time a node).
    """

    def __init__(self) -> None:
        """Start without a node."""
        self._parent: dict[Hashable, Hashable] = {}
        self._nodes: dict[Hashable, int] = {}
        self._bytes: dict[Hashable, int] = {}

    def __contains__(self, node: Hashable) -> bool:
        """Whether a node was joined before."""
        return node in self._parent

    def root(self, node: Hashable) -> Hashable:
        """The group's representative; an unknown node stands for itself."""
        parent = self._parent
        if node not in parent:
            return node
        while parent[node] != node:
            parent[node] = parent[parent[node]]  # path halving
            node = parent[node]
        return node

    def join(self, nodes: Iterable[Hashable], size: int = 0) -> None:
        """Make one group of all groups of `nodes`, and add `size` bytes to it."""
        roots = {self.root(node) for node in nodes}
        if not roots:
            return
        keep = max(roots, key=lambda root: self._nodes.get(root, 0))
        for root in roots:
            self._parent[root] = keep
        self._nodes[keep] = sum(self._nodes.pop(root, 1) for root in roots)
        self._bytes[keep] = size + sum(self._bytes.pop(root, 0) for root in roots)

    def size(self, nodes: Iterable[Hashable]) -> int:
        """Bytes of the groups of `nodes` together, each group once."""
        return sum(self._bytes.get(root, 0) for root in set(map(self.root, nodes)))
