"""ledger.log.sequencer: whoever has the lock appends what all have spooled."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from ledger.errors import (
    ConflictError,
    GapError,
    IntegrityError,
    KeyTrustError,
    StorageError,
)
from ledger.events.keys import KeyRetired, StreamAbandoned
from ledger.keys.files import ROLE_GRANTS, grant_event, save_key
from ledger.log import group as group_module
from ledger.spool.read import Spooled
from ledger.spool.spool import Spool
from tests.unit.ledger.workshop import (
    ORIGIN,
    Clock,
    assigned,
    key,
    lines_of,
    new_workspace,
    open_ledger,
    role_key,
)
from tests.unit.ledger.workshop import spool as sealer
from tests.unit.spool.conftest import (
    STREAM,
    check_verifies,
    numbers,
    open_producer,
    spool_of,
    streams,
)

OTHER = "shards/worker-2"


def fill(workspace, stream=STREAM, count=2, first=0):
    """Spool so many submissions of one event."""
    with open_producer(workspace, stream) as producer:
        for number in range(first, first + count):
            producer.append([assigned(number)])


def drain(workspace):
    """One pass over the spools."""
    with open_ledger(workspace) as ledger:
        return ledger.drain()


def test_streams_go_in_by_turns(workspace):
    """Each in its order, none before the others had theirs."""
    fill(workspace, STREAM, 3)
    fill(workspace, OTHER, 2, first=10)
    drained = drain(workspace)

    assert (5, {}) == (drained.submissions, drained.refused)
    assert [0, 10, 1, 11, 2] == numbers(workspace)
    check_verifies(workspace)


def test_nothing_to_drain(workspace):
    """No entry, no checkpoint, no folder."""
    drained = drain(workspace)

    assert 0 == drained.submissions
    assert [("root", 0)] == streams(workspace)
    assert not (workspace / "spool").exists()


def test_a_commit_is_bounded(workspace, monkeypatch):
    """What is above goes in with the next one."""
    monkeypatch.setattr(group_module, "ENTRIES_MAX", 2)
    fill(workspace, count=5)
    passes = [drain(workspace) for _ in range(3)]

    assert [(2, True), (2, True), (1, False)] == [
        (one.submissions, one.is_full) for one in passes
    ]
    assert list(range(5)) == numbers(workspace)


def test_bytes_of_a_commit_are_bounded(workspace, monkeypatch):
    """Large submissions share a transaction with fewer others."""
    monkeypatch.setattr(group_module, "BYTES_MAX", 1)
    fill(workspace, count=2)

    assert (1, True) == ((one := drain(workspace)).submissions, one.is_full)


def test_an_append_waits_for_all_that_its_stream_spooled(workspace, monkeypatch):
    """It cannot overtake what is signed already."""
    monkeypatch.setattr(group_module, "ENTRIES_MAX", 1)
    fill(workspace, count=2)
    with (
        open_ledger(workspace) as ledger,
        pytest.raises(ConflictError, match="spooled submissions come first"),
    ):
        ledger.append([assigned(9)], stream=STREAM)

    assert [] == numbers(workspace)


def test_files_that_a_crash_left_are_recognised(workspace, tmp_path):
    """A kill between the commit and the deletion doubles nothing."""
    fill(workspace, count=3)
    shutil.copytree(workspace / "spool", tmp_path / "spool")
    drain(workspace)
    fill(workspace, count=1, first=3)
    drain(workspace)
    for path in (tmp_path / "spool").rglob("*.submission"):
        shutil.copy(path, spool_of(workspace).folder)
    drained = drain(workspace)

    assert (0, {}) == (drained.submissions, drained.refused)
    assert [0, 1, 2, 3] == numbers(workspace)
    assert [] == spool_of(workspace).waiting()
    with open_producer(workspace) as producer:
        assert 4 == producer.append([assigned(4)]).counter


def test_a_submission_that_is_sent_and_spooled(workspace):
    """Both ways lead to the one entry."""
    fill(workspace, count=1)
    spooled = spool_of(workspace).read(0)
    with open_ledger(workspace) as ledger:
        receipt = ledger.submit(spooled.note, spooled.event_lines)

        assert 1 == receipt.seq
        assert [receipt] == ledger.receipts(STREAM, range(1))
    assert [0] == numbers(workspace)


def rewrite(workspace, counter, change):
    """Change the bytes of a spooled file."""
    path = spool_of(workspace).path(counter)
    path.write_bytes(change(path.read_bytes()))


def foreign(workspace, tmp_path):
    """A submission to another ledger."""
    other = new_workspace(tmp_path / "other" / "acme", "another")
    with open_ledger(other) as ledger:
        note = sealer(other, ledger, stream=STREAM).seal(lines_of(assigned(0)))
    rewrite(workspace, 0, lambda _: note + b"\n" + lines_of(assigned(0))[0] + b"\n")


def copied(workspace, _):
    """Another stream's file."""
    fill(workspace, OTHER, 1)
    content = spool_of(workspace, OTHER).path(0).read_bytes()
    rewrite(workspace, 0, lambda _: content)


