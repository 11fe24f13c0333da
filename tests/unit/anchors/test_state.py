"""ledger.witness.state: what a witness remembers, and what it refuses to open."""

import stat

import pytest

from ledger.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    KeyTrustError,
    NotALedgerError,
)
from ledger.format.note import VerifierKey
from ledger.keys.files import SigningKey
from ledger.witness.state import LOG_KEYS_MAX, WitnessState, hash_of
from tests.unit.anchors.toylog import NOW_S
from tests.unit.ledger.workshop import key


def test_the_key_is_private(witness_folder):
    """The key file is for its owner only, and the folder too."""
    modes = [
        stat.S_IMODE(path.stat().st_mode)
        for path in (witness_folder / "witness.pem", witness_folder)
    ]

    assert [0o600, 0o700] == modes


def test_a_passphrase(tmp_path):
    """An encrypted key opens with its passphrase only."""
    folder = tmp_path / "w"
    WitnessState.create(folder, "example.com/w", b"w" * 32, passphrase=b"secret")

    assert "example.com/w" == WitnessState(folder, passphrase=b"secret").key.name
    with pytest.raises(KeyTrustError):
        WitnessState(folder)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "w" * 256, "a\nb"])
def test_names_refused(tmp_path, name):
    """What no cosigner may be called makes no folder."""
    with pytest.raises(KeyTrustError):
        WitnessState.create(tmp_path / "w", name, b"w" * 32)
    assert not (tmp_path / "w").exists()


def test_a_folder_is_never_reused(witness_folder):
    """A second `create` would make the witness forget."""
    with pytest.raises(ConflictError):
        WitnessState.create(witness_folder, "example.com/w", b"x" * 32)


@pytest.mark.parametrize("name", ["logs", "heads", "refused"])
def test_a_missing_part(witness_folder, name):
    """A folder without one of its parts is not opened: it may have been emptied."""
    for path in (witness_folder / name).iterdir():
        path.unlink()
    (witness_folder / name).rmdir()

    with pytest.raises(NotALedgerError):
        WitnessState(witness_folder)


def test_a_swapped_key(witness_folder):
    """The private key must be the one that the public key names."""
    other = SigningKey.from_seed("example.com/witness", b"x" * 32)
    (witness_folder / "witness.pem").write_bytes(other.to_pem(None))

    with pytest.raises(KeyTrustError):
        WitnessState(witness_folder)


def test_log_keys(witness_folder, toylog):
    """Keys of a log add up, once each; an unknown log has none."""
    state = WitnessState(witness_folder)
    second = VerifierKey(toylog.origin, key("second").verifier.public_key)
    for _ in range(2):
        state.add_log(toylog.origin, second)

    assert [toylog.signer.verifier, second] == state.log_keys(toylog.origin)
    assert [] == state.log_keys("example.org/other")


def test_an_origin_that_is_no_key_name(witness_folder, toylog):
    """A log may be called otherwise than its key."""
    state = WitnessState(witness_folder)
    state.add_log("go.sum database tree", toylog.signer.verifier)

    assert [toylog.signer.verifier] == state.log_keys("go.sum database tree")


@pytest.mark.parametrize("origin", ["", "two\nlines", "o" * 1025])
def test_origins_refused(witness_folder, toylog, origin):
    """An origin is one line of limited length."""
    with pytest.raises(InputError):
        WitnessState(witness_folder).add_log(origin, toylog.signer.verifier)


def test_its_own_key_is_no_logs(witness_folder):
    """Otherwise a cosignature would count as the log's signature."""
    state = WitnessState(witness_folder)

    with pytest.raises(KeyTrustError):
        state.add_log("example.org/x", state.signer.verifier)


def test_a_limit_on_keys(witness_folder):
    """A log has at most 64 keys."""
    state = WitnessState(witness_folder)
    for number in range(LOG_KEYS_MAX):
        state.add_log("example.org/many", key(f"k{number}").verifier)

    with pytest.raises(InputError):
        state.add_log("example.org/many", key("one more").verifier)


def test_the_last_checkpoint(witness, toylog):
    """Size, root and time of what was cosigned last; None before."""
    assert witness.state.last(toylog.origin) is None
    witness.add_checkpoint(toylog.request(0, 4))
    last = witness.state.last(toylog.origin)

    assert (4, toylog.root(4), NOW_S) == (last.size, last.root, last.at_s)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda note: b"", id="emptied"),
        pytest.param(lambda note: note[:-9] + b"\n", id="cut"),
        pytest.param(lambda note: note.replace(b"\n4\n", b"\n3\n"), id="older size"),
        pytest.param(lambda note: note.rsplit(b"\xe2", 1)[0], id="our line gone"),
    ],
)
def test_a_damaged_checkpoint(witness, toylog, damage):
    """A stored checkpoint that is not cosigned by us stops the witness."""
    witness.add_checkpoint(toylog.request(0, 4))
    path = witness.state._folder / "heads" / hash_of(toylog.origin)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises((IntegrityError, KeyTrustError)):
        witness.add_checkpoint(toylog.request(3, 6))


def test_left_over_temporaries(witness_folder):
    """What a killed write left is deleted at the next start."""
    left = witness_folder / "heads" / ".x.0123.tmp"
    left.write_bytes(b"half")
    WitnessState(witness_folder)

    assert not left.exists()
