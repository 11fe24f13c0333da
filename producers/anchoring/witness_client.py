"""The log's side of C2SP tlog-witness: ask a witness for its cosignature.

The first request names the size that we believe the witness saw last. Where it saw
another, it answers with that size, and is asked once more with the proof from there.

Source: https://c2sp.org/tlog-witness, "add-checkpoint"
"""

import hashlib
import re
from collections.abc import Callable
from typing import Final

from ledger.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    KeyTrustError,
    TuneledgerError,
)
from producers.anchoring.http import Answer, exchange

TREE_SIZE: Final = "text/x.tlog.size"
"""Content type of a 409 that says what the witness saw last."""

_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")
_SHOWN_CHARS: Final = 120

MakeRequest = Callable[[int], bytes]
"""The request body from an old size; raises InputError where there was no such tree."""


class WitnessForkError(IntegrityError):
    """The witness holds another history of this log than we do."""


def submit(url: str, make_request: MakeRequest, *, old_size: int, size: int) -> bytes:
    """Ask the witness at `url` to cosign one checkpoint.

    Args:
        url: the witness's submission prefix.
        make_request: the body for an old size.
        old_size: what the witness saw last, as far as we know; 0 if we do not.
        size: the checkpoint's size.

    Returns:
        The answer's signature lines, to be verified by the caller.

    Raises:
        ConflictError: the witness saw a larger tree.
        InputError: the witness cannot be reached, or finds the request malformed.
        KeyTrustError: the witness does not know this log or its key.
        WitnessForkError: the witness holds another history.
    """
    answer = _ask(url, make_request(min(old_size, size)))
    if answer.status == 409:
        answer = _ask(url, make_request(_seen_size(answer, size)))
    if answer.status == 200:
        return answer.body
    raise _refusal(answer)


def latest(url: str, origin: str) -> bytes | None:
    """The checkpoint that the witness at `url` cosigned last; None where it shows none.

    Raises:
        InputError: the witness cannot be reached.
    """
    name = hashlib.sha256(origin.encode()).hexdigest()
    answer = exchange("GET", f"{url.rstrip('/')}/{name}/checkpoint")
    return answer.body if answer.status == 200 else None


def _ask(url: str, body: bytes) -> Answer:
    return exchange("POST", f"{url.rstrip('/')}/add-checkpoint", body=body)


def _seen_size(answer: Answer, size: int) -> int:
    """What the witness saw last, from its 409.

    Raises:
        ConflictError: a tree larger than ours.
        WitnessForkError: a 409 without a size: another root at this very size
            (tlog-witness before v1.1.0).
    """
    found = _SIZE.fullmatch(answer.body)
    if answer.content_type != TREE_SIZE or found is None:
        raise _refusal(answer)
    seen = int(found[1])
    if seen > size:
        message = (
            f"the witness cosigned size {seen} of this log, above this checkpoint's "
            f"{size}: it is an old one, or this ledger was rolled back"
        )
        raise ConflictError(message)
    return seen


def _refusal(answer: Answer) -> TuneledgerError:
    """The error for a status code of the specification."""
    text = answer.body[:_SHOWN_CHARS].decode("ascii", "replace")
    said = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    message = f"the witness refused with status {answer.status}: {said}"
    match answer.status:
        case 403 | 404:
            return KeyTrustError(message)
        case 409 if answer.content_type == TREE_SIZE:
            return ConflictError(message)
        case 409 | 422:
            return WitnessForkError(message)
        case _:
            return InputError(message)
