"""What was said of models, and which serve, in the tables of the index."""

import json
import sqlite3
from collections.abc import Iterable


class Models:
    """Ids of what was said, and manifests. Ids, names and digests are bytes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a database with the tables of `index_tables.SCHEMA`."""
        self._db = db

    def add_id(self, kind: str, id_: bytes) -> bool:
        """Add an id of a kind of event; return whether it is new."""
        added = self._db.execute(
            "INSERT OR IGNORE INTO model_id VALUES (?, ?)", (kind, id_)
        )
        return added.rowcount == 1

    def publish(self, model: bytes, manifest: bytes) -> bytes:
        """Let a manifest serve under a name; return the one before, empty for none."""
        before = self._one("SELECT manifest FROM serving WHERE model = ?", model)
        self._db.execute("REPLACE INTO serving VALUES (?, ?)", (model, manifest))
        return before or b""

    def merge(self, merged: bytes, adapters: bytes, parts: Iterable[bytes]) -> bytes:
        """Add a merged adapter; return what it was first said to be merged from."""
        self._db.execute(
            "INSERT OR IGNORE INTO merged VALUES (?, ?)", (merged, adapters)
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO merged_part VALUES (?, ?)",
            ((part, merged) for part in parts),
        )
        return self._one("SELECT adapters FROM merged WHERE weights = ?", merged) or b""

    def parts(self, merged: bytes) -> list[bytes]:
        """Return what weights were merged from; nothing where they were not merged."""
        adapters = self._one("SELECT adapters FROM merged WHERE weights = ?", merged)
        listed = json.loads(adapters or b"[]")
        return [bytes.fromhex(item["weights_sha256"]) for item in listed]

    def undeleted(self, *, shard: int, slice_first: int, before: int) -> bytes | None:
        """Return some merged weights whose part should be deleted, and that are not.

        See `Weights.undeleted`.
        """
        row = self._db.execute(
            "SELECT merged FROM merged_part JOIN trained ON weights = part"
            " WHERE shard = ? AND slice >= ? AND at < ?"
            " AND merged NOT IN (SELECT weights FROM deleted) LIMIT 1",
            (shard, slice_first, before),
        ).fetchone()
        return None if row is None else bytes(row[0])

    def _one(self, query: str, value: bytes) -> bytes | None:
        row = self._db.execute(query, (value,)).fetchone()
        return None if row is None else bytes(row[0])
