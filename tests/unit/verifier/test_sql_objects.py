"""The SQL objects of a ledger file: the writer's, each of them, and no others."""

import sqlite3
from contextlib import closing

import pytest

from ledger.disk.sqlite import SqliteStore
from verifier.store.file import open_ledger
from verifier.store.sql_schema import ANCHOR_SCHEMA, SCHEMA
from verifier.store.storage import LedgerFile, UnreadableLedgerError

ALL = sorted(SCHEMA | ANCHOR_SCHEMA)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The bytes of an empty file of the writer, without and with anchor tables."""
    path = tmp_path_factory.mktemp("written") / "acme.ledger"
    store = SqliteStore.create(path)
    store.close()
    plain = path.read_bytes()
    store = SqliteStore.open(path)
    with store.writing():
        store.insert_anchor("timestamp", 1, b"token")
    store.close()
    return plain, path.read_bytes()


def objects(path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
        return set(database.execute(query))


def found(path) -> list[tuple[str, str]]:
    """Code and expectation of each finding; the first word where it is refused."""
    try:
        with open_ledger(path) as file:
            findings = file.findings(structure=False)
    except UnreadableLedgerError:
        return [("refused", "")]
    return [(finding.code.name, finding.expected) for finding in findings]


def edit_schema(path, *statements) -> None:
    """Change the list of objects behind SQLite's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema=ON")
        for sql, values in statements:
            database.execute(sql, values)


@pytest.mark.parametrize(
    ("place", "expected"), [(0, SCHEMA), (1, SCHEMA | ANCHOR_SCHEMA)]
)
def test_objects_are_those_of_the_writer(written, tmp_path, place, expected):
    """What the writer creates is what the verifier asks for, to the letter."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(written[place])

    assert expected == objects(path)
    assert [] == found(path)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row[1])
def test_a_changed_object_is_found_once(written, tmp_path, row):
    """One more space in an object's text is one finding (STO-1, ANC-1)."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(written[1])
    edit = "UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = ?"
    edit_schema(path, (edit, (row[1],)))

    assert [("FILE_SCHEMA", "no other object")] == found(path)


@pytest.mark.parametrize("row", ALL, ids=lambda row: row[1])
def test_a_missing_object_is_found(written, tmp_path, row):
    """Each trigger and each table with its triggers is missed (STO-1, ANC-1)."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(written[1])
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"DROP {row[0]} {row[1]}")
    gone = sorted(r for r in ALL if row[1] in (r[1], r[2]))

    assert [("FILE_SCHEMA", f"{r[0]} {r[1]} as specified") for r in gone] == found(path)


@pytest.mark.parametrize("where", [SCHEMA, ANCHOR_SCHEMA], ids=["ledger", "anchors"])
def test_an_object_that_is_listed_twice_is_found(where):
    """The same row twice is no set (STO-1)."""
    rows = sorted(SCHEMA | where)
    with closing(sqlite3.connect(":memory:")) as database:
        file = LedgerFile(database, path=None, copied=False)
        file.has_anchors = where is ANCHOR_SCHEMA

        assert [] == file._compare_objects(rows)
        assert ["each object once"] == [
            finding.expected for finding in file._compare_objects([*rows, rows[0]])
        ]


def test_one_object_of_the_anchors_asks_for_them_all(written, tmp_path):
    """The anchor tables are there together, or not at all (ANC-1)."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(written[0])
    (table,) = (row for row in ANCHOR_SCHEMA if row[:2] == ("table", "timestamp"))
    with closing(sqlite3.connect(path)) as database:
        database.execute(table[3])

    assert len(ANCHOR_SCHEMA) - 1 == len(found(path))


def test_another_database_is_refused(tmp_path):
    """A SQLite file with neither our number nor our tables is no ledger."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE entry (seq)")

    assert [("refused", "")] == found(path)


@pytest.mark.parametrize(
    "statement",
    ["PRAGMA application_id=0", "DROP TABLE entry"],
    ids=["tables without the number", "number without a table"],
)
def test_a_damaged_ledger_is_judged(written, tmp_path, statement):
    """Our number or our tables are enough for findings instead of a refusal."""
    path = tmp_path / "acme.ledger"
    path.write_bytes(written[0])
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)

    assert {"FILE_HEADER", "FILE_SCHEMA"} >= {code for code, _ in found(path)} > set()
