"""Signing keys as files (ledger.keys.files)."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from ledger.errors import ConflictError, KeyTrustError
from ledger.format.ed25519 import check_signature
from ledger.keys.files import (
    ROLE_GRANTS,
    SigningKey,
    grant_event,
    key_name,
    load_key,
    possession_text,
    save_key,
)
from tests.unit.ledger.workshop import ORIGIN, key

KEY = key("example.org/acme/sharder")


@pytest.mark.parametrize("passphrase", [None, b"", b"correct horse"])
def test_a_key_file_round_trip(tmp_path, passphrase):
    """What is saved is what is loaded, with and without a passphrase."""
    save_key(tmp_path, "sharder", KEY, passphrase)

    loaded = load_key(tmp_path, "sharder", KEY.name, passphrase)
    assert KEY.verifier == loaded.verifier
    assert KEY.sign(b"x") == loaded.sign(b"x")


def test_a_key_file_is_private(tmp_path):
    """Its mode is 0600 from the first byte on."""
    save_key(tmp_path, "sharder", KEY, None)

    assert 0o600 == (tmp_path / "sharder.pem").stat().st_mode & 0o777
    assert ["sharder.pem"] == [path.name for path in tmp_path.iterdir()]


def test_a_passphrase_encrypts_the_file(tmp_path):
    """The PEM says so."""
    save_key(tmp_path, "sharder", KEY, b"correct horse")

    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (tmp_path / "sharder.pem").read_bytes()


def test_an_existing_key_is_never_replaced(tmp_path):
    """A second save is refused and changes nothing."""
    save_key(tmp_path, "sharder", KEY, None)
    before = (tmp_path / "sharder.pem").read_bytes()

    with pytest.raises(ConflictError, match="never overwritten"):
        save_key(tmp_path, "sharder", key("another"), None)
    assert before == (tmp_path / "sharder.pem").read_bytes()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601, 0o777])
def test_a_key_open_to_others_is_refused(tmp_path, mode):
    """Any permission of group or others is one too many."""
    save_key(tmp_path, "sharder", KEY, None)
    (tmp_path / "sharder.pem").chmod(mode)

    with pytest.raises(KeyTrustError, match=f"expected mode 0600, found {mode:04o}"):
        load_key(tmp_path, "sharder", KEY.name, None)


@pytest.mark.parametrize(
    ("saved", "given", "message"),
    [
        (b"right", b"wrong", "the passphrase is wrong"),
        (b"right", None, "needs a passphrase"),
        (b"right", b"", "needs a passphrase"),
    ],
)
def test_the_passphrase_must_fit(tmp_path, saved, given, message):
    """A wrong or missing passphrase is refused."""
    save_key(tmp_path, "sharder", KEY, saved)

    with pytest.raises(KeyTrustError, match=message):
        load_key(tmp_path, "sharder", KEY.name, given)


def test_a_key_in_clear_opens_with_a_passphrase_too(tmp_path):
    """The passphrase may be the vault's alone."""
    save_key(tmp_path, "sharder", KEY, None)

    found = load_key(tmp_path, "sharder", KEY.name, b"any")

    assert KEY.verifier == found.verifier


def _write(folder, content):
    path = folder / "sharder.pem"
    path.write_bytes(content)
    path.chmod(0o600)


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP256R1()), x25519.X25519PrivateKey.generate()],
    ids=["P-256", "X25519"],
)
def test_a_key_of_another_type_is_refused(tmp_path, private):
    """Only Ed25519 signs here."""
    _write(
        tmp_path,
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )

    with pytest.raises(KeyTrustError, match="is not an Ed25519 key"):
        load_key(tmp_path, "sharder", KEY.name, None)


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_refused(tmp_path, content):
    """Its bytes do not reach the message."""
    _write(tmp_path, content)

    with pytest.raises(KeyTrustError, match=r"is no PKCS#8 key"):
        load_key(tmp_path, "sharder", KEY.name, None)


def test_a_missing_key_is_refused(tmp_path):
    """The message names the role and the file."""
    with pytest.raises(KeyTrustError, match=r"key sharder: .*cannot be read"):
        load_key(tmp_path, "sharder", KEY.name, None)


def test_a_folder_is_no_key(tmp_path):
    """A folder of that name is refused as a missing key is."""
    (tmp_path / "sharder.pem").mkdir()

    with pytest.raises(KeyTrustError, match="cannot be read"):
        load_key(tmp_path, "sharder", KEY.name, None)


def test_a_key_shows_its_name_only():
    """Neither text form holds key bytes."""
    assert "SigningKey(name='example.org/acme/sharder')" == repr(KEY) == str(KEY)


def test_a_seed_is_that_of_rfc_8032():
    """The first test vector of RFC 8032, section 7.1."""
    seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

    found = SigningKey.from_seed("a", bytes.fromhex(seed)).verifier
    assert public == found.public_key.hex()


def test_possession_is_signed_by_the_granted_key():
    """The proof verifies over the text of KEY-5 under the key itself."""
    event = grant_event(ORIGIN, ROLE_GRANTS[4], KEY)
    text = (
        b"tuneledger/possession/v1\nexample.org/acme\nexample.org/acme/sharder\n"
        b"sharder\n" + event.public_key.encode() + b"\n"
    )

    assert text == possession_text(ORIGIN, KEY.name, "sharder", KEY.verifier.public_key)
    assert (
        check_signature(KEY.verifier.public_key, bytes.fromhex(event.possession), text)
        is None
    )


@pytest.mark.parametrize(
    ("role", "name"), [("log", ORIGIN), ("ingest", f"{ORIGIN}/ingest")]
)
def test_the_log_key_bears_the_origin(role, name):
    """Other keys are named below it (C2SP tlog-checkpoint)."""
    assert name == key_name(ORIGIN, role)
