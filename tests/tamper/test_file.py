"""The SQLite file itself: smuggled objects, odd types, leftovers; and no traces."""

import random
import sqlite3
import subprocess
import sys

import pytest

from tests.simulator import SCHEMA, edit_rows
from tests.tamper.harness import found, told_ledger, verify_file
from tests.unit.levels.office import small_ledger
from verifier import UnreadableLedgerError, verify
from verifier.findings import Code
from verifier.history import heads
from verifier.store.file import open_ledger


@pytest.fixture
def written(tmp_path):
    """A valid ledger file."""
    return told_ledger().write(tmp_path / "acme.ledger")


SMUGGLED = {
    "view": "CREATE VIEW newer AS SELECT * FROM entry",
    "table": "CREATE TABLE notes (x)",
    "index": "CREATE INDEX fast ON entry (entry)",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON entry BEGIN SELECT 1; END",
    "statistics": "ANALYZE",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_extra_object(written, name):
    """No object beside the specified ones may be in the file."""
    edit_rows(written, SMUGGLED[name])

    assert {("FILE_SCHEMA", "file")} == set(found(verify(written)))


def test_missing_trigger(written):
    """The triggers belong to the format."""
    database = sqlite3.connect(written)
    database.execute("DROP TRIGGER entry_no_update")
    database.close()

    assert [("FILE_SCHEMA", "file")] == found(verify(written))


def test_table_behind_a_view(written):
    """A view with the table's name, over a renamed table, is found."""
    database = sqlite3.connect(written)
    for sql in SCHEMA[2:]:
        database.execute(f"DROP TRIGGER {sql.split()[2]}")
    database.execute("ALTER TABLE entry RENAME TO hidden")
    database.execute("CREATE VIEW entry AS SELECT * FROM hidden WHERE seq <> 3")
    database.close()

    assert "FILE_SCHEMA" in {code for code, _ in found(verify(written))}


@pytest.mark.parametrize(
    "pragma", ["application_id = 1", "user_version = 2", "user_version = 0"]
)
def test_header_numbers(written, pragma):
    """The file says that it is a ledger of format 1."""
    database = sqlite3.connect(written)
    database.execute(f"PRAGMA {pragma}")
    database.close()

    assert [("FILE_HEADER", "file")] == found(verify(written))


def loose(ledger, path):
    """The same rows in a table that is not STRICT, its schema text set right again."""
    ledger.write(path)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA writable_schema=ON")
    for sql in SCHEMA[:2]:
        database.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE sql = ?",
            (sql.removesuffix(" STRICT"), sql),
        )
    database.close()
    return path


def tighten(path):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA writable_schema=ON")
    for sql in SCHEMA[:2]:
        database.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE sql = ?",
            (sql, sql.removesuffix(" STRICT")),
        )
    database.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET entry = CAST(entry AS TEXT) WHERE seq = 3",
        "UPDATE entry SET events = CAST(events AS TEXT) WHERE seq = 3",
        "UPDATE entry SET events = 5 WHERE seq = 3",
        "UPDATE checkpoint SET note = CAST(note AS TEXT) WHERE size = 4",
    ],
    ids=["entry as text", "events as text", "events as integer", "note as text"],
)
def test_column_of_another_type(tmp_path, statement):
    """Text that reads like the bytes is not the bytes."""
    path = loose(told_ledger(), tmp_path / "acme.ledger")
    edit_rows(path, statement)
    tighten(path)
    codes = {code for code, _ in found(verify(path))}

    assert codes & {"FILE_INTEGRITY", "COLUMN_TYPE"}


@pytest.mark.parametrize("column", ["entry", "events"])
def test_fault_of_a_column_of_another_type(tmp_path, column):
    """A row's text is told from its bytes before anything is read in it."""
    path = loose(told_ledger(), tmp_path / "acme.ledger")
    edit_rows(path, f"UPDATE entry SET {column} = 'text' WHERE seq = 3")
    tighten(path)
    with open_ledger(path) as file:
        row = next(file.entries(3))

    assert (Code.COLUMN_TYPE, "text") == (row.fault.code, row.fault.found)
    assert (b"", b"") == (row.entry, row.events)


