"""Assignments by map and shard, the newest in memory, all others only written down."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Any

from verifier.rules.index import Assignment

# Record, slice, number of the event, commitment.
_ROW = Struct(">16sHQ32s")
Row = tuple[bytes, int, int, bytes]

_ROWS_MAX = 65_536

SCHEMA = """
CREATE TABLE placed (map INTEGER, shard INTEGER, rows BLOB);
CREATE INDEX placed_shard ON placed (map, shard);
"""


class Placed:
    """What was assigned where.

    Attributes:
        counts: how many assignments of a map and shard are written down.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Write to a database with the tables of `SCHEMA`."""
        self._db = db
        self._new: defaultdict[tuple[int, int], list[Row]] = defaultdict(list)
        self._unwritten = 0
        self.counts: Counter[tuple[int, int]] = Counter()

    def add(self, rows: Sequence[Assignment]) -> None:
        """Add assignments of records with a commitment."""
        new = self._new
        for record, map_, shard, slice_, at, commitment in rows:
            new[map_, shard].append((record, slice_, at, commitment))
        self._unwritten += len(rows)
        if self._unwritten >= _ROWS_MAX:
            self._db.executemany(
                "INSERT INTO placed VALUES (?, ?, ?)",
                [
                    (map_, shard, b"".join([_ROW.pack(*row) for row in placed]))
                    for (map_, shard), placed in new.items()
                ],
            )
            for place, placed in new.items():
                self.counts[place] += len(placed)
            new.clear()
            self._unwritten = 0

    def stock(self, map_number: int, shard: int) -> list[Row]:
        """Return what was assigned to a shard, in ascending order of record id."""
        query = "SELECT rows FROM placed WHERE map = ? AND shard = ?"
        rows: list[Any] = self._new.get((map_number, shard), []).copy()
        for (written,) in self._db.execute(query, (map_number, shard)):
            rows += _ROW.iter_unpack(written)
        rows.sort()
        return rows

    def assignments(self) -> Iterator[list[Assignment]]:
        """Return all assignments, in lists."""
        query = "SELECT map, shard, rows FROM placed"
        for map_, shard, written in self._db.execute(query):
            yield _assignments(map_, shard, _ROW.iter_unpack(written))
        for (map_, shard), rows in self._new.items():
            yield _assignments(map_, shard, rows)


def _assignments(map_: int, shard: int, rows: Iterable[Any]) -> list[Assignment]:
    return [
        (record, map_, shard, slice_, at, commitment)
        for record, slice_, at, commitment in rows
    ]
