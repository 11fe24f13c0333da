"""Wrapped keys of a vault: nobody reads it without its epoch's key, nor an old copy."""

import shutil
from contextlib import closing

import pytest

from ledger.errors import IntegrityError, KeyTrustError
from ledger.key_stores.file import FileStore
from ledger.vault.artefacts import Artefacts
from ledger.vault.rows import SCHEMA, WRAPPED
from ledger.vault.seeds import Seeds
from ledger.vault.vault import Vault
from tests.unit.ledger.workshop import Random

JANE, BOB = "jane@example.org", "bob@example.org"
R1, R2 = "a1" * 16, "b2" * 16
WEIGHTS = "ab" * 32
PLACE = {"shard": 0, "slice_": 1, "generation": 0}


@pytest.fixture
def folder(tmp_path):
    """A folder with the vault of two records, a seed and an artefact."""
    with closing(Vault(tmp_path / "v.vault", random_bytes=Random())) as vault:
        for record_id, names in ((R1, [JANE, BOB]), (R2, [])):
            subjects = [vault.subject(name) for name in names]
            vault.add_record(
                record_id, external_id=record_id, subjects=subjects, text="t"
            )
        Seeds(vault).secret("map", **PLACE)
        Artefacts(vault).seal(WEIGHTS, b"weights")
    return tmp_path


NAMED = {"site", "url", "review_note", "dataset_review"}
"""Tables whose keys lie beside the names that they commit to."""


def opened(folder):
    return closing(Vault(folder / "v.vault", random_bytes=Random()))


def keys_of(vault):
    """Every key, unwrapped."""
    return all_keys(vault), Seeds(vault).secret("map", **PLACE)


def all_keys(vault):
    return [vault.keys_of(one) for one in sorted(vault.record_ids())]


def test_no_key_stands_in_the_file(folder):
    """A copy of the vault alone opens no text."""
    with opened(folder) as vault:
        records, seed = keys_of(vault)
    content = (folder / "v.vault").read_bytes()

    assert not any(key in content for keys in records for key in keys)
    assert seed not in content


def test_every_key_column_is_wrapped_or_named(folder):
    """A new table with a key must choose; these lie beside the names they are of."""
    found = {
        statement.split()[2] for statement in SCHEMA if " key BLOB" in statement
    } | {"seed"}

    assert found == {table for table, _, _ in WRAPPED} | NAMED


def test_rotation_keeps_every_key(folder):
    """Only what wraps them is new."""
    with opened(folder) as vault:
        before = keys_of(vault)
        assert [1, 2] == [vault.epoch.number, vault.rotate().number]

        assert before == keys_of(vault)
        assert (2, "file") == vault.epoch


def test_rotation_moves_to_another_store(folder):
    """To the one that the settings name by now; nothing is left in the old one."""
    stores = {kind: FileStore(folder / kind) for kind in ("file", "passphrase")}
    stores["file"] = FileStore(folder / "keys")
    options = {"open_store": stores.__getitem__, "random_bytes": Random()}
    with closing(Vault(folder / "v.vault", **options)) as vault:
        before = keys_of(vault)
    with closing(Vault(folder / "v.vault", key_store="passphrase", **options)) as vault:
        assert "file" == vault.key_store
        vault.rotate()

        assert ("passphrase", before) == (vault.key_store, keys_of(vault))
    assert [] == list((folder / "keys").iterdir())


def test_rotation_of_an_empty_vault(tmp_path):
    """It begins the first epoch."""
    with opened(tmp_path) as vault:
        assert vault.epoch is None
        assert (1, "file") == vault.rotate()


def test_many_rows_are_rotated(tmp_path, monkeypatch):
    """More than are held in memory at once."""
    monkeypatch.setattr("ledger.vault.keys._ROWS", 3)
    with opened(tmp_path) as vault:
        for number in range(10):
            vault.add_record(
                f"{number:032x}", external_id=str(number), subjects=[], text="t"
            )
        before = all_keys(vault)
        vault.rotate()

        assert before == all_keys(vault)


def test_a_copy_from_before_a_rotation_opens_nothing(folder):
    """Its epoch's key is destroyed."""
    shutil.copy(folder / "v.vault", folder / "backup")
    with opened(folder) as vault:
        vault.rotate()
    shutil.copy(folder / "backup", folder / "v.vault")

    with opened(folder) as vault, pytest.raises(KeyTrustError, match="newer vault"):
        vault.keys_of(R1)


def test_a_kill_before_the_commit_of_a_rotation(folder, monkeypatch):
    """The old epoch stands, and the next rotation takes over the new one's key."""
    with opened(folder) as vault:
        before = keys_of(vault)
        with monkeypatch.context() as broken:
            broken.setattr(Vault, "_rows", killed)
            with pytest.raises(KeyboardInterrupt):
                vault.rotate()
    assert (folder / "keys" / "vault-2.key").exists()

    with opened(folder) as vault:
        assert before == keys_of(vault)
        assert 2 == vault.rotate().number
        assert before == keys_of(vault)


def test_a_kill_after_the_commit_of_a_rotation(folder, monkeypatch):
    """The old epoch's key is destroyed by the next open."""
    with opened(folder) as vault, monkeypatch.context() as broken:
        broken.setattr(Vault, "_end", killed)
        with pytest.raises(KeyboardInterrupt):
            vault.rotate()
    assert (folder / "keys" / "vault-1.key").exists()

    with opened(folder):
        assert not (folder / "keys" / "vault-1.key").exists()


def killed(*_):
    raise KeyboardInterrupt


def test_a_key_belongs_to_its_row(folder):
    """One that was moved to another row does not open."""
    with opened(folder) as vault:
        vault.connection.execute(
            "UPDATE record SET key = (SELECT key FROM artefact) WHERE record_id = ?",
            (R2,),
        )
        with pytest.raises(IntegrityError, match="altered or is another's"):
            vault.keys_of(R2)


def test_an_artefact_is_opened_by_its_key(folder):
    """What is stored is not what it holds."""
    with opened(folder) as vault:
        artefacts = Artefacts(vault)
        stored = artefacts.seal(WEIGHTS, b"weights")

        assert b"weights" not in stored
        assert b"weights" == artefacts.unseal(WEIGHTS, stored)


def test_an_artefact_without_its_key(folder):
    """Destroyed once; again is no error, and the file is noise."""
    with opened(folder) as vault:
        artefacts = Artefacts(vault)
        stored = artefacts.seal(WEIGHTS, b"weights")
        assert [True, False] == [artefacts.destroy(WEIGHTS) for _ in range(2)]

        with pytest.raises(IntegrityError, match="found none: it was destroyed"):
            artefacts.unseal(WEIGHTS, stored)


@pytest.mark.parametrize("stored", [b"", b"x" * 40], ids=["empty", "other"])
def test_an_altered_artefact(folder, stored):
    """One line."""
    with opened(folder) as vault, pytest.raises(IntegrityError, match="altered"):
        Artefacts(vault).unseal(WEIGHTS, stored)
