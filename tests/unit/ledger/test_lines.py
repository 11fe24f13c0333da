"""Headers of `name SP value` lines (ledger.format.lines)."""

import re

import pytest

from ledger.errors import IntegrityError
from ledger.format import lines


@pytest.mark.parametrize("text", [b"0", b"7", b"10", b"9007199254740991"])
def test_decimal_reads_its_one_spelling(text):
    """A decimal up to 2^53 - 1 is read."""
    assert re.fullmatch(lines.DECIMAL.encode(), text)
    assert int(text) == lines.decimal(text, what="seq")


def test_decimal_past_the_limit_is_refused():
    """2^53 is refused, with the limit and what was found."""
    with pytest.raises(IntegrityError) as caught:
        lines.decimal(b"9007199254740992", what="seq")

    assert (
        "seq is too large: expected at most 9007199254740991, found 9007199254740992"
        == str(caught.value)
    )


@pytest.mark.parametrize(
    "text",
    ["", "00", "01", "+1", "-1", "-0", " 1", "1 ", "1.0", "1e3", "1_0", "\u0661"],
)
def test_decimal_has_no_other_spelling(text):
    """Signs, leading zeros, spaces, fractions and other digits do not match."""
    assert None is re.fullmatch(lines.DECIMAL.encode(), text.encode())


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("a", True),
        ("shards", True),
        ("ingest/worker-3", True),
        ("a/b/c/d", True),
        ("a" * 32, True),
        ("a" * 33, False),
        ("a/b/c/d/e", False),
        ("", False),
        ("3a", False),
        ("A", False),
        ("a/", False),
        ("a//b", False),
        ("a/-b", False),
    ],
)
def test_stream_names(name, matches):
    """A stream is a name and up to three parts below it."""
    assert matches == bool(re.fullmatch(lines.STREAM, name))


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        ("example.org/acme", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("", False),
        ("a b", False),
        ("a+b", False),
        ("\u00e9", False),
        ("a\n", False),
    ],
    ids=["usual", "128", "129", "empty", "space", "plus", "accent", "newline"],
)
def test_key_names(name, matches):
    """A key name is 1 to 128 characters of its alphabet (KEY-4)."""
    assert matches == bool(re.fullmatch(lines.KEY_NAME, name))


def test_header_pattern_takes_each_line_in_order():
    """A header matches as a whole only."""
    pattern = lines.header_pattern("format/v1", {"seq": lines.DECIMAL, "at": "(x)"})

    assert (b"7", b"x") == pattern.fullmatch(b"format/v1\nseq 7\nat x\n").groups()
    assert None is pattern.fullmatch(b"format/v1\nat x\nseq 7\n")
    assert None is pattern.fullmatch(b"format/v1\nseq 7\nat x")
