"""CBOR, as far as assertions need it: one item, bounded, with unique text keys.

Source: RFC 8949, sections 3 and 5.
"""

import struct

from producers.optout.vocabulary.signals import malformed

DEPTH_MAX = 16
"""Deepest nesting of arrays, maps and tags."""

ITEMS_MAX = 10_000
"""Most items of a document."""

_SIMPLE: dict[int, bool | None] = {20: False, 21: True, 22: None, 23: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_ENDLESS = 31
_BREAK = b"\xff"


def decode_cbor(data: bytes) -> object:
    """Decode one item that fills `data`.

    Raises:
        SignalError: cut short, too deep, too many items, text that is no UTF-8, a map
            with a key that is no text or is there twice, or bytes after the item.
    """
    reader = _Reader(data)
    item = reader.item(0)
    if reader.at != len(data):
        raise malformed("cbor: expected nothing after the item")
    return item


class _Reader:
    """A place in the bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self._items = 0

    def item(self, depth: int) -> object:
        """The item at this place."""
        self._items += 1
        if depth > DEPTH_MAX or self._items > ITEMS_MAX:
            raise malformed(
                f"cbor: expected at most {DEPTH_MAX} levels and {ITEMS_MAX} items"
            )
        head = self._take(1)[0]
        major, info = head >> 5, head & 0x1F
        if major == 7:
            return self._simple(info)
        count = (
            None if info == _ENDLESS and major in {2, 3, 4, 5} else self._count(info)
        )
        if major in {2, 3}:
            return self._string(major, count)
        if major == 4:
            return self._array(count, depth)
        if major == 5:
            return self._map(count, depth)
        if count is None or major < 2:
            return -1 - (count or 0) if major else count
        return self.item(depth + 1)  # a tag says nothing that is needed here

    def _take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise malformed("cbor: expected more bytes")
        self.at += count
        return taken

    def _count(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise malformed(f"cbor: expected a known length, found {info}")
        return int.from_bytes(self._take(1 << (info - 24)), "big")

    def _simple(self, info: int) -> object:
        if info in _FLOATS:
            return struct.unpack(_FLOATS[info], self._take(1 << (info - 24)))[0]
        if info not in _SIMPLE:
            raise malformed(f"cbor: expected a known simple value, found {info}")
        return _SIMPLE[info]

    def _string(self, major: int, count: int | None) -> object:
        octets = self._take(count) if count is not None else self._chunks(major)
        if major == 2:
            return octets
        try:
            return octets.decode()
        except UnicodeDecodeError as error:
            raise malformed("cbor: expected text in UTF-8") from error

    def _chunks(self, major: int) -> bytes:
        chunks: list[bytes] = []
        while not self._is_over(None, len(chunks)):
            head = self._take(1)[0]
            self._items += 1
            if head >> 5 != major or head & 0x1F == _ENDLESS or self._items > ITEMS_MAX:
                raise malformed("cbor: expected chunks of one kind")
            chunks.append(self._take(self._count(head & 0x1F)))
        return b"".join(chunks)

    def _array(self, count: int | None, depth: int) -> list[object]:
        items: list[object] = []
        while not self._is_over(count, len(items)):
            items.append(self.item(depth + 1))
        return items

    def _map(self, count: int | None, depth: int) -> dict[str, object]:
        items: dict[str, object] = {}
        while not self._is_over(count, len(items)):
            key = self.item(depth + 1)
            if not isinstance(key, str) or key in items:
                raise malformed("cbor: expected text keys, each once")
            items[key] = self.item(depth + 1)
        return items

    def _is_over(self, count: int | None, done: int) -> bool:
        if count is not None:
            return done >= count
        is_break = self.data[self.at : self.at + 1] == _BREAK
        self.at += is_break
        return is_break
