"""Signatures in the form of OpenSSF model signing."""

import base64
import hashlib
import json
import os
import re

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.errors import InputError
from ledger.export.model_signing import encode_signature, hash_folder
from ledger.keys.files import SigningKey
from tests.docs.blocks import ROOT

KEY = SigningKey.from_seed("example.org/acme/ci", bytes(range(32)))


def folder_of(tmp_path, **files):
    """A folder with these files; `__` in a name stands for a slash."""
    for name, content in files.items():
        path = tmp_path / "model" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "model"


def opened(signature):
    """The statement that a signature's file holds, checked with the page's own code."""
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(code, names)
    return names["verified_statement"](signature, KEY.verifier.public_key)


def signed(tmp_path, **files):
    """A signature over such a folder."""
    folder = folder_of(tmp_path, **files)
    digests = hash_folder(folder, but=tmp_path / "sig")
    return encode_signature("model", digests, KEY)


def test_every_file_is_named_with_its_digest(tmp_path):
    """Paths are relative, with slashes, ascending."""
    statement = opened(signed(tmp_path, b__two=b"2", a=b"1"))

    assert [
        {
            "algorithm": "sha256",
            "digest": hashlib.sha256(content).hexdigest(),
            "name": name,
        }
        for name, content in (("a", b"1"), ("b/two", b"2"))
    ] == statement["predicate"]["resources"]


def test_the_subject_is_the_digest_of_all_digests(tmp_path):
    """In the order in which they stand."""
    statement = opened(signed(tmp_path, a=b"1", b=b"2"))
    parts = [hashlib.sha256(one).digest() for one in (b"1", b"2")]
    whole = hashlib.sha256(b"".join(parts)).hexdigest()

    assert [{"digest": {"sha256": whole}, "name": "model"}] == statement["subject"]
    assert "https://model_signing/signature/v1.0" == statement["predicateType"]


def test_an_altered_statement_does_not_verify(tmp_path):
    """The signature covers the payload and its type."""
    document = json.loads(signed(tmp_path, a=b"1"))
    envelope = document["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"]).replace(b'"a"', b'"b"')
    envelope["payload"] = base64.b64encode(payload).decode()

    with pytest.raises(InvalidSignature):
        opened(json.dumps(document).encode())


def test_the_hint_is_the_digest_of_the_public_key(tmp_path):
    """As a PEM file, by which the library looks for it."""
    document = json.loads(signed(tmp_path, a=b"1"))
    der = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00" + KEY.verifier.public_key
    body = base64.b64encode(der).decode()
    pem = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()

    hint = document["verificationMaterial"]["publicKey"]["hint"]
    assert hashlib.sha256(pem).hexdigest() == hint


def test_the_signature_is_left_out_of_its_folder(tmp_path):
    """It cannot name itself."""
    folder = folder_of(tmp_path, a=b"1", sig=b"")

    assert ["a"] == [*hash_folder(folder, but=folder / "sig")]


@pytest.mark.parametrize("kind", ["link", "pipe", "nothing"])
def test_what_is_no_file_is_refused(tmp_path, kind):
    """A link or a pipe is not hashed, and an empty folder is not signed."""
    folder = folder_of(tmp_path, **({} if kind == "nothing" else {"a": b"1"}))
    folder.mkdir(exist_ok=True)
    if kind == "link":
        (folder / "b").symlink_to(folder / "a")
    elif kind == "pipe":
        os.mkfifo(folder / "b")

    with pytest.raises(InputError, match="expected"):
        hash_folder(folder, but=tmp_path / "sig")


def test_the_library_reads_it_and_compares_the_files(tmp_path):
    """All but its own check of keys, which takes no Ed25519."""
    pytest.importorskip("model_signing", reason="model-signing is not installed")
    from model_signing import verifying  # noqa: PLC0415
    from model_signing._signing import sign_sigstore_pb as library  # noqa: PLC0415

    class Verifier(library.Verifier):
        def _verify_bundle(self, bundle):
            envelope = bundle.dsse_envelope
            key = Ed25519PublicKey.from_public_bytes(KEY.verifier.public_key)
            key.verify(envelope.signatures[0].sig, library.pae(envelope.payload))
            return envelope.payload_type, envelope.payload

    (tmp_path / "sig").write_bytes(signed(tmp_path, b__two=b"2", a=b"1"))
    config = verifying.Config()
    config._verifier = Verifier()
    config.verify(tmp_path / "model", tmp_path / "sig")
    (tmp_path / "model" / "a").write_bytes(b"changed")

    with pytest.raises(ValueError, match="mismatch"):
        config.verify(tmp_path / "model", tmp_path / "sig")
