"""The pin store by itself: what is kept, for whom, and how it is replaced."""

import fcntl
import os
import stat

import pytest

from tests.unit.levels.office import Office, grow, small_ledger
from verifier import PinStoreError
from verifier.format.checkpoint import CHECKPOINT_BYTES_MAX, parse_checkpoint
from verifier.proofs.same_history import parse_pair
from verifier.trust.pin_store import Kept, PinStore, write_durably

ORIGIN = "example.org/acme"


@pytest.fixture
def pins(office):
    """A folder that is no pin store yet."""
    return office.folder / "pins"


def a_pin(size):
    """A checkpoint of a growing ledger."""
    ledger = small_ledger(size)
    note = ledger.checkpoints[size]
    return Kept(bytes.fromhex(ledger.genesis), size, parse_checkpoint(note).root, note)


def next_descriptor():
    """The lowest number that no open file has."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def fork(office, pins, seed):
    """Verify another history of the same log; return the line on its proof."""
    ledger = grow(small_ledger(2), 2, seed=seed)
    report = Office(office.folder, ledger).verify(pin=pins)
    return report.pin[-1]


def test_the_store_is_made(tmp_path):
    """A store that is not there is made, with the folders above it; twice is fine."""
    store = PinStore(tmp_path / "a" / "pins")
    store.prepare()
    store.prepare()

    assert store.folder.is_dir()
    assert store.load(ORIGIN) is None


def test_a_store_that_cannot_be_made(tmp_path):
    """A file in its place is a fault of usage, which names the place."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(PinStoreError, match=r"file/pins: .* expected a folder"):
        PinStore(tmp_path / "file" / "pins").prepare()


def test_logs_do_not_share_a_pin(tmp_path):
    """What is kept of one log is not what is kept of another."""
    store, kept = PinStore(tmp_path), a_pin(3)

    assert store.replace(ORIGIN, None, kept)
    assert store.load("example.org/other") is None
    assert kept == store.load(ORIGIN)


def test_a_pin_that_is_a_folder(tmp_path):
    """A pin that cannot be read is an error, not an absent one."""
    store = PinStore(tmp_path)
    store.path(ORIGIN).mkdir()
    with pytest.raises(PinStoreError, match="expected readable"):
        store.load(ORIGIN)


def test_a_store_that_cannot_be_written(tmp_path):
    """A scratch file that cannot be written is an error, and the pin stays."""
    store, small, large = PinStore(tmp_path), a_pin(3), a_pin(4)
    store.replace(ORIGIN, None, small)
    store.path(ORIGIN, f"pin.{os.getpid()}.tmp").mkdir()
    with pytest.raises(PinStoreError, match="expected writable"):
        store.replace(ORIGIN, small, large)

    assert small == store.load(ORIGIN)


def test_a_pin_of_the_longest_note(tmp_path, monkeypatch):
    """A note of the limit is kept and read; a longer one is refused."""
    store, kept = PinStore(tmp_path), a_pin(3)
    store.replace(ORIGIN, None, kept)
    assert len(kept.note) < CHECKPOINT_BYTES_MAX
    monkeypatch.setattr("verifier.trust.pin_store.CHECKPOINT_BYTES_MAX", len(kept.note))
    assert kept == store.load(ORIGIN)
    monkeypatch.setattr(
        "verifier.trust.pin_store.CHECKPOINT_BYTES_MAX", len(kept.note) - 1
    )
    with pytest.raises(PinStoreError):
        store.load(ORIGIN)


def test_nothing_is_left_of_a_write_that_failed(tmp_path, monkeypatch):
    """Where the disk refuses, the old file stays and no scratch file is left."""
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new")

    assert (b"old", [path]) == (path.read_bytes(), list(tmp_path.iterdir()))


