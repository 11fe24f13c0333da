"""What a witness says of a checkpoint, in one signature line.

    — witness.example.com/w1 jWbPPwAAAABkGFDL...

The line's blob is the key id, a time and an Ed25519 signature over the time and the
checkpoint's note text.  Source: https://c2sp.org/tlog-cosignature, Ed25519.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn

from verifier.findings import Code, Violation, shown
from verifier.format import ed25519
from verifier.format.note import NoteError
from verifier.format.wire import INT_MAX, decode_base64

COSIGNATURE_BYTES_MAX = 512

_ED25519 = 0x01
_COSIGNATURE = 0x04
_KEY_ID_BYTES = 4
_TIME_BYTES = 8
_SIGNATURE_BYTES = 64
_LINE = re.compile(r"— ([^\s+\x00-\x20]+) ([A-Za-z0-9+/=]+)\n")
_NAME = re.compile(r"[^\s+\x00-\x20]{1,255}")
_HEX_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's public key under the name that its lines carry."""

    name: str
    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """First 4 bytes of SHA-256(name || 0x0A || 0x04 || public key)."""
        return _key_id(self.name, _COSIGNATURE, self.public_key)


@dataclass(frozen=True, slots=True)
class CosignatureLine:
    """A well-formed line, not yet checked.

    Attributes:
        name: the witness's name for itself.
        key_id: of type 0x04.
        time_s: when it was made, Unix seconds, as the line says.
        signature: 64 bytes.
    """

    name: str
    key_id: bytes
    time_s: int
    signature: bytes

    def is_by(self, key: WitnessKey) -> bool:
        """Whether the line says that this key made it."""
        return (self.name, self.key_id) == (key.name, key.key_id)


def parse_witness_vkey(text: str) -> WitnessKey:
    """Read `name+hex(key id)+base64(type || public key)`.

    The type is 0x04. 0x01 is read too, as other tools write it for the same key; lines
    by it carry the key id of type 0x04 in any case.

    Raises:
        NoteError: malformed, another algorithm, or a wrong key id.
        Violation: the key breaks KEY-1 or KEY-2.
    """
    name, _, rest = text.partition("+")
    key_hash, _, encoded = rest.partition("+")
    if not _NAME.fullmatch(name) or not _HEX_ID.fullmatch(key_hash):
        raise NoteError("a witness's key is not name+id+key")
    try:
        material = decode_base64(encoded.encode())
    except ValueError:
        raise NoteError("a witness key's base64 is malformed") from None
    if len(material) != 33 or material[0] not in (_COSIGNATURE, _ED25519):
        raise NoteError("a witness key is not of type Ed25519 cosignature (0x04)")
    kind, key = material[0], WitnessKey(name, material[1:])
    key_id = _key_id(name, kind, key.public_key).hex()
    if key_hash != key_id:
        message = f"a witness key's id is {key_id}, not {key_hash}"
        raise NoteError(message)
    ed25519.check_public_key(key.public_key)
    return key


def parse_line(line: bytes) -> CosignatureLine:
    """Read one line with its newline; check no signature.

    Raises:
        Violation: ANC-3.
    """
    if len(line) > COSIGNATURE_BYTES_MAX:
        _malformed(f"at most {COSIGNATURE_BYTES_MAX} bytes", f"{len(line)} bytes")
    try:
        match = _LINE.fullmatch(line.decode("utf-8"))
        blob = decode_base64(match[2].encode()) if match else b""
    except ValueError:
        match, blob = None, b""
    if match is None:
        _malformed("one signature line", line)
    if len(blob) != _KEY_ID_BYTES + _TIME_BYTES + _SIGNATURE_BYTES:
        _malformed("4 + 8 + 64 bytes in the line", f"{len(blob)} bytes")
    time_s = int.from_bytes(blob[_KEY_ID_BYTES : _KEY_ID_BYTES + _TIME_BYTES], "big")
    if time_s * 1000 > INT_MAX:
        _malformed("a time in Unix seconds", time_s)
    key_id, signature = blob[:_KEY_ID_BYTES], blob[_KEY_ID_BYTES + _TIME_BYTES :]
    return CosignatureLine(match[1], key_id, time_s, signature)


def check_line(line: bytes, text: bytes, witness_key: WitnessKey) -> int:
    """Check a line of a known witness over a checkpoint's note text.

    Returns:
        When it was made, Unix seconds, as the witness says.

    Raises:
        Violation: ANC-3: malformed, of another key, or the signature does not hold.
    """
    parsed = parse_line(line)
    message = f"cosignature/v1\ntime {parsed.time_s}\n".encode() + text
    holds = parsed.is_by(witness_key) and ed25519.is_valid(
        witness_key.public_key, parsed.signature, message
    )
    if not holds:
        raise Violation(
            Code.COSIGNATURE_INVALID,
            "ANC-3",
            expected=f"a cosignature of {shown(witness_key.name)} on this checkpoint",
            found="a signature that does not hold",
        )
    return parsed.time_s


def _key_id(name: str, kind: int, public_key: bytes) -> bytes:
    material = name.encode() + b"\n" + bytes([kind]) + public_key
    return sha256(material).digest()[:_KEY_ID_BYTES]


def _malformed(expected: str, found: object) -> NoReturn:
    raise Violation(Code.ANCHOR_MALFORMED, "ANC-3", expected=expected, found=found)