@pytest.mark.parametrize(
    ("column", "length", "code"),
    [
        ("entry", 65_535, None),
        ("entry", 65_536, Code.OVER_LIMIT),
        ("events", 1_048_576, None),
        ("events", 1_048_577, Code.OVER_LIMIT),
    ],
)
def test_fault_of_a_long_column(written, column, length, code):
    """A row's columns have limits, and may be that long."""
    edit_rows(written, f"UPDATE entry SET {column} = zeroblob({length}) WHERE seq = 3")
    with open_ledger(written) as file:
        fault = next(file.entries(3)).fault

    assert code == (None if fault is None else fault.code)


@pytest.mark.parametrize(("spare", "codes"), [(0, []), (-1, ["CHECKPOINT_SIZE"])])
def test_number_of_checkpoints(tmp_path, monkeypatch, spare, codes):
    """There may be one for each entry and some to spare, and not one more."""
    monkeypatch.setattr(heads, "CHECKPOINTS_SPARE", spare)
    report = verify(small_ledger(3).write(tmp_path / "acme.ledger"), level=0)

    assert codes == [code for code, where in found(report) if where == "file"]


def test_structure(written):
    """SQLite's own structure is checked, though every row can be read."""
    content = bytearray(written.read_bytes())
    content[36:40] = (1).to_bytes(4, "big")  # pages of the free list: there are none
    written.write_bytes(content)
    report = verify_file(written, told_ledger())

    assert [("FILE_INTEGRITY", "file")] == found(report)
    assert ([], {}) == (report.checked, report.head)
    assert any("the file itself is not sound" in line for line in report.not_checked)


@pytest.mark.parametrize(
    ("column", "value", "place"),
    [
        ("entry", b"x" * 65_536, "entry 3"),
        ("events", b"x" * 1_048_577, "entry 3"),
    ],
)
def test_row_past_its_limit(written, column, value, place):
    """A column past its limit is a finding at its row, and is not read."""
    sql = f"UPDATE entry SET {column} = ? WHERE seq = 3"
    edit_rows(written, (sql, (value,)))

    assert ("OVER_LIMIT", place) == found(verify_file(written, told_ledger()))[0]


def test_huge_blob(written):
    """A blob far past every limit is a finding, not a crash."""
    sql = "UPDATE entry SET events = zeroblob(50000000) WHERE seq = 3"
    edit_rows(written, sql)
    report = verify_file(written, told_ledger())

    assert 1 == report.exit_code
    assert {"OVER_LIMIT", "FILE_INTEGRITY"} & {code for code, _ in found(report)}


def test_checkpoint_past_its_limit(written):
    """A checkpoint note past its limit is a finding at its row."""
    sql = "UPDATE checkpoint SET note = zeroblob(2000) WHERE size = 4"
    edit_rows(written, sql)

    assert [("OVER_LIMIT", "checkpoint 4")] == found(
        verify_file(written, told_ledger())
    )


def test_flip_anywhere_in_the_file(request, written, tmp_path):
    """A damaged file is found, refused, or its change lay outside all rows."""
    data = written.read_bytes()
    rng = random.Random(6)
    ledger = told_ledger()
    for _ in range(2000 if request.config.getoption("--soak") else 150):
        index = rng.randrange(len(data))
        forged = bytearray(data)
        forged[index] ^= rng.randrange(1, 256)
        path = tmp_path / "forged.ledger"
        path.write_bytes(forged)
        try:
            report = verify_file(path, ledger)
        except UnreadableLedgerError:
            continue
        if report.exit_code == 0:
            assert rows_of(path) == rows_of(written)


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.99])
def test_file_cut_short(written, keep):
    """A file cut short is found or refused."""
    data = written.read_bytes()
    written.write_bytes(data[: int(len(data) * keep)])
    try:
        code = verify_file(written, told_ledger()).exit_code
    except UnreadableLedgerError:
        code = 6

    assert code in {1, 6}


def rows_of(path):
    database = sqlite3.connect(path)
    rows = [
        database.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        for table in ("entry", "checkpoint")
    ]
    database.close()
    return rows


def test_optimised_python(written):
    """The verifier holds without assert statements, as under `python -O`."""
    root = told_ledger().roots[0].vkey
    edit_rows(written, "DELETE FROM entry WHERE seq = 3")
    command = [sys.executable, "-O", "-m", "verifier", str(written), "--root", root]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 1 == done.returncode
    assert "entry 3" in done.stdout
