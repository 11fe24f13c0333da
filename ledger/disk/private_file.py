"""SQLite files that must be able to forget: the vault and the fences.

`secure_delete` overwrites what is deleted; a rollback journal, not a WAL, keeps old
pages beside the file no longer than one transaction. What a file system or an SSD keeps
underneath is out of reach, and the certificates say so.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from ledger.disk.files import disk_errors
from ledger.disk.sqlite import LOCK_WAIT_MS, sqlite_errors
from ledger.errors import NotALedgerError, ReadOnlyError

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
        self,
        path: Path,
        schema: tuple[str, ...],
        application_id: int,
        *,
        is_writable: bool = True,
    ) -> None:
        """Open the file, and create it where it is missing.

        Args:
            path: the file.
            schema: its tables besides the one for single values.
            application_id: what tells its kind in the file header.
            is_writable: False for a look that creates nothing and changes nothing.

        Raises:
            LockedError: another process kept the lock.
            NotALedgerError: the file is of another kind, or missing and not to be made.
            StorageError: the disk refused the write.
        """
        self.path = path
        if is_writable:
            _create(path)
        with contextlib.ExitStack() as undo, sqlite_errors(path):
            self.connection = _connect(path, "rw" if is_writable else "ro", undo)
            if is_writable:
                with self.transaction():
                    self._prepare(schema, application_id)
            self._check_kind(application_id)
            undo.pop_all()

    def _prepare(self, schema: tuple[str, ...], application_id: int) -> None:
        """Create the tables of a new file."""
        tables = self.connection.execute("SELECT count(*) FROM sqlite_schema")
        if tables.fetchone()[0] == 0:
            for statement in (_META, *schema):
                self.connection.execute(statement)
            self.connection.execute(f"PRAGMA application_id={application_id}")

    def _check_kind(self, application_id: int) -> None:
        """Refuse a file of another kind."""
        found = self.connection.execute("PRAGMA application_id").fetchone()[0]
        if found != application_id:
            message = f"{self.path.name} is not a file of this kind"
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

    def own_secret(self, name: str, random_bytes: Callable[[int], bytes]) -> bytes:
        """32 random bytes kept under `name`, made on first use."""
        found = self.meta(name)
        if found is not None:
            return found
        with self.transaction():
            # Another process may have made it since.
            found = self.meta(name) or random_bytes(32)
            self.set_meta(name, found)
        return found

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


def older_form(path: Path) -> NotALedgerError:
    """What is raised by a look at a file that only a writer may carry over."""
    return NotALedgerError(f"{path.name} has an older form: `erasure list` renews it")


def _create(path: Path) -> None:
    """Make an empty file that only its owner reads, unless there is one."""
    with disk_errors(path.name), contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _connect(path: Path, mode: str, undo: contextlib.ExitStack) -> sqlite3.Connection:
    """A connection in autocommit mode, which `undo` closes; the caller commits."""
    if not path.is_file():
        message = f"{path.name} is missing"
        raise NotALedgerError(message)
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=LOCK_WAIT_MS / 1000,
    )
    undo.callback(connection.close)
    for pragma in ("secure_delete=ON", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


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
