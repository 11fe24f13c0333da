"""S9, S10, S13, S14, S16 and S17: attacks on pages, and on what lies beside the file.

Nobody here holds a key, except where a function says so.
"""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.simulator import SCHEMA, encode, sign_note
from tests.tamper.anchoring import Anchors
from tests.tamper.attack import Scene, attack
from tests.tamper.attacks_sqlite import TARGET, drop_triggers, forged_entry, opened
from tests.tamper.chapters import record_decided


def _with_wal(scene: Scene, *statements: tuple[str, tuple]) -> Path:
    """Leave a ledger whose newest transaction lies in its -wal only."""
    live = scene.folder / "live.ledger"
    shutil.copyfile(scene.path, live)
    with opened(live) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.execute("BEGIN")
        for sql, values in statements:
            database.execute(sql, values)
        database.execute("COMMIT")
        shutil.copyfile(live, scene.path)
        shutil.copyfile(f"{live}-wal", f"{scene.path}-wal")
    return scene.path


@attack("S9", after="BROKEN", code="ENTRY_CHANGED")
def wal_added(scene):
    """A -wal beside the untouched file, whose frames hold a forged entry."""
    drop = [(f"DROP TRIGGER {sql.split()[2]}", ()) for sql in SCHEMA[2:]]
    make = [(sql, ()) for sql in SCHEMA[2:]]
    edit = "UPDATE entry SET entry = ? WHERE seq = ?"
    _with_wal(scene, *drop, (edit, (forged_entry(scene), TARGET)), *make)


def _split_tail(scene: Scene) -> None:
    """The last entry and its checkpoint in the -wal, the rest in the file."""
    ledger, last = scene.ledger, len(scene.ledger.entries) - 1
    row, note = ledger.entries.pop(), ledger.checkpoints.pop(last + 1)
    scene.write()
    ledger.entries.append(row)
    ledger.checkpoints[last + 1] = note
    _with_wal(
        scene,
        ("INSERT INTO entry VALUES (?, ?, ?)", (last, *row)),
        ("INSERT INTO checkpoint VALUES (?, ?)", (last + 1, note)),
    )


@attack("S9", after="L1")
def wal_that_belongs(scene):
    """No attack: a writer has the file open; the -wal's rows count, from a copy."""
    _split_tail(scene)


@attack("S9", after="L1")
@attack("S9", auditor="pin", after="BROKEN", code="ROLLED_BACK")
def wal_removed(scene):
    """The -wal of a ledger in use is left out of the copy: a shorter copy, as in T1."""
    scene.anchors = Anchors()
    _split_tail(scene)
    scene.path.with_name(scene.path.name + "-wal").unlink()


def _tear(scene: Scene) -> tuple[Path, Path]:
    """A writer's file and its -journal in the middle of a transaction."""
    live = scene.folder / "live.ledger"
    shutil.copyfile(scene.path, live)
    drop_triggers(live)
    with opened(live) as database:
        database.execute("PRAGMA journal_mode=DELETE")
        database.execute("PRAGMA cache_size=1")
        database.execute("PRAGMA cache_spill=1")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE entry SET events = CAST(events || x'0a' AS BLOB)")
        shutil.copyfile(live, scene.path)
        shutil.copyfile(f"{live}-journal", f"{scene.path}-journal")
        database.execute("ROLLBACK")
    return scene.path, scene.path.with_name(scene.path.name + "-journal")


@attack("S10", after="UNREADABLE")
def hot_journal_beside_the_file(scene):
    """A -journal with older pages: opening the file for writing would change it."""
    _, journal = _tear(scene)
    assert journal.stat().st_size > 0


@attack("S10", after="BROKEN")
def hot_journal_removed(scene):
    """The torn file without the -journal that could mend it."""
    _, journal = _tear(scene)
    journal.unlink()


@attack("S13", after="L1")
def deleted_data_left_in_pages(scene):
    """No attack: a page outside all rows still holds a name that was deleted."""
    # The ledger holds no personal data; of the vault, which does, tests/unit/workspace
    # shows that nothing is left.
    with opened(scene.path) as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE secret (name TEXT)")
        database.execute("INSERT INTO secret VALUES ('a deleted name')")
        database.execute("DROP TABLE secret")
    assert b"a deleted name" in scene.path.read_bytes()


def damage(scene: Scene, seed: int) -> None:
    """Random bytes over one page that holds rows."""
    rng = random.Random(seed)
    data = bytearray(scene.path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    start = size * rng.randrange(1, len(data) // size)
    data[start : start + 12] = rng.randbytes(12)
    scene.path.write_bytes(data)


@attack("S14", after="BROKEN", code="FILE_INTEGRITY")
def hostile_page(scene):
    """A page whose header is random bytes."""
    damage(scene, 1)


@attack("S14", after="BROKEN", code="FILE_INTEGRITY")
def page_that_is_its_own_child(scene):
    """The root page of `entry` as an interior page with itself below it."""
    with opened(scene.path) as database:
        (number,) = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'entry'"
        ).fetchone()
    data = bytearray(scene.path.read_bytes())
    size = int.from_bytes(data[16:18], "big")
    at = size * (number - 1)
    data[at : at + 12] = b"\x05" + bytes(7) + number.to_bytes(4, "big")
    scene.path.write_bytes(data)


@attack("S16", after="L1")
def crash_in_the_middle_of_a_transaction(scene):
    """No attack: frames without a commit lie in the -wal of a writer that died."""
    live = scene.folder / "live.ledger"
    shutil.copyfile(scene.path, live)
    row = scene.ledger.entries[-1]
    with opened(live) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA cache_size=1")
        database.execute("BEGIN IMMEDIATE")
        last = len(scene.ledger.entries)
        for seq in range(last, last + 40):
            database.execute("INSERT INTO entry VALUES (?, ?, ?)", (seq, *row))
        shutil.copyfile(live, scene.path)
        shutil.copyfile(f"{live}-wal", f"{scene.path}-wal")
        database.execute("ROLLBACK")
    assert scene.path.with_name(scene.path.name + "-wal").stat().st_size > 32


@attack("S16", after="BROKEN", code="CHECKPOINT_MISSING")
def half_a_transaction(scene):
    """An entry without the checkpoint that was to be written with it."""
    event = record_decided(scene.ledger, 60, "pending") | {"scan_id": ""}
    scene.ledger.submit("ingest", [event], checkpoint=False)
    scene.write()


@attack("S17", after="BROKEN", code="ENTRY_LINK")
def two_writers_read_one_head(scene):
    """Two entries after the same one, as two writers without a lock would leave."""
    ledger = scene.ledger
    first, second = (
        record_decided(ledger, number, "pending") | {"scan_id": ""}
        for number in (60, 61)
    )
    seq = ledger.submit("ingest", [first])
    line = encode(second)
    text = ledger.submission("ingest/worker-8", [line])
    note = sign_note(text, ledger.key("ingest"))
    ledger.append(note, line + b"\n", previous=ledger.leaves[seq - 1].hex())
    ledger.checkpoint()
    scene.write()


@attack("S17", after="L1")
def second_writer_is_refused(scene):
    """No attack: the file itself refuses a row that is not the next one."""
    row = scene.ledger.entries[TARGET]
    with closing(sqlite3.connect(scene.path)) as database:
        for seq in (TARGET, len(scene.ledger.entries) + 1):
            try:
                database.execute("INSERT INTO entry VALUES (?, ?, ?)", (seq, *row))
            except sqlite3.IntegrityError:
                continue
            raise AssertionError(seq)
