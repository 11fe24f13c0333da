"""What decisions cite, and which scan is the later one: asked by a quarantine only.

Most ledgers are never asked, so ids are written down as they come, many in a row of a
table, and sorted in when the first question is about one of them.
"""

import sqlite3
from collections.abc import Iterator
from typing import Any

from verifier.rules.index_tables import CACHE

_ID_BYTES = 16

SCHEMA = """
CREATE TABLE cited (records BLOB, scans BLOB, licences BLOB);
CREATE TABLE source (record BLOB, scan BLOB, licence BLOB);
CREATE TABLE scanned (at INTEGER, scans BLOB);
CREATE TABLE scanned_at (scan BLOB, at INTEGER);
"""
# Built on the first question: sorting all at once takes a fifth of the time.
_BY_RECORD = "CREATE INDEX IF NOT EXISTS source_record ON source (record)"
_BY_SCAN = "CREATE INDEX IF NOT EXISTS scanned_at_scan ON scanned_at (scan)"
NOTHING = bytes(_ID_BYTES)
"""Stands for a scan or a licence that a decision does not cite."""


class Sources:
    """Scan and licence of each decided record, and the event of each scan.

    Ids are bytes, one after the other; of an id that occurs twice the first counts.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a database with the tables of `SCHEMA`."""
        self._db = db

    def cite(self, records: bytes, scans: bytes, licences: bytes) -> None:
        """Add what records cite.

        Args:
            records: the records.
            scans: as many scans, `NOTHING` for none.
            licences: as many licences, or empty where none of the records cites one.
        """
        self._db.execute(
            "INSERT INTO cited VALUES (?, ?, ?)", (records, scans, licences)
        )

    def scanned(self, scans: bytes, at: int) -> None:
        """Add scans; the first is the event of number `at`, the next `at` + 1 ..."""
        self._db.execute("INSERT INTO scanned VALUES (?, ?)", (at, scans))

    def of_record(self, record: bytes) -> tuple[bytes, bytes]:
        """Return what a record cites, scan and licence; `NOTHING` for none."""
        for records, scans, licences in self._taken("cited"):
            cited = zip(
                _ids(records),
                _ids(scans),
                _ids(licences or NOTHING * (len(records) // _ID_BYTES)),
                strict=True,
            )
            self._db.executemany("INSERT INTO source VALUES (?, ?, ?)", cited)
        self._db.execute(_BY_RECORD)
        query = "SELECT scan, licence FROM source WHERE record = ? ORDER BY rowid"
        row = self._db.execute(query, (record,)).fetchone()
        return (NOTHING, NOTHING) if row is None else (bytes(row[0]), bytes(row[1]))

    def is_later(self, scan: bytes, earlier: bytes) -> bool:
        """Return whether a scan comes after another one in the ledger."""
        for first, scans in self._taken("scanned"):
            rows = [(one, at) for at, one in enumerate(_ids(scans), first)]
            self._db.executemany("INSERT INTO scanned_at VALUES (?, ?)", rows)
        self._db.execute(_BY_SCAN)
        query = "SELECT at FROM scanned_at WHERE scan = ? ORDER BY rowid"
        places = [self._db.execute(query, (one,)).fetchone() for one in (scan, earlier)]
        return None not in places and places[0] > places[1]

    def _taken(self, table: str) -> Iterator[tuple[Any, ...]]:
        """Return the rows of a table, in order, and delete them at the end."""
        self._db.execute(CACHE)  # sorting needs room
        yield from self._db.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608 (one of two names above)
        self._db.execute(f"DELETE FROM {table}")  # noqa: S608 (the same)


def _ids(joined: bytes) -> Iterator[bytes]:
    places = range(0, len(joined), _ID_BYTES)
    return (joined[at : at + _ID_BYTES] for at in places)
