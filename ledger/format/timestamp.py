"""RFC 3161 time stamps: what is asked for, and what a reply must say to be stored.

A time-stamping authority signs that a hash existed at a time. What is stamped is the
stored checkpoint note, log signature included. Whether the authority is to be believed
is the reader's decision, so its certificate is not checked here.

Source: RFC 3161, sections 2.4.1 and 2.4.2
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ledger.errors import InputError, IntegrityError

TOKEN_BYTES_MAX: Final = 65_535
"""Longest stored reply (ANC-4)."""

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_GRANTED: Final = 0
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Query:
    """A request to a time-stamping authority.

    Attributes:
        content: DER `TimeStampReq`.
        nonce: the number that must come back, or None where none was asked for.
    """

    content: bytes
    nonce: int | None


def _library() -> Any:
    """The ASN.1 reader, an extra: everything else works without it."""
    try:
        import rfc3161_client  # noqa: PLC0415
    except ModuleNotFoundError:
        message = "time stamps need the extra: pip install 'tuneledger[timestamps]'"
        raise InputError(message) from None
    return rfc3161_client


def make_query(note: bytes, *, nonce: bool = True) -> Query:
    """Ask for a stamp on the SHA-256 of a checkpoint note.

    Args:
        note: the stored note.
        nonce: ask for a random number to come back, which shows that a reply is fresh.

    Raises:
        InputError: the extra `timestamps` is missing.
    """
    library = _library()
    builder = library.TimestampRequestBuilder(
        data=note, hash_algorithm=library.HashAlgorithm.SHA256, nonce=nonce
    )
    request = builder.build()
    return Query(bytes(request.as_bytes()), request.nonce)


def check_reply(token: bytes, note: bytes, *, query: Query | None = None) -> int:
    """Check that a DER `TimeStampResp` stamps this checkpoint note.

    Args:
        token: the reply.
        note: the stored note.
        query: the request that it answers, where it is at hand; its nonce must come
            back.

    Returns:
        The authority's time, Unix milliseconds, which nobody has authenticated yet.

    Raises:
        InputError: the extra `timestamps` is missing.
        IntegrityError: malformed, not granted, or over something else.
    """
    info = _granted(token)
    imprint = info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256:
        message = "time stamp: expected an imprint by SHA-256"
        raise IntegrityError(message)
    expected = hashlib.sha256(note).digest()
    if imprint.message != expected:
        message = (
            "time stamp is over something else: expected the imprint "
            f"{expected.hex()[:16]}…, found {imprint.message.hex()[:16]}…"
        )
        raise IntegrityError(message)
    if query is not None and info.nonce != query.nonce:
        message = "time stamp does not answer this request: the nonce differs"
        raise IntegrityError(message)
    at: datetime = info.gen_time
    return (at - _EPOCH) // timedelta(milliseconds=1)


def imprint_of(token: bytes) -> bytes:
    """The hash that a reply stamps; says nothing about the reply's worth.

    Raises:
        InputError: the extra `timestamps` is missing.
        IntegrityError: malformed, or not granted.
    """
    return bytes(_granted(token).message_imprint.message)


def _granted(token: bytes) -> Any:
    """What a reply states, where the authority granted it."""
    library = _library()
    if len(token) > TOKEN_BYTES_MAX:
        message = (
            f"time stamp: expected at most {TOKEN_BYTES_MAX} bytes, found {len(token)}"
        )
        raise IntegrityError(message)
    try:
        reply = library.decode_timestamp_response(token)
        if reply.status == _GRANTED:
            return reply.tst_info
    except ValueError:
        message = "time stamp: not a DER TimeStampResp"
        raise IntegrityError(message) from None
    message = f"time stamp: expected status 0 (granted), found {reply.status}"
    raise IntegrityError(message)
