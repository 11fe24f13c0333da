"""Keys of records: any one subject's erasure makes the record unreadable.

A record's keys are derived from the keys of all its subjects together; a record without
subjects has a key of its own. Nothing else can open its text or check its commitment.
"""

import hmac
import os
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.errors import IntegrityError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""AES-256-GCM's nonce (NIST SP 800-38D, section 8.2)."""


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is encrypted and committed of one record.

    Attributes:
        id: the owner's own id.
        text: what is trained on.
        url: where it was copied from; empty where nowhere public.
        licence: what the owner stated.
    """

    id: str
    text: str
    url: str
    licence: str


def derive(keys: Sequence[bytes], record_id: str, purpose: str) -> bytes:
    """One record's key for one purpose.

    HKDF-SHA-256 (RFC 5869) over all keys of the record's subjects, in the order of
    their ids, with the purpose and the record id as info.

    Raises:
        ValueError: no key, or one of another size.
    """
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        message = f"record keys: expected one or more of {KEY_BYTES} bytes"
        raise ValueError(message)
    info = f"tuneledger/{purpose}/v1\n{record_id}".encode()
    derived = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info)
    return derived.derive(b"".join(keys))


def commitment(keys: Sequence[bytes], record_id: str, content: bytes) -> str:
    """HMAC-SHA-256 of the record under its own key, hex (RFC 2104).

    Without the keys it says nothing about the content, not even to somebody who
    guesses it.
    """
    key = derive(keys, record_id, "commitment")
    return hmac.digest(key, content, "sha256").hex()


def seal(
    keys: Sequence[bytes],
    record_id: str,
    content: bytes,
    *,
    context: str,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> bytes:
    """Encrypt a record: nonce || AES-256-GCM, bound to its id and `context`."""
    nonce = random_bytes(NONCE_BYTES)
    cipher = AESGCM(derive(keys, record_id, "blob"))
    return nonce + cipher.encrypt(nonce, content, f"{context}\n{record_id}".encode())


def unseal(
    keys: Sequence[bytes], record_id: str, sealed: bytes, *, context: str
) -> bytes:
    """Undo `seal`.

    Raises:
        IntegrityError: the blob is not that record's, or was altered.
    """
    cipher = AESGCM(derive(keys, record_id, "blob"))
    aad = f"{context}\n{record_id}".encode()
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except (InvalidTag, ValueError):
        message = f"record {record_id}: its file was altered or is another record's"
        raise IntegrityError(message) from None
