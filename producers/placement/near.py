"""Near duplicates of texts that are kept: asked before a record is placed."""

from typing import Final

from ledger.ports import Sighting
from ledger.vault.near_bands import BandIndex
from producers.placement.minhash import signature, similarity
from producers.placement.units import Near

THRESHOLD: Final = 0.7
"""Least estimated Jaccard index of near duplicates.

A choice, towards linking too much: a link that was not needed costs some balance, a
missed one leaves a copy of an erased text in another shard's weights. One changed word
of six letters leaves an index of 0.7 in a text of 90 characters: 14 of 82 shingles.
"""

CANDIDATES_MAX: Final = 32
"""Signatures compared for one text: those that share most bands with it.

Two texts of Jaccard index 0.7 share 8 of 32 bands on average, others seldom more than
one, so what is near comes first. Where more texts than that are near, one link is
enough to join them all; some more hold when a record between is erased.
"""


class NearDuplicates:
    """Near duplicates among the kept records of one workspace.

    Look, then add, in the transaction that keeps the record: of two near texts the
    later one always sees the earlier.
    """

    def __init__(
        self, index: BandIndex, *, key: bytes, threshold: float = THRESHOLD
    ) -> None:
        """Ask and fill `index`.

        Args:
            index: kept signatures, all under `key`.
            key: 16 .. 64 secret bytes.
            threshold: least estimated Jaccard index of near duplicates, 0 .. 1.
        """
        self._index = index
        self._key = key
        self._threshold = threshold

    def signature(self, text: str) -> bytes:
        """The text's signature under the key."""
        return signature(text, key=self._key)

    def look(self, text: str) -> Sighting:
        """Find what is near a text; nothing is kept."""
        return self.sight(self.signature(text))

    def sight(self, seen: bytes) -> Sighting:
        """Find what is near a text of a signature; nothing is kept.

        A candidate counts only where the whole signatures agree to the threshold.
        """
        found = self._index.candidates(seen, limit=CANDIDATES_MAX)
        near = sorted(
            number
            for number, kept in found
            if similarity(seen, kept) >= self._threshold
        )
        return Sighting(signature=seen, near=tuple(near))

    def add(self, record_id: str, sighting: Sighting) -> tuple[int, ...]:
        """Keep a record's signature.

        Returns:
            Its numbers: its signature's own, and those near it; ascending. Two records
            that share one must lie together.
        """
        own = self._index.add(record_id, sighting.signature, sighting.near)
        return tuple(sorted({own, *sighting.near}))

    def remove(self, record_id: str) -> None:
        """Forget a record; an erased text leaves no signature."""
        self._index.remove(record_id)

    def clusters(self) -> Near:
        """The numbers of every record, as `units_of` takes them."""
        return {
            record_id: tuple(map(str, numbers))
            for record_id, numbers in self._index.clusters().items()
        }
