"""Workers: the same verdict with any number of them, and none where one is killed."""

import sqlite3
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import chain, repeat
from multiprocessing import active_children

import pytest

from tests.simulator import edit_rows, split_entry
from tests.tamper.harness import told_ledger
from tests.unit.engine.bulk import Rights
from tests.unit.engine.passes import HerePool, facts, read, shown
from verifier import UnreadableLedgerError
from verifier.__main__ import main
from verifier.history import workers


@pytest.fixture
def small_ranges(monkeypatch):
    """Ranges of two entries, read in this process."""
    monkeypatch.setattr(workers, "ENTRIES_EACH", 2)
    monkeypatch.setattr(workers, "ProcessPoolExecutor", HerePool)


def flip(data: bytes, place: int) -> bytes:
    """The bytes with one bit of one changed; `place` may count from the end."""
    changed = bytearray(data)
    changed[place] ^= 1
    return bytes(changed)


def damage(ledger, how: str, seq: int) -> None:
    """Change what a simulated ledger stores of one entry."""
    entry, events = ledger.entries[seq]
    header, note = split_entry(entry)
    match how:
        case "header":
            entry = flip(entry, 30)
        case "signature":
            entry = flip(entry, -10)
        case "submission":
            entry = header + b"\n" + note.replace(b"stream ", b"stream x", 1)
        case "line":
            events = flip(events, len(events) // 2)
        case "newline":
            events = events[:-1]
        case "checkpoint":
            size = max(size for size in ledger.checkpoints if size <= seq + 1)
            ledger.checkpoints[size] = flip(ledger.checkpoints[size], -10)
        case "gone":
            del ledger.checkpoints[max(s for s in ledger.checkpoints if s <= seq + 1)]
    ledger.entries[seq] = entry, events


HOWS = ("header", "signature", "submission", "line", "newline", "checkpoint", "gone")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("seq", range(1, 16))
def test_same_findings_with_workers(how, seq, small_ranges, tmp_path):
    """Whatever is damaged in whichever range: code, place and order are the same."""
    ledger = told_ledger()
    damage(ledger, how, seq)
    path = ledger.write(tmp_path / "acme.ledger")
    alone, _ = read(path)

    assert len(alone.findings) > 0
    assert [shown(alone)] * 2 == [shown(read(path, jobs=n)[0]) for n in (2, 3)]


@pytest.mark.parametrize("make", [told_ledger, Rights().build], ids=["story", "bulk"])
@pytest.mark.parametrize("jobs", [2, 3])
def test_same_facts_with_workers(make, jobs, small_ranges, tmp_path):
    """What a sound ledger establishes does not depend on who read it."""
    path = make().write(tmp_path / "acme.ledger")

    assert facts(read(path)[1]) == facts(read(path, jobs=jobs)[1])


def test_more_lines_than_a_worker_hands_over(small_ranges, monkeypatch, tmp_path):
    """What is too much to hand over is read by the walk itself."""
    monkeypatch.setattr(workers, "LINES_BYTES_MAX", 300)
    path = told_ledger().write(tmp_path / "acme.ledger")

    assert facts(read(path)[1]) == facts(read(path, jobs=2)[1])


def test_signatures_are_checked_by_workers(small_ranges, monkeypatch, tmp_path):
    """The walk checks none again that a worker found to hold under the right key."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    with monkeypatch.context() as patch:
        seen = []
        true = workers.ed25519.is_valid
        patch.setattr(
            workers.ed25519,
            "is_valid",
            lambda key, blob, text: seen.append((key, text)) or true(key, blob, text),
        )
        read(path, jobs=2)

    assert len(seen) == len(set(seen))


def test_word_for_another_key_counts_nothing(small_ranges, monkeypatch, tmp_path):
    """A signature that holds under a key that is not the granted one is checked."""
    ledger = told_ledger()
    damage(ledger, "signature", 9)
    path = ledger.write(tmp_path / "acme.ledger")
    with monkeypatch.context() as patch:
        patch.setattr(workers, "_signatures_checked", _vouch_for_anything)
        report, _ = read(path, jobs=2)

    assert shown(read(path)[0]) == shown(report)


def _vouch_for_anything(note, keys):
    """Say of each signature that it holds, under a key of the worker's choice."""
    marked = [replace(line, holds_under=bytes(32)) for line in note.signatures]
    return replace(note, signatures=tuple(marked))


def test_real_processes(monkeypatch, tmp_path):
    """Two processes of their own come to the same facts and findings."""
    monkeypatch.setattr(workers, "ENTRIES_EACH", 4)
    ledger = told_ledger()
    good = ledger.write(tmp_path / "good.ledger")
    damage(ledger, "line", 12)
    bad = ledger.write(tmp_path / "bad.ledger")

    assert facts(read(good)[1]) == facts(read(good, jobs=2)[1])
    assert shown(read(bad)[0]) == shown(read(bad, jobs=2)[0])


def kill_workers(entries: int) -> None:
    """Kill all worker processes."""
    for child in active_children():
        child.kill()


def test_killed_worker_is_an_error(monkeypatch, tmp_path):
    """Where a worker is killed there is no report, whatever the others say."""
    monkeypatch.setattr(workers, "ENTRIES_EACH", 1)
    path = told_ledger().write(tmp_path / "acme.ledger")

    with pytest.raises(BrokenProcessPool):
        read(path, jobs=2, progress=kill_workers)


def test_killed_worker_is_exit_70(monkeypatch, tmp_path, capsys):
    """The command says so in one line."""

    def killed(*_: object, **__: object) -> None:
        raise BrokenProcessPool("a process was terminated abruptly")

    monkeypatch.setattr("verifier.__main__.verify", killed)
    path = told_ledger().write(tmp_path / "acme.ledger")

    assert 70 == main([str(path)])
    assert 1 == capsys.readouterr().err.count("\n")


def test_other_file_in_its_place(small_ranges, monkeypatch, tmp_path):
    """A worker that finds another file than its parent does not read it."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    identities = chain([(1,)], repeat((2,)))
    monkeypatch.setattr(workers, "_identity", lambda _: next(identities))

    with pytest.raises(UnreadableLedgerError):
        read(path, jobs=2)


def test_ledger_beside_a_wal(small_ranges, tmp_path):
    """Workers read the same copy as their parent, with its -wal."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    edit_rows(path)
    alone = read(path)[1]

    assert facts(alone) == facts(read(path, jobs=2)[1])
    database.close()


def test_no_jobs_is_refused(tmp_path):
    """At least this process does something."""
    path = told_ledger().write(tmp_path / "acme.ledger")

    with pytest.raises(ValueError):
        read(path, jobs=0)
