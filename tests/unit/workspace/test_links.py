"""ledger.records.links: which records must lie in one shard."""

import sqlite3
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InputError
from ledger.ports import UnitRecord
from ledger.records.links import Links
from ledger.vault.rows import SCHEMA, UNPLACED
from ledger.vault.vault import Vault
from producers.placement.units import units_of


@dataclass
class Kept:
    """What links look at of a record."""

    subjects: tuple[str, ...]
    digest: bytes
    shard: int = UNPLACED
    bytes: int = 10
    record_id: str = ""


def kept(subjects, digest, shard=UNPLACED):
    return Kept(tuple(subjects), digest.encode(), shard)


def vault_of(records, near=None):
    """A vault in memory, as far as these records go."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in SCHEMA:
        connection.execute(statement)
    for number, one in enumerate(records):
        name = one.record_id or f"kept {number}"
        place = ("" if one.shard == UNPLACED else "map", one.shard)
        connection.execute(
            "INSERT INTO record VALUES (?, ?, x'', ?, ?, 'public', 0, ?, ?, 0, 0)",
            (name, name.encode(), one.digest, one.bytes, *place),
        )
        connection.executemany(
            "INSERT INTO record_subject VALUES (?, ?)",
            [(name, subject) for subject in set(one.subjects)],
        )
        connection.executemany(
            "INSERT INTO near_record VALUES (?, ?, 1)",
            [(name, found) for found in set((near or {}).get(name, ()))],
        )
    vault = Vault.__new__(Vault)
    vault.connection = connection
    return vault


def links_of(records, near=None):
    """Links over a vault that holds these records."""
    return Links(vault_of(records, near).connection)


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

    assert expected is links_of(before).would_tie(tuple(subjects), digest.encode())


def test_asking_joins_nothing():
    """A refused record leaves the groups as they were."""
    links = links_of([kept("a", "x", 0), kept("b", "y", 1)])
    assert links.would_tie(("a", "b"), b"z")

    assert not links.would_tie(("a",), b"z")
    assert not links.would_tie(("b",), b"z")


def test_joined_records_count():
    """A record kept in this ingest ties the next one."""
    links = links_of([kept("a", "x", 0), kept("b", "y", 1)])
    links.join(("a", "c"), b"w")

    assert links.would_tie(("b", "c"), b"z")


def test_near_texts_tie():
    """A text near one of another shard would tie the two; its number joins."""
    first, second = kept("a", "x", 0), kept("b", "y", 1)
    first.record_id, second.record_id = "1", "2"
    links = links_of([first, second], {"1": (1,), "2": (2,)})

    assert links.would_tie(("b",), b"z", (1,))
    assert not links.would_tie(("c",), b"z", (1,))
    links.join(("c",), b"z", near=(1, 3))
    assert links.would_tie(("b",), b"w", (3,))


def test_a_number_is_no_subject():
    """What is near, a text and a person are different things, whatever their names."""
    links = links_of([kept("1", "1", 0)])

    assert not links.would_tie(("2",), b"2", (1,))
    assert not links.would_pass(1, subjects=["2"], digest=b"2", near=[1], size=5)


@pytest.mark.parametrize(
    ("expected", "subjects", "digest", "near", "size"),
    [
        (False, "s", b"new", (), 500),
        (False, "t", b"new", (), 500),
        (True, "st", b"new", (), 41),
        (False, "st", b"new", (), 40),
        (False, "ss", b"new", (), 500),
        (True, "t", b"x", (), 41),
        (True, "", b"x", (), 41),
        (True, "t", b"new", (7,), 41),
        (False, "t", b"new", (7,), 40),
        (False, "tu", b"new", (8,), 100),
    ],
    ids=[
        "own-data",
        "stranger",
        "two-persons",
        "up-to-the-cap",
        "one-person-twice",
        "same-text",
        "same-text-of-nobody",
        "near-text",
        "near-text-up-to-the-cap",
        "two-strangers",
    ],
)
def test_would_pass(expected, subjects, digest, near, size):
    """Only a link is refused, and asking joins nothing."""
    links = links_of([])
    links.join(("s",), b"x", near=(7,), size=60)
    asked = {"subjects": subjects, "digest": digest, "near": near, "size": size}

    assert expected is links.would_pass(100, **asked)
    assert expected is links.would_pass(100, **asked)


@pytest.mark.parametrize(
    ("expected", "size"), [(False, 30), (True, 31)], ids=["up-to-the-cap", "past-it"]
)
def test_what_is_kept_has_its_weight(expected, size):
    """Seven records of one unit, each found through another link, once."""
    chain = [
        kept("a", "x"),
        kept("ab", "y"),
        kept("b", "y"),
        kept("c", "y"),
        kept("c", "z"),
        kept("d", "z"),
        kept("a", "x"),
    ]
    links = links_of(chain)
    asked = {"subjects": ["d", "e"], "digest": b"new", "near": (), "size": size}

    assert expected is links.would_pass(100, **asked)
    assert expected is links.would_pass(100, **asked)


def test_what_is_pending_or_was_taken_out_links_nothing():
    """As placement: of what is quarantined only a placed record binds."""
    links = links_of([kept("a", "x", 0), kept("b", "y", 1)])
    links._run("UPDATE record SET pending = 1 WHERE shard = 0")
    assert not links.would_tie(("a", "b"), b"z")

    links = links_of([kept("a", "x", 0), kept("b", "y", 1)])
    links._run("UPDATE record SET quarantined = 1")
    assert links.would_tie(("a", "b"), b"z")


def test_a_join_that_is_undone_is_forgotten():
    """It lies in the transaction that keeps the record."""
    links = links_of([kept("a", "x", 0), kept("b", "y", 1)])
    links._run("BEGIN")
    links.join(("a", "c"), b"w")
    links._run("ROLLBACK")

    assert not links.would_tie(("b", "c"), b"z")


NAMES = st.sets(st.sampled_from("abcdef"), max_size=2)
RECORDS = st.lists(
    st.tuples(NAMES, st.sampled_from("uvwxyz"), st.sets(st.integers(1, 5), max_size=2)),
    max_size=8,
)


def units(records, near):
    """The records as placement sees them."""
    return units_of(
        [
            UnitRecord(
                record_id=one.record_id,
                subjects=one.subjects,
                size=one.bytes,
                hazard="personal",
                duplicates=one.digest.hex(),
                shard=None if one.shard == UNPLACED else one.shard,
            )
            for one in records
        ],
        {name: tuple(map(str, numbers)) for name, numbers in near.items()},
    )


@given(RECORDS, st.lists(st.integers(0, 2), min_size=8, max_size=8), RECORDS)
def test_links_and_placement_agree(first, shards, later):
    """What links let pass, one after the other, placement takes; no more, no less."""
    placed, near = [], {}
    for number, (subjects, text, numbers) in enumerate(first):
        one = kept(subjects, text)
        one.record_id = f"{number}"
        placed.append(one)
        near[one.record_id] = tuple(numbers)
    for number, unit in enumerate(units(placed, near)):
        for one in placed:
            if one.record_id in unit.record_ids:
                one.shard = shards[number]
    links = links_of(placed, near)
    taken = list(placed)
    for number, (subjects, text, numbers) in enumerate(later):
        new = kept(subjects, text)
        new.record_id = f"new {number}"
        with_it = {**near, new.record_id: tuple(numbers)}
        if links.would_tie(new.subjects, new.digest, numbers):
            with pytest.raises(InputError):
                units([*taken, new], with_it)
        else:
            units([*taken, new], with_it)
            links.join(new.subjects, new.digest, near=numbers)
            taken.append(new)
            near = with_it
