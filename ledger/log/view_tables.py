"""The tables of the views file: a snapshot to read, and rows to write.

One table for each mapping of a state, with a JSON value for each key. A snapshot is a
read transaction on a connection of its own, so what others write changes nothing in it.
"""

import contextlib
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlite_utils import Database

from ledger.errors import StorageError
from ledger.projections.tables import Changes

Kept = tuple[int, str]
"""Size and JSON text of a row of the cache."""


def read_cache(connection: sqlite3.Connection, name: str, version: int) -> Kept | None:
    """What is cached under `name`, or None."""
    query = "SELECT size, content FROM cache WHERE name = ? AND version = ?"
    found = connection.execute(query, (name, version)).fetchone()
    return None if found is None else (int(found[0]), str(found[1]))


class Snapshot:
    """The views file as it stood when this was made."""

    def __init__(self, path: Path, *, is_kept: bool) -> None:
        """Open a connection of its own; it is closed when nobody uses it any more.

        Args:
            path: the file.
            is_kept: False beside an auditor's evidence, where not even a lock or a
                journal may be left.

        Raises:
            sqlite3.Error: the file cannot be read.
        """
        self._name = path.name
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={'rw' if is_kept else 'ro'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=5,
        )
        self.close = weakref.finalize(self, self._connection.close)
        self._connection.execute("PRAGMA query_only=ON")
        self._connection.execute("BEGIN")
        query = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        self.tables = frozenset(row[0] for row in self._connection.execute(query))
        self._filled: dict[str, bool] = {}

    def cached(self, name: str, version: int) -> Kept | None:
        """What is cached under `name`, or None."""
        if "cache" not in self.tables:
            return None
        return read_cache(self._connection, name, version)

    def get(self, table: str, key: str) -> str | None:
        """The value of a key, as JSON; None where there is none.

        Raises:
            StorageError: the file is damaged.
        """
        # Most tables are empty in most ledgers, and are asked about every event.
        if not self._is_filled(table):
            return None
        query = f'SELECT value FROM "{table}" WHERE key = ?'  # noqa: S608 (our name)
        with self._readable():
            for (value,) in self._connection.execute(query, (key,)):
                return str(value)
        return None

    def all(self, table: str) -> Iterator[tuple[str, str]]:
        """Every key and value, in the order of their first writing.

        Raises:
            StorageError: the file is damaged.
        """
        query = f'SELECT key, value FROM "{table}" ORDER BY number'  # noqa: S608
        with self._readable():
            yield from self._connection.execute(query)

    def count(self, table: str) -> int:
        """How many keys there are.

        Raises:
            StorageError: the file is damaged.
        """
        query = f'SELECT count(*) FROM "{table}"'  # noqa: S608 (our name)
        with self._readable():
            return int(self._connection.execute(query).fetchone()[0])

    def _is_filled(self, table: str) -> bool:
        if table not in self._filled:
            query = f'SELECT EXISTS (SELECT 1 FROM "{table}")'  # noqa: S608
            with self._readable():
                found = self._connection.execute(query).fetchone()[0]
            self._filled[table] = bool(found)
        return self._filled[table]

    @contextlib.contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.ProgrammingError:  # closed: the caller's mistake
            raise
        except sqlite3.DatabaseError as error:
            message = (
                f"{self._name}: {error}; delete the file, it is made again from the "
                "ledger"
            )
            raise StorageError(message) from None


def make_tables(database: Database, names: Iterable[str], *, is_afresh: bool) -> None:
    """Create the tables that are missing; `is_afresh` empties those that are there."""
    for name in names:
        table = database.table(name)
        if is_afresh and table.exists():
            database.execute(f'DROP TABLE "{name}"')
        if is_afresh or not table.exists():
            # The key's index refers to the number, which tells the order of writing.
            database.execute(
                f'CREATE TABLE "{name}" (number INTEGER PRIMARY KEY, '
                "key TEXT NOT NULL UNIQUE, value TEXT NOT NULL) STRICT"
            )


def write_rows(connection: sqlite3.Connection, table: str, changes: Changes) -> None:
    """Make the rows of a table those of its mapping."""
    connection.executemany(
        f'DELETE FROM "{table}" WHERE key = ?',  # noqa: S608 (our name)
        ((key,) for key in changes.gone),
    )
    connection.executemany(
        f'INSERT INTO "{table}" (key, value) VALUES (?, ?) '  # noqa: S608 (our name)
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        changes.written,
    )
