"""What decisions cite, and the order of scans (verifier.rules.sources)."""

from contextlib import closing

import pytest

from verifier.rules.index import Index
from verifier.rules.late_index import LateIndex
from verifier.rules.sources import NOTHING

A, B, C, D = (bytes([n]) * 16 for n in range(1, 5))


@pytest.fixture(params=[Index, LateIndex])
def sources(request):
    """Of an empty index of either kind."""
    with closing(request.param()) as index:
        yield index.sources


def test_what_records_cite(sources):
    """Many at a time or one, before a question or after it."""
    sources.cite(C + A, B + NOTHING, b"")
    assert [(B, NOTHING), (NOTHING, NOTHING)] == list(map(sources.of_record, (C, D)))
    sources.cite(D, NOTHING, A)

    assert [(NOTHING, NOTHING), (B, NOTHING), (NOTHING, A)] == [
        sources.of_record(record) for record in (A, C, D)
    ]


def test_later_scan(sources):
    """By the events that they are of; no unknown one is later, or has a later one."""
    sources.scanned(C + A, 5)
    assert sources.is_later(A, C)
    sources.scanned(B, 4)

    assert [True, False, False, False, False] == [
        sources.is_later(*pair) for pair in ((C, B), (B, C), (A, A), (A, D), (D, A))
    ]


def test_a_second_mention_changes_nothing(sources):
    """What is decided or scanned twice is refused elsewhere."""
    sources.cite(A + A, B + C, b"")
    sources.scanned(A + B + A, 1)

    assert (B, NOTHING) == sources.of_record(A)
    assert sources.is_later(B, A)


def test_saved_sources(tmp_path):
    """What was asked for and what was not is there in the next run."""
    with closing(Index()) as index:
        index.sources.cite(A, B, b"")
        index.sources.of_record(A)
        index.sources.cite(C, D, b"")
        index.sources.scanned(A + B, 1)
        index.save(tmp_path / "index", "")
    with closing(Index(tmp_path / "index")) as index:
        cited = [index.sources.of_record(one)[0] for one in (A, C)]
        assert ([B, D], True) == (cited, index.sources.is_later(B, A))
