"""What the ledger appends (ledger.format.entry)."""

import hashlib

import pytest

from ledger.errors import InputError, IntegrityError
from ledger.format.entry import ENTRY_BYTES_MAX, Entry, entry_leaf, parse_entry

ENTRY = Entry(
    seq=7, previous="0f" * 32, base=7, recorded_at_ms=1_790_000_000_123, submission=b"x"
)


def test_round_trip():
    """What is encoded is what is parsed."""
    assert ENTRY == parse_entry(ENTRY.encode())


def test_the_bytes_of_an_entry():
    """Five header lines, an empty line and the submission."""
    expected = (
        b"tuneledger/entry/v1\nseq 7\nprevious " + b"0f" * 32 + b"\nbase 7\n"
        b"recorded_at_ms 1790000000123\n\nx"
    )

    assert expected == ENTRY.encode()


def _of_length(length):
    header = len(ENTRY.encode()) - 1
    return Entry(
        seq=7,
        previous="0f" * 32,
        base=7,
        recorded_at_ms=1_790_000_000_123,
        submission=b"x" * (length - header),
    )


def test_the_longest_entry():
    """65,535 bytes are written and read (ENT-1)."""
    content = _of_length(ENTRY_BYTES_MAX).encode()

    assert ENTRY_BYTES_MAX == len(content)
    assert content == parse_entry(content).encode()


def test_one_byte_more_is_not_written():
    """65,536 bytes are refused before they are stored."""
    with pytest.raises(InputError, match="at most 65535 bytes, found 65536"):
        _of_length(ENTRY_BYTES_MAX + 1).encode()


def test_one_byte_more_is_not_read():
    """65,536 bytes are refused where they are stored."""
    content = _of_length(ENTRY_BYTES_MAX).encode() + b"x"

    with pytest.raises(IntegrityError, match="at most 65535 bytes, found 65536"):
        parse_entry(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"entry/v1", b"entry/v2"),
        (b"seq 7", b"seq 07"),
        (b"seq 7", b"seq -7"),
        (b"seq 7", b"seq 9007199254740992"),
        (b"previous 0f", b"previous 0F"),
        (b"previous 0f", b"previous f"),
        (b"base 7\n", b""),
        (b"base 7", b"base 7 "),
        (b"123\n\nx", b"123\nx"),
        (b"123\n\nx", b"123"),
        (b"123\n\nx", b"123\nextra 1\n\nx"),
        (b"seq 7\n", b"seq 7\r\n"),
        (b"tuneledger", b"\xef\xbb\xbftuneledger"),
    ],
)
def test_other_headers_are_refused(old, new):
    """Any other line, order, spelling or number is refused."""
    content = ENTRY.encode().replace(old, new, 1)
    assert content != ENTRY.encode()

    with pytest.raises(IntegrityError):
        parse_entry(content)


def test_the_leaf_is_over_the_stored_bytes():
    """SHA-256(0x00 || entry) (TRE-1)."""
    content = ENTRY.encode()

    assert hashlib.sha256(b"\x00" + content).digest() == entry_leaf(content)
