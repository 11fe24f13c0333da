"""producers.placement.near and its indexes: what is near, and what is forgotten."""

import sqlite3
from contextlib import closing

import pytest

from ledger.vault.near_bands import MemoryBands, band_values
from ledger.vault.near_tables import SCHEMA, SqliteBands
from producers.placement.minhash import signature
from producers.placement.near import NearDuplicates

KEY = bytes(range(32))
LETTER = (
    "Dear Ann, thank you for the long letter of last week about the garden, the two "
    "apple trees behind the shed, and the frost that came in the first days of May."
)
NEAR = LETTER.replace("Ann", "Bob").replace("two", "old")
OTHER = (
    "The committee met on Monday to discuss the budget of the coming year and agreed "
    "to move the decision on the new library to its next meeting in the autumn."
)


@pytest.fixture(params=["memory", "sqlite"])
def index(request):
    """Both indexes, empty."""
    if request.param == "memory":
        yield MemoryBands()
        return
    with closing(sqlite3.connect(":memory:")) as connection:
        for statement in SCHEMA:
            connection.execute(statement)
        yield SqliteBands(connection)


@pytest.fixture
def near(index):
    return NearDuplicates(index, key=KEY)


def add(near, record_id, text):
    return near.add(record_id, near.look(text))


def test_a_near_duplicate_is_found(near):
    """A later text that differs in two words is linked to the earlier one."""
    add(near, "a", LETTER)
    add(near, "b", OTHER)

    assert (1,) == near.look(NEAR).near
    assert (1, 3) == add(near, "c", NEAR)
    assert {"a": ("1",), "b": ("2",), "c": ("1", "3")} == near.clusters()


def test_looking_keeps_nothing(near):
    """A text that was only looked at is near nothing later."""
    near.look(LETTER)

    assert () == near.look(LETTER).near
    assert {} == near.clusters()


def test_folded_copies_share_a_number(near):
    """A copy in other case has the same signature and the same number."""
    add(near, "a", LETTER)

    assert (1,) == add(near, "b", LETTER.upper())


def test_a_candidate_that_is_not_near_does_not_count(index):
    """A shared band is not enough; whole signatures must agree to the threshold."""
    strict = NearDuplicates(index, key=KEY, threshold=0.99)
    add(strict, "a", LETTER)
    sighting = strict.look(NEAR)

    assert () == sighting.near
    assert index.candidates(sighting.signature, limit=9)


def test_forgotten_text_is_near_nothing(near):
    """Once its record is removed nothing finds a text, and its number is not reused."""
    add(near, "a", LETTER)
    near.remove("a")
    near.remove("a")

    assert () == near.look(LETTER).near
    assert (2,) == add(near, "b", LETTER)


def test_a_shared_signature_stays_while_a_record_has_it(near):
    """One of two copies is removed: the other is still found, then neither."""
    add(near, "a", LETTER)
    add(near, "b", LETTER)
    near.remove("a")

    assert (1,) == near.look(LETTER).near
    near.remove("b")
    assert () == near.look(LETTER).near


def test_what_was_near_an_erased_text_stays_together(near):
    """Two records that matched an erased one still share its number."""
    add(near, "a", LETTER)
    add(near, "b", NEAR)
    near.remove("a")

    assert {"b": ("1", "2")} == near.clusters()


def test_no_byte_of_an_erased_signature_is_left(tmp_path):
    """With secure deletion the file holds no band of a removed record."""
    path = tmp_path / "index"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        for statement in SCHEMA:
            connection.execute(statement)
        near = NearDuplicates(SqliteBands(connection), key=KEY)
        add(near, "a", LETTER)
        add(near, "b", OTHER)
        connection.commit()
        seen = signature(LETTER, key=KEY)
        assert seen in path.read_bytes()
        near.remove("a")
        connection.commit()

    content = path.read_bytes()
    bands = [value.to_bytes(8, "big", signed=True) for value in band_values(seen)]
    assert seen not in content
    assert not any(band in content for band in bands)


def test_most_alike_come_first_and_no_more_than_asked(index):
    """Candidates are cut to the limit after those that share most bands."""
    near = NearDuplicates(index, key=KEY)
    add(near, "a", NEAR)
    add(near, "b", LETTER)
    seen = signature(LETTER, key=KEY)

    assert [(2, seen)] == list(index.candidates(seen, limit=1))
