"""Files that are in use, left over, not ledgers; and reading that leaves no trace."""

import hashlib
import os
import shutil
import sqlite3

import pytest

from tests.simulator import edit_rows
from tests.tamper.harness import found, told_ledger, verify_file
from verifier import UnreadableLedgerError, verify
from verifier.__main__ import main


@pytest.fixture
def written(tmp_path):
    """A valid ledger file."""
    return told_ledger().write(tmp_path / "acme.ledger")


def snapshot(folder):
    """Name, digest, size, mode and time of everything in a folder."""
    return {
        item.name: (
            hashlib.sha256(item.read_bytes()).hexdigest(),
            item.stat().st_mode,
            item.stat().st_mtime_ns,
        )
        for item in sorted(folder.iterdir())
    }


def test_nothing_is_changed(written, tmp_path):
    """File and folder are byte for byte the same after verification."""
    before = snapshot(tmp_path)
    report = verify_file(written, told_ledger())

    assert (0, before) == (report.exit_code, snapshot(tmp_path))


@pytest.mark.parametrize("header", ["WAL", "DELETE"])
def test_read_only_folder(written, tmp_path, header):
    """A ledger on a read-only medium verifies, closed in either journal mode."""
    database = sqlite3.connect(written)
    database.execute(f"PRAGMA journal_mode={header}")
    database.close()
    before = snapshot(tmp_path)
    written.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        report = verify_file(written, told_ledger())
    finally:
        tmp_path.chmod(0o755)
        written.chmod(0o644)

    assert 0 == report.exit_code
    assert before.keys() == snapshot(tmp_path).keys()


def with_wal(path, folder):
    """A copy of a ledger that a writer has open, its last row in the -wal."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA wal_autocheckpoint=0")
    ledger = told_ledger()
    last = len(ledger.entries) - 1
    edit_rows(path, f"DELETE FROM entry WHERE seq = {last}")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute(
        "INSERT INTO entry VALUES (?, ?, ?)", (last, *ledger.entries[last])
    )
    folder.mkdir()
    copy = folder / "acme.ledger"
    shutil.copyfile(path, copy)
    shutil.copyfile(f"{path}-wal", f"{copy}-wal")
    database.close()
    return copy


def test_wal_beside_the_file(written, tmp_path):
    """Rows in a -wal count; a copy is read, said so, and nothing is touched."""
    folder = tmp_path / "copy"
    path = with_wal(written, folder)
    before = snapshot(folder)
    report = verify_file(path, told_ledger())

    assert (0, before) == (report.exit_code, snapshot(folder))
    assert any("-wal" in line for line in report.not_checked)


def test_wal_left_out(written, tmp_path):
    """Without its -wal the same file lacks the last entry."""
    path = with_wal(written, tmp_path / "copy")
    path.with_name("acme.ledger-wal").unlink()

    last = len(told_ledger().entries) - 1

    assert [("ENTRY_MISSING", f"entry {last}")] == found(
        verify_file(path, told_ledger())
    )


def test_journal_beside_the_file(written):
    """An interrupted write is for its writer to recover, not for a reader."""
    written.with_name("acme.ledger-journal").write_bytes(b"x")

    with pytest.raises(UnreadableLedgerError, match="interrupted"):
        verify(written)


UNREADABLE = {
    "empty": b"",
    "text": b"not a database at all" * 100,
    "magic only": b"SQLite format 3\x00",
    "magic and noise": b"SQLite format 3\x00" + bytes(range(256)) * 40,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_not_a_ledger(tmp_path, name, capsys):
    """What is no ledger cannot be judged: exit code 6, one line."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(UNREADABLE[name])

    assert 6 == main([str(path)])
    assert 1 == capsys.readouterr().err.count("\n")


def test_another_sqlite_file(tmp_path):
    """A SQLite file of something else is no ledger."""
    path = tmp_path / "other.db"
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE t (x)")
    database.close()

    assert 6 == main([str(path)])


@pytest.mark.parametrize("name", ["missing", "folder", "fifo"])
def test_no_file(tmp_path, name):
    """A missing file, a folder and a pipe are refused at once."""
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    if name == "fifo":
        os.mkfifo(path)

    assert 6 == main([str(path)])


def test_written_to_while_it_is_read(written):
    """Also where the bytes and the modification time are put back at once."""
    before = written.stat()

    def meddle(entries):
        content = written.read_bytes()
        written.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        written.write_bytes(content)
        os.utime(written, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(UnreadableLedgerError, match="changed while it was read"):
        verify(written, level=0, progress=meddle)
