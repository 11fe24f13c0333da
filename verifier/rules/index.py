"""What grows with the records, in a private temporary database on disk.

A million records would cost a Python set hundreds of megabytes; SQLite keeps a
bounded cache in memory and spills the rest to a file that nobody else can open and
that is gone when it is closed.
"""

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from verifier.doubt import Doubt
from verifier.rules.index_tables import (
    ADD_ASSIGNMENT,
    ADD_RECORD,
    ADD_SCAN,
    BY_PLACE,
    BY_RECORD,
    CACHE,
    SCHEMA,
)
from verifier.rules.models import Models
from verifier.rules.redactions import SCHEMA as REDACTIONS
from verifier.rules.redactions import Redactions
from verifier.rules.register import Register
from verifier.rules.sources import SCHEMA as SOURCES
from verifier.rules.sources import Sources
from verifier.rules.weights import Weights

# So many sites that were asked for are kept in memory as well: about 10 MB.
_SITES_MAX = 65_536

Scan = tuple[str, bytes]
"""Status and site of a scan.

The status is its verdict, but `piracy` for one of a listed site. One that is `unknown`
is `clearable` where a person may clear all of its reasons, and `cleared` while the
newest review says so. After records that rested on it were quarantined it is
`once_allowed` or `once_clearable`: a basis for nothing any more, whatever a person says
of it later.
"""

Assignment = tuple[bytes, int, int, int, int, bytes]
"""Record, number of the map, shard, slice, number of the event, commitment."""


class Index:
    """Sites, scans, records and assignments seen so far.

    Ids and digests are bytes. `at` is an event's number, growing over the ledger.

    Attributes:
        register: reviews and licences.
        sources: what the decisions cite, and the order of the scans.
        weights: weights that were trained and deleted.
        models: what was said of models, and which serve.
        redactions: lines of which only the leaf hash is left, and who named them.
        assigned: how many assignments were added.
        gone: how often a record was erased or quarantined.
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
        self.register = Register(self._db)
        self.sources = Sources(self._db)
        self.weights = Weights(self._db)
        self.models = Models(self._db)
        self.redactions = Redactions(self._db)
        self.assigned = 0
        self.gone = 0

    def _prepare(self) -> None:
        """Set up the connection, and the tables where there are none."""
        self._db.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
            f"PRAGMA page_size=16384; {CACHE};"
        )
        if self._path is None:
            self._db.executescript(SCHEMA + SOURCES + REDACTIONS)
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

    def add_scan(self, scan: bytes, said: Scan) -> bool:
        """Add a scan; return whether it is new."""
        return self._insert(ADD_SCAN, (scan, *said))

    def scan(self, scan: bytes) -> Scan | None:
        """Return a scan, None for one that is not there."""
        row = self._one("SELECT status, site FROM scan WHERE id = ?", (scan,))
        return None if row is None else (str(row[0]), bytes(row[1]))

    def set_scan(self, scan: bytes, said: Scan) -> None:
        """Change a scan that is there."""
        self._execute(
            "UPDATE scan SET status = ?, site = ? WHERE id = ?", (*said, scan)
        )

    def close_scans(self, scans: Iterable[bytes]) -> None:
        """Note scans whose page nobody can read without a login or a payment."""
        statement = "INSERT OR IGNORE INTO closed VALUES (?)"
        self._db.executemany(statement, [(scan,) for scan in scans])

    def is_closed(self, scan: bytes) -> bool:
        """Return whether the page of a scan was closed."""
        return self._one("SELECT 1 FROM closed WHERE scan = ?", (scan,)) is not None

    def add_record(self, record: bytes, commitment: bytes) -> bool:
        """Add a decided record; an empty commitment means not accepted."""
        return self._insert(ADD_RECORD, (record, commitment))

    def commitment(self, record: bytes) -> bytes:
        """Return a record's commitment.

        It is empty unless the record is accepted, and neither erased nor quarantined.
        """
        row = self._one("SELECT commitment FROM record WHERE id = ?", (record,))
        return b"" if row is None else bytes(row[0])

    def quarantine(self, record: bytes) -> None:
        """Leave a record out of what is assigned and trained on from here on.

        No weights that saw it are trained from any more.
        """
        for place in self._places(record):
            self.weights.withdraw(*place)
        self._insert("INSERT INTO quarantined VALUES (?)", (record,))
        self._forget(record)

    def is_quarantined(self, record: bytes) -> bool:
        """Return whether a record is quarantined and not erased."""
        query = "SELECT 1 FROM quarantined WHERE record = ?"
        return self._one(query, (record,)) is not None

    def erase(self, record: bytes) -> list[tuple[int, int]]:
        """Forget a record's commitment, and taint the weights that saw it.

        Returns:
            Shard and slice of each assignment that weights not deleted saw.
        """
        seen = [
            (shard, slice_)
            for map_, shard, slice_, at in self._places(record)
            if self.weights.taint(map_, shard, slice_, at)
        ]
        self._execute("DELETE FROM quarantined WHERE record = ?", (record,))
        self._forget(record)
        return seen

    def _places(self, record: bytes) -> list[tuple[int, int, int, int]]:
        """Return map, shard, slice and event of each assignment of a record."""
        query = "SELECT map, shard, slice, at FROM assignment WHERE record = ?"
        return self._db.execute(query, (record,)).fetchall()

    def _forget(self, record: bytes) -> None:
        """Forget a record's commitment."""
        self.gone += 1
        self._execute("UPDATE record SET commitment = x'' WHERE id = ?", (record,))
        self._execute(
            "UPDATE assignment SET commitment = x'' WHERE record = ?", (record,)
        )

    def assign(self, row: Assignment) -> bool:
        """Assign a record; return whether it is new under the map."""
        self.assigned += 1
        return self._insert(ADD_ASSIGNMENT, row)

    def add_scans(self, scans: Sequence[bytes], said: Sequence[Scan]) -> None:
        """Add many scans.

        Raises:
            Doubt: one is not new.
        """
        rows = [(scan, *each) for scan, each in zip(scans, said, strict=True)]
        self._insert_all(ADD_SCAN, rows)

    def scans(self, scans: Collection[bytes]) -> list[Scan | None]:
        """Return what `scan` does for each."""
        return list(map(self.scan, scans))

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
        """Return slice and commitment of records assigned earlier to a shard.

        They come in ascending order of record id; those that are gone are left out.
        """
        self._execute(BY_PLACE)
        return self._db.execute(
            "SELECT slice, commitment FROM assignment WHERE map = ? AND shard = ?"
            " AND at < ? AND commitment <> x'' ORDER BY record",
            (map_number, shard, before),
        )

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
