"""Fingerprints of documents that must not leave a house: passages found again.

Winnowing: hash each run of `SHINGLE_WORDS` words, and of each `WINDOW_SHINGLES` hashes
in a row keep the smallest, the rightmost where several are. Two texts that share
`SHINGLE_WORDS + WINDOW_SHINGLES - 1` words in a row then share a kept hash. The text
that is judged keeps all its hashes, which finds more and nothing else.

The hashes are keyed: without the key nobody can test whether the index holds a passage
that they guess. The index still shows about how many words a document has.

Source: Schleimer, Wilkerson, Aiken, Winnowing: Local Algorithms for Document
Fingerprinting, SIGMOD 2003, sections 3 and 4.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from ledger.errors import InputError
from producers.pii.classes import REACH_CHARS, Hints, Span
from producers.pii.folding import Places, fold

SHINGLE_WORDS: Final = 8
"""Words of one shingle: eight in a row are rarely shared by chance."""

WINDOW_SHINGLES: Final = 8
"""Shingles of which one is kept."""

KEY_BYTES: Final = 32
HASH_BYTES: Final = 12
"""Two of 2**32 different shingles collide with a chance of 2**-33."""

HASHES_MAX: Final = 5_000_000
INDEX_FORMAT: Final = "tuneledger/fingerprints/v1"

_WORD: Final = re.compile(r"\w+")
_HEX: Final = re.compile(f"[0-9a-f]{{{2 * HASH_BYTES}}}")


@dataclass(frozen=True, slots=True)
class FingerprintIndex:
    """Kept hashes of the documents; nothing of their words.

    Attributes:
        hashes: keyed hashes, `HASH_BYTES` each.
    """

    hashes: frozenset[bytes] = field(repr=False)

    def encode(self) -> bytes:
        """The index as JSON: format, parameters and sorted hashes in hex."""
        value = {
            "format": INDEX_FORMAT,
            "shingle_words": SHINGLE_WORDS,
            "window_shingles": WINDOW_SHINGLES,
            "hashes": sorted(value.hex() for value in self.hashes),
        }
        return json.dumps(value, separators=(",", ":")).encode()


def decode_index(content: bytes) -> FingerprintIndex:
    """Read what `FingerprintIndex.encode` wrote.

    Raises:
        InputError: it is no index of this format and these parameters.
    """
    try:
        value = json.loads(content)
        hashes = value["hashes"]
        head = (value["format"], value["shingle_words"], value["window_shingles"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"fingerprints: expected {INDEX_FORMAT}, found something else"
        raise InputError(message) from error
    if head != (INDEX_FORMAT, SHINGLE_WORDS, WINDOW_SHINGLES):
        message = (
            f"fingerprints: expected {INDEX_FORMAT} with shingles of {SHINGLE_WORDS} "
            f"words and windows of {WINDOW_SHINGLES}, found another format"
        )
        raise InputError(message)
    if not isinstance(hashes, list) or len(hashes) > HASHES_MAX:
        message = f"fingerprints: expected a list of at most {HASHES_MAX} hashes"
        raise InputError(message)
    if not all(isinstance(each, str) and _HEX.fullmatch(each) for each in hashes):
        message = f"fingerprints: expected hashes of {HASH_BYTES} bytes in hex"
        raise InputError(message)
    return FingerprintIndex(frozenset(map(bytes.fromhex, hashes)))


def fingerprint(documents: Iterable[str], *, key: bytes) -> FingerprintIndex:
    """The index of some documents. A document below `SHINGLE_WORDS` words has none.

    Args:
        documents: their texts.
        key: `KEY_BYTES` secret bytes; the detector needs the same.

    Raises:
        InputError: the key has another length, or there are too many hashes.
    """
    _check_key(key)
    kept: set[bytes] = set()
    for document in documents:
        hashes = [value for value, _, _ in _shingles(fold(document), key)]
        kept.update(_winnow(hashes))
        if len(kept) > HASHES_MAX:
            message = f"fingerprints: expected at most {HASHES_MAX} hashes, found more"
            raise InputError(message)
    return FingerprintIndex(frozenset(kept))


class FingerprintDetector:
    """Finds passages of fingerprinted documents, as `proprietary`.

    Raises:
        InputError: the key has another length than `KEY_BYTES`.
    """

    def __init__(self, index: FingerprintIndex, *, key: bytes) -> None:
        _check_key(key)
        self._hashes = index.hashes
        self._key = key

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        places = Places(text)
        spans = []
        for value, start, end in _shingles(fold(text), self._key):
            if value in self._hashes:
                spans.append(Span(*places.span(start, end), "proprietary"))
        return spans


def _shingles(folded: str, key: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Hash, start and end of each run of words that is not longer than the reach."""
    words = [found.span() for found in _WORD.finditer(folded)]
    for first in range(len(words) - SHINGLE_WORDS + 1):
        run = words[first : first + SHINGLE_WORDS]
        start, end = run[0][0], run[-1][1]
        if end - start > REACH_CHARS // 4:
            continue
        shingle = " ".join(folded[low:high] for low, high in run)
        value = hashlib.blake2b(
            shingle.encode("utf-8", "surrogatepass"), key=key, digest_size=HASH_BYTES
        )
        yield value.digest(), start, end


def _winnow(hashes: list[bytes]) -> set[bytes]:
    """The smallest hash of each window; the only window of a short text is shorter."""
    last = max(1, len(hashes) - WINDOW_SHINGLES + 1)
    windows = (hashes[first : first + WINDOW_SHINGLES] for first in range(last))
    return {min(window) for window in windows if window}


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        message = f"fingerprints: expected a key of {KEY_BYTES} bytes, found {len(key)}"
        raise InputError(message)
