"""S1 to S17 of docs/threat-model.md, each built on a real file and looked at.

`judge` also requires that the file, its -wal and its -journal stay as they were.
"""

import sqlite3

import pytest

from tests.tamper import attacks_pages, attacks_sqlite
from tests.tamper.attack import Scene, attacks
from tests.tamper.harness import told_ledger
from verifier.store.file import open_ledger

MODULES = (attacks_pages, attacks_sqlite)
ROWS = list(attacks("S"))


@pytest.mark.parametrize("attack", ROWS, ids=[attack.name for attack in ROWS])
def test_attack(attack, tmp_path):
    """The verdict falls as the threat model says, for the reason that it names."""
    before, after = attack.carry_out(tmp_path)

    assert attack.before == before.verdict
    assert attack.after == after.verdict, after
    assert attack.code in ("", *after.codes), after
    assert attack.is_found == (after.exit_code != 0), after


def test_every_row_has_an_attack():
    """S1 to S17, none left out."""
    assert {f"S{n}" for n in range(1, 18)} == {attack.row for attack in ROWS}


def test_reader_attaches_nothing(tmp_path):
    """S11: no other file and no temporary table can shadow a ledger's."""
    path = told_ledger().write(tmp_path / "acme.ledger")
    with open_ledger(path) as file:
        for sql in ("ATTACH ':memory:' AS evil", "CREATE TEMP TABLE entry (x)"):
            with pytest.raises(sqlite3.Error):
                file._db.execute(sql)


@pytest.mark.parametrize("seed", range(40))
def test_hostile_page_is_never_believed(tmp_path, seed):
    """S14: random bytes over the header of any page end in a finding or a refusal."""
    scene = Scene(tmp_path)
    attacks_pages.damage(scene, seed)

    assert scene.read().verdict in ("BROKEN", "UNREADABLE")
