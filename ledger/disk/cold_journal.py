"""A journal that a kill left before its transaction changed anything."""

import contextlib
import sqlite3
from pathlib import Path


def drop_cold_journal(path: Path, connection: sqlite3.Connection) -> None:
    """Delete the journal of a kill that came before its transaction changed anything.

    The first read rolled a hot journal back. SQLite leaves a cold one alone until the
    next write, but a reader of the evidence takes it for an interrupted one (STO-4).
    """
    if not path.with_name(f"{path.name}-journal").exists():
        return
    with contextlib.suppress(sqlite3.Error):
        if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
            # Between these two modes SQLite deletes it, if it gets the lock to do so.
            connection.execute("PRAGMA journal_mode=PERSIST")
            connection.execute("PRAGMA journal_mode=DELETE")
