"""Signing keys as files: PKCS#8 PEM, mode 0600, passphrase optional.

Key bytes never reach a log, an error or the ledger: `SigningKey` shows its name only.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import KeyTrustError
from ledger.events.keys import Family, KeyGranted, Role
from ledger.files import write_once
from ledger.note import VerifierKey, signature_line

ROOT: Final = "root"
"""Name of the root key's file, and the last part of its key name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """What a role may do in a new ledger.

    Attributes:
        role: the role.
        stream: the stream that it writes, and those below it.
        families: the event families that it may sign.
    """

    role: Role
    stream: str
    families: tuple[Family, ...]


ROLE_GRANTS: Final = (
    RoleGrant(role="log", stream="log", families=()),
    RoleGrant(role="governance", stream="policy", families=("policy",)),
    RoleGrant(role="scanner", stream="scan", families=("optout",)),
    RoleGrant(role="ingest", stream="ingest", families=("ingest",)),
    RoleGrant(role="sharder", stream="shards", families=("shards",)),
    RoleGrant(role="trainer", stream="train", families=("training",)),
    RoleGrant(role="eraser", stream="erase", families=("erasure",)),
    RoleGrant(role="ci", stream="ci", families=()),
)
"""The grants that `init` writes: one key a role, one family a key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its name.

    Attributes:
        name: signed-note key name.
    """

    name: str
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> "SigningKey":
        """The key of a 32-byte seed (RFC 8032, section 5.1.5)."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        return self._private.sign(message)

    def sign_note(self, text: bytes) -> bytes:
        """The signed note over `text`, with this key's one signature line."""
        return text + b"\n" + self.note_line(text)

    def note_line(self, text: bytes) -> bytes:
        """This key's signature line over `text`."""
        return signature_line(self.verifier, self.sign(text)).encode()

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """PKCS#8 PEM, encrypted when a passphrase is given."""
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption()
        )
        return self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )


def possession_text(origin: str, name: str, role: str, public_key: bytes) -> bytes:
    """What a granted key signs to show that its holder asked for the grant (KEY-5)."""
    lines = ("tuneledger/possession/v1", origin, name, role, public_key.hex(), "")
    return "\n".join(lines).encode()


def grant_event(origin: str, grant: RoleGrant, key: SigningKey) -> KeyGranted:
    """The event that grants `grant` to `key`, with the proof of possession."""
    public_key = key.verifier.public_key
    proof = key.sign(possession_text(origin, key.name, grant.role, public_key))
    return KeyGranted(
        name=key.name,
        public_key=public_key.hex(),
        role=grant.role,
        families=list(grant.families),
        stream_prefix=grant.stream,
        possession=proof.hex(),
    )


def key_name(origin: str, role: str) -> str:
    """The name of a role's key; the log key's is the origin (C2SP tlog-checkpoint)."""
    return origin if role == "log" else f"{origin}/{role}"


def save_key(
    folder: Path, role: str, key: SigningKey, passphrase: bytes | None
) -> None:
    """Write `folder/role.pem` with mode 0600; an existing file is never replaced.

    Raises:
        ConflictError: the file exists.
    """
    write_once(folder / f"{role}.pem", key.to_pem(passphrase))


def load_key(
    folder: Path, role: str, name: str, passphrase: bytes | None
) -> SigningKey:
    """Read `folder/role.pem`.

    Raises:
        KeyTrustError: the file is missing, readable by others, not an Ed25519 key, or
            the passphrase is missing or wrong.
    """
    path = folder / f"{role}.pem"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(65_536)
    except OSError as error:
        message = f"key {role}: {path} cannot be read ({error.strerror})"
        raise KeyTrustError(message) from None
    if mode & 0o077:
        message = (
            f"key {role}: {path} is open to others: expected mode 0600, "
            f"found {mode & 0o777:04o}"
        )
        raise KeyTrustError(message)
    try:
        private = serialization.load_pem_private_key(content, passphrase or None)
    except TypeError:
        needs = "no passphrase" if passphrase else "a passphrase"
        message = f"key {role}: {path} needs {needs}"
        raise KeyTrustError(message) from None
    except (ValueError, UnsupportedAlgorithm):
        message = f"key {role}: {path} is no PKCS#8 key, or the passphrase is wrong"
        raise KeyTrustError(message) from None
    if not isinstance(private, Ed25519PrivateKey):
        message = f"key {role}: {path} is not an Ed25519 key"
        raise KeyTrustError(message)
    return SigningKey(name, private)
