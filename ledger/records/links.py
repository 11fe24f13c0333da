"""Which records must lie in one shard: a running union over what they share.

What is kept already is looked up when it is first touched, one unit at a time, so an
ingest costs what it touches. The groups lie in temporary tables of the vault's
connection: memory is flat, a write that is undone undoes its joins, and what SQLite
moves to the disk has no name there and holds random ids and keyed digests only.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from ledger.vault.reached import ONE_NODE, reached_from
from ledger.vault.rows import UNPLACED

_CACHE_KIB: Final = 4 * 1024
"""Memory of the temporary tables before they move to the disk."""

_TABLES: Final = (
    (
        "CREATE TEMP TABLE link_node (node ANY PRIMARY KEY, "
        "member_of INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    ),
    # `parent` is the group that a group went into.
    (
        "CREATE TEMP TABLE link_group (number INTEGER PRIMARY KEY, "
        "parent INTEGER, shard INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT"
    ),
)

_REACHED: Final = reached_from(ONE_NODE)

Node = str | bytes | int
"""A subject's id, a text's digest, or the number of a near text."""

_KINDS: Final = {str: "subject", bytes: "text", int: "near"}


class Links:
    """Groups of records that share a subject, a text or a near text.

    Of each the shard that it is bound to is known, and its bytes.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Ask what is kept in a vault's file, of which one `Links` is in use."""
        self._run = connection.execute
        self._run(f"PRAGMA temp.cache_size = -{_CACHE_KIB}")
        for table in ("link_node", "link_group"):
            self._run(f"DROP TABLE IF EXISTS temp.{table}")
        for statement in _TABLES:
            self._run(statement)

    def would_tie(
        self, subjects: Iterable[str], digest: bytes, near: Iterable[int] = ()
    ) -> bool:
        """Whether a new record would tie together groups bound to different shards."""
        groups = self._groups((*subjects, digest, *near))
        return len({self._load(one)[0] for one in groups} - {UNPLACED}) > 1

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
        if len(set(subjects)) <= 1 and not self._groups((digest, *near)):
            return False
        groups = self._groups((*subjects, digest, *near))
        return sum(self._load(one)[1] for one in groups) + size > bytes_max

    def join(
        self,
        subjects: Iterable[str],
        digest: bytes,
        *,
        near: Iterable[int] = (),
        size: int = 0,
    ) -> None:
        """Take a record: subjects, text and what is near it are one group from now."""
        nodes: tuple[Node, ...] = (*subjects, digest, *near)
        groups = self._groups(nodes)
        loads = [self._load(one) for one in groups]
        keep = min(groups) if groups else self._new_group()
        self._run(
            "UPDATE temp.link_group SET shard = ?, bytes = ? WHERE number = ?",
            (
                min(
                    (shard for shard, _ in loads if shard != UNPLACED), default=UNPLACED
                ),
                size + sum(held for _, held in loads),
                keep,
            ),
        )
        for one in groups - {keep}:
            self._hang(one, keep)
        for node in nodes:
            self._name(node, keep)

    def _groups(self, nodes: Iterable[Node]) -> set[int]:
        """The groups of what a record shares; what is new has none."""
        found = (self._group(node) for node in nodes)
        return {group for group in found if group is not None}

    def _group(self, node: Node) -> int | None:
        query = "SELECT member_of FROM temp.link_node WHERE node = ?"
        row = self._run(query, (node,)).fetchone()
        return self._kept(node) if row is None else self._root(row[0])

    def _root(self, group: int) -> int:
        """The group that a group went into; the way there is made short."""
        query = "SELECT parent FROM temp.link_group WHERE number = ?"
        root = group
        while (parent := self._run(query, (root,)).fetchone()[0]) is not None:
            root = parent
        if root != group:
            self._hang(group, root)
        return root

    def _kept(self, node: Node) -> int | None:
        """Take up the unit of kept records that a node lies in; None for none."""
        group: int | None = None
        shards: set[int] = set()
        size = 0
        rows = self._run(_REACHED, (_KINDS[type(node)], node))
        for kind, found, shard, held in rows:
            if kind == "record":
                group = self._new_group() if group is None else group
                shards.add(shard)
                size += held
            elif group is not None:
                self._name(found, group)
        if group is not None:
            self._name(node, group)
            self._run(
                "UPDATE temp.link_group SET shard = ?, bytes = ? WHERE number = ?",
                (min(shards - {UNPLACED}, default=UNPLACED), size, group),
            )
        return group

    def _new_group(self) -> int:
        values = "(shard, bytes) VALUES (?, 0)"
        made = self._run(f"INSERT INTO temp.link_group {values}", (UNPLACED,))
        if made.lastrowid is None:
            message = "a group was written and has no number"
            raise RuntimeError(message)
        return made.lastrowid

    def _hang(self, group: int, root: int) -> None:
        query = "UPDATE temp.link_group SET parent = ? WHERE number = ?"
        self._run(query, (root, group))

    def _name(self, node: Node, group: int) -> None:
        self._run("INSERT OR IGNORE INTO temp.link_node VALUES (?, ?)", (node, group))

    def _load(self, group: int) -> tuple[int, int]:
        """Shard and bytes of a group."""
        query = "SELECT shard, bytes FROM temp.link_group WHERE number = ?"
        shard, size = self._run(query, (group,)).fetchone()
        return shard, size
