"""producers.ingest.identifiers: one spelling for each identifier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.vault.identifiers import (
    first_spelling,
    mask_identifier,
    normalise_identifier,
)


@pytest.mark.parametrize(
    "identifier",
    [
        "jane@example.org",
        "Jane@Example.ORG",
        " jane@example.org\n",
        "\uff4a\uff41\uff4e\uff45@example.org",
        "\U0001d423ane@example.org",
    ],
    ids=["plain", "case", "blanks", "fullwidth", "mathematical"],
)
def test_one_spelling(identifier):
    """Case, blanks and compatibility characters do not make another person."""
    assert "jane@example.org" == normalise_identifier(identifier)


@pytest.mark.parametrize(
    "identifier",
    [
        "Ursula Lindqvist",
        "URSULA\u00a0LINDQVIST",
        "Ursula  Lindqvist",
        "Ursula \t Lindqvist",
        "Ursula\u200b Lindqvist",
        "Ursula Lindqvi\u00adst",
        "\u202eUrsula Lindqvist\u202c",
        "Ursula Lindqvist\ufe0f",
        "\ufeffUrsula Lind\u2060qvist",
    ],
    ids=[
        *("plain", "no-break", "two-blanks", "tab", "no-width", "soft-hyphen"),
        *("turned-around", "variation", "joiner"),
    ],
)
def test_what_is_not_seen_makes_nobody_else(identifier):
    """Two spellings that look the same are one person."""
    assert "ursula lindqvist" == normalise_identifier(identifier)


@pytest.mark.parametrize(
    "identifier",
    [
        "+493090000012",
        "+49 30 9000 0012",
        "+49 (0)30 / 9000-0012",
        "+49.30.90000012",
        "+49\u201130\u20139000\u22120012",
        "\uff0b49 30 90000012",
    ],
    ids=["plain", "blanks", "trunk", "dots", "dashes", "full-width"],
)
def test_separators_of_a_telephone_number(identifier):
    """With its country code a number is its digits."""
    assert "+493090000012" == normalise_identifier(identifier)


@pytest.mark.parametrize(
    "identifier",
    ["j+x@example.org", "030 9000 0012", "0049 30 9000 0012", "+49 30", "j.d@x.org"],
    ids=["plus-tag", "national", "prefix-00", "too-short", "dots"],
)
def test_nothing_is_guessed(identifier):
    """What might be two persons is two."""
    assert identifier == normalise_identifier(identifier)


@given(st.text())
def test_the_first_spelling_keeps_who_it_is(identifier):
    """A name that is kept so is looked up as what was typed."""
    kept = first_spelling(identifier)

    assert normalise_identifier(identifier) == normalise_identifier(kept)


@given(st.text())
def test_normalising_twice_changes_nothing(identifier):
    """The normal spelling is its own normal spelling."""
    once = normalise_identifier(identifier)

    assert once == normalise_identifier(once)


@pytest.mark.parametrize(
    ("expected", "identifier"),
    [
        ("j***@e***.org", "jane@example.org"),
        ("j***@e***.uk", "jane@example.co.uk"),
        ("j***@l***", "jane@localhost"),
        ("j***", "jane doe"),
        ("***", ""),
    ],
)
def test_mask(expected, identifier):
    """A masked identifier shows one letter of each part and the last label."""
    assert expected == mask_identifier(identifier)
