"""A spool is bounded, and what a producer drops is an event itself."""

import pytest

from ledger.errors import SpoolFullError, StorageError
from ledger.events.spool import EventsDropped
from ledger.spool.spool import Spool
from ledger.streams.drops import Drops
from ledger.streams.room import Limits
from tests.unit.ledger.workshop import assigned, open_ledger
from tests.unit.spool.conftest import (
    check_verifies,
    numbers,
    open_producer,
    spool_of,
)

COUNT = Limits(files_max=2, when_full="count")


def dropped(workspace):
    """What the ledger says was dropped."""
    with open_ledger(workspace) as ledger:
        return [
            (one.event.events, one.event.reason)
            for one in ledger.events()
            if isinstance(one.event, EventsDropped)
        ]


@pytest.mark.parametrize(
    "limits",
    [Limits(files_max=2), Limits(bytes_max=1900)],
    ids=["files", "bytes"],
)
def test_a_full_spool_fails_closed(workspace, limits):
    """SpoolFullError, exit code 8; with room again it goes on."""
    with open_producer(workspace, limits=limits) as producer:
        for number in range(2):
            producer.append([assigned(number)])
        with pytest.raises(SpoolFullError, match="is full: 2 of") as caught:
            producer.append([assigned(2)])
        assert 8 == caught.value.exit_code
        assert 2 == producer.waiting
        producer.flush()
        producer.append([assigned(3)])
        producer.flush()

    assert [0, 1, 3] == numbers(workspace)


def test_a_full_spool_notices_who_drained_it(workspace):
    """Room that another process made counts at once."""
    with (
        open_producer(workspace, limits=Limits(files_max=1)) as producer,
        open_ledger(workspace) as ledger,
    ):
        for number in range(3):
            producer.append([assigned(number)])
            ledger.drain()

    assert [0, 1, 2] == numbers(workspace)


def test_drops_are_counted_and_said(workspace):
    """One event, before what comes next, as soon as there is room."""
    with open_producer(workspace, limits=COUNT) as producer:
        tickets = [producer.append([assigned(one)] * 3) for one in range(4)]
        producer.flush()
        producer.append([assigned(9)])
        producer.flush()

    assert [True, True, False, False] == [one is not None for one in tickets]
    assert [(6, "spool_full")] == dropped(workspace)
    assert [0, 0, 0, 1, 1, 1, 9] == numbers(workspace)
    check_verifies(workspace)


def test_drops_share_the_next_submission_where_they_fit(workspace):
    """And have one of their own before it where they do not."""
    with open_producer(workspace) as producer:
        producer.count_dropped(1)
        producer.append([assigned(1)])
        producer.count_dropped(2)
        producer.append([assigned(2)] * 1024)
        receipts = producer.flush()

    assert [2, 1, 1024] == [one.events for one in receipts]
    assert [(1, "producer_error"), (2, "producer_error")] == dropped(workspace)


def test_a_flush_says_what_was_dropped(workspace):
    """Also where nothing is appended any more."""
    with open_producer(workspace, limits=COUNT) as producer:
        for number in range(3):
            producer.append([assigned(number)])
        producer.flush()
        assert [] == dropped(workspace)
        producer.flush()

    assert [(1, "spool_full")] == dropped(workspace)


def test_drops_outlive_their_process(workspace):
    """The count is on the disk, and reported once."""
    with open_producer(workspace, limits=COUNT) as producer:
        for number in range(4):
            producer.append([assigned(number)])
    with open_ledger(workspace) as ledger:
        ledger.drain()
    for number in range(10, 12):
        with open_producer(workspace, limits=COUNT) as producer:
            producer.append([assigned(number)])
            producer.flush()

    assert [(2, "spool_full")] == dropped(workspace)
    assert [0, 1, 10, 11] == numbers(workspace)


def test_a_report_that_was_spooled_is_not_repeated(workspace):
    """A kill between the report and the next drop counts nothing twice."""
    drops = spool_of(workspace).folder / "dropped"
    with open_producer(workspace, limits=COUNT) as producer:
        producer.count_dropped(5)
        before = drops.read_bytes()
        producer.append([assigned(1)])
        drops.write_bytes(before)
        producer.flush()
    with open_producer(workspace, limits=COUNT) as producer:
        producer.append([assigned(2)])
        producer.flush()

    assert [(5, "producer_error")] == dropped(workspace)


def test_a_full_disk_is_a_reason(workspace, monkeypatch):
    """Events for which the disk had no room."""
    with open_producer(workspace, limits=COUNT) as producer:
        with monkeypatch.context() as patch:
            patch.setattr(Spool, "put", _refuse)
            assert producer.append([assigned(1)]) is None
        producer.append([assigned(2)])
        producer.flush()

    assert [(1, "disk_full")] == dropped(workspace)
    assert [2] == numbers(workspace)


def _refuse(*_):
    message = "no space"
    raise StorageError(message)


@pytest.mark.parametrize("limits", [Limits(), COUNT], ids=["refuse", "count"])
def test_a_write_that_may_have_happened(workspace, monkeypatch, limits):
    """It is neither acknowledged nor dropped, and its counter is not used again."""
    put = Spool.put

    def put_and_fail(self, spooled):
        put(self, spooled)
        _refuse()

    with open_producer(workspace, limits=limits) as producer:
        with monkeypatch.context() as patch:
            patch.setattr(Spool, "put", put_and_fail)
            with pytest.raises(StorageError):
                producer.append([assigned(1)])
        assert 1 == producer.append([assigned(2)]).counter
        producer.flush()

    assert [1, 2] == numbers(workspace)
    assert [] == dropped(workspace)


def test_a_write_that_failed_but_was_drained(workspace, monkeypatch):
    """Its counter is taken although its file is gone again."""
    put = Spool.put

    def put_drain_and_fail(self, spooled):
        put(self, spooled)
        with open_ledger(workspace) as ledger:
            ledger.drain()
        _refuse()

    with open_producer(workspace) as producer:
        with monkeypatch.context() as patch:
            patch.setattr(Spool, "put", put_drain_and_fail)
            with pytest.raises(StorageError):
                producer.append([assigned(1)])
        assert 1 == producer.append([assigned(2)]).counter
        producer.flush()

    assert [1, 2] == numbers(workspace)


@pytest.mark.parametrize(
    "content", [None, b"", b"before 1\n", b"\xff"], ids=["none", "empty", "cut", "torn"]
)
def test_counts_that_cannot_be_read(tmp_path, content):
    """They count nothing, and are counted on from there."""
    path = tmp_path / "dropped"
    if content is not None:
        path.write_bytes(content)
    drops = Drops(path)

    assert [] == drops.report(before=0)
    drops.prepare()
    drops.add(3, "spool_full", before=7)
    assert [3] == [one.events for one in Drops(path).report(before=7)]
    assert [] == Drops(path).report(before=8)


def test_a_caller_that_lost_events(workspace):
    """What never reached the producer can be said too."""
    with open_producer(workspace) as producer:
        producer.count_dropped(2)
        producer.count_dropped(3)
        producer.append([assigned(1)])
        producer.flush()

    assert [(5, "producer_error")] == dropped(workspace)
