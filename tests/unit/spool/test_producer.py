"""A producer signs, spools and waits (ledger.streams.producer)."""

import os
import shutil
import threading

import pytest

from ledger.disk.locks import file_lock
from ledger.errors import (
    ConflictError,
    InputError,
    KeyTrustError,
    LockedError,
    NotALedgerError,
    ReadOnlyError,
)
from ledger.format.entry import entry_leaf, parse_entry
from tests.unit.ledger.workshop import adopted, assigned, key, open_ledger, role_key
from tests.unit.spool.conftest import (
    STREAM,
    bring_back,
    check_verifies,
    hide,
    numbers,
    open_producer,
    spool_of,
    streams,
)


def test_an_append_is_spooled_and_not_in_the_ledger(workspace):
    """One whole file, named by its counter."""
    with open_producer(workspace) as producer:
        ticket = producer.append([assigned(1)])

        assert (STREAM, 0) == (ticket.stream, ticket.counter)
        assert 1 == producer.waiting
    assert [] == numbers(workspace)
    assert ticket.counter == spool_of(workspace).read(0).text.counter


def test_a_flush_returns_the_receipts(workspace):
    """In order, for everything since the last flush."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        producer.append([assigned(2), assigned(3)])
        first = producer.flush()
        producer.append([assigned(4)])
        second = producer.flush()

    assert [(1, 1), (2, 2)] == [(one.seq, one.events) for one in first]
    assert [3] == [one.seq for one in second]
    assert [1, 2, 3, 4] == numbers(workspace)
    with open_ledger(workspace) as ledger:
        for receipt in first + second:
            assert receipt.leaf == entry_leaf(ledger.row(receipt.seq).entry)
    check_verifies(workspace)


def test_a_flush_is_one_commit_with_one_checkpoint(workspace):
    """Every receipt of it holds the same checkpoint; the entries share their base."""
    with open_producer(workspace) as producer:
        for number in range(5):
            producer.append([assigned(number)])
        receipts = producer.flush()
    with open_ledger(workspace) as ledger:
        bases = {parse_entry(ledger.row(one.seq).entry).base for one in receipts}
        sizes = [size for size, _ in ledger.checkpoints()]

    assert 1 == len({one.checkpoint for one in receipts})
    assert {1} == bases
    assert [6, 1] == sizes


def test_what_is_left_of_a_flushed_spool(workspace):
    """The newest submission, as the head to go on from."""
    with open_producer(workspace) as producer:
        for number in range(3):
            producer.append([assigned(number)])
        producer.flush()
    names = {path.name for path in spool_of(workspace).folder.iterdir()}

    assert {".lock", "0000000000000002.head"} == names


def test_it_goes_on_where_it_stopped(workspace):
    """Counters run on over spooled, flushed and closed."""
    for number in range(3):
        with open_producer(workspace) as producer:
            assert number == producer.append([assigned(number)]).counter
            if number:
                producer.flush()

    assert [0, 1, 2] == numbers(workspace)
    assert [(STREAM, 0), (STREAM, 1), (STREAM, 2)] == streams(workspace)[1:]


def test_the_ledger_is_gone(workspace):
    """Signing goes on from the spool's head; a flush says that it stays spooled."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        producer.flush()
    hide(workspace)
    with open_producer(workspace) as producer:
        assert 1 == producer.append([assigned(2)]).counter
        assert 2 == producer.append([assigned(3)]).counter
        with pytest.raises(
            NotALedgerError, match=f"2 submissions of stream {STREAM} stay spooled"
        ):
            producer.flush()
        bring_back(workspace)
        assert [2, 3] == [one.seq for one in producer.flush()]

    assert [1, 2, 3] == numbers(workspace)
    check_verifies(workspace)


def test_a_new_stream_needs_the_ledger_once(workspace):
    """Nobody else knows whether the name is new."""
    hide(workspace)
    with pytest.raises(NotALedgerError, match="is new here and the ledger cannot be"):
        open_producer(workspace)


