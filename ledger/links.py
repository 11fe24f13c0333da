"""Which records must lie in one shard: a running union over what they share."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ledger.vault_rows import UNPLACED, Record

_NO_NEAR: Final[Mapping[str, Sequence[int]]] = MappingProxyType({})


class Links:
    """Groups of records that share a subject, a text or a near text.

    Of each the shard that it is bound to is known, and its bytes. Memory is one entry
    for each subject, text and number of near texts.
    """

    def __init__(
        self, records: Iterable[Record], near: Mapping[str, Sequence[int]] = _NO_NEAR
    ) -> None:
        """Start from the records that are kept already, and what is near each."""
        self._parent: dict[object, object] = {}
        self._shard: dict[object, int] = {}
        self._bytes: dict[object, int] = {}
        for record in records:
            self.join(
                record.subjects,
                record.digest,
                record.shard,
                near=near.get(record.record_id, ()),
                size=record.bytes,
            )

    def would_tie(
        self, subjects: Iterable[str], digest: bytes, near: Iterable[int] = ()
    ) -> bool:
        """Whether a new record would tie together groups bound to different shards."""
        roots = self._roots(subjects, digest, near)
        return len({self._shard[root] for root in roots if root in self._shard}) > 1

    def would_pass(
        self,
        bytes_max: int,
        *,
        subjects: Sequence[str],
        digest: bytes,
        near: Sequence[int],
        size: int,
    ) -> bool:
        """Whether a new record is a link and would make a group heavier than a cap.

        It is a link where it has several subjects, or a text that another record has
        or comes near to. What links nothing never passes: the data of one person are
        not cut, however large.

        Args:
            bytes_max: the cap.
            subjects: its subjects; those that are new by any other name.
            digest: its text's.
            near: numbers of near texts.
            size: its bytes.
        """
        shares_text = any(node in self._parent for node in (digest, *near))
        if len(set(subjects)) <= 1 and not shares_text:
            return False
        roots = self._roots(subjects, digest, near)
        return sum(self._bytes.get(root, 0) for root in roots) + size > bytes_max

    def join(
        self,
        subjects: Iterable[str],
        digest: bytes,
        shard: int = UNPLACED,
        *,
        near: Iterable[int] = (),
        size: int = 0,
    ) -> None:
        """Take a record: subjects, text and what is near it are one group from now."""
        roots = self._roots(subjects, digest, near)
        keep = roots.pop()
        self._parent[keep] = keep
        bound = {
            self._shard.pop(root) for root in (keep, *roots) if root in self._shard
        }
        if shard != UNPLACED:
            bound.add(shard)
        for root in roots:
            self._parent[root] = keep
            size += self._bytes.pop(root, 0)
        self._bytes[keep] = self._bytes.get(keep, 0) + size
        if bound:
            self._shard[keep] = min(bound)

    def _roots(
        self, subjects: Iterable[str], digest: bytes, near: Iterable[int]
    ) -> set[object]:
        """The groups of what a record shares; what is new stands for itself."""
        return {self._root(node) for node in (*subjects, digest, *near)}

    def _root(self, node: object) -> object:
        """The group's representative; paths are halved on the way."""
        parent = self._parent
        if node not in parent:
            return node
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node
