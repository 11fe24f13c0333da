"""One SQLite file (ledger.disk.sqlite)."""

import os
import sqlite3
from pathlib import Path

import pytest

from ledger.disk import sqlite as module
from ledger.disk.sqlite import SCHEMA, SqliteStore
from ledger.disk.store import Row
from ledger.errors import (
    ConflictError,
    IntegrityError,
    LockedError,
    NotALedgerError,
    StorageError,
)


@pytest.fixture
def path(tmp_path):
    """A store with one row and one checkpoint."""
    found = tmp_path / "acme.ledger"
    store = SqliteStore.create(found)
    with store.writing():
        store.insert_entry(Row(0, b"entry", b"events\n"))
        store.insert_checkpoint(1, b"note")
    store.close()
    return found


@pytest.fixture
def store(path):
    """The store, open."""
    found = SqliteStore.open(path)
    yield found
    found.close()


def test_what_is_written_is_read(store):
    """Exact bytes by key, in order, and the newest checkpoint."""
    with store.writing():
        store.insert_entry(Row(1, b"second", b"x\n"))
        store.insert_checkpoint(2, b"newest")

    assert [Row(0, b"entry", b"events\n"), Row(1, b"second", b"x\n")] == list(
        store.rows()
    )
    assert [Row(1, b"second", b"x\n")] == list(store.rows(1))
    assert Row(1, b"second", b"x\n") == store.row(1)
    assert (2, b"newest") == store.newest_checkpoint()
    assert (b"note", b"newest") == (store.checkpoint(1), store.checkpoint(2))
    assert 2 == store.size()


def test_what_is_not_there_is_none(store):
    """A missing row or checkpoint is no error."""
    assert (None, None) == (store.row(9), store.checkpoint(9))


def test_an_empty_store(tmp_path):
    """No entry, no checkpoint."""
    store = SqliteStore.create(tmp_path / "acme.ledger")

    assert (0, [], None) == (
        store.size(),
        list(store.rows()),
        store.newest_checkpoint(),
    )
    store.close()


def test_the_file_is_as_specified(path):
    """Application id, version and schema are those of STO-1."""
    connection = sqlite3.connect(path)
    ids = [
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "page_size")
    ]
    schema = [row[0] for row in connection.execute("SELECT sql FROM sqlite_schema")]
    connection.close()

    assert [0x746C6467, 1, 16384] == ids
    assert sorted(SCHEMA) == sorted(schema)


def test_the_last_close_leaves_one_plain_file(path, store):
    """No -wal and no -shm beside it, journal mode DELETE in its header."""
    with store.writing():
        store.insert_entry(Row(1, b"second", b"x\n"))
    assert path.with_name("acme.ledger-wal").exists()
    store.close()

    assert ["acme.ledger"] == [found.name for found in path.parent.iterdir()]
    assert b"\x01\x01" == path.read_bytes()[18:20]


def test_an_error_undoes_the_transaction(store):
    """Nothing of it is kept, and the store goes on."""

    def fail():
        with store.writing():
            store.insert_entry(Row(1, b"second", b"x\n"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert 1 == store.size()
    with store.writing():
        store.insert_entry(Row(1, b"second", b"y\n"))
    assert 2 == store.size()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO entry VALUES (2, x'00', x'00')",
        "INSERT INTO entry VALUES (-1, x'00', x'00')",
        "INSERT INTO entry VALUES (0, x'00', x'00')",
        "INSERT OR REPLACE INTO entry VALUES (0, x'00', x'00')",
        "REPLACE INTO entry VALUES (0, x'00', x'00')",
        "UPDATE entry SET entry = x'00'",
        "UPDATE entry SET seq = 1",
        "DELETE FROM entry",
        "INSERT INTO checkpoint VALUES (1, x'00')",
        "INSERT INTO checkpoint VALUES (0, x'00')",
        "INSERT OR REPLACE INTO checkpoint VALUES (1, x'00')",
        "UPDATE checkpoint SET note = x'00'",
        "DELETE FROM checkpoint",
        "INSERT INTO entry VALUES (1, 'text', x'00')",
        "INSERT INTO entry VALUES (1, NULL, x'00')",
    ],
)
def test_the_triggers_refuse(path, statement):
    """Seat belts: rows are appended in order, and never changed."""
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.close()


