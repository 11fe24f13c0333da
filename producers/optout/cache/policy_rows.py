"""Where the cache of policy files outlives the process: one SQLite file.

It may be lost or deleted at any time, so nothing waits for the disk.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

from ledger.errors import InputError, StorageError
from producers.optout.cache.cached_file import CachedFile

_WAIT_SECONDS: Final = 30.0
"""How long a write waits for another process."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS policy_file (
  tag BLOB NOT NULL,
  is_last_good INTEGER NOT NULL,
  channel TEXT NOT NULL,
  status INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT,
  evidence_sha256 TEXT NOT NULL,
  redirects INTEGER NOT NULL,
  fetched_at_ms INTEGER NOT NULL,
  cause TEXT NOT NULL,
  PRIMARY KEY (tag, is_last_good)
) STRICT, WITHOUT ROWID
"""
_SELECT: Final = """
SELECT
  channel, status, outcome, reason, evidence_sha256, redirects, fetched_at_ms, cause
FROM policy_file WHERE tag = ? AND is_last_good = ?
"""
_INSERT: Final = (
    "INSERT OR REPLACE INTO policy_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class PolicyRows:
    """Rows of policy files by tag; the caller sees to it that calls do not overlap.

    Args:
        path: the SQLite file, made where missing; none keeps the rows in memory.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file.

        Raises:
            InputError: it is no cache of policy files.
        """
        self._database = sqlite3.connect(
            path if path is not None else ":memory:",
            timeout=_WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._database.execute("PRAGMA journal_mode = WAL").fetchall()
            self._database.execute("PRAGMA synchronous = OFF")
            self._database.execute(_SCHEMA)
            self._database.execute("DROP TABLE IF EXISTS file")  # knew no cause
            self._database.execute(_SELECT, (b"", 0)).fetchall()
        except sqlite3.DatabaseError as error:
            self._database.close()
            message = f"policy cache: expected one, found a file without: {error}"
            raise InputError(message) from None

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def get(self, tag: bytes, *, is_last_good: bool) -> CachedFile | None:
        """The file of a tag.

        Raises:
            StorageError: the disk refused, or the file was damaged meanwhile.
        """
        try:
            with closing(self._database.execute(_SELECT, (tag, is_last_good))) as rows:
                row = rows.fetchone()
        except sqlite3.DatabaseError as error:
            raise StorageError(f"policy cache: {error}") from None
        if row is None:
            return None
        channel, status, outcome, reason, evidence_sha256, redirects, at_ms, cause = row
        return CachedFile(
            channel=channel,
            status=status,
            outcome=outcome,
            reason=reason,
            evidence_sha256=evidence_sha256,
            redirects=redirects,
            fetched_at_ms=at_ms,
            cause=cause,
        )

    def put(self, files: Iterable[tuple[bytes, CachedFile]]) -> None:
        """Keep files in one transaction; good ones as the last good copy, too.

        Raises:
            StorageError: the disk refused.
        """
        rows = [
            (
                tag,
                is_last_good,
                file.channel,
                file.status,
                file.outcome,
                file.reason,
                file.evidence_sha256,
                file.redirects,
                file.fetched_at_ms,
                file.cause,
            )
            for tag, file in files
            for is_last_good in ((0, 1) if file.is_good else (0,))
        ]
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(_INSERT, rows)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            raise StorageError(f"policy cache: {error}") from None
