"""Fingerprints of documents."""

import json

import pytest

from ledger.errors import InputError
from producers.pii import FingerprintDetector, decode_index, fingerprint, scan
from producers.pii.fingerprints import SHINGLE_WORDS, WINDOW_SHINGLES

KEY = bytes(range(32))
WORDS = [f"word{number}" for number in range(60)]
GUARANTEED = SHINGLE_WORDS + WINDOW_SHINGLES - 1


def hits(text, key=KEY):
    """How often a passage of the document is found."""
    detector = FingerprintDetector(fingerprint([" ".join(WORDS)], key=KEY), key=key)
    return len(scan(text, detectors=[detector]).spans)


@pytest.mark.parametrize("start", range(0, 60 - GUARANTEED, 7))
def test_a_shared_passage_is_found(start):
    """Any passage as long as shingle and window together less one word is found."""
    passage = " ".join(WORDS[start : start + GUARANTEED])

    assert hits(f"before {passage} after")


def test_a_passage_in_other_case_and_marks():
    """Case and punctuation make no difference."""
    assert hits(", ".join(WORDS).upper())


def test_fewer_words_than_a_shingle():
    """A passage shorter than a shingle is not found."""
    assert not hits(" ".join(WORDS[: SHINGLE_WORDS - 1]))


def test_another_key():
    """Without the key a passage cannot be tested."""
    assert not hits(" ".join(WORDS), key=bytes(32))


def test_a_document_of_one_shingle():
    """A document as short as one shingle is found whole."""
    text = " ".join(WORDS[:SHINGLE_WORDS])
    detector = FingerprintDetector(fingerprint([text], key=KEY), key=KEY)

    assert {"proprietary": 1} == scan(text, detectors=[detector]).counts


def test_a_document_below_one_shingle():
    """A shorter document has no fingerprint."""
    assert not fingerprint([" ".join(WORDS[: SHINGLE_WORDS - 1])], key=KEY).hashes


def test_round_trip():
    """An index reads back as it was."""
    index = fingerprint([" ".join(WORDS)], key=KEY)

    assert index == decode_index(index.encode())


def test_the_index_holds_no_word():
    """The file holds hashes only, and `repr` not even those."""
    index = fingerprint([" ".join(WORDS)], key=KEY)

    assert b"word1" not in index.encode()
    assert "FingerprintIndex()" == repr(index)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"shingle_words": 4},
        {"hashes": "00"},
        {"hashes": ["zz" * 12]},
        {"hashes": [7]},
    ],
    ids=["format", "parameters", "no list", "no hex", "no text"],
)
def test_refused_index(change):
    """An index of another format or with other hashes is refused."""
    value = json.loads(fingerprint([" ".join(WORDS)], key=KEY).encode())

    with pytest.raises(InputError):
        decode_index(json.dumps({**value, **change}).encode())


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_no_index(content):
    """What is no index is refused."""
    with pytest.raises(InputError):
        decode_index(content)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_refused_key(size):
    """A key has 32 bytes."""
    with pytest.raises(InputError):
        fingerprint([], key=bytes(size))
