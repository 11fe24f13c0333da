"""SQLite files that must be able to forget: the vault and the fences.

`secure_delete` overwrites what is deleted; a rollback journal, not a WAL, keeps old
pages beside the file no longer than one transaction. What a file system or an SSD keeps
underneath is out of reach, and the certificates say so.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from ledger.errors import NotALedgerError, ReadOnlyError
from ledger.sqlite import LOCK_WAIT_MS, sqlite_errors

_META: Final = "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT"


class Seen(msgspec.Struct, frozen=True):
    """The newest state of the ledger that a private file remembers.

    Attributes:
        genesis: which ledger.
        size: how many entries it had.
        root: hex root over them.
    """

    genesis: str
    size: int
    root: str


class PrivateFile:
    """One SQLite file, mode 0600, that remembers which ledger it belongs to."""

    def __init__(
        self, path: Path, schema: tuple[str, ...], application_id: int
    ) -> None:
        """Open the file, and create it where it is missing.

        Raises:
            NotALedgerError: the file is of another kind.
            StorageError: the disk refused the write.
        """
        self.path = path
        is_new = not path.exists()
        if is_new:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with sqlite_errors(path):
            self.connection = sqlite3.connect(
                path,
                isolation_level=None,
                check_same_thread=False,
                timeout=LOCK_WAIT_MS / 1000,
            )
            for pragma in ("secure_delete=ON", "synchronous=FULL", "foreign_keys=ON"):
                self.connection.execute(f"PRAGMA {pragma}")
            with self.transaction():
                self._prepare(schema, application_id)

    def _prepare(self, schema: tuple[str, ...], application_id: int) -> None:
        """Create the tables of a new file, or check what the file is."""
        found = self.connection.execute("PRAGMA application_id").fetchone()[0]
        tables = self.connection.execute("SELECT count(*) FROM sqlite_schema")
        if tables.fetchone()[0] == 0:
            for statement in (_META, *schema):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA application_id={application_id}")
        elif found != application_id:
            message = f"{self.path} is not a file of this kind"
            raise NotALedgerError(message)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """One exclusive transaction; inside another one it joins that.

        Raises:
            LockedError: another process kept the lock.
            StorageError: the disk refused the write.
        """
        if self.connection.in_transaction:
            yield
            return
        with sqlite_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    def meta(self, name: str) -> bytes | None:
        """A value kept under `name`, or None."""
        query = "SELECT value FROM meta WHERE name = ?"
        found = self.connection.execute(query, (name,)).fetchone()
        return None if found is None else bytes(found[0])

    def set_meta(self, name: str, value: bytes) -> None:
        """Keep a value."""
        with self.transaction():
            self.connection.execute(
                "INSERT INTO meta VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    def seen(self) -> Seen | None:
        """The newest state of the ledger that this file remembers."""
        found = self.meta("seen")
        return None if found is None else msgspec.json.decode(found, type=Seen)

    def remember(self, seen: Seen) -> None:
        """Keep what stands now, so that a ledger rolled back later shows."""
        self.set_meta("seen", msgspec.json.encode(seen))

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()


def check_seen(path: Path, seen: Seen | None, now: Seen, root_then: str | None) -> None:
    """Check that the ledger is the one that `seen` was written for, or a later one.

    Args:
        path: the file that remembers.
        seen: what it remembers.
        now: the ledger as it stands.
        root_then: hex root that the ledger signed at `seen.size`; None where it has
            no checkpoint of that size.

    Raises:
        ReadOnlyError: another ledger, a shorter one, or another history.
    """
    if seen is None:
        return
    if seen.genesis != now.genesis:
        message = f"{path.name} belongs to another ledger"
    elif seen.size > now.size:
        message = (
            f"{path.name} remembers {seen.size} entries, the ledger has {now.size}: "
            "it became shorter"
        )
    elif seen.root != root_then:
        message = f"{path.name} remembers another history of {seen.size} entries"
    else:
        return
    raise ReadOnlyError(message)
