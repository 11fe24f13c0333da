"""DSSE: a payload with its type, signed as one (docs/bundle.md, section 5).

Source: DSSE v1.0.2, protocol.md and envelope.md (secure-systems-lab/dsse).
"""

import base64

from ledger.export.canonical import canonical_json
from ledger.format.signers import Signer


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding: what is signed.

    `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`, lengths in bytes as
    decimals.

    Source: DSSE v1.0.2, protocol.md, "Signature Definition".
    """
    encoded = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(encoded), encoded, len(payload), payload)


def sign_envelope(payload_type: str, payload: bytes, key: Signer) -> bytes:
    """The envelope's bytes with one signature; Ed25519 makes them repeatable.

    The key id is the name and key id that a note's signature line would carry. DSSE
    does not sign it: it is a hint for people and tools, never for trust.
    """
    signature = {
        "keyid": f"{key.verifier.name}+{key.verifier.key_id.hex()}",
        "sig": base64.b64encode(key.sign(pae(payload_type, payload))).decode(),
    }
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [signature],
    }
    return canonical_json(envelope)