def test_a_write_reaches_the_disk(tmp_path, monkeypatch):
    """The whole file is synchronised before it takes its name, its folder after it."""
    path, seen, sync = tmp_path / "file", [], os.fsync

    def watched(descriptor):
        found = os.fstat(descriptor)
        is_folder = stat.S_ISDIR(found.st_mode)
        seen.append((is_folder or found.st_size, path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    write_durably(path, b"new")

    assert [(3, False), (True, True)] == seen


def test_descriptors_are_closed(tmp_path):
    """Neither the lock nor the folder stays open after a checkpoint is replaced."""
    store, small, large = PinStore(tmp_path), a_pin(3), a_pin(4)
    store.replace(ORIGIN, None, small)
    before = next_descriptor()
    store.replace(ORIGIN, small, large)

    assert before == next_descriptor()


def test_mode_of_the_lock(tmp_path):
    """Nobody but its owner can open it, and hold up the owner's verification."""
    store = PinStore(tmp_path)
    store.replace(ORIGIN, None, a_pin(3))

    assert 0o600 == stat.S_IMODE(store.path(ORIGIN, "lock").stat().st_mode)


def test_the_lock_is_held_while_a_checkpoint_is_replaced(tmp_path, monkeypatch):
    """Between the look and the write nobody else can replace it."""
    store, seen = PinStore(tmp_path), []

    def watched(path, content):
        with store.path(ORIGIN, "lock").open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                seen.append("held")

    monkeypatch.setattr("verifier.trust.pin_store.write_durably", watched)
    store.replace(ORIGIN, None, a_pin(3))

    assert ["held"] == seen


def test_a_store_that_never_settles(office, pins, monkeypatch):
    """A kept checkpoint that changes at every try is an error after some tries."""
    calls = []

    def lost(*_):
        calls.append(1)
        return False

    monkeypatch.setattr(PinStore, "replace", lost)
    with pytest.raises(PinStoreError, match="pins: the kept checkpoint keeps changing"):
        office.verify(pin=pins)

    assert 8 == len(calls)


def test_what_the_report_says_of_the_pin(office, pins):
    """The first checkpoint, the same again, and a newer one."""
    said = [office.verify(pin=pins).pin, office.verify(pin=pins).pin]
    grow(office.ledger)
    report = office.verify(pin=pins)

    assert [
        ["checkpoint 3 is remembered now, the first"],
        ["checkpoint 3 is the kept one"],
        ["checkpoint 4 is remembered now, before 3"],
    ] == [*said, report.pin]
    assert "since the kept checkpoint 3" == report.answers["continuous"]


def test_what_the_report_says_of_a_gap(office, pins):
    """Where something is missing, the kept checkpoint stays."""
    none = office.verify(pin=pins, level=2)
    office.verify(pin=pins)
    grow(office.ledger)
    kept = office.verify(pin=pins, level=2)
    why = "not remembered, since something that was asked for is missing; "

    assert [[f"{why}none is kept"], [f"{why}checkpoint 3 stays the kept one"]] == (
        [none.pin, kept.pin]
    )


def test_what_the_report_says_of_a_rollback(office, pins):
    """A shorter ledger contradicts the kept checkpoint; there is no pair to make."""
    grow(office.ledger)
    office.verify(pin=pins)
    report = Office(office.folder, small_ledger(3)).verify(pin=pins)

    assert ["kept checkpoint 4 contradicts the file; it is kept"] == report.pin
    assert [] == list(pins.glob("*.json"))


def test_a_fork_of_nobody_s_root(office, pins):
    """Without the reader's root there is no proof: it may be anybody's file."""
    office.verify(pin=pins)
    other = Office(office.folder, grow(small_ledger(2), 2, seed="x"))
    report = other.verify(policy=None, level=0, pin=pins)

    why = "no proof of a fork: without your root key, this may be anybody's file"
    assert (1, why) == (report.exit_code, report.pin[-1])
    assert [] == list(pins.glob("*.json"))


def test_the_first_proof_of_a_fork_stays(office, pins):
    """The same fork again is one proof; another one is a second file."""
    office.verify(pin=pins)
    one, again = fork(office, pins, "x"), fork(office, pins, "x")
    [first] = pins.glob("*.json")
    content = first.read_bytes()
    other = fork(office, pins, "y")
    [second] = set(pins.glob("*.json")) - {first}

    assert one == again == f"the proof of the fork is in {first}"
    assert (content, f"the proof of the fork is in {second}") == (
        first.read_bytes(),
        other,
    )
    assert second.name == first.name.replace(".fork.", ".fork-2.")
    assert parse_pair(content) != parse_pair(second.read_bytes())


def test_proofs_of_forks_are_bounded(office, pins):
    """Past the most proofs the last file is written over; the others stay."""
    office.verify(pin=pins)
    first = PinStore(pins).path(ORIGIN, "fork.json")
    others = [PinStore(pins).path(ORIGIN, f"fork-{n}.json") for n in range(2, 100)]
    for path in (first, *others):
        path.write_bytes(b"an earlier proof")
    fork(office, pins, "x")

    assert [others[-1]] == [
        one for one in (first, *others) if one.read_bytes() != b"an earlier proof"
    ]


def test_a_proof_that_cannot_be_written(office, pins):
    """A place that is no folder is an error of usage, which names it."""
    office.verify(pin=pins)
    place = office.folder / "none" / "fork.json"
    other = Office(office.folder, grow(small_ledger(2), 2, seed="x"))
    with pytest.raises(PinStoreError, match=r"none/fork\.json: the proof of the fork"):
        other.verify(pin=pins, fork_out=place)
