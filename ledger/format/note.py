"""C2SP signed notes: a text, an empty line, and signature lines.

    If you think cryptography is the answer to your problem,
    then you don't know what your problem is.

    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn...

A signature line is an em dash, a space, the key's name, a space, and base64 of the
4-byte key id and the signature. Source: https://c2sp.org/signed-note
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError, KeyTrustError
from ledger.format.ed25519 import check_public_key, check_signature

ED25519: Final = b"\x01"
"""Signature type of Ed25519 (C2SP signed-note, "Signature types")."""

SIGNATURES_MAX: Final = 64
"""Most signature lines read; the specification asks for at least 16."""

NOTE_BYTES_MAX: Final = 65_535
"""Longest note read: that of the entry which may carry it (ENT-1)."""

_MARK: Final = "\u2014 "
_NAME: Final = re.compile(r"[A-Za-z0-9._~/:-]{1,128}\Z")
_LINE: Final = re.compile(r"\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\Z")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


def decode_base64(text: str) -> bytes:
    """Decode base64 in its one spelling (CON-1).

    Raises:
        IntegrityError: not base64, or another text would decode to the same bytes.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        message = "base64 cannot be decoded"
        raise IntegrityError(message) from None
    if base64.b64encode(content).decode() != text:
        message = "base64 is not in its one spelling"
        raise IntegrityError(message)
    return content


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name: what a signature line points at.

    Attributes:
        name: key name (KEY-4).
        public_key: 32 bytes.
    """

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x01 || public key)[:4] (C2SP signed-note)."""
        content = self.name.encode() + b"\n" + ED25519 + self.public_key
        return hashlib.sha256(content).digest()[:4]

    def __str__(self) -> str:
        """The vkey text: `name+hex(key id)+base64(0x01 || public key)`."""
        encoded = base64.b64encode(ED25519 + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


def parse_vkey(text: str) -> VerifierKey:
    """Parse a vkey text.

    Raises:
        KeyTrustError: malformed, of another signature type, with a key id that is not
            its own, or a key that must not be trusted (KEY-1, KEY-2).
    """
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    try:
        content = decode_base64(encoded)
    except IntegrityError as error:
        message = f"verifier key: {error}"
        raise KeyTrustError(message) from None
    if not _NAME.match(name) or content[:1] != ED25519 or len(content) != 33:
        message = "verifier key: expected name+hash+base64 of an Ed25519 key"
        raise KeyTrustError(message)
    check_public_key(content[1:])
    key = VerifierKey(name, content[1:])
    if key_id != key.key_id.hex():
        message = f"verifier key: expected key id {key.key_id.hex()}, found {key_id}"
        raise KeyTrustError(message)
    return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line.

    Attributes:
        name: the key's name.
        key_id: 4 bytes; with the name it points at a key.
        signature: the bytes after the key id, 64 for Ed25519.
    """

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A parsed note; nothing in it is verified.

    Attributes:
        text: the signed bytes, final newline included.
        signatures: its signature lines, in order.
    """

    text: bytes
    signatures: tuple[Signature, ...]


def format_line(line: Signature) -> bytes:
    """One signature line, newline included."""
    encoded = base64.b64encode(line.key_id + line.signature).decode()
    return f"{_MARK}{line.name} {encoded}\n".encode()


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """The signature line of an Ed25519 key, newline included."""
    return format_line(Signature(key.name, key.key_id, signature)).decode()


def parse_note(content: bytes) -> Note:
    """Split a note into its text and its signature lines.

    Raises:
        IntegrityError: the note is too long or malformed (C2SP signed-note, "Format").
    """
    if len(content) > NOTE_BYTES_MAX:
        message = f"note: expected at most {NOTE_BYTES_MAX} bytes, found {len(content)}"
        raise IntegrityError(message)
    try:
        decoded = content.decode("utf-8")
    except UnicodeDecodeError:
        message = "note is not UTF-8"
        raise IntegrityError(message) from None
    if _CONTROL.search(decoded):
        message = "note holds a control character"
        raise IntegrityError(message)
    text, separator, lines = decoded.rpartition("\n\n")
    if not separator or not lines.endswith("\n"):
        message = "note has no signature lines after an empty line"
        raise IntegrityError(message)
    found = lines[:-1].split("\n")
    if len(found) > SIGNATURES_MAX:
        message = f"note has more than {SIGNATURES_MAX} signature lines"
        raise IntegrityError(message)
    return Note(f"{text}\n".encode(), tuple(_parse_line(line) for line in found))


def _parse_line(line: str) -> Signature:
    """Parse one signature line without its newline."""
    match = _LINE.match(line)
    if match is None:
        message = "note has a malformed signature line"
        raise IntegrityError(message)
    content = decode_base64(match[2])
    if len(content) < 5:
        message = "note has a signature line without a signature"
        raise IntegrityError(message)
    return Signature(match[1], content[:4], content[4:])


def check_note(note: Note, keys: list[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Check the signatures of known keys; return the keys that signed.

    Lines of unknown keys are ignored, as C2SP signed-note asks. A known key whose
    signature fails refuses the note as a whole.

    Raises:
        KeyTrustError: a known key's signature fails, or no known key signed.
    """
    known = {(key.name, key.key_id): key for key in keys}
    signed: list[VerifierKey] = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None or key in signed:
            continue
        check_signature(key.public_key, line.signature, note.text)
        signed.append(key)
    if not signed:
        message = "note has no signature of a known key"
        raise KeyTrustError(message)
    return tuple(signed)


def check_exact(note: Note, keys: list[VerifierKey]) -> None:
    """Check that a stored note holds one valid line of each key, in order (SUB-8).

    Raises:
        IntegrityError: a line is missing, unknown, out of order or too many.
        KeyTrustError: a signature does not verify.
    """
    expected = [(key.name, key.key_id) for key in keys]
    found = [(line.name, line.key_id) for line in note.signatures]
    if expected != found:
        message = (
            f"note is not signed by exactly the keys it needs: expected "
            f"{', '.join(key.name for key in keys) or 'none'}, found "
            f"{', '.join(line.name for line in note.signatures)}"
        )
        raise IntegrityError(message)
    for key, line in zip(keys, note.signatures, strict=True):
        check_signature(key.public_key, line.signature, note.text)
