"""Weights that were trained, saved and deleted, in the tables of the index."""

import sqlite3

SNAPSHOT, WHOLE = "snapshot", "whole"
"""Kinds of weights beside those of slices: to resume from, and of a run's end."""

_SAW = "shard = ? AND slice >= ? AND map = ? AND run_at > ?"


class Weights:
    """Trained slices, saved and deleted weights. Digests are bytes.

    A run is named by the number of the event that started it.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a database with the tables of `index_tables.SCHEMA`."""
        self._db = db

    def add(
        self,
        weights: bytes,
        *,
        map_number: int,
        shard: int,
        slice_: int,
        at: int,
        run_at: int,
    ) -> None:
        """Add the weights of a trained slice."""
        self._db.execute(
            "INSERT INTO trained VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
            (map_number, shard, slice_, at, weights, run_at),
        )

    def taint(self, map_: int, shard: int, slice_: int, at: int) -> bool:
        """Taint what saw a record; return whether any of it is not deleted.

        Weights saw it where their run started after it was assigned, and they are of
        its slice or one above.
        """
        place = (shard, slice_, map_, at)
        self._db.execute(f"UPDATE trained SET tainted = 1 WHERE {_SAW}", place)  # noqa: S608 (a constant)
        return self._has(
            f"SELECT 1 FROM trained WHERE {_SAW}"  # noqa: S608 (a constant)
            " AND weights NOT IN (SELECT weights FROM deleted) LIMIT 1",
            place,
        )

    def withdraw(self, map_: int, shard: int, slice_: int, at: int) -> None:
        """Let nothing be trained from what saw a record; see `taint`."""
        place = (shard, slice_, map_, at)
        self._db.execute(f"UPDATE trained SET withdrawn = 1 WHERE {_SAW}", place)  # noqa: S608 (a constant)

    def is_withdrawn(self, weights: bytes) -> bool:
        """Return whether the weights saw a record that was quarantined."""
        return self._has(
            "SELECT 1 FROM trained WHERE weights = ? AND withdrawn = 1", (weights,)
        )

    def is_tainted(self, weights: bytes) -> bool:
        """Return whether the weights saw a record that is erased."""
        return self._has(
            "SELECT 1 FROM trained WHERE weights = ? AND tainted = 1", (weights,)
        )

    def newest(self, *, map_number: int, shard: int, slice_: int) -> bytes | None:
        """Return the newest weights of a slice, None where it was never trained."""
        return self._one(
            "SELECT weights FROM trained WHERE map = ? AND shard = ? AND slice = ?"
            " ORDER BY at DESC LIMIT 1",
            (map_number, shard, slice_),
        )

    def undeleted(self, *, shard: int, slice_first: int, before: int) -> bytes | None:
        """Return some weights that should be deleted, None where there are none.

        They are of a shard's slices from `slice_first` on, older than an event.
        """
        return self._one(
            "SELECT weights FROM trained WHERE shard = ? AND slice >= ? AND at < ?"
            " AND weights NOT IN (SELECT weights FROM deleted) LIMIT 1",
            (shard, slice_first, before),
        )

    def save(self, weights: bytes, kind: str, run_at: int) -> None:
        """Add weights of a run without a map: `SNAPSHOT` or `WHOLE`."""
        self._db.execute(
            "INSERT OR IGNORE INTO saved VALUES (?, ?, ?)", (weights, kind, run_at)
        )

    def is_snapshot(self, weights: bytes, run_at: int) -> bool:
        """Return whether a run saved these weights to be resumed from."""
        return self._has(
            "SELECT 1 FROM saved WHERE weights = ? AND kind = ? AND run_at = ?",
            (weights, SNAPSHOT, run_at),
        )

    def is_whole(self, weights: bytes) -> bool:
        """Return whether some run without a map finished with these weights."""
        return self._has(
            "SELECT 1 FROM saved WHERE weights = ? AND kind = ?", (weights, WHOLE)
        )

    def is_of_run(self, weights: bytes, run_at: int) -> bool:
        """Return whether a run trained a slice to these weights, or saved them."""
        return self._has(
            "SELECT 1 FROM trained WHERE weights = ?1 AND run_at = ?2"
            " UNION ALL SELECT 1 FROM saved WHERE weights = ?1 AND run_at = ?2 LIMIT 1",
            (weights, run_at),
        )

    def is_of_slice(
        self, weights: bytes, *, run_at: int, shard: int, slice_: int
    ) -> bool:
        """Return whether a run trained this slice to these weights."""
        return self._has(
            "SELECT 1 FROM trained"
            " WHERE weights = ? AND run_at = ? AND shard = ? AND slice = ?",
            (weights, run_at, shard, slice_),
        )

    def is_of_map(self, weights: bytes, map_number: int) -> bool:
        """Return whether a slice under a map was trained to these weights."""
        return self._has(
            "SELECT 1 FROM trained WHERE weights = ? AND map = ?", (weights, map_number)
        )

    def is_of_shard(self, weights: bytes, *, map_number: int, shard: int) -> bool:
        """Return whether a slice of a shard was trained to these weights."""
        return self._has(
            "SELECT 1 FROM trained WHERE weights = ? AND map = ? AND shard = ?",
            (weights, map_number, shard),
        )

    def close_privacy(self, run_at: int, shard: int, slice_: int) -> bool:
        """Let nobody account for the privacy of a slice in a run any more.

        Returns:
            Whether somebody could, until now.
        """
        added = self._db.execute(
            "INSERT OR IGNORE INTO private VALUES (?, ?, ?)", (run_at, shard, slice_)
        )
        return added.rowcount == 1

    def delete(self, weights: bytes) -> None:
        """Mark weights as deleted."""
        self._db.execute("INSERT OR IGNORE INTO deleted VALUES (?)", (weights,))

    def is_deleted(self, weights: bytes) -> bool:
        """Return whether the weights were deleted."""
        return self._has("SELECT 1 FROM deleted WHERE weights = ?", (weights,))

    def _one(self, query: str, values: tuple[object, ...]) -> bytes | None:
        row = self._db.execute(query, values).fetchone()
        return None if row is None else bytes(row[0])

    def _has(self, query: str, values: tuple[object, ...]) -> bool:
        return self._db.execute(query, values).fetchone() is not None
