"""ledger.links: which records must lie in one shard."""

from dataclasses import dataclass

import pytest

from ledger.links import Links
from ledger.vault_rows import UNPLACED


@dataclass
class Kept:
    """What links look at of a record."""

    subjects: tuple[str, ...]
    digest: bytes
    shard: int = UNPLACED


def kept(subjects, digest, shard=UNPLACED):
    return Kept(tuple(subjects), digest.encode(), shard)


@pytest.mark.parametrize(
    ("expected", "before", "new"),
    [
        (False, [], ("a", "x")),
        (False, [kept("a", "x", 0)], ("a", "y")),
        (False, [kept("a", "x", 0), kept("b", "y", 0)], ("ab", "z")),
        (False, [kept("a", "x", 0), kept("b", "y")], ("ab", "z")),
        (False, [kept("a", "x"), kept("b", "y")], ("ab", "z")),
        (True, [kept("a", "x", 0), kept("b", "y", 1)], ("ab", "z")),
        (True, [kept("a", "x", 0), kept("b", "y", 1)], ("a", "y")),
        (True, [kept("", "x", 0), kept("b", "y", 1)], ("b", "x")),
        (
            True,
            [kept("a", "x", 0), kept("ac", "w"), kept("b", "y", 1)],
            ("bc", "z"),
        ),
        (False, [kept("a", "x", 0), kept("b", "y", 1)], ("c", "z")),
    ],
    ids=[
        "first",
        "same-person",
        "same-shard",
        "one-unplaced",
        "both-unplaced",
        "two-shards",
        "text-elsewhere",
        "text-of-nobody",
        "through-a-third",
        "stranger",
    ],
)
def test_would_tie(expected, before, new):
    """Only a record between two shards would tie them."""
    subjects, digest = new

    assert expected is Links(before).would_tie(tuple(subjects), digest.encode())


def test_asking_joins_nothing():
    """A refused record leaves the groups as they were."""
    links = Links([kept("a", "x", 0), kept("b", "y", 1)])
    assert links.would_tie(("a", "b"), b"z")

    assert not links.would_tie(("a",), b"z")
    assert not links.would_tie(("b",), b"z")


def test_joined_records_count():
    """A record kept in this ingest ties the next one."""
    links = Links([kept("a", "x", 0), kept("b", "y", 1)])
    links.join(("a", "c"), b"w")

    assert links.would_tie(("b", "c"), b"z")
