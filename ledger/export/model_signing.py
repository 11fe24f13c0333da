"""A signature over the files of a model, as OpenSSF model signing lays it out.

The statement is the library's: its verifier reads it and compares the files. The
signature is Ed25519, as every key of a ledger; that library's own check of keys takes
ECDSA on NIST curves only (docs/models.md says what checks which half).

Source: sigstore/model-transparency 1.1.1, `model_signing/_signing/signing.py` (the
payload) and `sign_ec_key.py` (the bundle); in-toto attestation, spec/v1/statement.md.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.disk.files import open_regular
from ledger.errors import InputError
from ledger.export.canonical import canonical_json
from ledger.export.dsse import sign_envelope
from ledger.export.statement import PAYLOAD_TYPE, STATEMENT_TYPE
from ledger.format.signers import Signer

PREDICATE_TYPE: Final = "https://model_signing/signature/v1.0"

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"

FILES_MAX: Final = 100_000
"""Most files of one folder."""

_CHUNK_BYTES: Final = 1024 * 1024


def hash_folder(folder: Path, *, but: Path) -> dict[str, str]:
    """SHA-256 of every file under a folder, by its path in it.

    Args:
        folder: the folder.
        but: a file to leave out: the signature itself.

    Raises:
        InputError: it has no file, too many, or one that is no regular file or cannot
            be read.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            message = f"{path}: expected a regular file, found something else"
            raise InputError(message)
        if path.is_dir() or path.resolve() == but.resolve():
            continue
        found[path.relative_to(folder).as_posix()] = _hash_file(path)
        if len(found) > FILES_MAX:
            message = f"{folder}: expected at most {FILES_MAX} files, found more"
            raise InputError(message)
    if not found:
        message = f"{folder}: expected files to sign, found none"
        raise InputError(message)
    return found


def _hash_file(path: Path) -> str:
    try:
        with open_regular(path) as file:
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
            return digest.hexdigest()
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise InputError(message) from None


def encode_signature(name: str, digests: Mapping[str, str], key: Signer) -> bytes:
    """The signature's file: a Sigstore bundle with one DSSE envelope.

    Args:
        name: what the model is called.
        digests: hex SHA-256 of its files, by path.
        key: who signs.
    """
    payload = canonical_json(_statement(name, digests))
    envelope = json.loads(sign_envelope(PAYLOAD_TYPE, payload, key))
    public = Ed25519PublicKey.from_public_bytes(key.verifier.public_key)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    hint = hashlib.sha256(pem).hexdigest()
    return canonical_json(
        {
            "dsseEnvelope": envelope,
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {"publicKey": {"hint": hint}, "tlogEntries": []},
        }
    )


def _statement(name: str, digests: Mapping[str, str]) -> dict[str, object]:
    """What is signed; the subject's digest is that of all digests, in their order."""
    resources = [
        {"algorithm": "sha256", "digest": digests[path], "name": path}
        for path in sorted(digests)
    ]
    whole = b"".join(bytes.fromhex(one["digest"]) for one in resources)
    return {
        "_type": STATEMENT_TYPE,
        "predicate": {
            "resources": resources,
            "serialization": {
                "allow_symlinks": False,
                "hash_type": "sha256",
                "ignore_paths": [],
                "method": "files",
            },
        },
        "predicateType": PREDICATE_TYPE,
        "subject": [
            {"digest": {"sha256": hashlib.sha256(whole).hexdigest()}, "name": name}
        ],
    }
