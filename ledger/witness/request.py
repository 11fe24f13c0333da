"""The body of an add-checkpoint request: an old size, a proof, and a checkpoint.

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO...

Source: https://c2sp.org/tlog-witness, "add-checkpoint"
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError
from ledger.format.note import NOTE_BYTES_MAX, Note
from ledger.witness.head import Head, parse_hash, parse_head, parse_size
from ledger.witness.refusal import RefusalError

PROOF_HASHES_MAX: Final = 63
"""Most consistency proof lines of a request."""

REQUEST_BYTES_MAX: Final = NOTE_BYTES_MAX + 4096
"""Longest body read: the longest note, and 64 lines of at most 45 bytes before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A parsed request; nothing in it is verified.

    Attributes:
        old_size: the size that the log believes the witness saw last.
        proof: the consistency proof from there, 32 bytes a hash.
        head: the checkpoint's origin, size and root.
        note: the checkpoint's text and signature lines.
    """

    old_size: int
    proof: tuple[bytes, ...]
    head: Head
    note: Note


def write_request(old_size: int, proof: Sequence[bytes], checkpoint: bytes) -> bytes:
    """The body that asks for a cosignature of `checkpoint`, a signed note."""
    hashes = [base64.b64encode(one).decode() for one in proof]
    header = "".join(f"{line}\n" for line in (f"old {old_size}", *hashes, ""))
    return header.encode() + checkpoint


def parse_request(body: bytes) -> Request:
    """Parse a request body, strictly.

    Raises:
        RefusalError: 400, too long or malformed.
    """
    try:
        return _parse(body)
    except IntegrityError as error:
        raise RefusalError(400, f"request: {error}") from None


def _parse(body: bytes) -> Request:
    if len(body) > REQUEST_BYTES_MAX:
        message = f"expected at most {REQUEST_BYTES_MAX} bytes, found {len(body)}"
        raise IntegrityError(message)
    header, separator, checkpoint = body.partition(b"\n\n")
    first, *hashes = header.decode("ascii", "replace").split("\n")
    if not separator or not first.startswith("old "):
        message = "expected `old SIZE`, hashes, an empty line and a checkpoint"
        raise IntegrityError(message)
    if len(hashes) > PROOF_HASHES_MAX:
        message = f"expected at most {PROOF_HASHES_MAX} hashes, found {len(hashes)}"
        raise IntegrityError(message)
    old_size = parse_size(first.removeprefix("old "))
    proof = tuple(parse_hash(line) for line in hashes)
    head, note = parse_head(checkpoint)
    return Request(old_size=old_size, proof=proof, head=head, note=note)
