"""Signed notes: a text, an empty line and signature lines.

    example.org/acme
    8
    q3Ww...

    — example.org/acme Zf01...

A signature line is an em dash, a space, the key's name, a space and the base64 of
the 4-byte key id and the signature.  Source: https://c2sp.org/signed-note.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from verifier.findings import shown
from verifier.format import ed25519
from verifier.format.wire import KEY_NAME, decode_base64

NOTE_BYTES_MAX = 65_535
SIGNATURES_MAX = 64

_ED25519 = b"\x01"
_DASH = "— ".encode()
_NAME_FORBIDDEN = re.compile(r"[\s+]")
_KEY_NAME = re.compile(KEY_NAME)
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """A note or a key text is malformed, or a signature does not hold."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named Ed25519 public key."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || 0x0A || 0x01 || public key) (KEY-3)."""
        material = self.name.encode() + b"\n" + _ED25519 + self.public_key
        return sha256(material).digest()[:4]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line.

    Attributes:
        name: the key's name.
        key_id: its id.
        blob: the signature.
        holds_under: a public key under which a worker process found that the
            signature of this note holds; empty where nobody checked.
    """

    name: str
    key_id: bytes
    blob: bytes
    holds_under: bytes = b""


@dataclass(frozen=True, slots=True)
class Note:
    """The parts of a note; `text` ends with the newline before the empty line."""

    text: bytes
    signatures: tuple[Signature, ...]


def parse_vkey(text: str) -> VerifierKey:
    """Read `name+hex(key id)+base64(0x01 || public key)`.

    Raises:
        NoteError: malformed, another algorithm, or a wrong key id.
        Violation: the key breaks KEY-1 or KEY-2.
    """
    name, _, rest = text.partition("+")
    key_hash, _, encoded = rest.partition("+")
    if not _KEY_NAME.fullmatch(name):
        raise NoteError("a verifier key's name is not one of KEY-4")
    try:
        material = decode_base64(encoded.encode())
    except ValueError:
        raise NoteError("a verifier key's base64 is malformed") from None
    if len(material) != 33 or material[:1] != _ED25519:
        raise NoteError("a verifier key is not of type Ed25519 (0x01)")
    key = VerifierKey(name, material[1:])
    if key_hash != key.key_id.hex():
        message = f"a verifier key's id is {key.key_id.hex()}, not {shown(key_hash)}"
        raise NoteError(message)
    ed25519.check_public_key(key.public_key)
    return key


def parse_note(data: bytes) -> Note:
    """Split a note; check its shape, but no signature.

    Raises:
        NoteError: not UTF-8, a control character, no signature, or a line in the
            signature block that is none.
    """
    if len(data) > NOTE_BYTES_MAX:
        raise NoteError("the note is too long")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8") from None
    if _CONTROL.search(data):
        raise NoteError("the note holds a control character")
    text, separator, block = data.rpartition(b"\n\n")
    if not separator or not block.endswith(b"\n"):
        raise NoteError("the note has no block of signature lines")
    lines = block[:-1].split(b"\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError("the note has too many signature lines")
    return Note(text + b"\n", tuple(map(_parse_signature, lines)))


def open_note(data: bytes, keys: Iterable[VerifierKey]) -> tuple[bytes, list[str]]:
    """Return the text and the names of the known keys that signed it.

    Lines of unknown keys are ignored, as the specification asks.

    Raises:
        NoteError: malformed; a known key's signature does not hold; or none of the
            known keys signed.
    """
    known = {(key.name, key.key_id): key for key in keys}
    note = parse_note(data)
    signed: list[str] = []
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not ed25519.is_valid(key.public_key, signature.blob, note.text):
            message = f"the signature of {shown(key.name)} does not hold"
            raise NoteError(message)
        if key.name not in signed:
            signed.append(key.name)
    if not signed:
        raise NoteError("no known key signed the note")
    return note.text, signed


def signed_by_exactly(note: Note, keys: Sequence[VerifierKey]) -> str:
    """Return why the note is not signed by exactly these keys in order, or "".

    A stored note holds no other line: whoever could add one could make two files
    of one history.
    """
    if len(note.signatures) != len(keys):
        return f"{len(note.signatures)} signature lines"
    for signature, key in zip(note.signatures, keys, strict=True):
        if (signature.name, signature.key_id) != (key.name, key.key_id):
            return f"a line of {shown(signature.name)} {signature.key_id.hex()}"
        if signature.holds_under == key.public_key:
            continue
        if not ed25519.is_valid(key.public_key, signature.blob, note.text):
            return "a signature that does not hold"
    return ""


def _parse_signature(line: bytes) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(b" ")
    if not line.startswith(_DASH) or not encoded:
        raise NoteError("a signature line is malformed")
    _check_name(name.decode())
    try:
        blob = decode_base64(encoded)
    except ValueError:
        raise NoteError("a signature's base64 is malformed") from None
    if len(blob) < 5:
        raise NoteError("a signature is too short")
    return Signature(name.decode(), blob[:4], blob[4:])


def _check_name(name: str) -> None:
    if not name or _NAME_FORBIDDEN.search(name):
        raise NoteError("a key name is empty or holds a space or a plus")
