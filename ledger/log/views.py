"""The derived file: what can be computed again from the ledger, kept to save time.

Delete it and it comes back. It is never evidence: an auditor gets the `.ledger` file.
"""

import contextlib
import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlite_utils import Database
from sqlite_utils.db import InvalidColumns

from ledger.log.state import State
from ledger.log.view_tables import Kept, Snapshot, make_tables, read_cache, write_rows
from ledger.projections.tables import Changes

_VERSION: Final = 2
"""Raised when the shape of what is cached changes; older rows are then left unread."""

_WAIT_MS: Final = 5000
"""How long a write waits for another process's."""

_WAL_BYTES: Final = 16 * 1024 * 1024
"""From this length on a WAL is folded into the file before it is read."""

_CACHE_KIB: Final = 64 * 1024
"""Most of the file that a writer holds in memory: keys come in no order."""


class Views:
    """Cached states in one SQLite file beside the ledger."""

    def __init__(self, path: Path, *, is_kept: bool = True) -> None:
        """Nothing is opened until it is needed, so that opening costs nothing.

        Args:
            path: the file.
            is_kept: whether to write at all; beside an auditor's evidence nothing is.
        """
        self._path = path
        self._is_kept = is_kept
        self._database: Database | None = None
        self._is_wal = False
        self._snapshots: weakref.WeakSet[Snapshot] = weakref.WeakSet()

    @property
    def is_kept(self) -> bool:
        """Whether anything is written."""
        return self._is_kept

    def load_state(self) -> State | None:
        """The cached ledger state, or None. It is not trusted: see `Ledger`."""
        found = self.load("state")
        if found is None:
            return None
        with contextlib.suppress(msgspec.ValidationError):
            return msgspec.convert(found[1], State)
        return None

    def save_state(self, state: State) -> None:
        """Cache the ledger state."""
        self.save("state", state.size, msgspec.to_builtins(state))

    def load(self, name: str) -> tuple[int, Any] | None:
        """Size and content cached under `name`, or None where it cannot be read."""
        snapshot = self.snapshot()
        if snapshot is None:
            return None
        with contextlib.closing(snapshot):
            found = self.cached(snapshot, name)
        with contextlib.suppress(ValueError, TypeError):
            return None if found is None else (found[0], msgspec.json.decode(found[1]))
        return None

    def snapshot(self) -> Snapshot | None:
        """The file as it stands, whatever is written later; None without one.

        It can be read until this object is closed.
        """
        if not self._path.exists():
            return None
        with self._no_loss():
            if self._is_kept:
                # Before there is a snapshot that these would wait for.
                self._fold_wal(self._open())
            snapshot = Snapshot(self._path, is_kept=self._is_kept)
            self._snapshots.add(snapshot)
            return snapshot
        return None

    def cached(self, snapshot: Snapshot, name: str) -> Kept | None:
        """Size and JSON text that a snapshot has under `name`, or None."""
        with self._no_loss():
            return snapshot.cached(name, _VERSION)
        return None

    def save(self, name: str, size: int, content: Any) -> None:
        """Cache `content`, made of plain values, as of `size` entries.

        A cache that cannot be written is no error: it only costs time.
        """
        if not self._is_kept:
            return
        with self._no_loss(), self._writing() as database:
            self._put(database, name, size, content)

    def save_tables(
        self,
        name: str,
        size: int,
        content: Any,
        changes: Mapping[str, Changes],
        *,
        seen: Kept | None,
        is_afresh: bool,
    ) -> bool:
        """Cache `content` and the rows that belong to it, all or nothing.

        Args:
            name: as in `save`.
            size: as in `save`.
            content: as in `save`.
            changes: of each table, by its name.
            seen: what was cached under `name` when the changes began.
            is_afresh: whether they begin with empty tables, and not with what was seen.

        Returns:
            Whether it was written. It is not where another process was faster.
        """
        if not self._is_kept:
            return False
        with self._no_loss(), self._writing() as database:
            if self._standing(database, name) != seen:
                return False
            make_tables(database, changes, is_afresh=is_afresh)
            for table, rows in changes.items():
                write_rows(database.conn, table, rows)
            self._put(database, name, size, content)
            return True
        return False

    def discard(self) -> None:
        """Delete the file, so that the next save makes it anew."""
        self.close()
        if self._is_kept:
            for end in ("", "-wal", "-shm", "-journal"):
                with contextlib.suppress(OSError):
                    self._path.with_name(self._path.name + end).unlink()

    def close(self) -> None:
        """Let go of the file, and leave it without another one beside it."""
        for snapshot in list(self._snapshots):
            snapshot.close()
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("PRAGMA busy_timeout=0")
                self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._database.execute("PRAGMA journal_mode=DELETE")
            self._database.close()
            self._database = None
            self._is_wal = False

    @contextlib.contextmanager
    def _no_loss(self) -> Iterator[None]:
        """Let nothing that is wrong with this file stop the ledger's work.

        What is no database, or not ours, is deleted, so that the next save makes it
        anew; a lock or a full disk passes by itself.
        """
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            is_damaged = code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
        except InvalidColumns:
            is_damaged = True
        else:
            return
        if is_damaged:
            self.discard()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Database]:
        """One transaction: a kill leaves all of it or nothing."""
        database = self._open()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
            database.execute("COMMIT")
        except BaseException:
            database.rollback()
            raise

    def _open(self) -> Database:
        """The file for writing, opened on first use."""
        if self._database is None:
            connection = sqlite3.connect(self._path, check_same_thread=False)
            self._database = Database(connection)
            # What a power cut takes from the end of the WAL is folded again.
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        if not self._is_wal:
            self._enter_wal(self._database)
        return self._database

    def _enter_wal(self, database: Database) -> None:
        """Let snapshots stand while this writes, if nobody holds the file just now.

        If somebody does, our own snapshots would hold up our writes: these do not wait.
        """
        database.execute("PRAGMA busy_timeout=0")
        with contextlib.suppress(sqlite3.OperationalError):
            mode = database.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            self._is_wal = mode == "wal"
        if self._is_wal:
            database.execute(f"PRAGMA busy_timeout={_WAIT_MS}")

    def _fold_wal(self, database: Database) -> None:
        """Let a long WAL start again, where no snapshot needs it."""
        wal = self._path.with_name(f"{self._path.name}-wal")
        with contextlib.suppress(FileNotFoundError):
            if wal.stat().st_size > _WAL_BYTES:
                database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _standing(self, database: Database, name: str) -> Kept | None:
        """What is cached under `name` now."""
        if not database.table("cache").exists():
            return None
        return read_cache(database.conn, name, _VERSION)

    def _put(self, database: Database, name: str, size: int, content: Any) -> None:
        """Cache one document."""
        table: Any = database.table("cache")
        table.upsert(
            {
                "name": name,
                "version": _VERSION,
                "size": size,
                "content": msgspec.json.encode(content).decode(),
            },
            pk="name",
        )
