"""Each id once in an input, whatever its size.

The ids seen so far lie in a private temporary database that SQLite deletes with its
connection, and keeps in memory while it is small: memory does not grow with the input.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from producers.ingest.sources.base import Item, Row, Unreadable

_CACHE_KIB: Final = 4096
"""Memory of the database before it moves to the disk."""


def distinct(items: Iterable[Item]) -> Iterator[Item]:
    """Pass on what comes, but call a row unreadable whose id came before.

    The ids are kept as keyed digests, under a key that is forgotten with the database:
    what a crash might leave on the disk names nobody.
    """
    key = os.urandom(32)
    with contextlib.closing(sqlite3.connect("", isolation_level=None)) as seen:
        seen.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        seen.execute("PRAGMA journal_mode = OFF")
        seen.execute(
            "CREATE TABLE seen (id BLOB PRIMARY KEY, place TEXT) STRICT, WITHOUT ROWID"
        )
        for item in items:
            if isinstance(item, Row):
                text = item.record.id.encode()
                # 128 bits: nobody can construct a false duplicate without the key.
                digest = hashlib.blake2b(text, digest_size=16, key=key).digest()
                before = _first_place(seen, digest, item.place)
                if before:
                    yield _again(item, before)
                    continue
            yield item


def _first_place(seen: sqlite3.Connection, digest: bytes, place: str) -> str:
    """Where an id came before; empty, and noted, where it is new."""
    added = seen.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (digest, place))
    if added.rowcount:
        return ""
    found = seen.execute("SELECT place FROM seen WHERE id = ?", (digest,)).fetchone()
    return str(found[0])


def _again(row: Row, before: str) -> Unreadable:
    return Unreadable(
        place=row.place,
        field="id",
        rule=f"expected an id of its own, found that of {before}",
        content=row.record.id.encode(),
    )
