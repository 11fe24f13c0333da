"""The derived file: what can be computed again from the ledger, kept to save time.

Delete it and it comes back. It is never evidence: an auditor gets the `.ledger` file.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlite_utils import Database
from sqlite_utils.db import InvalidColumns

from ledger.state import State

_VERSION: Final = 1
"""Raised when the shape of what is cached changes; older rows are then left unread."""


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
        if not self._path.exists():
            return None
        with self._no_loss(), contextlib.suppress(ValueError, TypeError):
            rows = list(
                self._open().query(
                    "SELECT size, content FROM cache WHERE name = ? AND version = ?",
                    [name, _VERSION],
                )
            )
            if rows:
                return int(rows[0]["size"]), msgspec.json.decode(rows[0]["content"])
        return None

    def save(self, name: str, size: int, content: Any) -> None:
        """Cache `content`, made of plain values, as of `size` entries.

        A cache that cannot be written is no error: it only costs time.
        """
        if not self._is_kept:
            return
        with self._no_loss():
            self._table("cache").upsert(
                {
                    "name": name,
                    "version": _VERSION,
                    "size": size,
                    "content": msgspec.json.encode(content).decode(),
                },
                pk="name",
            )

    def close(self) -> None:
        """Let go of the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

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
            self.close()
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _open(self) -> Database:
        """The file, opened on first use."""
        if self._database is None:
            connection = sqlite3.connect(self._path, check_same_thread=False, timeout=5)
            self._database = Database(connection)
        return self._database

    def _table(self, name: str) -> Any:
        """A table of the file."""
        return self._open().table(name)
