"""ledger.key_stores: one key an epoch, wherever it is kept."""

import stat
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError, PasswordSetError

from ledger.errors import ConflictError, KeyTrustError
from ledger.key_stores import open_store

KEY, OTHER = b"\x01" * 32, b"\x02" * 32

# A service of one key: it adds 7 to every byte, and back.
SERVICE = """
import base64, sys
content = base64.b64decode(sys.stdin.readline())
step = {"wrap": 7, "unwrap": -7}[sys.argv[1]]
print(base64.b64encode(bytes((byte + step) % 256 for byte in content)).decode())
"""


class Ring(KeyringBackend):
    """A keyring in memory, as a plug-in of the package would be."""

    priority = 1

    def __init__(self):
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def ring(monkeypatch):
    """The keyring of this test's user."""
    ring = Ring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", ring)
    return ring


@pytest.fixture(params=["file", "passphrase", "keyring", "kms"])
def store(request, tmp_path, ring):
    """Each kind of store, empty."""
    return opened(request.param, tmp_path)


def opened(kind, folder, *, passphrase=b"four words of nonsense", script=SERVICE):
    return open_store(
        kind,
        folder,
        name="example.org/acme",
        passphrase=passphrase,
        command=[sys.executable, "-c", script],
    )


def test_a_key_is_given_back(store):
    """Also to a store that is opened anew."""
    store.put(1, KEY)
    store.put(2, OTHER)

    assert (KEY, OTHER) == (store.get(1), store.get(2))


def test_an_epoch_has_one_key(store):
    """A second one is refused, and the first stays."""
    store.put(1, KEY)
    with pytest.raises(ConflictError):
        store.put(1, OTHER)

    assert KEY == store.get(1)


def test_a_destroyed_key_is_gone(store):
    """The error says what to do; destroying again is no error."""
    store.put(1, KEY)
    store.destroy(1)
    store.destroy(1)

    with pytest.raises(KeyTrustError, match="restore a newer vault"):
        store.get(1)


@pytest.mark.parametrize("kind", ["file", "passphrase", "kms"])
def test_files_are_for_their_owner(kind, tmp_path):
    """Mode 0600, from the first moment."""
    opened(kind, tmp_path).put(1, KEY)

    assert 0o600 == stat.S_IMODE((tmp_path / "vault-1.key").stat().st_mode)


@pytest.mark.parametrize("kind", ["passphrase", "kms"])
def test_the_file_does_not_hold_the_key(kind, tmp_path):
    """Neither as bytes nor as hexadecimal text."""
    opened(kind, tmp_path).put(1, KEY)
    content = (tmp_path / "vault-1.key").read_bytes()

    assert KEY not in content
    assert KEY.hex().encode() not in content


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("file", b"00", "expected 64 hex digits"),
        ("file", b"\xff" * 64, "expected 64 hex digits"),
        ("file", b"0" * 70_000, "expected at most 65536 bytes"),
        ("passphrase", b"", "passphrase is wrong, or the file was altered"),
        ("passphrase", b"x" * 200, "passphrase is wrong, or the file was altered"),
        ("kms", b"!", "expected base64"),
        ("kms", b"AAAA", "expected 32 bytes, found 3"),
    ],
)
def test_a_damaged_file(kind, content, said, tmp_path):
    """One line, and no key."""
    (tmp_path / "vault-1.key").write_bytes(content)

    with pytest.raises(KeyTrustError, match=said):
        opened(kind, tmp_path).get(1)


def test_another_passphrase(tmp_path):
    """It opens nothing."""
    opened("passphrase", tmp_path).put(1, KEY)

    with pytest.raises(KeyTrustError, match="passphrase is wrong"):
        opened("passphrase", tmp_path, passphrase=b"other").get(1)


def test_a_file_of_another_epoch(tmp_path):
    """A key that was moved to another number is no key."""
    opened("passphrase", tmp_path).put(1, KEY)
    (tmp_path / "vault-1.key").rename(tmp_path / "vault-2.key")

    with pytest.raises(KeyTrustError, match="file was altered"):
        opened("passphrase", tmp_path).get(2)


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("passphrase", {"passphrase": None}, "set TUNELEDGER_PASSPHRASE"),
        ("kms", {"command": ()}, "needs kms_command"),
    ],
)
def test_a_store_lacks_what_it_needs(kind, given, said, tmp_path):
    """The error names the setting."""
    with pytest.raises(KeyTrustError, match=said):
        open_store(kind, tmp_path, name="example.org/acme", **given)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit(3)", "expected status 0, found 3"),
        ("print('not base64!')", "expected base64"),
        ("print('QQ' * 20000)", "expected base64"),
        ("", "unwrap does not give back"),
        ("import sys; print(sys.stdin.readline())", "unwrap does not give back"),
    ],
)
def test_a_service_that_fails(script, said, tmp_path):
    """Nothing is kept that could not be opened later, or is open already."""
    with pytest.raises(KeyTrustError, match=said):
        opened("kms", tmp_path, script=script).put(1, KEY)

    assert [] == list(tmp_path.iterdir())


def test_a_command_that_does_not_exist(tmp_path):
    """One line."""
    store = open_store("kms", tmp_path, name="x", command=[str(tmp_path / "none")])

    with pytest.raises(KeyTrustError, match="cannot be run: No such file"):
        store.put(1, KEY)


def test_a_machine_without_a_keyring(monkeypatch, tmp_path):
    """The package's stand-in that refuses everything is not taken for one."""
    from keyring.backends.fail import Keyring  # noqa: PLC0415

    monkeypatch.setattr(keyring.core, "_keyring_backend", Keyring())

    with pytest.raises(KeyTrustError, match="no keyring was found"):
        opened("keyring", tmp_path)


def test_a_keyring_that_refuses(ring, monkeypatch, tmp_path):
    """What it says may name the key: only the kind of error is told."""

    def refuse(*_):
        raise PasswordSetError(KEY.hex())

    monkeypatch.setattr(Ring, "set_password", refuse)

    with pytest.raises(KeyTrustError, match=r"refused: PasswordSetError$"):
        opened("keyring", tmp_path).put(1, KEY)
