"""The one update of a stored row: event lines that give way to their leaf hashes.

The old bytes are overwritten wherever SQLite had them: freed pages are filled with
zeros, and the WAL is folded into the file and emptied. What the file system or the
device keeps of them is out of reach.
"""

import sqlite3
from typing import Final

from ledger.disk.schema import SCHEMA
from ledger.errors import LockedError

_NAME: Final = "entry_no_update"
_TRIGGER: Final = next(one for one in SCHEMA if f"TRIGGER {_NAME} " in one)


def update_events(connection: sqlite3.Connection, seq: int, events: bytes) -> None:
    """Replace the event lines of an entry, inside the caller's transaction.

    The trigger that refuses updates is away for as long; whoever else opens the file
    meets it as it is before or after the transaction.
    """
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute(f"DROP TRIGGER main.{_NAME}")
    connection.execute("UPDATE main.entry SET events = ? WHERE seq = ?", (events, seq))
    connection.execute(_TRIGGER)


def empty_wal(connection: sqlite3.Connection, name: str) -> None:
    """Fold the WAL into the file, and truncate it.

    Raises:
        LockedError: another process reads what is older, so the old pages stay.
    """
    is_busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        message = (
            f"{name}: another process keeps pages from before: close it, and run this "
            "again"
        )
        raise LockedError(message)
