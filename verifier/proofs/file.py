"""Reads a proof file and tells what it is, by its first bytes and its format."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from verifier.bundle.files import UnreadableError
from verifier.bundle.json_files import Reader
from verifier.given import open_regular
from verifier.proofs.findings import ProofCode
from verifier.proofs.tlog import HEADER

PROOF_BYTES_MAX = 33_554_432
"""Longest proof file, 32 MiB (PRF-1)."""

TOKENS_MAX = 64
TOKEN_BYTES_MAX = 65_535
"""Most time stamps in a file, and the longest (PRF-9, ANC-4)."""


class Kind(StrEnum):
    """What `check` can judge."""

    RECEIPT = "receipt"
    DISCLOSURE = "disclosure"
    PAIR = "checkpoint-pair"
    TLOG_PROOF = "tlog-proof"


FORMATS = {
    f"tuneledger/{kind}/v1": kind for kind in (Kind.RECEIPT, Kind.DISCLOSURE, Kind.PAIR)
}


@dataclass(frozen=True, slots=True)
class ProofFile:
    """A proof file's content.

    Attributes:
        kind: what it is.
        content: its bytes.
        value: the JSON object, still untaken; None for a tlog-proof.
    """

    kind: Kind
    content: bytes
    value: Any


def read_bytes(path: Path, limit: int = PROOF_BYTES_MAX) -> bytes:
    """Return the content of a regular file.

    Raises:
        UnreadableError: no such file, no regular one, or longer than the limit.
    """
    try:
        with open_regular(path) as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise UnreadableError(error.strerror or "not readable") from None
    if len(content) > limit:
        message = f"longer than {limit} bytes"
        raise UnreadableError(message)
    return content


def read_proof(content: bytes) -> ProofFile:
    """Tell what a file is; a JSON file is read, its values are not.

    Raises:
        UnreadableError: the bytes are no proof at all.
        BundleViolation: PRF-2: malformed JSON, or another spelling.
    """
    if content.startswith(HEADER):
        return ProofFile(Kind.TLOG_PROOF, content, None)
    if not content.startswith(b"{"):
        raise UnreadableError("neither a proof file nor a tlog-proof")
    value = reader("file").parse(content)
    kind = FORMATS.get(str(value.get("format")))
    if kind is None:
        raise UnreadableError("JSON of another format than those of docs/proofs.md")
    return ProofFile(kind, content, value)


def reader(where: str) -> Reader:
    """Take values by the shapes of docs/proofs.md."""
    return Reader(ProofCode.MALFORMED, "PRF-2", where=where)


def take_tokens(read: Reader, value: Any) -> tuple[bytes, ...]:
    """Take the list `timestamps`, which may be empty (PRF-9).

    Raises:
        BundleViolation: another shape, too many, too long, or one twice.
    """
    if not isinstance(value, list) or len(value) > TOKENS_MAX:
        read.refuse(f"a list of at most {TOKENS_MAX} time stamps", type(value).__name__)
    tokens = tuple(map(read.base64, value))
    if any(not 1 <= len(token) <= TOKEN_BYTES_MAX for token in tokens):
        read.refuse(f"tokens of 1 to {TOKEN_BYTES_MAX} bytes", "another length")
    if len(set(tokens)) != len(tokens):
        read.refuse("each token once", "one twice")
    return tokens
