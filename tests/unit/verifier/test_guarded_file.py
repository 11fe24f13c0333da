"""How a ledger file is opened: read only, within limits, or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.tamper.harness import told_ledger
from verifier.store.file import open_again, open_ledger
from verifier.store.storage import UnreadableLedgerError


@pytest.fixture
def written(tmp_path):
    return told_ledger().write(tmp_path / "acme.ledger")


GUARDS = {
    "query_only": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "temp_store": 2,
    "cache_size": -8192,
}


@pytest.mark.parametrize("name", GUARDS)
def test_guard(written, name):
    """Nothing is written, and nothing in the schema is trusted."""
    with open_ledger(written) as file:
        (value,) = file._db.execute(f"PRAGMA {name}").fetchone()

    assert GUARDS[name] == value


def test_limits(written):
    """No value of more than 4 MiB is read, and no other database attached."""
    with open_ledger(written) as file:
        limits = map(
            file._db.getlimit,
            (sqlite3.SQLITE_LIMIT_LENGTH, sqlite3.SQLITE_LIMIT_ATTACHED),
        )
        assert [4 << 20, 0] == list(limits)


@pytest.mark.parametrize("wal", [None, b"", b"x" * 100], ids=["none", "empty", "some"])
def test_a_copy_is_made_beside_a_wal_only(written, wal):
    """A `-wal` with something in it is read with the file, from a copy."""
    if wal is not None:
        written.with_name("acme.ledger-wal").write_bytes(wal)
    with open_ledger(written) as file:
        copied, path = file.copied, file.path

    assert bool(wal) == copied
    assert (path == written) == (not copied)


def test_a_copy_is_gone_afterwards(written):
    """It is as large as the ledger, and nobody needs it again."""
    written.with_name("acme.ledger-wal").write_bytes(b"x")
    with open_ledger(written) as file:
        assert file.path.exists()

    assert not file.path.parent.exists()


def test_a_file_without_its_schema(written):
    """Where not even the schema can be read, nothing is judged."""
    data = bytearray(written.read_bytes())
    data[100:200] = b"\xff" * 100
    written.write_bytes(data)

    with pytest.raises(UnreadableLedgerError), open_ledger(written):
        pass


def test_a_missing_copy(tmp_path):
    """A file that is gone when it is opened again cannot be read."""
    with (
        pytest.raises(UnreadableLedgerError, match="unable to open"),
        open_again(tmp_path / "none" / "none", copied=False),
    ):
        pass


@pytest.mark.parametrize(
    ("error", "told"),
    [(OSError(5, "Input/output error"), "Input/output error"), (OSError(), "not read")],
    ids=["with a text", "without"],
)
def test_a_disk_that_fails(written, monkeypatch, error, told):
    """What the system says is told, where it says something."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "open", fail)

    with pytest.raises(UnreadableLedgerError, match=told), open_ledger(written):
        pass


@pytest.mark.parametrize("content", [b"", b"SQLite format 3", b"x" * 4096], ids=len)
def test_a_file_of_another_format(tmp_path, content):
    """A file that does not begin as SQLite's do is refused as such."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(content)

    with (
        pytest.raises(UnreadableLedgerError, match="not a SQLite file"),
        open_ledger(path),
    ):
        pass


def test_names_with_odd_characters(tmp_path):
    """A path is a path: no part of it is taken for an option of SQLite."""
    path = told_ledger().write(tmp_path / "a?mode=rwc#%41 é.ledger")
    with open_ledger(path) as file:
        assert len(told_ledger().entries) == file.count_rows()[0]


@pytest.mark.parametrize(
    ("structure", "extra", "expected"),
    [(True, "", True), (False, "", False), (True, "CREATE TABLE notes (x)", False)],
    ids=["asked for", "not asked for", "of a file with other objects"],
)
def test_structure_is_checked(written, structure, extra, expected):
    """SQLite reads the whole file where that is asked for and nothing was found."""
    with closing(sqlite3.connect(written)) as database:
        database.execute(extra)
    statements = []
    with open_ledger(written) as file:
        file._db.set_trace_callback(statements.append)
        file.findings(structure=structure)

    assert expected == any("integrity_check" in one for one in statements)
