"""Dictionaries of structured fields: the grammar, to the letter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.vocabulary.structured import (
    CHARS_MAX,
    Member,
    StructuredFieldError,
    parse_dictionary,
)


def _pairs(text):
    return [(member.key, member.token) for member in parse_dictionary(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("   ", []),
        (" a=y ", [("a", "y")]),
        ("a=y,b=n", [("a", "y"), ("b", "n")]),
        ("a=y \t,\t b=n", [("a", "y"), ("b", "n")]),
        ("a=y, a=n", [("a", "y"), ("a", "n")]),
        ("a", [("a", "")]),
        ('a;p, b=y;p=1; q="x"', [("a", ""), ("b", "y")]),
        ("*a-b_c.1=*y!#$%&'+-.^_`|~:/", [("*a-b_c.1", "*y!#$%&'+-.^_`|~:/")]),
        ('a="y"', [("a", "")]),
        ('a="\\"\\\\, b=n"', [("a", "")]),
        ("a=?0, b=?1", [("a", ""), ("b", "")]),
        ("a=-1, b=1.5, c=999999999999999", [("a", ""), ("b", ""), ("c", "")]),
        ("a=:eQ==:", [("a", "")]),
        ("a=@1659578233", [("a", "")]),
        ('a=%"f%c3%bc"', [("a", "")]),
        ('a=(), b=( x  "y";q 1 );p=2, c=n', [("a", ""), ("b", ""), ("c", "n")]),
    ],
)
def test_dictionary(text, expected):
    """Members in order, with the tokens among their values."""
    assert expected == _pairs(text)


@pytest.mark.parametrize(
    "text",
    [
        "A=y",
        "a=y,",
        "a=y, ",
        ",a=y",
        "a=y,,b=n",
        "a =y",
        "a= y",
        "a=",
        "a=y b=n",
        "a=y; P",
        "a;=1",
        "\ta=y",
        "a=é",
        'a="y',
        'a="\\y"',
        "a='y'",
        "a=?2",
        "a=1.",
        "a=1.2345",
        "a=1234567890123456",
        "a=:e",
        "a=%x",
        "a=(x",
        "a=(x\ty)",
        "a=(x,y)",
        "a=y\n",
        "-a=y",
        "1=y",
    ],
)
def test_broken_dictionary(text):
    """One fault makes all of it fail."""
    with pytest.raises(StructuredFieldError):
        parse_dictionary(text)


def test_member_knows_where_it_stands():
    """The position is that of the key."""
    assert Member("b", "n", 5) == parse_dictionary("a=y, b=n")[1]


def test_length_is_bounded():
    """A longer value is refused."""
    with pytest.raises(StructuredFieldError, match="at most"):
        parse_dictionary("a" * (CHARS_MAX + 1))


@given(st.text(alphabet='ab=,;" \t?:%(y1.', max_size=20), st.sampled_from(["a", "b=y"]))
def test_what_parses_goes_on(text, more):
    """A dictionary and a member make a dictionary with that member at its end."""
    try:
        members = _pairs(text)
    except StructuredFieldError:
        return
    joined = f"{text.rstrip(' ')}, {more}" if members else more

    assert [*members, *_pairs(more)] == _pairs(joined)
