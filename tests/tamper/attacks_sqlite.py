"""S1 to S8, S11, S12 and S15: attacks on schema, rows and header of the SQLite file.

Nobody here holds a key, except where a function says so.
"""

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

from tests.simulator import SCHEMA, edit_rows
from tests.tamper.attack import Scene, attack
from tests.tamper.chapters import record_decided

TARGET = 3
"""The entry that the attacks go for."""


@contextmanager
def opened(path: Path):
    """A connection as an attacker makes it: the schema itself may be written."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA writable_schema=ON")
        yield database


def respell(path: Path, old: str, new: str) -> None:
    """Replace the text of an object in the schema, and nothing else."""
    with opened(path) as database:
        done = database.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE sql = ?", (new, old)
        )
        assert done.rowcount == 1


def drop_triggers(path: Path) -> None:
    with opened(path) as database:
        for sql in SCHEMA[2:]:
            database.execute(f"DROP TRIGGER {sql.split()[2]}")


def forged_entry(scene: Scene, seq: int = TARGET) -> bytes:
    """The entry with one digit of its clock changed."""
    entry = scene.ledger.entries[seq][0]
    at = entry.index(b"recorded_at_ms ") + 20
    return entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :]


def _retype(scene: Scene, statement: str) -> None:
    loose = SCHEMA[0].removesuffix(" STRICT")
    respell(scene.path, SCHEMA[0], loose)
    edit_rows(scene.path, statement)
    respell(scene.path, loose, SCHEMA[0])


@attack("S1", after="BROKEN", code="FILE_INTEGRITY")
def entry_stored_as_text(scene):
    """The same bytes as TEXT, in a table that was not STRICT for a moment."""
    _retype(scene, f"UPDATE entry SET entry = CAST(entry AS TEXT) WHERE seq = {TARGET}")


@attack("S1", after="BROKEN", code="FILE_INTEGRITY")
def events_stored_as_a_number(scene):
    """A number where event lines belong, which affinity would turn into text."""
    _retype(scene, f"UPDATE entry SET events = 1e3 WHERE seq = {TARGET}")


@attack("S2", after="BROKEN", code="EVENT_FIELD")
def nul_and_bad_utf8_in_a_signed_line(scene):
    """With the ingest and log keys: a NUL hides the rest of a value from `length`."""
    event = record_decided(scene.ledger, 60, "pending") | {"scan_id": ""}
    line = b'{"type":"ingest.record_decided.v1","salt":"%s\x00\xff","record_id":"%s"}'
    line %= event["salt"].encode(), event["record_id"].encode()
    scene.ledger.submit("ingest", [line])
    scene.write()


@attack("S2", after="UNREADABLE")
def bad_utf8_in_the_schema(scene):
    """A schema text that is not UTF-8, which makes SQLite's own message unreadable."""
    with opened(scene.path) as database:
        database.execute(
            "UPDATE sqlite_schema SET sql = CAST(x'43ff00' || sql AS TEXT)"
            " WHERE name = 'entry_no_update'"
        )


@attack("S3", after="BROKEN", code="FILE_SCHEMA")
def table_behind_a_view(scene):
    """The table renamed, and a view of its name that leaves an entry out."""
    drop_triggers(scene.path)
    with opened(scene.path) as database:
        database.execute("ALTER TABLE entry RENAME TO hidden")
        database.execute(
            f"CREATE VIEW entry AS SELECT * FROM hidden WHERE seq <> {TARGET}"
        )


@attack("S3", after="UNREADABLE")
def view_that_overrides_a_checked_one(scene):
    """A view named like SQLite's own schema table, so that a list shows nothing odd."""
    with opened(scene.path) as database:
        database.execute("CREATE VIEW sqlite_schema2 AS SELECT 1")
        database.execute(
            "UPDATE sqlite_schema SET name = 'entry', tbl_name = 'entry'"
            " WHERE name = 'sqlite_schema2'"
        )


@attack("S4", after="BROKEN", code="ENTRY_SEQ")
def key_column_moved_by_writable_schema(scene):
    """`seq` is no key for a moment, and the same seq goes in twice."""
    loose = SCHEMA[0].replace(" INTEGER PRIMARY KEY", " INTEGER")
    drop_triggers(scene.path)
    respell(scene.path, SCHEMA[0], loose)
    with opened(scene.path) as database:
        row = scene.ledger.entries[TARGET]
        database.execute("INSERT INTO entry VALUES (?, ?, ?)", (TARGET, *row))
    respell(scene.path, loose, SCHEMA[0])
    with opened(scene.path) as database:
        for sql in SCHEMA[2:]:
            database.execute(sql)


@attack("S4", after="BROKEN", code="FILE_SCHEMA")
def constraint_removed_by_writable_schema(scene):
    """`NOT NULL` and `STRICT` taken off the table for good."""
    respell(scene.path, SCHEMA[0], SCHEMA[0].replace(" NOT NULL", ""))


@attack("S5", after="BROKEN", code="FILE_SCHEMA")
def trigger_that_rewrites_the_row_before(scene):
    """A trigger that edits entry n - 1 whenever entry n is written."""
    with opened(scene.path) as database:
        database.execute(
            "CREATE TRIGGER rewrite AFTER INSERT ON entry BEGIN"
            " UPDATE entry SET events = x'' WHERE seq = new.seq - 1; END"
        )


