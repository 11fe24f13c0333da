"""Ids that were added, the newest in memory, all others only written down."""

import sqlite3
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from verifier.doubt import Doubt

RECENT_MAX = 65_536
"""So many ids of one kind are kept in memory at least, and twice as many at most."""

COMPARED_MAX = 262_144
"""So many ids are compared at a time, as integers in a set: about 25 MB."""

_ID_BYTES = 16

SCHEMA = "CREATE TABLE written (kind TEXT, ids BLOB, said BLOB)"

_LETTERS = {
    "allowed": b"a",
    "reserved": b"r",
    "unknown": b"u",
    "clearable": b"c",
    "cleared": b"y",
    "piracy": b"p",
}
_STATUSES = {letter: status for status, letter in _LETTERS.items()}

V = TypeVar("V")


class Recent(Generic[V]):
    """Ids of one kind with a value each: the newest in memory, all others written."""

    def __init__(
        self,
        db: sqlite3.Connection,
        name: str,
        pack: Callable[[Iterable[V]], bytes],
    ) -> None:
        """Write to a database with the table of `SCHEMA`.

        Args:
            db: the database.
            name: the kind.
            pack: joins values, to be written with their ids.
        """
        self._db = db
        self._name = name
        self._pack = pack
        self._new: dict[bytes, V] = {}
        self._old: dict[bytes, V] = {}
        self._count = 0

    def add(self, fresh: dict[bytes, V]) -> bool:
        """Add ids; return whether none of them is among the newest."""
        ids = fresh.keys()
        if not (ids.isdisjoint(self._new.keys()) and ids.isdisjoint(self._old.keys())):
            return False
        self._new.update(fresh)
        self._count += len(fresh)
        if len(self._new) >= RECENT_MAX:
            self._db.execute(
                "INSERT INTO written VALUES (?, ?, ?)",
                (self._name, b"".join(self._new), self._pack(self._new.values())),
            )
            self._old, self._new = self._new, {}
        return True

    def get(self, id_: bytes) -> V | None:
        """Return the value of an id that is among the newest, else None."""
        value = self._new.get(id_)
        return self._old.get(id_) if value is None else value

    def get_all(self, ids: Iterable[bytes]) -> list[V | None]:
        """Return what `get` does for each."""
        values = list(map(self._new.get, ids))
        return list(map(self.get, ids)) if None in values else values

    def replace(self, id_: bytes, value: V) -> bool:
        """Change the value of an id that is not written down; return whether it was."""
        is_new = id_ in self._new
        if is_new:
            self._new[id_] = value
        return is_new

    def rows(
        self, unpack: Callable[[bytes], Iterable[V]]
    ) -> Iterator[list[tuple[bytes, V]]]:
        """Return all ids with their values, in lists.

        Args:
            unpack: takes joined values apart.
        """
        for ids, values in self._db.execute(
            "SELECT ids, said FROM written WHERE kind = ? ORDER BY rowid", (self._name,)
        ):
            yield list(zip(_pieces(ids, _ID_BYTES), unpack(values), strict=True))
        yield list(self._new.items())

    def check_distinct(self) -> None:
        """Check, after the last was added, that no id was added twice.

        Compares the first 8 bytes as integers, one part of their range after the
        other. Whoever makes ids that begin alike has them compared by the plain pass.

        Raises:
            Doubt: some are the same, or begin alike.
        """
        self._old.clear()  # all of it is written down
        parts = self._count // COMPARED_MAX + 1
        width = (1 << 64) // parts + 1
        for low in range(0, 1 << 64, width):
            seen: set[int] = set()
            count = 0
            for ids in self._ids():
                words = array("Q", ids)[::2]
                part = (
                    words
                    if parts == 1
                    else [word for word in words if low <= word < low + width]
                )
                count += len(part)
                seen.update(part)
                if len(seen) != count or count > 2 * COMPARED_MAX:
                    raise Doubt

    def _ids(self) -> Iterator[bytes]:
        query = "SELECT ids FROM written WHERE kind = ?"
        for (ids,) in self._db.execute(query, (self._name,)):
            yield ids
        yield b"".join(self._new)


def pack_scans(values: Iterable[tuple[str, bytes]]) -> bytes:
    """Return 17 bytes for each scan: a letter for its status, and its site."""
    return b"".join([_LETTERS[status] + site for status, site in values])


def unpack_scans(joined: bytes) -> Iterable[tuple[str, bytes]]:
    """Return the scans again."""
    return ((_STATUSES[each[:1]], each[1:]) for each in _pieces(joined, 17))


def pack_commitments(values: Iterable[bytes]) -> bytes:
    """Return 33 bytes for each commitment: the first says whether there is one."""
    return b"".join([b"\x01" + value if value else bytes(33) for value in values])


def unpack_commitments(joined: bytes) -> Iterable[bytes]:
    """Return the commitments again."""
    return (value[1:] if value[0] else b"" for value in _pieces(joined, 33))


def pack_nothing(_: Iterable[None]) -> bytes:
    """Return nothing: the ids say all."""
    return b""


def _pieces(joined: bytes, length: int) -> Iterator[bytes]:
    return (joined[at : at + length] for at in range(0, len(joined), length))
