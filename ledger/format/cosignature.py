"""Cosignatures: what a witness says about a checkpoint that it found consistent.

A cosignature is one signature line of the checkpoint's note, made with a key of
signature type 0x04. It carries the time, and signs

    cosignature/v1
    time 1679315147
    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

which means: at this time, no larger tree of this log was known to the witness, and
all smaller ones that it cosigned are part of it.

Source: https://c2sp.org/tlog-cosignature, "Ed25519 signed message"
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError, KeyTrustError
from ledger.format.ed25519 import check_public_key, check_signature
from ledger.format.note import (
    ED25519,
    Signature,
    decode_base64,
    format_line,
    parse_note,
)
from ledger.format.signers import Signer

COSIGNATURE: Final = b"\x04"
"""Signature type of a timestamped Ed25519 cosignature (C2SP signed-note)."""

LINE_BYTES_MAX: Final = 512
"""Longest stored cosignature line (ANC-3)."""

TIME_MAX: Final = 2**63 - 1
"""Largest time, in seconds (C2SP tlog-cosignature, "Format")."""

_NAME_BYTES_MAX: Final = 255
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+\Z")
_BLOB_BYTES: Final = 8 + 64


@dataclass(frozen=True, slots=True)
class CosignerKey:
    """A witness's public key with its name.

    Attributes:
        name: key name, without spaces and plus signs; at most 255 bytes.
        public_key: 32 bytes.
    """

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x04 || public key)[:4]."""
        return _key_id(self.name, COSIGNATURE, self.public_key)

    def __str__(self) -> str:
        """The vkey text: `name+hex(key id)+base64(0x04 || public key)`."""
        encoded = base64.b64encode(COSIGNATURE + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


def cosigner_of(key: Signer) -> CosignerKey:
    """The public half of `key`, as a witness's key."""
    return CosignerKey(key.verifier.name, key.verifier.public_key)


def check_cosigner_name(name: str) -> None:
    """Refuse what no cosigner may be called.

    Raises:
        KeyTrustError: empty, too long, or with a space, plus sign or control character.
    """
    if not _NAME.match(name) or len(name.encode()) > _NAME_BYTES_MAX:
        message = (
            f"cosigner name: expected 1 to {_NAME_BYTES_MAX} bytes without spaces "
            "and plus signs"
        )
        raise KeyTrustError(message)


def parse_cosigner(text: str) -> CosignerKey:
    """Parse the vkey text of a witness.

    Type 0x01 is taken too, since many tools publish a witness's key under it; its
    lines carry the key id of type 0x04 in any case.

    Raises:
        KeyTrustError: malformed, of another signature type, with a key id that is not
            its own, or a key that must not be trusted (KEY-1, KEY-2).
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        content = decode_base64(encoded)
    except IntegrityError as error:
        message = f"witness key: {error}"
        raise KeyTrustError(message) from None
    kind, public_key = content[:1], content[1:]
    if kind not in (ED25519, COSIGNATURE) or len(public_key) != 32:
        message = "witness key: expected name+hash+base64 of an Ed25519 cosigner (0x04)"
        raise KeyTrustError(message)
    check_cosigner_name(name)
    check_public_key(public_key)
    expected = _key_id(name, kind, public_key).hex()
    if key_id != expected:
        message = f"witness key: expected key id {expected}, found {key_id[:16]}"
        raise KeyTrustError(message)
    return CosignerKey(name, public_key)


def _key_id(name: str, kind: bytes, public_key: bytes) -> bytes:
    """SHA-256(name || 0x0A || type || public key)[:4] (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public_key).digest()[:4]


def signed_message(text: bytes, at_s: int) -> bytes:
    """What a cosignature signs: two lines, then the whole note text."""
    return b"cosignature/v1\ntime %d\n" % at_s + text


def cosign(key: Signer, text: bytes, at_s: int) -> bytes:
    """Cosign a checkpoint.

    Args:
        key: the witness's key, used for nothing else: the message does not name it.
        text: the checkpoint's note text, without signature lines.
        at_s: the time now, Unix seconds, 1 to 2^63 - 1.

    Returns:
        One signature line, newline included.
    """
    if not 0 < at_s <= TIME_MAX:
        message = f"cosignature time {at_s} is not from 1 to {TIME_MAX}"
        raise ValueError(message)
    cosigner = cosigner_of(key)
    blob = at_s.to_bytes(8, "big") + key.sign(signed_message(text, at_s))
    return format_line(Signature(cosigner.name, cosigner.key_id, blob))


def parse_lines(content: bytes) -> list[Signature]:
    """Parse signature lines that stand by themselves, as a witness answers them.

    Raises:
        IntegrityError: no line, or a malformed one.
    """
    if b"\n\n" in b"\n" + content:
        message = "cosignature: found an empty line"
        raise IntegrityError(message)
    return list(parse_note(b"\n\n" + content).signatures)


def check_cosignature(line: bytes, text: bytes, key: CosignerKey) -> int:
    """Check one cosignature line over a checkpoint's note text.

    Returns:
        The time that the witness gives, Unix seconds.

    Raises:
        IntegrityError: not one well-formed line of at most 512 bytes.
        KeyTrustError: the line is of another key, without a time, or does not verify.
    """
    if len(line) > LINE_BYTES_MAX:
        message = f"cosignature: expected at most {LINE_BYTES_MAX} bytes a line"
        raise IntegrityError(message)
    found = parse_lines(line)
    if len(found) != 1:
        message = f"cosignature: expected one line, found {len(found)}"
        raise IntegrityError(message)
    return check_signature_line(found[0], text, key)


def check_signature_line(line: Signature, text: bytes, key: CosignerKey) -> int:
    """Check a parsed cosignature line; returns its time, Unix seconds.

    Raises:
        KeyTrustError: the line is of another key, without a time, or does not verify.
    """
    if (line.name, line.key_id) != (key.name, key.key_id):
        message = (
            f"cosignature: expected one of {key.name} {key.key_id.hex()}, "
            f"found {line.name} {line.key_id.hex()}"
        )
        raise KeyTrustError(message)
    at_s = int.from_bytes(line.signature[:8], "big")
    if len(line.signature) != _BLOB_BYTES or not 0 < at_s <= TIME_MAX:
        message = f"cosignature of {key.name}: expected a time and an Ed25519 signature"
        raise KeyTrustError(message)
    try:
        check_signature(key.public_key, line.signature[8:], signed_message(text, at_s))
    except KeyTrustError:
        message = f"cosignature of {key.name} does not verify over this checkpoint"
        raise KeyTrustError(message) from None
    return at_s
