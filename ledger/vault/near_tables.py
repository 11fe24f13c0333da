"""The index of signatures as tables of a SQLite file that can forget.

Memory is flat: an answer reads the bands that were asked for. What is deleted is gone
with the caller's transaction, where the file has `secure_delete`.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from ledger.vault.near_bands import band_values

# AUTOINCREMENT: the number of an erased signature must never name another text.
SCHEMA: Final = (
    (
        "CREATE TABLE near_signature (number INTEGER PRIMARY KEY AUTOINCREMENT, "
        "signature BLOB NOT NULL UNIQUE) STRICT"
    ),
    (
        "CREATE TABLE near_band (value INTEGER NOT NULL, number INTEGER NOT NULL, "
        "PRIMARY KEY (value, number)) STRICT, WITHOUT ROWID"
    ),
    (
        "CREATE TABLE near_record (record_id TEXT NOT NULL, number INTEGER NOT NULL, "
        "is_own INTEGER NOT NULL, PRIMARY KEY (record_id, number)) "
        "STRICT, WITHOUT ROWID"
    ),
)


class SqliteBands:
    """A `BandIndex` in the tables of `SCHEMA`; it opens no transaction of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use an open connection to a file that has the tables."""
        self._connection = connection

    def candidates(
        self, signature: bytes, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """See `BandIndex`."""
        values = band_values(signature)
        marks = ", ".join("?" * len(values))
        query = (
            "SELECT number, signature FROM (SELECT number, count(*) AS shared "  # noqa: S608 (marks only)
            f"FROM near_band WHERE value IN ({marks}) GROUP BY number "
            "ORDER BY shared DESC, number LIMIT ?) JOIN near_signature USING (number) "
            "ORDER BY shared DESC, number"
        )
        return self._connection.execute(query, (*values, limit)).fetchall()

    def add(self, record_id: str, signature: bytes, near: Sequence[int]) -> int:
        """See `BandIndex`."""
        found = self._number_of(signature)
        number = self._keep(signature) if found is None else found
        self._connection.executemany(
            "INSERT OR REPLACE INTO near_record VALUES (?, ?, ?)",
            [(record_id, one, one == number) for one in {number, *near}],
        )
        return number

    def remove(self, record_id: str) -> None:
        """See `BandIndex`."""
        row = self._connection.execute(
            "SELECT number FROM near_record WHERE record_id = ? AND is_own = 1",
            (record_id,),
        ).fetchone()
        self._connection.execute(
            "DELETE FROM near_record WHERE record_id = ?", (record_id,)
        )
        if row is not None and not self._is_held(row[0]):
            self._forget(row[0])

    def clusters(self) -> dict[str, list[int]]:
        """See `BandIndex`."""
        found: dict[str, list[int]] = {}
        query = "SELECT record_id, number FROM near_record ORDER BY record_id, number"
        for record_id, number in self._connection.execute(query):
            found.setdefault(record_id, []).append(number)
        return found

    def _number_of(self, signature: bytes) -> int | None:
        query = "SELECT number FROM near_signature WHERE signature = ?"
        row = self._connection.execute(query, (signature,)).fetchone()
        return None if row is None else int(row[0])

    def _keep(self, signature: bytes) -> int:
        [number] = self._connection.execute(
            "INSERT INTO near_signature (signature) VALUES (?) RETURNING number",
            (signature,),
        ).fetchone()
        self._connection.executemany(
            "INSERT INTO near_band VALUES (?, ?)",
            [(value, number) for value in band_values(signature)],
        )
        return int(number)

    def _is_held(self, number: int) -> bool:
        query = "SELECT 1 FROM near_record WHERE number = ? AND is_own = 1"
        return self._connection.execute(query, (number,)).fetchone() is not None

    def _forget(self, number: int) -> None:
        [signature] = self._connection.execute(
            "SELECT signature FROM near_signature WHERE number = ?", (number,)
        ).fetchone()
        self._connection.executemany(
            "DELETE FROM near_band WHERE value = ? AND number = ?",
            [(value, number) for value in band_values(signature)],
        )
        self._connection.execute(
            "DELETE FROM near_signature WHERE number = ?", (number,)
        )
