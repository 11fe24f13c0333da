"""Where private keys are found (ledger.keys.chain)."""

import pytest

from ledger import create_ledger
from ledger.errors import KeyTrustError
from ledger.format.signers import Signer
from ledger.keys.chain import KeyChain
from ledger.keys.files import save_key
from tests.unit.ledger.workshop import ORIGIN, Clock, key, open_ledger

NAME = f"{ORIGIN}/ingest"
OLD, NEW = key(NAME), type(key(NAME))(NAME, key("new")._private)
ROOTS = [key(f"{ORIGIN}/root-{number}") for number in (1, 2, 3)]


@pytest.fixture
def chain(tmp_path):
    """A folder with the old key in its file."""
    save_key(tmp_path, "ingest", OLD, None)
    return KeyChain(tmp_path)


def names(folder):
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_key_is_read_once(chain, tmp_path):
    """After that the file may be gone."""
    found = chain.find(ORIGIN, OLD.verifier)
    (tmp_path / "ingest.pem").unlink()

    assert found is chain.find(ORIGIN, OLD.verifier)
    assert OLD.sign(b"x") == found.sign(b"x")


def test_a_file_with_another_key_is_refused(chain):
    """The ledger says which key it must be."""
    with pytest.raises(KeyTrustError, match="key ingest: expected the key with id"):
        chain.find(ORIGIN, NEW.verifier)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (ORIGIN, "log"),
        (f"{ORIGIN}/worker-3", "worker-3"),
        (f"{ORIGIN}/a/b", "a.b"),
        ("elsewhere.org/../x", "elsewhere.org....x"),
    ],
)
def test_a_file_is_named_after_its_key(chain, tmp_path, name, file):
    """And stays in its folder whatever the name."""
    assert tmp_path / f"{file}.pem" == chain.path(ORIGIN, name)


def test_a_held_key_needs_no_file(chain):
    """Until it is let go."""
    chain.hold(NEW)
    assert NEW is chain.find(ORIGIN, NEW.verifier)
    assert chain.has(ORIGIN, NEW.verifier)
    chain.let_go(NEW.verifier)
    chain.let_go(NEW.verifier)

    with pytest.raises(KeyTrustError):
        chain.find(ORIGIN, NEW.verifier)


def test_a_closed_chain_holds_nothing(chain, tmp_path):
    """Neither what was held nor what was read."""
    chain.hold(NEW)
    chain.find(ORIGIN, OLD.verifier)
    chain.close()
    (tmp_path / "ingest.pem").unlink()

    for one in (OLD, NEW):
        with pytest.raises(KeyTrustError, match="cannot be read"):
            chain.find(ORIGIN, one.verifier)


def test_either_of_two_files_is_used(chain, tmp_path):
    """Before a rotation is in the ledger the old key signs, after it the new one."""
    chain.put(ORIGIN, NEW)

    assert ["ingest.pem", "ingest.pem.new"] == names(tmp_path)
    for one in (OLD, NEW):
        fresh = KeyChain(tmp_path)
        assert one.verifier == fresh.find(ORIGIN, one.verifier).verifier


def test_a_new_file_is_private(chain, tmp_path):
    """From its first byte on."""
    chain.put(ORIGIN, NEW)

    assert 0o600 == (tmp_path / "ingest.pem.new").stat().st_mode & 0o777


def test_settling_destroys_the_old_key(chain, tmp_path):
    """Once the ledger says that the new one is in force."""
    chain.put(ORIGIN, NEW)
    chain.settle(ORIGIN, [OLD.verifier])
    assert ["ingest.pem", "ingest.pem.new"] == names(tmp_path)
    chain.settle(ORIGIN, [NEW.verifier])

    assert ["ingest.pem"] == names(tmp_path)
    assert NEW.verifier == KeyChain(tmp_path).find(ORIGIN, NEW.verifier).verifier


@pytest.mark.parametrize("content", [b"", b"no key"])
def test_a_broken_new_file_changes_nothing(chain, tmp_path, content):
    """The old key goes on."""
    (tmp_path / "ingest.pem.new").write_bytes(content)
    chain.settle(ORIGIN, [OLD.verifier])

    assert OLD.verifier == chain.find(ORIGIN, OLD.verifier).verifier


def test_a_folder_that_is_read_only_is_no_error(chain, tmp_path, monkeypatch):
    """The new file is used where it is."""
    chain.put(ORIGIN, NEW)

    def refuse(self, target):
        raise PermissionError

    monkeypatch.setattr(type(tmp_path), "replace", refuse)
    chain.settle(ORIGIN, [NEW.verifier])

    assert ["ingest.pem", "ingest.pem.new"] == names(tmp_path)
    assert NEW.verifier == chain.find(ORIGIN, NEW.verifier).verifier


def test_a_key_that_ended_is_destroyed(chain, tmp_path):
    """The file of another key of that name is left alone."""
    assert not chain.destroy(ORIGIN, NEW.verifier)
    assert ["ingest.pem"] == names(tmp_path)
    assert chain.destroy(ORIGIN, OLD.verifier)
    assert [] == names(tmp_path)
    assert not chain.destroy(ORIGIN, OLD.verifier)


def test_root_keys_lie_in_their_own_folder(tmp_path):
    """As many as are needed, in the order of genesis, whichever are there."""
    for signer in (ROOTS[2], ROOTS[0]):
        save_key(tmp_path, signer.name.rpartition("/")[2], signer, None)
    chain = KeyChain(tmp_path / "keys", root_folder=tmp_path)
    found = chain.roots(ORIGIN, [one.verifier for one in ROOTS], 2)

    assert [ROOTS[0].verifier, ROOTS[2].verifier] == [one.verifier for one in found]


def test_missing_root_keys_are_named(tmp_path):
    """Each with what is wrong with it."""
    save_key(tmp_path, "root-2", ROOTS[1], None)
    (tmp_path / "root-3.pem").write_bytes(b"")
    (tmp_path / "root-3.pem").chmod(0o644)
    chain = KeyChain(tmp_path)

    with pytest.raises(
        KeyTrustError,
        match=r"2 root keys sign, found 1: key root-1: .*No such file.*; "
        r"key root-3: .*is open to others",
    ):
        chain.roots(ORIGIN, [one.verifier for one in ROOTS], 2)


class Remote(Signer):
    """A key that somebody else holds, such as a hardware module."""

    def __init__(self, inner):
        self.inner = inner

    @property
    def verifier(self):
        return self.inner.verifier

    def sign(self, message):
        return self.inner.sign(message)


def test_any_signer_signs_the_same_note():
    """A public key and a function that signs are all that is asked for."""
    assert OLD.sign_note(b"text\n") == Remote(OLD).sign_note(b"text\n")


def test_root_signs_with_any_threshold_of_its_keys(tmp_path):
    """2 of 3: the two that are there sign, in the order of genesis (SUB-7)."""
    folder = tmp_path / "acme"
    create_ledger(
        folder, origin=ORIGIN, root_keys=3, root_threshold=2, clock_ms=Clock()
    )
    (folder / "keys" / "root-2.pem").unlink()
    with open_ledger(folder) as ledger:
        assert [f"{ORIGIN}/root-1", f"{ORIGIN}/root-3"] == [
            one.verifier.name for one in ledger.root_signers()
        ]
        (folder / "keys" / "root-3.pem").unlink()
    with (
        open_ledger(folder) as ledger,
        pytest.raises(KeyTrustError, match="2 root keys sign, found 1: key root-2"),
    ):
        ledger.root_signers()
