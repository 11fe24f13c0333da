"""Which records must lie in one shard: a running union over subjects and duplicates."""

from collections.abc import Iterable

from ledger.vault_rows import UNPLACED, Record


class Links:
    """Groups of records that share a subject or a text, and the shard each is bound to.

    Memory is one entry for each subject and text.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        """Start from the records that are kept already."""
        self._parent: dict[object, object] = {}
        self._shard: dict[object, int] = {}
        for record in records:
            self.join(record.subjects, record.digest, record.shard)

    def would_tie(self, subjects: Iterable[str], digest: bytes) -> bool:
        """Whether a new record would tie together groups bound to different shards."""
        roots = {self._root(node) for node in (*subjects, digest)}
        shards = {self._shard[root] for root in roots if root in self._shard}
        return len(shards) > 1

    def join(
        self, subjects: Iterable[str], digest: bytes, shard: int = UNPLACED
    ) -> None:
        """Take a record: its subjects and its text are one group from now on."""
        roots = {self._root(node) for node in (*subjects, digest)}
        keep = roots.pop()
        bound = {
            self._shard.pop(root) for root in (keep, *roots) if root in self._shard
        }
        if shard != UNPLACED:
            bound.add(shard)
        for root in roots:
            self._parent[root] = keep
        if bound:
            self._shard[keep] = min(bound)

    def _root(self, node: object) -> object:
        """The group's representative; paths are halved on the way."""
        parent = self._parent
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node
