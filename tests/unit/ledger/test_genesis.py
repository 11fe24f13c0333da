"""How a ledger begins (ledger.log.genesis)."""

import pytest

from ledger import create_ledger
from ledger.errors import ConflictError, InputError, StorageError
from ledger.events.keys import KeyGranted, LedgerCreated
from ledger.format.note import parse_vkey
from ledger.keys.files import ROLE_GRANTS
from tests.unit.ledger.workshop import ORIGIN, Clock, Random, open_ledger


def _create(folder, **options):
    defaults = {"origin": ORIGIN, "clock_ms": Clock(), "random_bytes": Random()}
    return create_ledger(folder, **(defaults | options))


def test_genesis_says_who_may_do_what(pristine):
    """Event 0.0 creates the ledger, and one grant follows for each role."""
    with open_ledger(pristine) as ledger:
        events = [recorded.event for recorded in ledger.events()]

    assert isinstance(events[0], LedgerCreated)
    assert [grant.role for grant in ROLE_GRANTS] == [event.role for event in events[1:]]
    assert all(isinstance(event, KeyGranted) for event in events[1:])


def test_the_result_is_what_an_auditor_pins(tmp_path):
    """The root key's vkey, which the genesis event declares."""
    vkey = _create(tmp_path / "acme")

    assert f"{ORIGIN}/root" == parse_vkey(vkey).name
    with open_ledger(tmp_path / "acme") as ledger:
        assert [vkey] == ledger.root_keys


def test_the_folder_holds_the_ledger_and_private_keys(tmp_path):
    """One file named after the folder, and a key file for each role."""
    _create(tmp_path / "acme")
    names = {path.name for path in (tmp_path / "acme" / "keys").iterdir()}

    assert ["acme.ledger", "keys"] == sorted(
        path.name for path in (tmp_path / "acme").iterdir()
    )
    assert {"root.pem"} | {f"{grant.role}.pem" for grant in ROLE_GRANTS} == names
    for path in (tmp_path / "acme" / "keys").iterdir():
        assert 0o600 == path.stat().st_mode & 0o777


def test_the_root_key_may_live_elsewhere(tmp_path):
    """Then the workspace has none."""
    _create(tmp_path / "acme", root_folder=tmp_path / "safe")

    assert (tmp_path / "safe" / "root.pem").exists()
    assert not (tmp_path / "acme" / "keys" / "root.pem").exists()


def test_the_same_bytes_from_the_same_chance(tmp_path):
    """Clock and randomness come in, so nothing else decides."""
    for name in ("one", "two"):
        _create(tmp_path / name / "acme")
    files = [tmp_path / name / "acme" / "acme.ledger" for name in ("one", "two")]

    with open_ledger(files[0].parent) as one, open_ledger(files[1].parent) as two:
        assert list(one.rows()) == list(two.rows())
        assert one.newest_checkpoint() == two.newest_checkpoint()


def test_every_key_file_takes_the_passphrase(tmp_path):
    """The root key's too."""
    _create(tmp_path / "acme", passphrase=b"correct horse")

    for path in (tmp_path / "acme" / "keys").iterdir():
        assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")


@pytest.mark.parametrize(
    "origin",
    ["", "a b", "a+b", "example.org/", "\u00e9", "a\n", "a" * 129],
    ids=["empty", "space", "plus", "slash", "accent", "newline", "long"],
)
def test_a_malformed_origin_is_refused(tmp_path, origin):
    """It is a key name of every checkpoint (KEY-4); nothing is written."""
    with pytest.raises(InputError, match="origin: expected a name"):
        _create(tmp_path / "acme", origin=origin)
    assert [] == list(tmp_path.iterdir())


def test_an_origin_too_long_for_its_role_keys_is_refused(tmp_path):
    """`origin/governance` is a key name as well; nothing is written."""
    with pytest.raises(InputError):
        _create(tmp_path / "acme", origin="a" * 128)
    assert [] == list(tmp_path.iterdir())


def test_a_second_ledger_is_refused(tmp_path):
    """The folder holds one already."""
    _create(tmp_path / "acme")
    before = (tmp_path / "acme" / "acme.ledger").read_bytes()

    with pytest.raises(ConflictError, match="holds a ledger already"):
        _create(tmp_path / "acme")
    assert before == (tmp_path / "acme" / "acme.ledger").read_bytes()


@pytest.mark.parametrize("name", ["root.pem", "log.pem", "ci.pem"])
def test_existing_keys_are_kept(tmp_path, name):
    """Not one of them is replaced, and no other file appears."""
    keys = tmp_path / "acme" / "keys"
    keys.mkdir(parents=True)
    (keys / name).write_bytes(b"mine")

    with pytest.raises(ConflictError, match=f"{name} exists and is never overwritten"):
        _create(tmp_path / "acme")
    assert [name] == [path.name for path in keys.iterdir()]
    assert b"mine" == (keys / name).read_bytes()


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    """A file is in the way."""
    (tmp_path / "acme").write_bytes(b"")

    with pytest.raises(StorageError, match="the disk refused the write"):
        _create(tmp_path / "acme")
