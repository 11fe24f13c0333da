"""Which files open as a ledger (ledger.log.ledger)."""

import shutil
import sqlite3

import pytest

from ledger import Ledger
from ledger.disk import sqlite as sqlite_module
from ledger.disk.sqlite import SqliteStore
from ledger.errors import IntegrityError, NotALedgerError
from tests.unit.ledger.workshop import assigned, new_workspace, open_ledger


def test_a_ledger_that_became_shorter_is_refused(workspace):
    """An older copy in its place, under an open handle, is noticed."""
    older = (workspace / "acme.ledger").read_bytes()
    with open_ledger(workspace) as ledger:
        ledger.append([assigned()], stream="shards")
        ledger.append([assigned()], stream="shards")
        ledger._store.close()
        (workspace / "acme.ledger").write_bytes(older)
        ledger._store = SqliteStore.open(workspace / "acme.ledger")
        with pytest.raises(IntegrityError, match="expected 3 entries, found 1"):
            ledger.append([assigned()], stream="shards")


def test_a_workspace_needs_one_ledger(tmp_path, workspace):
    """None and two are refused, and nothing is created."""
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(NotALedgerError, match=r"one \.ledger file, found 0"):
            Ledger.open(folder)
    shutil.copy(workspace / "acme.ledger", workspace / "copy.ledger")
    with pytest.raises(NotALedgerError, match=r"one \.ledger file, found 2"):
        Ledger.open(workspace)


def test_an_empty_file_is_no_ledger(tmp_path):
    """A store without genesis cannot be opened."""
    SqliteStore.create(tmp_path / "acme.ledger").close()

    with pytest.raises(NotALedgerError, match="no genesis entry"):
        Ledger.open(tmp_path)


def test_the_same_ledger_opens_again(workspace):
    """Origin, genesis, keys and grants are those that were written."""
    with open_ledger(workspace) as ledger:
        ledger.append([assigned()], stream="shards")
        expected = (ledger.origin, ledger.genesis, ledger.root_keys, ledger.grants)

    with open_ledger(workspace) as again:
        assert expected == (again.origin, again.genesis, again.root_keys, again.grants)
        assert again.row(2) is None
        assert 1 == again.row(1).seq


def test_another_ledger_has_another_genesis(tmp_path, workspace):
    """The same origin with other keys is another ledger."""
    other = new_workspace(tmp_path / "other" / "acme", "another")
    with open_ledger(workspace) as one, open_ledger(other) as two:
        assert one.genesis != two.genesis


def _edit(folder, statement):
    """Change stored bytes as somebody with a database tool would."""
    path = folder / "acme.ledger"
    (folder / "acme.views").unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    for name in ("entry_no_update", "entry_no_delete", "checkpoint_no_delete"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute(statement)
    for name in ("entry_no_update", "entry_no_delete", "checkpoint_no_delete"):
        sql = next(one for one in sqlite_module.SCHEMA if f"TRIGGER {name} " in one)
        connection.execute(sql)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entry SET entry = CAST(replace(entry, 'seq 1', 'seq 7') AS BLOB)",
        "UPDATE entry SET entry = CAST(replace(entry, 'base 1', 'base 0') AS BLOB)",
        "UPDATE entry SET entry = x'00' WHERE seq = 2",
        "DELETE FROM entry WHERE seq = 1",
        "DELETE FROM entry WHERE seq = 2",
        "DELETE FROM checkpoint WHERE size = 3",
        "DELETE FROM checkpoint",
    ],
)
def test_an_edited_ledger_does_not_open(workspace, statement):
    """Links, places and the newest checkpoint are checked at every full read."""
    with open_ledger(workspace) as ledger:
        ledger.append([assigned(0)], stream="shards")
        ledger.append([assigned(1)], stream="shards")
    _edit(workspace, statement)

    with pytest.raises(IntegrityError):
        open_ledger(workspace)
