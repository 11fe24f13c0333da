"""What grows with the records, in a private temporary database on disk.

A million records would cost a Python set hundreds of megabytes; SQLite keeps a
bounded cache in memory and spills the rest to a file that nobody else can open and
that is gone when it is closed.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

_CACHE_KIB = 65_536
# What was added last is asked for first: it is kept in memory as well, up to this
# many of each kind (about 10 MB).
_RECENT_MAX = 65_536

_SCHEMA = """
CREATE TABLE site (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE scan (id BLOB PRIMARY KEY, verdict TEXT) WITHOUT ROWID;
CREATE TABLE record (
    id BLOB PRIMARY KEY, commitment BLOB
) WITHOUT ROWID;
CREATE TABLE assignment (
    record BLOB, map INTEGER, shard INTEGER, slice INTEGER, at INTEGER,
    commitment BLOB,
    PRIMARY KEY (record, map)
) WITHOUT ROWID;
CREATE TABLE trained (
    map INTEGER, shard INTEGER, slice INTEGER, at INTEGER, weights BLOB,
    run_at INTEGER, tainted INTEGER
);
CREATE INDEX trained_place ON trained (shard, slice, map, at);
CREATE INDEX trained_weights ON trained (weights);
CREATE TABLE deleted (
    weights BLOB PRIMARY KEY
) WITHOUT ROWID;
"""
# Built on the first query by place, which then reads nothing else; until then
# assignments go in faster without.
_BY_PLACE = """
CREATE INDEX IF NOT EXISTS assignment_place
ON assignment (map, shard, slice, record, at, commitment)
"""


class Index:
    """Sites, scans, records, assignments and weights seen so far.

    Ids and digests are bytes. `at` is an event's number, growing over the ledger.

    Attributes:
        assigned: how many assignments were added.
        erased: how many records were erased.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            f"PRAGMA cache_size=-{_CACHE_KIB}; PRAGMA page_size=16384;" + _SCHEMA
        )
        self._execute = self._db.cursor().execute
        self._execute("BEGIN")
        self._sites: set[bytes] = set()
        self._verdicts: dict[bytes, str] = {}
        self._commitments: dict[bytes, bytes] = {}
        self.assigned = 0
        self.erased = 0

    def close(self) -> None:
        """Close and so delete the database."""
        self._db.close()

    def add_site(self, site: bytes) -> bool:
        """Add a site; return whether it is new."""
        return self._insert("INSERT INTO site VALUES (?)", (site,))

    def has_site(self, site: bytes) -> bool:
        """Return whether the site was registered."""
        if site in self._sites:
            return True
        row = self._one("SELECT 1 FROM site WHERE id = ?", (site,))
        if row is not None:
            if len(self._sites) >= _RECENT_MAX:
                self._sites.clear()
            self._sites.add(site)
        return row is not None

    def add_scan(self, scan: bytes, verdict: str) -> bool:
        """Add a scan; return whether it is new."""
        if not self._insert("INSERT INTO scan VALUES (?, ?)", (scan, verdict)):
            return False
        if len(self._verdicts) >= _RECENT_MAX:
            self._verdicts.clear()
        self._verdicts[scan] = verdict
        return True

    def scan_verdict(self, scan: bytes) -> str | None:
        """Return the verdict of a scan, None for an unknown one."""
        verdict = self._verdicts.get(scan)
        if verdict is not None:
            return verdict
        row = self._one("SELECT verdict FROM scan WHERE id = ?", (scan,))
        return None if row is None else str(row[0])

    def add_record(self, record: bytes, commitment: bytes) -> bool:
        """Add a decided record; an empty commitment means not accepted."""
        values = (record, commitment)
        if not self._insert("INSERT INTO record VALUES (?, ?)", values):
            return False
        if len(self._commitments) >= _RECENT_MAX:
            self._commitments.clear()
        self._commitments[record] = commitment
        return True

    def commitment(self, record: bytes) -> bytes:
        """Return a record's commitment; empty unless it is accepted and not erased."""
        known = self._commitments.get(record)
        if known is not None:
            return known
        row = self._one("SELECT commitment FROM record WHERE id = ?", (record,))
        return b"" if row is None else bytes(row[0])

    def erase(self, record: bytes) -> list[tuple[int, int]]:
        """Forget a record's commitment, and taint the weights that saw it.

        Weights saw it where their run started after it was assigned, and they are of
        its slice or one above.

        Returns:
            Shard and slice of each assignment that weights not deleted saw.
        """
        self.erased += 1
        seen = [
            (shard, slice_)
            for map_, shard, slice_, at in self._db.execute(
                "SELECT map, shard, slice, at FROM assignment WHERE record = ?",
                (record,),
            ).fetchall()
            if self._taint(map_, shard, slice_, at)
        ]
        self._commitments.pop(record, None)
        self._execute("UPDATE record SET commitment = x'' WHERE id = ?", (record,))
        self._execute(
            "UPDATE assignment SET commitment = x'' WHERE record = ?", (record,)
        )
        return seen

    def _taint(self, map_: int, shard: int, slice_: int, at: int) -> bool:
        """Taint what saw a record; return whether any of it is not deleted."""
        place = (shard, slice_, map_, at)
        self._execute(
            "UPDATE trained SET tainted = 1"
            " WHERE shard = ? AND slice >= ? AND map = ? AND run_at > ?",
            place,
        )
        row = self._one(
            "SELECT 1 FROM trained"
            " WHERE shard = ? AND slice >= ? AND map = ? AND run_at > ?"
            " AND weights NOT IN (SELECT weights FROM deleted) LIMIT 1",
            place,
        )
        return row is not None

    def assign(
        self,
        record: bytes,
        commitment: bytes,
        *,
        map_number: int,
        shard: int,
        slice_: int,
        at: int,
    ) -> bool:
        """Assign a record; return whether it is new under the map."""
        self.assigned += 1
        return self._insert(
            "INSERT INTO assignment VALUES (?, ?, ?, ?, ?, ?)",
            (record, map_number, shard, slice_, at, commitment),
        )

    def commitments(
        self, *, map_number: int, shard: int, slice_: int, before: int
    ) -> Iterator[bytes]:
        """Return commitments of unerased records of slices 0..slice_ assigned earlier.

        They come in ascending order of record id.
        """
        self._execute(_BY_PLACE)
        rows = self._db.execute(
            "SELECT commitment FROM assignment WHERE map = ? AND shard = ?"
            " AND slice <= ? AND at < ? AND commitment <> x'' ORDER BY record",
            (map_number, shard, slice_, before),
        )
        return (row[0] for row in rows)

    def add_trained(
        self,
        weights: bytes,
        *,
        map_number: int,
        shard: int,
        slice_: int,
        at: int,
        run_at: int,
    ) -> None:
        """Add the weights of a trained slice."""
        self._execute(
            "INSERT INTO trained VALUES (?, ?, ?, ?, ?, ?, 0)",
            (map_number, shard, slice_, at, weights, run_at),
        )

    def is_tainted(self, weights: bytes) -> bool:
        """Return whether the weights saw a record that is erased."""
        row = self._one(
            "SELECT 1 FROM trained WHERE weights = ? AND tainted = 1", (weights,)
        )
        return row is not None

    def newest_trained(
        self, *, map_number: int, shard: int, slice_: int
    ) -> bytes | None:
        """Return the newest weights of a slice, None where it was never trained."""
        row = self._one(
            "SELECT weights FROM trained WHERE map = ? AND shard = ? AND slice = ?"
            " ORDER BY at DESC LIMIT 1",
            (map_number, shard, slice_),
        )
        return None if row is None else bytes(row[0])

    def undeleted(self, *, shard: int, slice_first: int, before: int) -> bytes | None:
        """Return some weights that should be deleted, None where there are none.

        They are of a shard's slices from `slice_first` on, older than an event.
        """
        row = self._one(
            "SELECT weights FROM trained WHERE shard = ? AND slice >= ? AND at < ?"
            " AND weights NOT IN (SELECT weights FROM deleted) LIMIT 1",
            (shard, slice_first, before),
        )
        return None if row is None else bytes(row[0])

    def delete_weights(self, weights: bytes) -> None:
        """Mark weights as deleted."""
        self._execute("INSERT OR IGNORE INTO deleted VALUES (?)", (weights,))

    def is_deleted(self, weights: bytes) -> bool:
        """Return whether the weights were deleted."""
        row = self._one("SELECT 1 FROM deleted WHERE weights = ?", (weights,))
        return row is not None

    def _insert(self, statement: str, values: tuple[object, ...]) -> bool:
        try:
            self._execute(statement, values)
        except sqlite3.IntegrityError:
            return False
        return True

    def _one(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._execute(query, values).fetchone()
        return row