@attack("S5", after="BROKEN", code="FILE_SCHEMA")
def seat_belt_with_another_body(scene):
    """A trigger of the right name, table and event that refuses nothing."""
    body = "BEGIN SELECT raise(ABORT, 'entry is append-only'); END"
    respell(scene.path, SCHEMA[3], SCHEMA[3].replace(body, "BEGIN SELECT 1; END"))


@attack("S6", after="BROKEN", code="FILE_SCHEMA")
def generated_column(scene):
    """`entry` computed from a hidden column, with other bytes for one row."""
    drop_triggers(scene.path)
    with opened(scene.path) as database:
        database.execute("ALTER TABLE entry RENAME TO old")
        database.execute(
            "CREATE TABLE entry (seq INTEGER PRIMARY KEY, events BLOB NOT NULL,"
            " raw BLOB NOT NULL, entry BLOB AS"
            f" (CASE seq WHEN {TARGET} THEN x'00' ELSE raw END)) STRICT"
        )
        database.execute(
            "INSERT INTO entry (seq, events, raw) SELECT seq, events, entry FROM old"
        )
        database.execute("DROP TABLE old")
        for sql in SCHEMA[2:]:
            database.execute(sql)


@attack("S7", after="BROKEN", code="ENTRY_CHANGED")
def rowid_used_again(scene):
    """The newest entry deleted, and another one written under its number."""
    seq = len(scene.ledger.entries) - 1
    edit_rows(
        scene.path,
        f"DELETE FROM entry WHERE seq = {seq}",
        (
            "INSERT INTO entry (entry, events) VALUES (?, ?)",
            (forged_entry(scene, seq), scene.ledger.entries[seq][1]),
        ),
    )


@attack("S8", after="BROKEN", code="ENTRY_MISSING")
def largest_rowid(scene):
    """A row at 2^63 - 1, after which SQLite picks row numbers at random."""
    row = scene.ledger.entries[TARGET]
    edit_rows(
        scene.path,
        (f"INSERT INTO entry VALUES ({2**63 - 1}, ?, ?)", row),
        ("INSERT INTO entry (entry, events) VALUES (?, ?)", row),
    )


@attack("S8", after="BROKEN", code="ENTRY_SEQ")
def negative_rowid(scene):
    """An entry before entry 0."""
    row = scene.ledger.entries[TARGET]
    edit_rows(scene.path, ("INSERT INTO entry VALUES (-1, ?, ?)", row))


@attack("S11", after="UNREADABLE")
def temporary_view_in_the_schema(scene):
    """A schema row that asks for a view in the temporary schema, over `entry`."""
    with opened(scene.path) as database:
        database.execute("CREATE VIEW shadow AS SELECT * FROM entry WHERE seq < 3")
        database.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE TEMP VIEW entry AS SELECT * FROM"
            " main.entry WHERE seq < 3' WHERE name = 'shadow'"
        )


@attack("S11", after="UNREADABLE")
def trigger_that_reads_another_file(scene):
    """A trigger over a table of an attached file."""
    with opened(scene.path) as database:
        database.execute(
            "CREATE TRIGGER other AFTER INSERT ON entry BEGIN SELECT 1; END"
        )
        database.execute(
            "UPDATE sqlite_schema SET sql = 'CREATE TRIGGER other AFTER INSERT ON entry"
            " BEGIN INSERT INTO evil.entry SELECT * FROM main.entry; END'"
            " WHERE name = 'other'"
        )


@attack("S12", after="BROKEN", code="FILE_INTEGRITY")
def root_pages_swapped(scene):
    """`entry` reads the pages of a forged table; the true rows lie in orphan pages."""
    drop_triggers(scene.path)
    with opened(scene.path) as database:
        database.execute(SCHEMA[0].replace("TABLE entry", "TABLE forged"))
        database.execute("INSERT INTO forged SELECT * FROM entry")
        database.execute(
            "UPDATE forged SET entry = ? WHERE seq = ?", (forged_entry(scene), TARGET)
        )
        page = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'forged'"
        ).fetchone()
        database.execute(
            "UPDATE sqlite_schema SET rootpage = ? WHERE name = 'entry'", page
        )
        database.execute("DELETE FROM sqlite_schema WHERE name = 'forged'")
    with opened(scene.path) as database:
        for sql in SCHEMA[2:]:
            database.execute(sql)


@attack("S12", after="BROKEN", code="FILE_SCHEMA")
def poisoned_index(scene):
    """An index over `entry` with another table's pages, which a query might prefer."""
    with opened(scene.path) as database:
        database.execute("CREATE INDEX fast ON entry (events)")
        database.execute("CREATE INDEX fake ON checkpoint (note)")
        pages = dict(database.execute("SELECT name, rootpage FROM sqlite_schema"))
        for name, other in (("fast", "fake"), ("fake", "fast")):
            database.execute(
                "UPDATE sqlite_schema SET rootpage = ? WHERE name = ?",
                (pages[other], name),
            )


@attack("S15", after="BROKEN", code="FILE_HEADER")
def header_numbers_changed(scene):
    """`user_version` says that another reader is needed."""
    with opened(scene.path) as database:
        database.execute("PRAGMA user_version=2")


@attack("S15", after="BROKEN", code="FILE_SCHEMA")
def another_database_with_our_number(scene):
    """A database of something else that says it is a ledger."""
    scene.path.unlink()
    with opened(scene.path) as database:
        database.execute("PRAGMA application_id=1953260647")
        database.execute("PRAGMA user_version=1")
        database.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY)")
