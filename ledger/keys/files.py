"""Signing keys as files: PKCS#8 PEM, mode 0600, passphrase optional.

Key bytes never reach a log, an error or the ledger: `SigningKey` shows its name only.
"""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.disk.files import write_once
from ledger.errors import KeyTrustError
from ledger.events.keys import Family, KeyGranted, KeyRotated, Role
from ledger.format.note import VerifierKey
from ledger.format.signers import Signer

ROOT: Final = "root"
"""Name of the root key's file, and the last part of its key name."""

_LOCKED: Final = b"ENCRYPTED PRIVATE KEY"
"""Stands in the first line of an encrypted PKCS#8 PEM file (RFC 7468, section 11)."""

_FILE_BYTES_MAX: Final = 65_536


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
    RoleGrant(
        role="governance",
        stream="policy",
        families=("policy", "review", "licence", "spool"),
    ),
    RoleGrant(role="scanner", stream="scan", families=("optout", "spool")),
    RoleGrant(role="ingest", stream="ingest", families=("ingest", "spool")),
    RoleGrant(role="sharder", stream="shards", families=("shards", "spool")),
    RoleGrant(role="trainer", stream="train", families=("training", "model", "spool")),
    RoleGrant(role="eraser", stream="erase", families=("erasure", "spool")),
    RoleGrant(role="ci", stream="ci", families=()),
)
"""The grants that `init` writes: one key a role.

A producer's key signs one family, and what its spool had to drop. Governance signs the
decisions of persons: policies, reviews and licences.
"""


@dataclass(frozen=True, slots=True)
class SigningKey(Signer):
    """A private key with its name.

    Attributes:
        name: signed-note key name.
    """

    name: str
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes | bytearray) -> "SigningKey":
        """The key of a 32-byte seed (RFC 8032, section 5.1.5)."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The 64-byte Ed25519 signature of `message`."""
        return self._private.sign(message)

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


def rotation_text(origin: str, name: str, role: str, old: bytes, new: bytes) -> bytes:
    """What a key and its successor sign to agree that one follows the other (KEY-9)."""
    lines = ("tuneledger/rotation/v1", origin, name, role, old.hex(), new.hex(), "")
    return "\n".join(lines).encode()


def grant_event(origin: str, grant: RoleGrant, key: Signer) -> KeyGranted:
    """The event that grants `grant` to `key`, with the proof of possession."""
    name, public_key = key.verifier.name, key.verifier.public_key
    proof = key.sign(possession_text(origin, name, grant.role, public_key))
    return KeyGranted(
        name=name,
        public_key=public_key.hex(),
        role=grant.role,
        families=list(grant.families),
        stream_prefix=grant.stream,
        possession=proof.hex(),
    )


def rotation_event(origin: str, role: str, old: Signer, new: Signer) -> KeyRotated:
    """The event by which `new` follows `old`, signed by both."""
    name = old.verifier.name
    keys = old.verifier.public_key, new.verifier.public_key
    text = rotation_text(origin, name, role, *keys)
    return KeyRotated(
        name=name,
        old_public_key=keys[0].hex(),
        new_public_key=keys[1].hex(),
        consent=old.sign(text).hex(),
        possession=new.sign(text).hex(),
    )


def key_name(origin: str, role: str) -> str:
    """The name of a role's key; the log key's is the origin (C2SP tlog-checkpoint)."""
    return origin if role == "log" else f"{origin}/{role}"


def file_stem(origin: str, name: str) -> str:
    """The name of a key's file without `.pem`: the undo of `key_name`."""
    return (
        "log" if name == origin else name.removeprefix(f"{origin}/").replace("/", ".")
    )


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
        KeyTrustError: the file is missing, no plain file, readable by others, not an
            Ed25519 key, or the passphrase is missing or wrong.
    """
    return load_key_file(folder / f"{role}.pem", role, name, passphrase)


def load_key_file(
    path: Path, role: str, name: str, passphrase: bytes | None
) -> SigningKey:
    """Read one key file; see `load_key`."""
    # The file's bytes stay inside the two calls: this frame may end in a traceback.
    found = _parse(_read_private(path, role), passphrase)
    if isinstance(found, str):
        message = f"key {role}: {path} {found}"
        raise KeyTrustError(message)
    return SigningKey(name, found)


def _read_private(path: Path, role: str) -> bytes:
    """The bytes of a plain file that nobody else may read.

    Raises:
        KeyTrustError: it is missing, a link, a device or open to others.
    """
    try:
        # A pipe would wait for its writer, and a link may point out of the folder.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(path, flags)
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISREG(mode) and not mode & 0o077:
                return os.read(descriptor, _FILE_BYTES_MAX)
        finally:
            os.close(descriptor)
    except OSError as error:
        message = f"key {role}: {path} cannot be read ({error.strerror})"
        raise KeyTrustError(message) from None
    if not stat.S_ISREG(mode):
        message = f"key {role}: {path} cannot be read (expected a plain file)"
        raise KeyTrustError(message)
    message = (
        f"key {role}: {path} is open to others: expected mode 0600, "
        f"found {mode & 0o777:04o}"
    )
    raise KeyTrustError(message)


def _parse(content: bytes, passphrase: bytes | None) -> Ed25519PrivateKey | str:
    """The private key of a PEM file, or what is wrong with it.

    A file in clear opens with a passphrase too: that may be the vault's alone.
    """
    is_locked = _LOCKED in content
    try:
        private = serialization.load_pem_private_key(
            content, (passphrase or None) if is_locked else None
        )
    except TypeError:
        return "needs a passphrase"
    except (ValueError, UnsupportedAlgorithm):
        return "is no PKCS#8 key, or the passphrase is wrong"
    if not isinstance(private, Ed25519PrivateKey):
        return "is not an Ed25519 key"
    return private
