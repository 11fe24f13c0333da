"""Redacted lines in the index: which were met, which named, and by whom first."""

from contextlib import closing

import pytest

from verifier.findings import Violation
from verifier.rules.index import Index
from verifier.rules.redactions import Redactions, Told


@pytest.fixture
def redactions():
    """Those of an empty index."""
    with closing(Index()) as index:
        yield index.redactions


def name(redactions: Redactions, id_: bytes, entry: int, places: bytes, at: int):
    event = {"redaction_id": id_, "entry": b"%d" % entry, "places": places}
    redactions.name(event, at)


def test_nothing_yet(redactions):
    """Before any, there is nothing to tell."""
    assert Told() == redactions.told(9)


def test_met_before_and_after_it_is_named(redactions):
    """In whatever order, a line that is met and named is both; the first is kept."""
    redactions.meet(1025)
    name(redactions, b"aa", 1, b"[1,2]", 9000)
    name(redactions, b"bb", 1, b"[2,3]", 9001)
    redactions.meet(1026)

    lines = ((1025, True, 9000), (1026, True, 9000), (1027, False, 9001))
    assert Told(3, 2, 0, 1, lines) == redactions.told(9)
    assert [(1027, 9001)] == list(redactions.outstanding())


def test_lines_that_no_event_names(redactions):
    """They come in order, and the report lists the first ones only."""
    for number in (7, 5, 6):
        redactions.meet(number)

    assert [5, 6, 7] == list(redactions.unnamed())
    assert Told(3, 3, 3, 0, ((5, True, None),)) == redactions.told(1)


def test_id_twice(redactions):
    """XEV-22: the second event names nothing."""
    name(redactions, b"aa", 1, b"[1]", 9000)
    with pytest.raises(Violation):
        name(redactions, b"aa", 1, b"[2]", 9001)

    assert 1 == redactions.told(9).total


def test_behind_a_saved_index(redactions, tmp_path):
    """A later run that goes on from a saved index knows them."""
    with closing(Index()) as index:
        index.redactions.meet(5)
        name(index.redactions, b"aa", 0, b"[5]", 9000)
        index.save(tmp_path / "index", "")
    with closing(Index(tmp_path / "index")) as index:
        assert Told(1, 1, 0, 1, ((5, True, 9000),)) == index.redactions.told(9)