def test_a_refused_row_is_an_integrity_error(store):
    """The trigger's words reach the caller in one line."""

    def insert():
        with store.writing():
            store.insert_entry(Row(5, b"x", b"x\n"))

    with pytest.raises(IntegrityError, match=r"acme\.ledger: entry is append-only"):
        insert()


def test_an_existing_file_is_never_overwritten(path):
    """`create` makes new files only."""
    with pytest.raises(ConflictError, match="exists and is never overwritten"):
        SqliteStore.create(path)


def test_a_missing_file_is_never_created(tmp_path):
    """`open` opens what is there."""
    with pytest.raises(NotALedgerError, match="no such file"):
        SqliteStore.open(tmp_path / "acme.ledger")
    assert [] == list(tmp_path.iterdir())


def _text(path):
    path.write_text("hello, this is a text and no database " * 30)


def _empty(path):
    path.write_bytes(b"")


def _statement(statement):
    def edit(path):
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.commit()
        connection.close()

    return edit


DAMAGES = {
    "text": _text,
    "empty": _empty,
    "application id": _statement("PRAGMA application_id = 1"),
    "version": _statement("PRAGMA user_version = 2"),
    "no trigger": _statement("DROP TRIGGER entry_no_update"),
    "an index": _statement("CREATE INDEX i ON entry (entry)"),
    "a view": _statement("CREATE VIEW v AS SELECT 1"),
    "another table": _statement("CREATE TABLE t (x)"),
    "another column": _statement("ALTER TABLE checkpoint ADD COLUMN x BLOB"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_another_file_is_no_ledger(path, damage):
    """Anything but the exact schema of STO-1 is refused."""
    damage(path)

    with pytest.raises(NotALedgerError, match=r"acme\.ledger is not a ledger"):
        SqliteStore.open(path)


def test_a_refused_file_is_closed(path):
    """No descriptor of what is no database stays open."""
    path.write_bytes(b"text")
    with pytest.raises(NotALedgerError):
        SqliteStore.open(path)

    assert str(path) not in map(os.path.realpath, Path("/proc/self/fd").iterdir())


def test_a_writer_waits_and_gives_up(path, monkeypatch):
    """Another writer that keeps the lock: LockedError, exit code 8."""
    monkeypatch.setattr(module, "LOCK_WAIT_MS", 10)
    first, second = SqliteStore.open(path), SqliteStore.open(path)
    with first.writing():
        with pytest.raises(LockedError, match="locked by another writer") as caught:
            second.writing().__enter__()
        first.insert_entry(Row(1, b"second", b"x\n"))

    assert 8 == caught.value.exit_code
    with second.writing():
        second.insert_entry(Row(2, b"third", b"x\n"))
    assert 3 == first.size()
    first.close()
    second.close()


def test_a_close_beside_an_open_store_takes_nothing_away(path):
    """The other handle goes on, and the last one leaves a plain file."""
    first, second = SqliteStore.open(path), SqliteStore.open(path)
    with first.writing():
        first.insert_entry(Row(1, b"second", b"x\n"))
    assert 2 == second.size()
    first.close()
    with second.writing():
        second.insert_entry(Row(2, b"third", b"x\n"))
    second.close()

    assert ["acme.ledger"] == [found.name for found in path.parent.iterdir()]
    last = SqliteStore.open(path)
    assert 3 == len(list(last.rows()))
    last.close()


def test_a_read_only_file_is_a_storage_error(path):
    """The disk refused the write; one line says so."""
    store = SqliteStore(path, sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True))

    with pytest.raises(StorageError, match="the disk refused the write") as caught:
        store.writing().__enter__()
    assert "\n" not in str(caught.value)
    store.close()


def test_a_damaged_page_is_an_integrity_error(path):
    """SQLite's own checks are reported, with the file's name."""
    content = bytearray(path.read_bytes())
    content[16384 : 2 * 16384] = b"\xff" * 16384
    path.write_bytes(content)
    store = SqliteStore.open(path)

    with pytest.raises(IntegrityError, match=r"acme\.ledger: "):
        list(store.rows())
    store.close()
