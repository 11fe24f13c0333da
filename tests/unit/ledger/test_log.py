"""Append and read (ledger.log.ledger)."""

import shutil
import threading

import pytest

from ledger.disk import sqlite as sqlite_module
from ledger.disk.sqlite import SqliteStore
from ledger.errors import (
    InputError,
    KeyTrustError,
    LockedError,
)
from ledger.events import decode_event
from ledger.format import tree
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.note import check_exact
from ledger.format.submission import parse_submission, split_lines
from tests.unit.ledger.workshop import (
    NOW_MS,
    Clock,
    adopted,
    assigned,
    open_ledger,
    role_key,
)


@pytest.fixture
def ledger(workspace):
    """The ledger of a fresh workspace."""
    with open_ledger(workspace) as found:
        yield found


def _content(ledger):
    """Everything that is stored."""
    return list(ledger.rows()), ledger.newest_checkpoint()


def test_an_append_is_read_back(ledger):
    """The events, in order, with their ids and the recorded time."""
    receipt = ledger.append([assigned(0), assigned(1)], stream="shards")
    found = list(ledger.events(1))

    assert (1, 2) == (receipt.seq, receipt.events)
    assert [(1, 0, NOW_MS, 0), (1, 1, NOW_MS, 1)] == [
        (one.seq, one.index, one.recorded_at_ms, one.event.shard) for one in found
    ]


def test_a_receipt_proves_the_append(ledger, workspace):
    """Its leaf is in the tree that its signed checkpoint covers."""
    ledger.append([assigned(0)], stream="shards")
    receipt = ledger.append([assigned(1)], stream="shards")
    checkpoint, note = parse_checkpoint(receipt.checkpoint)
    leaves = [entry_leaf(row.entry) for row in ledger.rows()]

    assert receipt.leaf == leaves[receipt.seq]
    assert (3, tree.root_hash(leaves)) == (checkpoint.size, checkpoint.root)
    assert None is check_exact(note, [role_key(workspace, "log").verifier])
    assert receipt.checkpoint == ledger.newest_checkpoint()
    assert checkpoint.root == ledger.root_at(3)
    assert None is ledger.root_at(4)


def test_every_event_has_its_own_salt(ledger):
    """So that a sibling's hash cannot be guessed (EVT-7)."""
    ledger.append([assigned(0), assigned(0), assigned(0)], stream="shards")

    assert 3 == len({recorded.event.salt for recorded in ledger.events(1)})


def test_entries_are_chained(ledger):
    """Each entry names the leaf before, and the newest checkpoint (ENT-3, ENT-4)."""
    for number in range(3):
        ledger.append([assigned(number)], stream="shards")
    rows = list(ledger.rows())
    entries = [parse_entry(row.entry) for row in rows]

    assert [0, 1, 2, 3] == [entry.seq for entry in entries]
    assert [0, 1, 2, 3] == [entry.base for entry in entries]
    assert [entry_leaf(row.entry).hex() for row in rows[:3]] == [
        entry.previous for entry in entries[1:]
    ]


@pytest.mark.parametrize("count", [1, 1024])
def test_one_signature_covers_many_events(ledger, count):
    """1 and 1,024 events are one entry."""
    receipt = ledger.append([assigned(n) for n in range(count)], stream="shards")

    assert (1, count, 2) == (receipt.seq, receipt.events, ledger.size)


def test_a_stream_below_a_prefix_has_its_own_counter(ledger):
    """Several workers take several names under one grant."""
    for stream in ("shards", "shards/worker-1", "shards/worker-1", "shards"):
        ledger.append([assigned()], stream=stream)
    texts = [
        parse_submission(parse_entry(row.entry).submission)[0] for row in ledger.rows(1)
    ]

    assert [
        ("shards", 0),
        ("shards/worker-1", 0),
        ("shards/worker-1", 1),
        ("shards", 1),
    ] == [(text.stream, text.counter) for text in texts]


MEGABYTE = [adopted(240)] * 66
REFUSED = {
    "no event": (list, "shards", InputError, "1 to 1024 events, found 0"),
    "1025 events": (
        lambda: [assigned()] * 1025,
        "shards",
        InputError,
        "1 to 1024 events, found 1025",
    ),
    "too many bytes": (
        lambda: MEGABYTE,
        "policy",
        InputError,
        "at most 1048576 bytes of events",
    ),
    "another family": (
        lambda: [adopted()],
        "shards",
        KeyTrustError,
        "no active key may sign policy in stream shards",
    ),
    "two families": (
        lambda: [assigned(), adopted()],
        "shards",
        KeyTrustError,
        "no active key may sign policy, shards",
    ),
    "another stream": (
        lambda: [assigned()],
        "shardsmen",
        KeyTrustError,
        "no active key may sign shards in stream shardsmen",
    ),
    "no stream": (lambda: [assigned()], "", InputError, "expected a name such as"),
    "the root stream": (
        lambda: [assigned()],
        "root",
        InputError,
        "stream root carries",
    ),
    "a bad event": (
        lambda: [assigned(), assigned(-1)],
        "shards",
        InputError,
        "breaks its own schema",
    ),
}


