"""producers.ingest.identifiers: one spelling for each identifier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.identifiers import mask_identifier, normalise_identifier


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


def test_nothing_is_guessed():
    """A plus-tag makes another identifier."""
    assert "j+x@example.org" == normalise_identifier("j+x@example.org")


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
