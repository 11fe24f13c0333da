"""DSSE envelopes: a payload with its type, signed as one.

Source: DSSE v1.0.2, protocol.md and envelope.md (secure-systems-lab/dsse).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from verifier.bundle.findings import BundleCode
from verifier.bundle.json_files import Reader
from verifier.format import ed25519
from verifier.format.note import VerifierKey
from verifier.format.strict_json import parse_json

SIGNATURES_MAX = 16


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature of an envelope, not yet checked.

    Attributes:
        keyid: a hint, which nobody signed; "" where there is none.
        sig: the signature's bytes.
    """

    keyid: str
    sig: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of an envelope; `payload` is not parsed."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed.

    "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body; LEN counts bytes, in decimal.

    Source: DSSE v1.0.2, protocol.md, "Signature Definition".
    """
    kind = payload_type.encode("utf-8")
    parts = (b"DSSEv1", b"%d" % len(kind), kind, b"%d" % len(payload), payload)
    return b" ".join(parts)


def parse_envelope(content: bytes, *, where: str) -> Envelope:
    """Read an envelope; check no signature.

    Unknown fields are ignored, as DSSE asks. Base64 has its one spelling here (CON-1),
    and the URL-safe alphabet that DSSE also allows is refused.

    Raises:
        BundleViolation: not JSON, a field is missing or misshapen, or no signature.
    """
    reader = Reader(BundleCode.STATEMENT_MALFORMED, "BUN-14", where=where)
    try:
        value = parse_json(content)
    except ValueError as error:
        reader.refuse("a JSON object", error)
    if not isinstance(value, dict):
        reader.refuse("a JSON object", type(value).__name__)
    signatures = reader.array(value.get("signatures"), at_most=SIGNATURES_MAX)
    return Envelope(
        payload_type=reader.text(value.get("payloadType")),
        payload=reader.base64(value.get("payload")),
        signatures=tuple(_signature(reader, item) for item in signatures),
    )


def signers(envelope: Envelope, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
    """Return the keys that signed, each once; the key ids choose nothing.

    Keys are told apart by their bytes, so that one key under two names counts once.
    """
    message = pae(envelope.payload_type, envelope.payload)
    distinct = {key.public_key: key for key in keys}
    return [
        key
        for key in distinct.values()
        if any(
            ed25519.is_valid(key.public_key, signature.sig, message)
            for signature in envelope.signatures
        )
    ]


def _signature(reader: Reader, value: object) -> Signature:
    if not isinstance(value, dict):
        reader.refuse("a signature object", type(value).__name__)
    keyid = reader.text(value.get("keyid", ""))
    return Signature(keyid, reader.base64(value.get("sig")))
