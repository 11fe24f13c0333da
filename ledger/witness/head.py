"""The tree head in any log's checkpoint, as a witness has to read it.

Wider than `ledger.format.checkpoint`, which reads our own logs: any origin, an empty
tree, and extension lines, which are cosigned but not judged.

Source: https://c2sp.org/tlog-checkpoint, "Note text"
"""

import re
from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError
from ledger.format.note import Note, decode_base64, parse_note

SIZE_MAX: Final = 2**63 - 1
"""Largest tree size read; no log comes near it."""

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_LINES_MIN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How large a log's tree was, and its root.

    Attributes:
        origin: the log.
        size: how many entries; 0 for an empty tree.
        root: 32 bytes.
    """

    origin: str
    size: int
    root: bytes


def parse_size(text: str) -> int:
    """A tree size in its one spelling.

    Raises:
        IntegrityError: not a decimal without leading zeros up to 2^63 - 1.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > SIZE_MAX:
        message = f"tree size: expected a decimal up to {SIZE_MAX}"
        raise IntegrityError(message)
    return int(text)


def parse_hash(text: str) -> bytes:
    """A 32-byte hash in base64, in its one spelling.

    Raises:
        IntegrityError: anything else.
    """
    content = decode_base64(text)
    if len(content) != 32:
        message = f"hash: expected 32 bytes, found {len(content)}"
        raise IntegrityError(message)
    return content


def parse_head(content: bytes) -> tuple[Head, Note]:
    """Parse a checkpoint note; no signature is checked here.

    Raises:
        IntegrityError: the note or one of its lines is malformed.
    """
    note = parse_note(content)
    lines = note.text.decode().removesuffix("\n").split("\n")
    if len(lines) < _LINES_MIN or not all(lines):
        message = "checkpoint: expected three or more lines, none of them empty"
        raise IntegrityError(message)
    origin, size, root = lines[:_LINES_MIN]
    return Head(origin=origin, size=parse_size(size), root=parse_hash(root)), note
