"""Private keys stay private: files, messages, traces (ledger.keys.files, key_chain)."""

import base64
import os
import traceback

import pytest

from ledger.errors import KeyTrustError
from ledger.keys.chain import KeyChain
from ledger.keys.files import load_key, save_key
from ledger.log.key_admin import open_key_admin
from tests.unit.ledger.workshop import ORIGIN, Clock, Random, key, open_ledger

KEY = key(f"{ORIGIN}/ingest")


def secrets_of(signer):
    """The forms in which a private key could leak."""
    seed = signer._private.private_bytes_raw()
    body = b"".join(signer.to_pem(None).splitlines()[1:-1]).decode()
    return [repr(seed)[2:-1], seed.hex(), base64.b64encode(seed).decode(), body]


def test_a_link_is_no_key_file(tmp_path):
    """It may point out of the folder."""
    save_key(tmp_path, "ingest", KEY, None)
    (tmp_path / "ci.pem").symlink_to(tmp_path / "ingest.pem")

    with pytest.raises(KeyTrustError, match=r"key ci: .*cannot be read"):
        load_key(tmp_path, "ci", KEY.name, None)


def test_a_pipe_is_no_key_file(tmp_path):
    """And nobody waits for what comes through it."""
    os.mkfifo(tmp_path / "ingest.pem", 0o600)

    with pytest.raises(KeyTrustError, match=r"cannot be read \(expected a plain file"):
        load_key(tmp_path, "ingest", KEY.name, None)


def test_the_folder_is_private(workspace):
    """0700, and every file in it 0600."""
    folder = workspace / "keys"

    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_text_forms_hold_no_key(tmp_path):
    """Of a key, of the chain and of what it found."""
    save_key(tmp_path, "ingest", KEY, None)
    chain = KeyChain(tmp_path, passphrase=None)
    found = chain.find(ORIGIN, KEY.verifier)
    chain.hold(KEY)

    for secret in secrets_of(KEY):
        assert secret not in repr((chain, chain._held, chain._read, found, str(found)))


BREAK = {
    "open to others": lambda path: path.chmod(0o644),
    "another key": lambda path: path.write_bytes(key("x").to_pem(None)),
    "encrypted": lambda path: path.write_bytes(KEY.to_pem(b"pw")),
    "half a file": lambda path: path.write_bytes(KEY.to_pem(None)[:60]),
}


@pytest.mark.parametrize("spoil", BREAK.values(), ids=BREAK)
def test_errors_and_traces_hold_no_key(tmp_path, spoil):
    """Not even where a tool prints the local variables of each frame."""
    save_key(tmp_path, "ingest", KEY, None)
    spoil(tmp_path / "ingest.pem")
    with pytest.raises(KeyTrustError) as caught:
        KeyChain(tmp_path).find(ORIGIN, KEY.verifier)
    trace = traceback.TracebackException.from_exception(
        caught.value, capture_locals=True
    )
    shown = "".join(trace.format()) + str(caught.value) + repr(caught.value)

    for secret in (*secrets_of(KEY), *secrets_of(key("x"))):
        assert secret not in shown
    assert "PRIVATE KEY" not in shown


def test_no_private_key_reaches_the_ledger(workspace):
    """Nor the files beside it: only keys/ holds them."""
    random_bytes = Random("seeds")
    seeds = [Random("seeds")(32) for _ in range(1)]
    with open_key_admin(workspace, clock_ms=Clock(), random_bytes=random_bytes) as it:
        it.rotate("ingest")
        it.rotate("log")
    with open_ledger(workspace):
        pass
    keys = workspace / "keys"
    seeds += [
        load_key(keys, path.stem, ORIGIN, None)._private.private_bytes_raw()
        for path in keys.iterdir()
    ]
    others = [
        path for path in workspace.rglob("*") if path.is_file() and path.parent != keys
    ]

    assert others
    for path in others:
        content = path.read_bytes()
        for seed in seeds:
            assert seed not in content
            assert seed.hex().encode() not in content
