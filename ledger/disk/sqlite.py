"""A ledger in one SQLite file (docs/spec.md, section 8).

WAL with `synchronous=FULL`: a commit is on the disk when it returns. `BEGIN IMMEDIATE`:
the head that is read inside cannot move before it is written behind. The last close
leaves one plain file without a `-wal` beside it.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.disk.cold_journal import drop_cold_journal
from ledger.disk.places import check_readable
from ledger.disk.row_update import empty_wal, update_events
from ledger.disk.schema import ANCHOR_SCHEMA, SCHEMA
from ledger.disk.store import AnchorTable, Row
from ledger.errors import (
    ConflictError,
    IntegrityError,
    LockedError,
    NotALedgerError,
    StorageError,
)

APPLICATION_ID: Final = 0x746C6467
"""`tldg` in the file header (STO-1)."""

STORAGE_VERSION: Final = 1

LOCK_WAIT_MS: Final = 10_000
"""How long a writer waits for another one."""

PAGE_BYTES: Final = 16_384
"""Rows hold whole submissions, so large pages scan and append fastest."""

_ANCHORS: Final[dict[AnchorTable, str]] = {
    "cosignature": "SELECT size, line FROM main.cosignature ORDER BY number",
    "timestamp": "SELECT size, token FROM main.timestamp ORDER BY number",
}
_INSERT_ANCHOR: Final[dict[AnchorTable, str]] = {
    table: f"INSERT INTO main.{table} "  # noqa: S608 (the table is a constant)
    f"SELECT coalesce(max(number), 0) + 1, ?, ? FROM main.{table}"
    for table in _ANCHORS
}

_LOCKED: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,  # gave up on a race for the WAL's locks
}
_REFUSED: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
}


@contextlib.contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours.

    Raises:
        LockedError: another process kept the lock.
        StorageError: the disk is full, read-only or failed.
        NotALedgerError: the file is not a database.
        IntegrityError: the database is damaged, or a trigger refused the write.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        name = path.name
        if code in _LOCKED:
            message = (
                f"{name} is locked by another writer; waited {LOCK_WAIT_MS // 1000} s"
            )
            raise LockedError(message) from None
        if code in _REFUSED:
            message = f"{name}: the disk refused the write ({error}); nothing was kept"
            raise StorageError(message) from None
        if code == sqlite3.SQLITE_NOTADB:
            message = f"{name} is not a ledger: not an SQLite file"
            raise NotALedgerError(message) from None
        message = f"{name}: {error}"
        raise IntegrityError(message) from None


class SqliteStore:
    """The one file that holds a ledger's entries and checkpoints."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Use `create` or `open`."""
        self.path = path
        self._connection = connection
        self._is_wal = False

    @classmethod
    def create(cls, path: Path) -> "SqliteStore":
        """Create an empty store.

        Raises:
            ConflictError: the file exists.
            StorageError: the disk refused the write.
        """
        if path.exists():
            message = f"{path} exists and is never overwritten"
            raise ConflictError(message)
        with sqlite_errors(path), contextlib.ExitStack() as undo:
            connection = _connect(path, "rwc", undo)
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
            connection.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={STORAGE_VERSION}")
            connection.execute("COMMIT")
            undo.pop_all()
        return cls(path, connection)

    @classmethod
    def open(cls, path: Path) -> "SqliteStore":
        """Open an existing store; a missing one is never created.

        Raises:
            NotALedgerError: missing, or not a ledger of this version.
        """
        check_readable(path)
        with sqlite_errors(path), contextlib.ExitStack() as undo:
            connection = _connect(path, "rw", undo)
            found = (
                connection.execute("PRAGMA application_id").fetchone()[0],
                connection.execute("PRAGMA user_version").fetchone()[0],
            )
            schema = {
                row[0] for row in connection.execute("SELECT sql FROM sqlite_schema")
            }
            allowed = set(SCHEMA), set(SCHEMA + ANCHOR_SCHEMA)
            if found != (APPLICATION_ID, STORAGE_VERSION) or schema not in allowed:
                message = f"{path} is not a ledger of format 1"
                raise NotALedgerError(message)
            drop_cold_journal(path, connection)
            undo.pop_all()
        return cls(path, connection)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One exclusive transaction: durable when it ends, undone when it raises."""
        with sqlite_errors(self.path):
            if not self._is_wal:
                self._connection.execute("PRAGMA journal_mode=WAL")
                self._is_wal = True
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """One view of the store that nobody else's append changes."""
        with sqlite_errors(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def size(self) -> int:
        """How many entries are stored."""
        with sqlite_errors(self.path):
            query = "SELECT coalesce(max(seq) + 1, 0) FROM main.entry"
            return int(self._connection.execute(query).fetchone()[0])

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The entries from `start` on, in order."""
        with sqlite_errors(self.path):
            query = (
                "SELECT seq, entry, events FROM main.entry WHERE seq >= ? ORDER BY seq"
            )
            for seq, entry, events in self._connection.execute(query, (start,)):
                yield Row(seq, entry, events)

    def row(self, seq: int) -> Row | None:
        """One entry, or None."""
        with sqlite_errors(self.path):
            query = "SELECT entry, events FROM main.entry WHERE seq = ?"
            found = self._connection.execute(query, (seq,)).fetchone()
            return None if found is None else Row(seq, *found)

    def entries_down(self, seq: int) -> Iterator[tuple[int, bytes]]:
        """Seq and bytes of the entries from `seq` down to 0, without their events."""
        with sqlite_errors(self.path):
            query = "SELECT seq, entry FROM main.entry WHERE seq <= ? ORDER BY seq DESC"
            yield from self._connection.execute(query, (seq,))

    def checkpoint(self, size: int) -> bytes | None:
        """The checkpoint note of that size, or None."""
        with sqlite_errors(self.path):
            query = "SELECT note FROM main.checkpoint WHERE size = ?"
            found = self._connection.execute(query, (size,)).fetchone()
            return None if found is None else bytes(found[0])

    def checkpoint_over(self, seq: int) -> bytes | None:
        """The smallest checkpoint note that covers entry `seq`, or None."""
        with sqlite_errors(self.path):
            query = (
                "SELECT note FROM main.checkpoint WHERE size > ? ORDER BY size LIMIT 1"
            )
            found = self._connection.execute(query, (seq,)).fetchone()
            return None if found is None else bytes(found[0])

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Size and note of the newest checkpoint, or None."""
        with sqlite_errors(self.path):
            query = "SELECT size, note FROM main.checkpoint ORDER BY size DESC LIMIT 1"
            found = self._connection.execute(query).fetchone()
            return None if found is None else (int(found[0]), bytes(found[1]))

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Size and note of every checkpoint, newest first."""
        with sqlite_errors(self.path):
            query = "SELECT size, note FROM main.checkpoint ORDER BY size DESC"
            for size, note in self._connection.execute(query):
                yield int(size), bytes(note)

    def anchors(self, table: AnchorTable) -> Iterator[tuple[int, bytes]]:
        """Size and content of every anchor of one kind, oldest first."""
        with sqlite_errors(self.path):
            if self._has_anchors():
                for size, content in self._connection.execute(_ANCHORS[table]):
                    yield int(size), bytes(content)

    def insert_anchor(self, table: AnchorTable, size: int, content: bytes) -> None:
        """Append one anchor, the tables with the first. Only inside `writing`."""
        if not self._has_anchors():
            for statement in ANCHOR_SCHEMA:
                self._connection.execute(statement)
        self._connection.execute(_INSERT_ANCHOR[table], (size, content))

    def _has_anchors(self) -> bool:
        """Whether anybody has stored an anchor yet."""
        query = "SELECT 1 FROM main.sqlite_schema WHERE name = 'cosignature'"
        return self._connection.execute(query).fetchone() is not None

    def insert_entry(self, row: Row) -> None:
        """Append one entry. Only inside `writing`."""
        self._connection.execute(
            "INSERT INTO main.entry VALUES (?, ?, ?)", (row.seq, row.entry, row.events)
        )

    def insert_checkpoint(self, size: int, note: bytes) -> None:
        """Append one checkpoint. Only inside `writing`."""
        self._connection.execute(
            "INSERT INTO main.checkpoint VALUES (?, ?)", (size, note)
        )

    def replace_events(self, seq: int, events: bytes) -> None:
        """Overwrite the event lines of an entry. Only inside `writing`."""
        update_events(self._connection, seq, events)

    def empty_wal(self) -> None:
        """Leave nothing in the WAL, so that what was overwritten is gone.

        Raises:
            LockedError: another process keeps old pages.
        """
        with sqlite_errors(self.path):
            empty_wal(self._connection, self.path.name)

    def close(self) -> None:
        """Fold the WAL into the file when nobody else has it open, and let go."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("PRAGMA busy_timeout=0")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()


def _connect(path: Path, mode: str, undo: contextlib.ExitStack) -> sqlite3.Connection:
    """A connection in autocommit mode, which `undo` closes; the caller commits."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=LOCK_WAIT_MS / 1000,
    )
    undo.callback(connection.close)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection
