"""The anchor tables of a file: all objects or none, numbers, sizes, limits, shapes."""

import sqlite3

import pytest

from tests.tamper.anchoring import ANCHOR_SCHEMA
from tests.unit.levels.office import broken
from verifier import load_policy, verify


@pytest.fixture
def filled(office):
    """An office with two cosignatures and two time stamps, all asked for."""
    return office.ask_stamps().ask_witnesses().cosign(0, 1).stamp().stamp(by=1)


def edited(office, *statements):
    """The report on the file after SQL, with the triggers out of the way."""
    path = office.write()
    database = sqlite3.connect(path, isolation_level=None)
    triggers = [sql for sql in ANCHOR_SCHEMA if sql.startswith("CREATE TRIGGER")]
    for sql in triggers:
        database.execute(f"DROP TRIGGER {sql.split()[2]}")
    for statement in statements:
        sql, values = (statement, ()) if isinstance(statement, str) else statement
        database.execute(sql, values)
    for sql in triggers:
        database.execute(sql)
    database.close()
    return verify(path, policy=load_policy(office.policy_file()), now_ms=office.now_ms)


def test_sound(filled):
    """The unchanged file reaches L3."""
    assert ("L3", []) == ((report := edited(filled)).verdict, broken(report))


def test_no_tables_at_all(office, tmp_path):
    """A ledger without anchor tables is as valid as before there were any."""
    path = office.ledger.write(tmp_path / "plain.ledger")
    report = verify(path, root_keys=[key.vkey for key in office.ledger.roots])

    assert ("L1", 0) == (report.verdict, report.exit_code)


@pytest.mark.parametrize("sql", ANCHOR_SCHEMA, ids=lambda sql: sql.split()[2])
def test_seven_of_eight_objects(office, sql):
    """One object less than all is LV102."""
    path = office.write()
    kind, name = sql.split()[1:3]
    database = sqlite3.connect(path)
    database.execute(f"DROP {kind} {name}")
    database.close()
    report = verify(path, level=0)

    assert {"FILE_SCHEMA"} == {code for code, _ in broken(report)}


EDITS = {
    "gap in the numbers": (
        ["DELETE FROM cosignature WHERE number = 1"],
        [("ANCHOR_MALFORMED", "cosignature 2")],
    ),
    "number 0": (
        ["UPDATE timestamp SET number = 0 WHERE number = 1"],
        [("ANCHOR_MALFORMED", "timestamp 0")],
    ),
    "size of no checkpoint": (
        ["UPDATE cosignature SET size = 99 WHERE number = 2"],
        [("ANCHOR_MALFORMED", "cosignature 2")],
    ),
    "line a text": (
        ["UPDATE cosignature SET line = x'61' WHERE number = 2"],
        [("ANCHOR_MALFORMED", "cosignature 2")],
    ),
    "line too long": (
        [("UPDATE cosignature SET line = ? WHERE number = 1", (b"a" * 513,))],
        [("ANCHOR_MALFORMED", "cosignature 1")],
    ),
    "token too long": (
        [("UPDATE timestamp SET token = ? WHERE number = 2", (b"a" * 65_536,))],
        [("ANCHOR_MALFORMED", "timestamp 2")],
    ),
    "token empty": (
        ["UPDATE timestamp SET token = x'' WHERE number = 2"],
        [("ANCHOR_MALFORMED", "timestamp 2")],
    ),
    "line moved to another checkpoint": (
        ["UPDATE cosignature SET size = 2 WHERE number = 2"],
        [("COSIGNATURE_INVALID", "cosignature 2")],
    ),
    "token moved to another checkpoint": (
        ["UPDATE timestamp SET size = 2 WHERE number = 1"],
        [("TIMESTAMP_INVALID", "timestamp 1")],
    ),
}


@pytest.mark.parametrize(("statements", "expected"), EDITS.values(), ids=EDITS.keys())
def test_edited_rows(filled, statements, expected):
    """Each edit is found at its row."""
    assert expected == broken(edited(filled, *statements))


def test_deleted_rows_lower_the_verdict_only(filled):
    """Anchors lie outside the tree: losing them breaks nothing, and shows."""
    report = edited(filled, "DELETE FROM cosignature", "DELETE FROM timestamp")

    assert ("L1", 7) == (report.verdict, report.exit_code)


def test_malformed_row_is_found_without_a_policy(filled):
    """The shape of a row is checked whoever reads the file."""
    filled.anchors.cosignatures.append((3, b"no line"))
    filled.anchors.timestamps.append((3, b"\x30\x05no"))
    report = verify(filled.write(), level=0)

    assert [
        ("ANCHOR_MALFORMED", "cosignature 3"),
        ("ANCHOR_MALFORMED", "timestamp 3"),
    ] == broken(report)


def test_one_row_too_many(filled, monkeypatch):
    """Past the limit of rows the next one is a finding, and no more are read."""
    monkeypatch.setattr("verifier.trust.anchored.ANCHORS_MAX", 1)

    assert [
        ("ANCHOR_MALFORMED", "cosignature 2"),
        ("ANCHOR_MALFORMED", "timestamp 2"),
    ] == broken(filled.verify())


def test_anchors_of_the_first_checkpoint(office):
    """The first checkpoint may be anchored as any other, alone or before others."""
    office.ask_stamps().ask_witnesses()
    office.cosign(0, 1, size=1).stamp(size=1).cosign(0, 1).stamp()
    report = office.verify()

    assert ("L3", []) == (report.verdict, broken(report))
    assert [1, 1, 1, 3, 3, 3] == sorted(anchor["size"] for anchor in report.anchors)


def test_stamp_of_no_checkpoint(filled):
    """A time stamp's row names a stored checkpoint, whether a policy asks or not."""
    statement = "UPDATE timestamp SET size = 99 WHERE number = 2"

    assert [("ANCHOR_MALFORMED", "timestamp 2")] == broken(edited(filled, statement))


def test_anchors_of_nobody_known_are_counted(filled):
    """Rows of strangers break nothing, and are counted by kind."""
    report = verify(filled.write(), level=0)

    assert "2" in "".join(line for line in report.not_checked if "cosignature" in line)
