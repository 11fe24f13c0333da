"""MinHash of a text under a key: how near two texts are, from 256 bytes each. Pure.

A text is folded and cut into overlapping shingles of 9 characters. Each shingle has a
keyed hash that falls into one of 128 bins; of each bin the least hash is kept. The
share of bins in which two texts agree estimates the Jaccard index of their shingles,
with a standard error of at most sqrt(0.25 / 128) = 0.044 where no bin is empty.

The hash is keyed, so that a signature tells nothing of a text to whoever lacks the key.
It is personal data all the same: it goes where its record goes.

Source: Broder, "On the resemblance and containment of documents", SEQUENCES 1997
    (MinHash); Li, Owen and Zhang, arXiv:1208.1259 (one permutation, binned);
    Shrivastava, "Optimal Densification for Fast and Accurate Minwise Hashing", ICML
    2017 (filling empty bins); Li and König, "b-Bit Minwise
    Hashing", WWW 2010 (16 bits of each minimum); Leskovec, Rajaraman and Ullman, Mining
    of Massive Datasets, section 3.2.2 (9 characters).
"""

import struct
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from itertools import count
from typing import Final

BINS: Final = 128
"""A power of two."""

SHINGLE_CHARACTERS: Final = 9
SIGNATURE_BYTES: Final = 2 * BINS
"""Two bytes a bin: other minima agree by chance once in 65,536."""

_EMPTY: Final = 1 << 64
_UTF_32_BYTES: Final = 4
_PACKED: Final = struct.Struct(f"<{BINS}H")


def fold(text: str) -> str:
    """A text without its case, its compatibility forms and its spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def signature(text: str, *, key: bytes) -> bytes:
    """256 bytes that near texts mostly share.

    A text shorter than a shingle is one shingle.

    Args:
        text: any text; time grows with its length, memory with its size.
        key: 16 .. 64 secret bytes; signatures compare only under one key.
    """
    data = fold(text).encode("utf-32-le", "surrogatepass")
    width = SHINGLE_CHARACTERS * _UTF_32_BYTES
    least = [_EMPTY] * BINS
    for start in range(0, max(len(data) - width, 0) + 1, _UTF_32_BYTES):
        shingle = data[start : start + width]
        value = int.from_bytes(blake2b(shingle, key=key, digest_size=8).digest())
        slot = value % BINS
        if value < least[slot]:  # noqa: PLR1730 (a call of min() would cost a third more)
            least[slot] = value
    return _PACKED.pack(*(value // BINS % 65_536 for value in _filled(least, key)))


def similarity(left: bytes, right: bytes) -> float:
    """Estimated Jaccard index of two texts, 0 .. 1, from their signatures."""
    pairs = zip(_PACKED.unpack(left), _PACKED.unpack(right), strict=True)
    agreeing: int = sum(one == other for one, other in pairs)
    return agreeing / BINS


def _filled(least: list[int], key: bytes) -> list[int]:
    """The minima, each empty bin filled from a bin that a keyed hash leads to.

    Two texts probe the same bins in the same order, so that a filled bin agrees as
    often as the bins it may be filled from.
    """
    if _EMPTY not in least:
        return least
    filled = list(least)
    for slot, value in enumerate(least):
        if value == _EMPTY:
            filled[slot] = next(
                least[other] for other in _probes(slot, key) if least[other] != _EMPTY
            )
    return filled


def _probes(slot: int, key: bytes) -> Iterator[int]:
    """Bins in a keyed order of the slot's own, without end."""
    for block in count():
        message = struct.pack("<HI", slot, block)
        for probe in blake2b(message, key=key, person=b"tl probe").digest():
            yield probe % BINS
