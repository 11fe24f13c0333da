"""Which kept signatures may be near one: an index over bands of bins.

A signature of 128 bins is cut into 32 bands of 4. Two texts are candidates where a
whole band agrees; with Jaccard index J that has probability 1 - (1 - J^4)^32:

    J     0.1     0.2     0.3     0.4     0.5     0.6     0.7     0.8
    P     0.003   0.050   0.229   0.564   0.873   0.988   0.9998  1.0000

What is missed would defeat an erasure, and a false candidate costs one comparison of
256 bytes, so the curve stands left of the threshold (0.7).

Source: Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4.2.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final, Protocol

BANDS: Final = 32
_BAND_VALUES: Final = struct.Struct(f"<{BANDS}q")


def band_values(signature: bytes) -> list[int]:
    """The different bands of a signature, each as a signed 64-bit number."""
    return sorted(set(_BAND_VALUES.unpack(signature)))


class BandIndex(Protocol):
    """Kept signatures, by number, and the records that each belongs to.

    A number is never given twice, so that what names the signature of an erased record
    never comes to mean another text.
    """

    def candidates(
        self, signature: bytes, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """Kept signatures that share a band, with their numbers.

        Those that share most bands come first; of these the oldest.
        """
        ...

    def add(self, record_id: str, signature: bytes, near: Sequence[int]) -> int:
        """Keep a record's signature and the numbers of those near it.

        Returns:
            The signature's own number; records of one signature share it.
        """
        ...

    def remove(self, record_id: str) -> None:
        """Forget a record, and its signature where no other record has it."""
        ...

    def clusters(self) -> dict[str, list[int]]:
        """The numbers of each record: its signature's own, and those near it."""
        ...


class MemoryBands:
    """A `BandIndex` in memory, for plans and tests."""

    def __init__(self) -> None:
        """Start empty."""
        self._last = 0
        self._number: dict[bytes, int] = {}
        self._signature: dict[int, bytes] = {}
        self._in_band: defaultdict[int, set[int]] = defaultdict(set)
        self._holders: defaultdict[int, set[str]] = defaultdict(set)
        self._own: dict[str, int] = {}
        self._near: dict[str, set[int]] = {}

    def candidates(
        self, signature: bytes, *, limit: int
    ) -> Sequence[tuple[int, bytes]]:
        """See `BandIndex`."""
        shared: Counter[int] = Counter()
        for value in band_values(signature):
            shared.update(self._in_band.get(value, ()))
        best = sorted(shared, key=lambda number: (-shared[number], number))
        return [(number, self._signature[number]) for number in best[:limit]]

    def add(self, record_id: str, signature: bytes, near: Sequence[int]) -> int:
        """See `BandIndex`."""
        number = self._number.get(signature)
        if number is None:
            self._last = number = self._last + 1
            self._number[signature] = number
            self._signature[number] = signature
            for value in band_values(signature):
                self._in_band[value].add(number)
        self._holders[number].add(record_id)
        self._own[record_id] = number
        self._near[record_id] = {number, *near}
        return number

    def remove(self, record_id: str) -> None:
        """See `BandIndex`."""
        number = self._own.pop(record_id, None)
        if number is None:
            return
        del self._near[record_id]
        self._holders[number].discard(record_id)
        if self._holders[number]:
            return
        del self._holders[number]
        signature = self._signature.pop(number)
        del self._number[signature]
        for value in band_values(signature):
            self._in_band[value].discard(number)
            if not self._in_band[value]:
                del self._in_band[value]

    def clusters(self) -> dict[str, list[int]]:
        """See `BandIndex`."""
        return {record_id: sorted(near) for record_id, near in self._near.items()}
