"""What grows with the records, in a private temporary database on disk.

A million records would cost a Python set hundreds of megabytes; SQLite keeps a
bounded cache in memory and spills the rest to a file that nobody else can open and
that is gone when it is closed.
"""

import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from verifier.doubt import Doubt
from verifier.rules.index_tables import (
    ADD_ASSIGNMENT,
    ADD_RECORD,
    ADD_SCAN,
    BY_PLACE,
    BY_RECORD,
    SCHEMA,
)

CACHE = "PRAGMA cache_size=-65536"
# So many sites that were asked for are kept in memory as well: about 10 MB.
_SITES_MAX = 65_536

Assignment = tuple[bytes, int, int, int, int, bytes]
"""Record, number of the map, shard, slice, number of the event, commitment."""


class Index:
    """Sites, scans, records, assignments and weights seen so far.

    Ids and digests are bytes. `at` is an event's number, growing over the ledger.

    Attributes:
        assigned: how many assignments were added.
        erased: how many records were erased.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Begin with nothing, or with a file that `save` wrote, which is changed.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        self._path = path
        self._db = sqlite3.connect(path or "", isolation_level=None)
        self._execute = self._db.cursor().execute
        try:
            self._prepare()
        except sqlite3.Error:
            self.close()
            raise
        self._sites: set[bytes] = set()
        self.assigned = 0
        self.erased = 0

    def _prepare(self) -> None:
        """Set up the connection, and the tables where there are none."""
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            f"PRAGMA page_size=16384; {CACHE};"
        )
        if self._path is None:
            self._db.executescript(SCHEMA)
            self._execute(BY_RECORD)
        self._execute("BEGIN")

    def close(self) -> None:
        """Close; what has no file of its own is deleted."""
        self._db.close()

    def save(self, path: Path, note: str) -> None:
        """Write everything to a new file; a file that was begun with moves there.

        Args:
            path: where nothing is yet, on the same file system.
            note: kept beside the rest; `note` returns it.

        Raises:
            sqlite3.Error: the disk refused.
            OSError: the same.
        """
        self._execute("DELETE FROM note")
        self._execute("INSERT INTO note VALUES (?)", (note,))
        self._execute("COMMIT")
        if self._path is None:
            self._execute("VACUUM INTO ?", (os.fspath(path),))
        else:
            self._path.replace(path)
        self._execute("BEGIN")

    def note(self) -> str:
        """Return what `save` kept."""
        row = self._one("SELECT text FROM note", ())
        return "" if row is None else str(row[0])

    def add_site(self, site: bytes) -> bool:
        """Add a site; return whether it is new."""
        return self._insert("INSERT INTO site VALUES (?)", (site,))

    def has_site(self, site: bytes) -> bool:
        """Return whether the site was registered."""
        if site in self._sites:
            return True
        row = self._one("SELECT 1 FROM site WHERE id = ?", (site,))
        if row is not None:
            if len(self._sites) >= _SITES_MAX:
                self._sites.clear()
            self._sites.add(site)
        return row is not None

    def add_scan(self, scan: bytes, verdict: str) -> bool:
        """Add a scan; return whether it is new."""
        return self._insert(ADD_SCAN, (scan, verdict))

    def scan_verdict(self, scan: bytes) -> str | None:
        """Return the verdict of a scan, None for an unknown one."""
        row = self._one("SELECT verdict FROM scan WHERE id = ?", (scan,))
        return None if row is None else str(row[0])

    def add_record(self, record: bytes, commitment: bytes) -> bool:
        """Add a decided record; an empty commitment means not accepted."""
        return self._insert(ADD_RECORD, (record, commitment))

    def commitment(self, record: bytes) -> bytes:
        """Return a record's commitment; empty unless it is accepted and not erased."""
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

    def assign(self, row: Assignment) -> bool:
        """Assign a record; return whether it is new under the map."""
        self.assigned += 1
        return self._insert(ADD_ASSIGNMENT, row)

    def add_scans(self, scans: Sequence[bytes], verdicts: Sequence[str]) -> None:
        """Add many scans.

        Raises:
            Doubt: one is not new.
        """
        self._insert_all(ADD_SCAN, list(zip(scans, verdicts, strict=True)))

    def scan_verdicts(self, scans: Collection[bytes]) -> set[str | None]:
        """Return the verdicts that occur among some scans."""
        return set(map(self.scan_verdict, scans))

    def add_records(
        self, records: Sequence[bytes], commitments: Sequence[bytes]
    ) -> None:
        """Add many decided records.

        Raises:
            Doubt: one is not new.
        """
        self._insert_all(ADD_RECORD, list(zip(records, commitments, strict=True)))

    def commitments_of(self, records: Sequence[bytes]) -> list[bytes]:
        """Return the commitment of each record, as `commitment` does."""
        return list(map(self.commitment, records))

    def assign_all(self, rows: Sequence[Assignment]) -> None:
        """Assign many records.

        Raises:
            Doubt: one is not new under its map.
        """
        self.assigned += len(rows)
        self._insert_all(ADD_ASSIGNMENT, rows)

    def stock(
        self, *, map_number: int, shard: int, before: int
    ) -> Iterator[tuple[int, bytes]]:
        """Return slice and commitment of unerased records assigned earlier to a shard.

        They come in ascending order of record id.
        """
        self._execute(BY_PLACE)
        return self._db.execute(
            "SELECT slice, commitment FROM assignment WHERE map = ? AND shard = ?"
            " AND at < ? AND commitment <> x'' ORDER BY record",
            (map_number, shard, before),
        )

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

    def _insert_all(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            self._db.executemany(statement, rows)
        except sqlite3.IntegrityError as error:
            raise Doubt(str(error)) from None

    def _one(self, query: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._execute(query, values).fetchone()
        return row
