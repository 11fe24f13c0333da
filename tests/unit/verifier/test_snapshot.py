"""A file and its `-wal` at one moment, and a copy of both (verifier.store.snapshot)."""

import os

import pytest

from verifier.store import snapshot
from verifier.store.snapshot import beside, copy_both, find_file, take_fingerprint
from verifier.store.storage import UnreadableLedgerError

PAGE = 512
FRAME = PAGE + 24


def header(page_bytes: int, pages: int) -> bytes:
    """The first 100 bytes of a database of so many pages."""
    size = page_bytes.to_bytes(2, "big")
    return bytes(16) + size + bytes(10) + pages.to_bytes(4, "big") + bytes(68)


@pytest.fixture
def path(tmp_path):
    """A file of two pages, which its header counts."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(header(PAGE, 2).ljust(2 * PAGE, b"x"))
    return path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "copies"
    folder.mkdir()
    return folder


def test_nothing_is_there(path):
    """A missing file, and a name too long for the file system, are nothing."""
    assert None is find_file(path.with_name("none"))
    assert None is find_file(path.with_name("x" * 300))


def test_a_folder_is_no_file(tmp_path):
    """What is there must be a regular file."""
    with pytest.raises(UnreadableLedgerError, match="is not a regular file"):
        find_file(tmp_path)


def test_a_path_below_a_file(path):
    """Another error than a missing file is told."""
    with pytest.raises(UnreadableLedgerError, match="Not a directory"):
        find_file(path / "x")


def test_an_error_without_a_text():
    """An error that says nothing is told as such."""
    assert "not readable" == str(snapshot._unreadable(OSError()))


def test_no_fingerprint_of_nothing(path):
    """A ledger that is not there has none."""
    with pytest.raises(UnreadableLedgerError, match="no such file"):
        take_fingerprint(path.with_name("none"))


def test_fingerprint_tells_of_the_wal(path):
    """The second mark is the `-wal`'s, None without one."""
    before = take_fingerprint(path)
    beside(path, "-wal").write_bytes(b"abc")
    after = take_fingerprint(path)

    assert (2 * PAGE, None) == (before[0][0], before[1])
    assert (before[0], 3) == (after[0], after[1][0])


def test_fingerprint_tells_of_a_write(path):
    """Other bytes of the same length, with the old modification time set again."""
    before, times = take_fingerprint(path), path.stat()
    other = path.read_bytes()[::-1]
    # Where file times tick every few milliseconds, a write may fall into the same tick.
    while path.stat().st_ctime_ns == times.st_ctime_ns:
        path.write_bytes(other)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))

    assert before != take_fingerprint(path)


@pytest.mark.parametrize("wal", [None, b"", b"wal"], ids=["none", "empty", "some"])
def test_both_are_copied(path, folder, wal):
    """The copy has the file's bytes and the `-wal`'s, and no `-wal` of before."""
    beside(folder / "copy.ledger", "-wal").write_bytes(b"of before")
    if wal is not None:
        beside(path, "-wal").write_bytes(wal)
    copy = copy_both(path, folder)
    copied = beside(copy, "-wal")

    assert path.read_bytes() == copy.read_bytes()
    assert wal == (copied.read_bytes() if copied.exists() else None)


@pytest.mark.parametrize(
    ("wal_bytes", "more"),
    [(None, 0), (0, 0), (FRAME - 1, 0), (FRAME, 1), (2 * FRAME - 1, 1), (2 * FRAME, 2)],
)
def test_length_that_header_and_wal_explain(path, folder, wal_bytes, more):
    """A file is as long as its pages, and as one more for each frame, at most."""
    if wal_bytes is not None:
        beside(path, "-wal").write_bytes(bytes(wal_bytes))
    most = (2 + more) * PAGE
    os.truncate(path, most)

    assert most == copy_both(path, folder).stat().st_size
    os.truncate(path, most + 1)
    with pytest.raises(UnreadableLedgerError, match=f"explain at most {most}$"):
        copy_both(path, folder)


def test_largest_page(path, folder):
    """A page size of 1 stands for 65536 bytes."""
    path.write_bytes(header(1, 3))
    os.truncate(path, 3 * 65_536)
    copy_both(path, folder)
    os.truncate(path, 3 * 65_536 + 1)

    with pytest.raises(UnreadableLedgerError, match="explain at most 196608"):
        copy_both(path, folder)


def test_holes_are_not_filled(path, folder):
    """A file of holes is copied as one: with its bytes, on as little disk."""
    path.write_bytes(header(1, 1000))
    os.truncate(path, 1000 * 65_536)
    with path.open("r+b") as file:
        file.seek(20 * 65_536)
        file.write(b"in the middle")
    copy = copy_both(path, folder)

    assert path.read_bytes() == copy.read_bytes()
    assert copy.stat().st_blocks * 512 < 1 << 20


def test_a_file_longer_than_one_chunk(path, folder, monkeypatch):
    """All chunks are copied, the last one too."""
    monkeypatch.setattr(snapshot, "_CHUNK_BYTES", 100)
    path.write_bytes(header(PAGE, 2) + os.urandom(2 * PAGE - 100))

    assert path.read_bytes() == copy_both(path, folder).read_bytes()


def test_a_disk_that_fails(path, folder, monkeypatch):
    """What the system says of a failed read is told."""
    monkeypatch.setattr(os, "SEEK_DATA", 99)

    with pytest.raises(UnreadableLedgerError, match="Invalid argument"):
        copy_both(path, folder)


def test_a_file_that_keeps_changing(path, folder, monkeypatch):
    """Ten copies are made of it, and then no more."""
    taken = []

    def changing(_):
        taken.append(len(taken))
        return (2 * PAGE, len(taken)), None

    monkeypatch.setattr(snapshot, "take_fingerprint", changing)

    with pytest.raises(UnreadableLedgerError, match="keeps changing"):
        copy_both(path, folder)
    assert 2 * 10 == len(taken)


def test_a_wal_that_is_removed_meanwhile(path, folder, monkeypatch):
    """Where the writer closed in between, the file is copied again without it."""
    true, wal = snapshot.take_fingerprint, beside(path, "-wal")
    wal.write_bytes(b"wal")

    def take_and_close(which):
        taken = true(which)
        wal.unlink(missing_ok=True)
        return taken

    monkeypatch.setattr(snapshot, "take_fingerprint", take_and_close)
    copy = copy_both(path, folder)

    assert path.read_bytes() == copy.read_bytes()
    assert not beside(copy, "-wal").exists()


def test_number_of_pages_is_of_four_bytes(path):
    """The length of a ledger of 2^24 pages is explained by its header."""
    path.write_bytes(header(PAGE, 1 << 24))

    assert None is snapshot._check_length(path, ((PAGE << 24,), None))
