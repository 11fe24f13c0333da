"""Checkpoints: the signed tree head of C2SP tlog-checkpoint (spec, section 7)."""

import base64
import re
from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError
from ledger.format import lines
from ledger.format.note import Note, decode_base64, parse_note

_PATTERN: Final = re.compile(
    rf"{lines.KEY_NAME}\n{lines.DECIMAL}\n([A-Za-z0-9+/]{{43}}=)\n".encode()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How large the tree was, and its root.

    Attributes:
        origin: name of the log.
        size: how many entries, at least 1.
        root: 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def encode(self) -> bytes:
        """The note text, final newline included."""
        root = base64.b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n".encode()


def parse_checkpoint(content: bytes) -> tuple[Checkpoint, Note]:
    """Parse a checkpoint note; its signature is not checked here.

    Raises:
        IntegrityError: the note or its three lines are malformed (CHK-1, CHK-2).
    """
    note = parse_note(content)
    match = _PATTERN.fullmatch(note.text)
    if match is None:
        message = "checkpoint is not the three lines of its format"
        raise IntegrityError(message)
    size = lines.decimal(match[2], what="checkpoint size")
    if size == 0:
        message = "checkpoint covers no entry"
        raise IntegrityError(message)
    root = decode_base64(match[3].decode())
    return Checkpoint(origin=match[1].decode(), size=size, root=root), note