def test_a_lost_spool_goes_on_from_the_ledger(workspace):
    """What was spooled is lost; what is in the ledger is continued."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        producer.flush()
        producer.append([assigned(2)])
    shutil.rmtree(spool_of(workspace).folder)
    with open_producer(workspace) as producer:
        assert 1 == producer.append([assigned(3)]).counter
        producer.flush()

    assert [1, 3] == numbers(workspace)


def test_a_ledger_that_is_older_than_the_spool(workspace, tmp_path):
    """A restored backup that lacks what it had taken is not written on."""
    shutil.copy(workspace / "acme.ledger", tmp_path / "backup")
    with open_producer(workspace) as producer:
        for number in range(2):
            producer.append([assigned(number)])
        producer.flush()
    shutil.copy(tmp_path / "backup", workspace / "acme.ledger")

    with pytest.raises(ReadOnlyError, match="had taken 2 submissions, found 0"):
        open_producer(workspace)


def test_one_process_a_stream(workspace):
    """LockedError names the stream and what to do."""
    with (
        open_producer(workspace),
        pytest.raises(LockedError, match=f"stream {STREAM} is written .*/worker-2"),
    ):
        open_producer(workspace)


def test_a_closed_producer_lets_its_stream_go(workspace):
    """The next one takes it."""
    open_producer(workspace).close()
    open_producer(workspace).close()


def test_a_fork_is_refused(workspace, monkeypatch):
    """Both would sign the same counter; and the copy's end is not the stream's."""
    with open_producer(workspace) as producer:
        with monkeypatch.context() as patch:
            patch.setattr(producer, "_pid", os.getpid() + 1)
            with pytest.raises(LockedError):
                producer.append([assigned()])
            producer.close()
        assert spool_of(workspace).is_locked()
        assert 0 == producer.append([assigned()]).counter


def test_an_ordinary_append_beside_a_producer(workspace):
    """The stream is the producer's while it has it open, and anybody's afterwards."""
    with open_producer(workspace) as producer, open_ledger(workspace) as ledger:
        producer.append([assigned(1)])
        with pytest.raises(LockedError, match="is written by another process"):
            ledger.append([assigned(2)], stream=STREAM)
        assert [] == numbers(workspace)
    with open_ledger(workspace) as ledger:
        assert 2 == ledger.append([assigned(2)], stream=STREAM).seq

    assert [1, 2] == numbers(workspace)


def test_an_ordinary_append_drains_what_it_finds(workspace):
    """In one transaction, its own entry last."""
    with open_producer(workspace) as producer, open_ledger(workspace) as ledger:
        producer.append([assigned(1)])
        receipt = ledger.append([adopted()], stream="policy")

        assert 2 == receipt.seq
        assert 0 == producer.waiting
        assert [1] == [one.seq for one in producer.flush()]
    assert [(STREAM, 0), ("policy", 0)] == streams(workspace)[1:]
    check_verifies(workspace)


def test_a_locked_ledger_leaves_it_spooled(workspace):
    """LockedError says so, and the next flush brings it in."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        with (
            file_lock(workspace / ".sequencer.lock", what="test"),
            pytest.raises(LockedError, match=r"1 submissions of .* stay spooled"),
        ):
            producer.flush(wait_seconds=0)
        assert [1] == [one.seq for one in producer.flush()]


def test_a_waiter_finds_its_submissions_in(workspace):
    """Whoever drained them, the receipts are the same."""
    with open_producer(workspace) as producer, open_ledger(workspace) as ledger:
        producer.append([assigned(1)])
        assert 1 == ledger.drain().submissions
        assert [1] == [one.seq for one in producer.flush()]


@pytest.mark.parametrize(
    ("events", "stream", "error", "message"),
    [
        ([adopted()], STREAM, KeyTrustError, "policy"),
        ([], STREAM, InputError, "expected 1 to 1024 events"),
        ([assigned()], "unknown", KeyTrustError, "unknown"),
    ],
    ids=["family", "no event", "no grant"],
)
def test_a_refused_append_is_not_spooled(workspace, events, stream, error, message):
    """It would stop its stream for ever."""
    with open_producer(workspace, stream) as producer:
        with pytest.raises(error, match=message):
            producer.append(events)
        assert 0 == producer.waiting


@pytest.mark.parametrize("stream", ["root", "../x", "Upper", "a/b/c/d/e", ""])
def test_a_name_that_may_not_be_spooled(workspace, stream):
    """Nothing is made for it."""
    with pytest.raises(InputError, match="expected the name of a stream"):
        open_producer(workspace, stream)
    assert not list((workspace / "spool").glob("*"))


def test_a_signer_of_the_caller(workspace):
    """A key that is in no file here."""
    signer = role_key(workspace, "sharder")
    (workspace / "keys" / "sharder.pem").unlink()
    with open_producer(workspace, signer=signer) as producer:
        producer.append([assigned(1)])
        producer.flush()

    assert [1] == numbers(workspace)


def test_a_signer_without_a_grant(workspace):
    """Nothing is spooled under a key that the ledger would refuse."""
    with (
        open_producer(workspace, signer=key("stranger")) as producer,
        pytest.raises(KeyTrustError, match="no active grant"),
    ):
        producer.append([assigned(1)])


def test_a_missing_log_key_leaves_it_spooled(workspace):
    """A producer that may not sign checkpoints waits for one that may."""
    (workspace / "keys" / "log.pem").rename(workspace / "log.pem")
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        with pytest.raises(KeyTrustError, match="stay spooled"):
            producer.flush()
        (workspace / "log.pem").rename(workspace / "keys" / "log.pem")
        assert [1] == [one.seq for one in producer.flush()]


def test_threads_share_one_producer(workspace):
    """Appends from several threads are one after the other."""
    with open_producer(workspace) as producer:
        threads = [
            threading.Thread(target=producer.append, args=[[assigned(number)]])
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 8 == len(producer.flush())

    assert list(range(8)) == sorted(numbers(workspace))


def test_no_folder(tmp_path):
    """A workspace is never made by a producer."""
    with pytest.raises(NotALedgerError, match="no such folder"):
        open_producer(tmp_path / "missing")


def test_a_stream_of_two_producers(workspace, tmp_path):
    """A copied spool that went its own way is found when it is opened."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        shutil.copytree(workspace / "spool", tmp_path / "copy")
        producer.flush()
        producer.append([assigned(2)])
        producer.flush()
    shutil.rmtree(workspace / "spool")
    shutil.move(tmp_path / "copy", workspace / "spool")
    hide(workspace)
    with open_producer(workspace) as producer:
        producer.append([assigned(3)])
    bring_back(workspace)

    with pytest.raises(ConflictError, match="two producers used this stream"):
        open_producer(workspace)
