"""The container of C2SP tlog-proof: an index, hashes and a checkpoint.

    c2sp.org/tlog-proof@v1
    index 7
    q3Ww...

    example.org/acme
    ...

Source: https://c2sp.org/tlog-proof.
"""

import re
from dataclasses import dataclass

from verifier.findings import shown
from verifier.format.wire import INT_MAX, decode_base64

HEADER = b"c2sp.org/tlog-proof@v1\n"
TLOG_PROOF_BYTES_MAX = 131_072
"""Longest proof read: the longest note, 63 hashes, and as much extra data."""

HASHES_MAX = 63
"""Most hashes on a path of a tree below 2^63 leaves (RFC 6962, section 2.1.1)."""

_INDEX = re.compile(rb"index (0|[1-9][0-9]{0,15})")


class TlogProofError(ValueError):
    """The text is no tlog-proof."""


@dataclass(frozen=True, slots=True)
class TlogProof:
    """The parts of a proof; nothing in it is checked.

    Attributes:
        index: the entry's place in the log.
        hashes: the audit path, leaf to root.
        checkpoint: the note, verbatim.
        extra: the optional data, which nobody signs; None where there is none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None


def parse_tlog_proof(data: bytes) -> TlogProof:
    """Take a proof apart.

    Raises:
        TlogProofError: it is malformed, or past a limit.
    """
    if len(data) > TLOG_PROOF_BYTES_MAX:
        raise TlogProofError("the proof is too long")
    head, separator, checkpoint = data.partition(b"\n\n")
    lines = head.split(b"\n")
    if lines.pop(0) + b"\n" != HEADER or not separator:
        raise TlogProofError("no header of a tlog-proof, or no empty line")
    extra = None
    if lines and lines[0].startswith(b"extra "):
        extra = _base64(lines.pop(0).removeprefix(b"extra "))
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if match is None or int(match[1]) > INT_MAX:
        raise TlogProofError("no line 'index' with a decimal below 2^53")
    if len(lines) > HASHES_MAX:
        raise TlogProofError("the path is too long")
    hashes = tuple(map(_base64, lines))
    if any(len(item) != 32 for item in hashes):
        raise TlogProofError("a hash is not 32 bytes")
    return TlogProof(int(match[1]), hashes, checkpoint, extra)


def _base64(text: bytes) -> bytes:
    try:
        return decode_base64(text)
    except ValueError:
        message = f"not canonical base64: {shown(text)}"
        raise TlogProofError(message) from None