@pytest.mark.parametrize(
    ("events", "stream", "error", "message"), REFUSED.values(), ids=REFUSED
)
def test_a_refused_append_changes_nothing(ledger, events, stream, error, message):
    """The ledger is as before, and the next append is the next entry."""
    before = _content(ledger)
    with pytest.raises(error, match=message):
        ledger.append(events(), stream=stream)

    assert before == _content(ledger)
    assert 1 == ledger.append([assigned()], stream="shards").seq


def test_a_malformed_stream_name_is_refused(ledger):
    """A name below a prefix that is no stream name is not written."""
    for stream in ("shards/", "shards/A", "shards/a/b/c/d", "shards/\n"):
        before = _content(ledger)
        with pytest.raises(InputError, match="stream: expected a name such as"):
            ledger.append([assigned()], stream=stream)
        assert before == _content(ledger)


def test_a_missing_key_changes_nothing(ledger, workspace):
    """The stream's key is needed, and named in the message."""
    (workspace / "keys" / "sharder.pem").unlink()
    before = _content(ledger)
    with pytest.raises(KeyTrustError, match=r"key sharder: .*cannot be read"):
        ledger.append([assigned()], stream="shards")

    assert before == _content(ledger)


@pytest.mark.parametrize("role", ["sharder", "log"])
def test_a_key_file_that_holds_another_key_changes_nothing(ledger, workspace, role):
    """Neither a stream's nor the log's place is taken by another key."""
    shutil.copy(workspace / "keys" / "ci.pem", workspace / "keys" / f"{role}.pem")
    before = _content(ledger)
    with pytest.raises(KeyTrustError, match=f"key {role}: expected the key with id"):
        ledger.append([assigned()], stream="shards")

    assert before == _content(ledger)


def test_recorded_time_never_goes_back(workspace):
    """A clock that falls back is held at the newest entry's time (ENT-5)."""
    clock = Clock()
    with open_ledger(workspace, clock) as ledger:
        for now_ms in (NOW_MS + 5, NOW_MS - 1_000_000, NOW_MS + 4, NOW_MS + 6):
            clock.now_ms = now_ms
            ledger.append([assigned()], stream="shards")
        times = [parse_entry(row.entry).recorded_at_ms for row in ledger.rows()]

    assert [NOW_MS, NOW_MS + 5, NOW_MS + 5, NOW_MS + 5, NOW_MS + 6] == times


def test_claimed_time_is_the_one_that_was_checked(ledger):
    """However late the submission is signed; by default it is the time of signing."""
    receipts = [
        ledger.append([assigned()], stream="shards", **at)
        for at in ({"claimed_at_ms": NOW_MS - 7}, {})
    ]
    rows = list(ledger.rows())
    claimed = [
        parse_submission(parse_entry(rows[receipt.seq].entry).submission)[0]
        for receipt in receipts
    ]

    assert [NOW_MS - 7, NOW_MS] == [text.claimed_at_ms for text in claimed]


def test_two_handles_see_each_other(workspace):
    """Each append catches up with what the other appended: no fork, no gap."""
    with open_ledger(workspace) as one, open_ledger(workspace) as two:
        seqs = [
            ledger.append([assigned()], stream="shards").seq
            for ledger in (one, two, two, one, two)
        ]
        assert [1, 2, 3, 4, 5] == seqs
        assert list(one.rows()) == list(two.rows())

    with open_ledger(workspace) as reopened:
        assert 6 == reopened.size
        assert 5 == reopened._state.next_in("shards")[0]


def test_threads_share_one_handle(ledger):
    """Appends from several threads are one after the other."""
    threads = [
        threading.Thread(
            target=lambda: [ledger.append([assigned()], stream="shards") for _ in "ab"]
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 9 == ledger.size == len(list(ledger.rows()))


def test_another_writer_is_waited_for(workspace, monkeypatch):
    """After the wait: LockedError, exit code 8, nothing written."""
    monkeypatch.setattr(sqlite_module, "LOCK_WAIT_MS", 10)
    with open_ledger(workspace) as ledger:
        ledger.append([assigned()], stream="shards")
        other = SqliteStore.open(workspace / "acme.ledger")
        with (
            other.writing(),
            pytest.raises(LockedError, match="another writer") as caught,
        ):
            ledger.append([assigned()], stream="shards")
        other.close()

        assert 8 == caught.value.exit_code
        assert 2 == ledger.append([assigned()], stream="shards").seq


def test_stored_lines_decode(ledger):
    """What is stored is the lines, each followed by a newline (STO-3)."""
    ledger.append([assigned(0), assigned(1)], stream="shards")
    row = ledger.row(1)

    assert [0, 1] == [decode_event(line).shard for line in split_lines(row.events)]
