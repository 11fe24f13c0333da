"""The columns of a ledger file: a blob within its limit, or a fault of its rule."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from verifier.findings import Violation
from verifier.store.storage import LedgerFile

TABLES = """
CREATE TABLE entry (seq INTEGER PRIMARY KEY, entry, events);
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note);
CREATE TABLE cosignature (number INTEGER PRIMARY KEY, size, line);
CREATE TABLE timestamp (number INTEGER PRIMARY KEY, size, token);
"""
COLUMNS = {
    "entry": (65_535, "OVER_LIMIT ENT-1"),
    "events": (1_048_576, "OVER_LIMIT SUB-3"),
    "note": (1024, "OVER_LIMIT CHK-1"),
    "line": (512, "ANCHOR_MALFORMED ANC-3"),
    "token": (65_535, "ANCHOR_MALFORMED ANC-4"),
}


@pytest.fixture
def database():
    """Tables that admit values of any type."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.executescript(TABLES)
        yield database


def read(database, column, value) -> tuple[bytes, str]:
    """What is read of a column, and code and rule of its fault."""
    file = LedgerFile(database, path=Path(), copied=False)
    file.has_anchors = True
    if column in ("entry", "events"):
        row = {"entry": b"e", "events": b"v", column: value}
        database.execute("INSERT INTO entry VALUES (0, :entry, :events)", row)
        (stored,) = file.entries()
        return getattr(stored, column), told(stored.fault)
    if column == "note":
        database.execute("INSERT INTO checkpoint VALUES (1, ?)", (value,))
        try:
            return file.checkpoint_note(1), ""
        except Violation as fault:
            return b"", told(fault)
    table = {"line": "cosignature", "token": "timestamp"}[column]
    database.execute(f"INSERT INTO {table} VALUES (1, 1, ?)", (value,))
    (anchor,) = file.anchors(table, 9)
    return anchor.content, told(anchor.fault)


def told(fault: Violation | None) -> str:
    return "" if fault is None else f"{fault.code.name} {fault.rule}"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_blob_of_the_longest_length_is_read(database, column):
    """The limit itself is within the limit."""
    value = bytes(COLUMNS[column][0])

    assert (value, "") == read(database, column, value)


@pytest.mark.parametrize("column", COLUMNS)
def test_a_blob_past_its_limit_is_not_read(database, column):
    """One byte more is a fault of the column's own rule."""
    limit, fault = COLUMNS[column]

    assert (b"", fault) == read(database, column, bytes(limit + 1))


@pytest.mark.parametrize("value", ["text", 5, 0.5, None], ids=str)
@pytest.mark.parametrize("column", COLUMNS)
def test_another_type_is_not_read(database, column, value):
    """Only a blob is a blob (STO-2)."""
    assert (b"", "COLUMN_TYPE STO-2") == read(database, column, value)


def test_a_faulty_column_hides_its_row(database):
    """Where one column is at fault, nothing of the row is taken."""
    database.execute("INSERT INTO entry VALUES (0, 'text', x'00')")
    (row,) = LedgerFile(database, path=Path(), copied=False).entries()

    assert (b"", b"") == (row.entry, row.events)


def test_anchors_of_a_file_without_their_tables():
    """A file without anchors has none, and is not asked for them."""
    with closing(sqlite3.connect(":memory:")) as database:
        file = LedgerFile(database, path=Path(), copied=False)

        assert [] == list(file.anchors("timestamp", 9))


def test_rows_from_a_seq_on(database):
    """Rows come in order of seq, from the smallest key or from the one asked for."""
    for seq in (7, -(2**63), 3, 2**63 - 1):
        database.execute("INSERT INTO entry VALUES (?, x'', x'')", (seq,))
    file = LedgerFile(database, path=Path(), copied=False)

    assert [-(2**63), 3, 7, 2**63 - 1] == [row.seq for row in file.entries()]
    assert [7, 2**63 - 1] == [row.seq for row in file.entries(4)]
    assert [3, 7, 2**63 - 1] == [seq for seq, _ in file.entry_bytes()]


def test_entry_bytes_start_at_entry_0(database):
    """Without events, from entry 0 on."""
    database.execute("INSERT INTO entry VALUES (0, x'aa', x'bb')")
    file = LedgerFile(database, path=Path(), copied=False)

    assert [(0, b"\xaa")] == list(file.entry_bytes())


def test_checkpoint_sizes_are_limited_and_ascending(database):
    """The smallest come first, and no more than asked for."""
    for size in (9, 2, 5):
        database.execute("INSERT INTO checkpoint VALUES (?, x'')", (size,))
    file = LedgerFile(database, path=Path(), copied=False)

    assert [2, 5] == file.checkpoint_sizes(2)
    assert (0, 3) == file.count_rows()


def test_no_checkpoint_of_a_size(database):
    """None is no empty note."""
    assert None is LedgerFile(database, path=Path(), copied=False).checkpoint_note(1)
