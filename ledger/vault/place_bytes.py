"""Bytes to train on in each slice, kept by the vault's file itself.

An exact size is in no event, and a sum over ten million rows takes seconds. Triggers
keep the sums, so they are right after every write, whoever makes it, and after a kill.
"""

import sqlite3
from typing import Final

_TAKEN: Final = "{row}.pending = 0 AND {row}.quarantined = 0 AND {row}.shard >= 0"
"""What runs train on: decided, placed and not taken out."""

_ADD: Final = (
    "INSERT INTO place_bytes VALUES (new.map_id, new.shard, new.slice, new.bytes) "
    "ON CONFLICT (map_id, shard, slice) DO UPDATE SET bytes = bytes + excluded.bytes"
)
_TAKE: Final = (
    "UPDATE place_bytes SET bytes = bytes - old.bytes WHERE map_id = old.map_id "
    "AND shard = old.shard AND slice = old.slice"
)

_MOVED: Final = "UPDATE OF pending, quarantined, map_id, shard, slice, bytes"
"""Not where a rotation wraps every key anew."""


def _trigger(name: str, when: str, row: str, act: str) -> str:
    condition = _TAKEN.format(row=row)
    return (
        f"CREATE TRIGGER {name} AFTER {when} ON record WHEN {condition} "
        f"BEGIN {act}; END"
    )


SCHEMA: Final = (
    (
        "CREATE TABLE place_bytes (map_id TEXT NOT NULL, shard INTEGER NOT NULL, "
        "slice INTEGER NOT NULL, bytes INTEGER NOT NULL, "
        "PRIMARY KEY (map_id, shard, slice)) STRICT, WITHOUT ROWID"
    ),
    _trigger("record_comes", "INSERT", "new", _ADD),
    _trigger("record_goes", "DELETE", "old", _TAKE),
    _trigger("record_leaves", _MOVED, "old", _TAKE),
    _trigger("record_enters", _MOVED, "new", _ADD),
)


def is_kept(connection: sqlite3.Connection) -> bool:
    """Whether a vault keeps the sums."""
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'place_bytes'"
    return connection.execute(query).fetchone() is not None


def fill(connection: sqlite3.Connection) -> None:
    """Sum up what a vault from before holds, in the caller's transaction."""
    connection.execute(
        "INSERT INTO place_bytes SELECT map_id, shard, slice, sum(bytes) FROM record "  # noqa: S608 (our condition)
        f"WHERE {_TAKEN.format(row='record')} GROUP BY map_id, shard, slice"
    )


def bytes_by_place(connection: sqlite3.Connection) -> dict[tuple[int, int], int]:
    """Bytes of the records that runs train on, by shard and slice."""
    query = "SELECT shard, slice, sum(bytes) FROM place_bytes GROUP BY shard, slice"
    return {(shard, slice_): size for shard, slice_, size in connection.execute(query)}
