"""Small files that ask for much: memory and disk stay bounded, the fault is named."""

import os
import shutil
import sqlite3

import pytest

from tests.simulator import edit_rows
from tests.tamper.harness import found, told_ledger, verify_file, verify_simulated
from verifier import UnreadableLedgerError
from verifier.history import heads
from verifier.schema import lines as schema
from verifier.store import snapshot

GIB = 1 << 30


@pytest.fixture
def written(tmp_path):
    """A valid ledger file."""
    return told_ledger().write(tmp_path / "acme.ledger")


def test_flood_of_checkpoints(written, monkeypatch):
    """More checkpoints than entries are a finding, and most of them are never read."""
    monkeypatch.setattr(heads, "CHECKPOINTS_SPARE", 10)
    edit_rows(
        written,
        "WITH RECURSIVE c(x) AS (SELECT 1000 UNION ALL SELECT x + 1 FROM c"
        " WHERE x < 1999) INSERT INTO checkpoint SELECT x, x'00' FROM c",
    )
    report = verify_file(written, told_ledger())

    assert ("CHECKPOINT_SIZE", "file") == found(report)[0]
    assert 1 < len(report.findings) <= 1 + len(told_ledger().entries) + 10


def test_checkpoints_of_lost_entries_are_read(written):
    """A few more checkpoints than entries say what is missing, and nothing else."""
    edit_rows(written, "DELETE FROM entry WHERE seq > 4")

    assert [("ENTRY_MISSING", "entry 5")] == found(verify_file(written, told_ledger()))


def test_lines_without_a_quote_are_not_kept(tmp_path):
    """A long line that is no event is refused by its length and kept nowhere."""
    ledger = told_ledger()
    verify_simulated(ledger, tmp_path)
    kept = schema.event_type.cache_info().currsize
    seq = ledger.submit("ingest", [b"x" * 100_000], ledger.key("ingest"))

    assert [("OVER_LIMIT", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )
    assert kept == schema.event_type.cache_info().currsize


@pytest.mark.parametrize(
    "line",
    [b"", b"x" * 1000, b'{"type":"' + b"a" * 1000 + b'"}', b'{"type":""}'],
    ids=["empty", "no quote", "late quote", "no name"],
)
def test_line_that_has_no_known_type(line):
    """No type is taken from a line without a name of at most 97 characters."""
    assert schema.line_type(line) is None


def grow(path, length):
    """Append a hole."""
    os.truncate(path, length)


def test_sparse_file_beside_a_wal(written):
    """A file far longer than its pages is refused before it is copied."""
    grow(written, 3 * GIB)
    written.with_name("acme.ledger-wal").write_bytes(b"junk" * 1000)

    with pytest.raises(UnreadableLedgerError, match="its header and -wal explain"):
        verify_file(written, told_ledger())


def test_copy_keeps_holes(tmp_path):
    """A hole of the file, whatever its header claims, takes no room in the copy."""
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"begin")
    grow(source, GIB // 64)
    with source.open("ab") as file:
        file.write(b"end")
    grow(source, GIB // 32)
    snapshot._copy(source, target)

    assert source.read_bytes() == target.read_bytes()
    assert target.stat().st_blocks <= source.stat().st_blocks


def test_bytes_after_the_last_page(written):
    """They are no part of the ledger: not judged, and no reason to refuse it."""
    with written.open("ab") as file:
        file.write(b"appended" * 1000)

    assert 0 == verify_file(written, told_ledger()).exit_code


def test_writer_was_cut_off_between_pages(written, tmp_path):
    """Pages that left the -wal before the header did are explained by it."""
    rows = list(enumerate(told_ledger().entries))
    edit_rows(written, "DELETE FROM entry WHERE seq > 0", "VACUUM")
    writer = sqlite3.connect(written, isolation_level=None)
    reader = sqlite3.connect(written, isolation_level=None)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("PRAGMA wal_autocheckpoint=0")
    for part in (rows[1:8], rows[8:]):
        writer.execute("BEGIN")
        for seq, row in part:
            writer.execute("INSERT INTO entry VALUES (?, ?, ?)", (seq, *row))
        writer.execute("COMMIT")
        if not reader.in_transaction:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM entry").fetchone()
    writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in (written.name, f"{written.name}-wal"):
        shutil.copyfile(tmp_path / name, folder / name)
    reader.close()
    writer.close()
    copy = folder / written.name
    header = copy.read_bytes()[:32]
    pages = int.from_bytes(header[28:], "big") * int.from_bytes(header[16:18], "big")

    assert pages < copy.stat().st_size
    assert 0 == verify_file(copy, told_ledger()).exit_code