def pipe(workspace, _):
    """A file that would keep its reader waiting."""
    path = spool_of(workspace).path(0)
    path.unlink()
    os.mkfifo(path)


BAD = {
    "a pipe": pipe,
    "empty": lambda folder, _: rewrite(folder, 0, lambda _: b""),
    "cut": lambda folder, _: rewrite(folder, 0, lambda old: old[:-9]),
    "event changed": lambda folder, _: rewrite(
        folder, 0, lambda old: old.replace(b'"slice":0', b'"slice":1')
    ),
    "text changed": lambda folder, _: rewrite(
        folder, 0, lambda old: old.replace(b"counter 0", b"counter 1")
    ),
    "too long": lambda folder, _: rewrite(folder, 0, lambda old: old * 9000),
    "not UTF-8": lambda folder, _: rewrite(folder, 0, lambda old: b"\xff" + old),
    "another ledger": foreign,
    "another stream": copied,
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_a_bad_file_stops_its_stream_only(workspace, tmp_path, spoil):
    """It is moved away with all behind it, and its producer is told."""
    fill(workspace, STREAM, 3)
    spoil(workspace, tmp_path)
    fill(workspace, "shards/worker-3", 1, first=7)
    drained = drain(workspace)

    assert [STREAM] == list(drained.refused)
    assert 7 in numbers(workspace)
    assert 0 == sum(stream == STREAM for stream, _ in streams(workspace))
    quarantine = spool_of(workspace).folder / "quarantine"
    assert 4 == len(list(quarantine.iterdir()))
    assert (quarantine / "why").read_text().startswith("counter 0: ")
    with pytest.raises(ConflictError, match="can never be appended lie in"):
        open_producer(workspace)
    assert {} == drain(workspace).refused
    check_verifies(workspace)


def test_a_folder_that_cannot_be_read(workspace):
    """It stops its stream only, until it can."""
    fill(workspace)
    folder = spool_of(workspace, OTHER).folder
    folder.symlink_to(folder)
    drained = drain(workspace)

    assert (2, [OTHER]) == (drained.submissions, list(drained.refused))
    assert "cannot be read" in str(drained.refused[OTHER])


def test_a_spool_that_cannot_be_read_now(workspace, monkeypatch):
    """An append to its stream says so in one line, and goes on when it can be."""
    fill(workspace)
    iterdir = Path.iterdir

    def refuse(self):
        if self == spool_of(workspace).folder:
            raise PermissionError(errno.EACCES, "Permission denied")
        return iterdir(self)

    with open_ledger(workspace) as ledger, monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", refuse)
        with pytest.raises(StorageError, match=r"shards\.worker-1 cannot be read"):
            ledger.append([assigned(9)], stream=STREAM)

    assert [0, 1] == spool_of(workspace).waiting()
    assert 2 == drain(workspace).submissions


def test_files_that_cannot_be_deleted(workspace, monkeypatch):
    """A flush ends all the same: they are in the ledger; other streams are settled."""
    fill(workspace, OTHER, 1, first=7)
    settle = Spool.settle

    def refuse(self, counter):
        if self.stream == STREAM:
            message = "read-only"
            raise StorageError(message)
        settle(self, counter)

    with open_producer(workspace) as producer:
        producer.append([assigned(0)])
        with monkeypatch.context() as patch:
            patch.setattr(Spool, "settle", refuse)
            assert 1 == len(producer.flush())
        assert [0] == spool_of(workspace).waiting()
        assert [] == spool_of(workspace, OTHER).waiting()
        producer.append([assigned(1)])
        producer.flush()

    assert [0, 7, 1] == numbers(workspace)
    assert [] == spool_of(workspace).waiting()


def test_a_link_out_of_the_spool(workspace, tmp_path):
    """It is not followed, and nothing is quarantined for it."""
    fill(workspace)
    path = spool_of(workspace).path(0)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    drained = drain(workspace)

    assert "cannot be read" in str(drained.refused[STREAM])
    assert [0, 1] == spool_of(workspace).waiting()


def test_a_folder_in_place_of_a_submission(workspace):
    """It can never be appended: it is moved away, and no descriptor stays open."""
    fill(workspace)
    spool = spool_of(workspace)
    spool.path(0).unlink()
    spool.path(0).mkdir()
    with pytest.raises(IntegrityError, match="expected a regular file"):
        spool.read(0)
    still_open = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    drain(workspace)

    assert str(spool.path(0)) not in still_open
    assert "expected a regular file" in spool.quarantined()
    assert [] == spool.waiting()


def test_a_lost_submission_is_not_acknowledged(workspace):
    """A flush says when a file of its own went away."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        spool_of(workspace).path(0).unlink()
        with pytest.raises(ConflictError, match="1 submissions are neither spooled"):
            producer.flush()


def test_a_producer_that_is_cut_off_is_told(workspace):
    """A flush never returns as if all were well, and no append follows."""
    with open_producer(workspace) as producer:
        producer.append([assigned(0)])
        rewrite(workspace, 0, lambda _: b"")
        for call in (producer.flush, lambda: producer.append([assigned(1)])):
            with pytest.raises(ConflictError, match="counter 0: spool file: expected"):
                call()


def test_it_goes_on_without_what_was_cut_off(workspace, tmp_path):
    """Once somebody has taken the folder away."""
    fill(workspace, count=2)
    rewrite(workspace, 0, lambda _: b"")
    drain(workspace)
    (spool_of(workspace).folder / "quarantine").rename(tmp_path / "kept")
    fill(workspace, count=1, first=9)
    drain(workspace)

    assert [9] == numbers(workspace)


def test_a_conflict(workspace, tmp_path):
    """The first text stands; the other one and what follows it is moved away."""
    fill(workspace, count=1)
    shutil.copytree(workspace / "spool", tmp_path / "spool")
    drain(workspace)
    fill(workspace, count=1, first=1)
    drain(workspace)
    shutil.rmtree(workspace / "spool")
    shutil.copytree(tmp_path / "spool", workspace / "spool")
    (workspace / "acme.ledger").rename(tmp_path / "away")
    fill(workspace, count=2, first=50)
    (tmp_path / "away").rename(workspace / "acme.ledger")
    drained = drain(workspace)

    assert isinstance(drained.refused[STREAM], ConflictError)
    assert "counter 1 holds another submission" in spool_of(workspace).quarantined()
    assert [0, 1] == numbers(workspace)


def test_a_missing_file_is_waited_for(workspace):
    """A gap stops the stream; the file may come back."""
    fill(workspace, count=3)
    path = spool_of(workspace).path(1)
    content = path.read_bytes()
    path.unlink()
    drained = drain(workspace)

    assert isinstance(drained.refused[STREAM], GapError)
    assert [2] == spool_of(workspace).waiting()
    path.write_bytes(content)
    assert 2 == drain(workspace).submissions
    assert [0, 1, 2] == numbers(workspace)


def replace_key(workspace):
    """Retire the sharder's key and grant another one of that name."""
    old = role_key(workspace, "sharder")
    new = key(old.name)
    grant = next(one for one in ROLE_GRANTS if one.role == "sharder")
    retired = KeyRetired(
        name=old.name,
        public_key=old.verifier.public_key.hex(),
        reason="rotated",
    )
    with open_ledger(workspace) as ledger:
        ledger.append([retired, grant_event(ORIGIN, grant, new)], stream="root")
    (workspace / "keys" / "sharder.pem").unlink()
    save_key(workspace / "keys", "sharder", new, None)


def spool_under_the_old_key(workspace):
    """What is spooled while its key is retired elsewhere."""
    fill(workspace, count=2)
    held = workspace.with_name("held")
    (workspace / "spool").rename(held)
    replace_key(workspace)
    held.rename(workspace / "spool")


def test_a_retired_key_is_signed_again(workspace):
    """The same texts under the new key, by the stream's producer."""
    spool_under_the_old_key(workspace)
    texts = [spool_of(workspace).read(counter).text for counter in range(2)]
    assert isinstance(drain(workspace).refused[STREAM], KeyTrustError)
    with open_producer(workspace) as producer:
        receipts = producer.flush()

        assert [2, 3] == [one.seq for one in receipts]
    with open_ledger(workspace) as ledger:
        stored = [ledger.row(seq).entry for seq in (2, 3)]
    assert [True, True] == [
        text.encode() in entry for text, entry in zip(texts, stored, strict=True)
    ]
    check_verifies(workspace)


def test_a_key_that_is_retired_under_a_producer(workspace):
    """An open producer notices at its next flush."""
    with open_producer(workspace) as producer:
        producer.append([assigned(1)])
        producer.flush()
        replace_key(workspace)
        producer.append([assigned(2)])
        producer.flush()

    assert [1, 2] == numbers(workspace)
    check_verifies(workspace)


def test_a_retired_key_of_the_caller(workspace):
    """It cannot be signed again by us, and stays spooled."""
    old = role_key(workspace, "sharder")
    spool_under_the_old_key(workspace)
    with (
        open_producer(workspace, signer=old) as producer,
        pytest.raises(KeyTrustError, match=r"2 submissions .* stay spooled"),
    ):
        producer.flush()
    assert [0, 1] == spool_of(workspace).waiting()


def test_a_spoiled_signature_is_signed_again(workspace):
    """The text is what counts; its signature line can be made anew."""
    fill(workspace, count=1)
    good = spool_of(workspace).read(0)
    line = key(role_key(workspace, "sharder").name).note_line(good.text.encode())
    note = good.text.encode() + b"\n" + line
    spool_of(workspace).put(Spooled(good.text, note, good.event_lines))
    assert isinstance(drain(workspace).refused[STREAM], KeyTrustError)
    with open_producer(workspace) as producer:
        producer.flush()

    assert [0] == numbers(workspace)


def test_a_lost_spool_is_closed_by_root(workspace):
    """Nothing follows in an abandoned stream (SUB-9), spooled or new."""
    fill(workspace, count=1)
    drain(workspace)
    fill(workspace, count=1, first=1)
    held = workspace.with_name("held")
    (workspace / "spool").rename(held)
    with open_ledger(workspace) as ledger:
        ledger.append([StreamAbandoned(stream=STREAM, submissions=1)], stream="root")
    held.rename(workspace / "spool")
    drained = drain(workspace)

    assert "was abandoned" in str(drained.refused[STREAM])
    assert [0] == numbers(workspace)


def test_a_clock_that_goes_back(workspace):
    """Recorded times never fall (ENT-5); what was claimed is kept as claimed."""
    clock = Clock()
    with open_producer(workspace, clock_ms=clock) as producer:
        for step in (0, -3_600_000, -7_200_000):
            clock.now_ms += step
            producer.append([assigned(step % 7)])
        producer.flush()
    with open_ledger(workspace, clock) as ledger:
        clock.now_ms -= 10_000_000
        ledger.append([assigned(9)], stream="shards")
        times = [one.recorded_at_ms for one in ledger.events(1)]

    assert sorted(times) == times
    check_verifies(workspace)
