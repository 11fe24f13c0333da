"""Checkpoints: a signed size and root.  Source: https://c2sp.org/tlog-checkpoint."""

import re
from dataclasses import dataclass

from verifier.findings import Code, Violation
from verifier.format.note import Note, NoteError, parse_note
from verifier.format.wire import INT_MAX, decode_base64

CHECKPOINT_BYTES_MAX = 1024

_TEXT = re.compile(rb"([^\n]+)\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says, and the note that says it."""

    origin: str
    size: int
    root: bytes
    note: Note


def parse_checkpoint(data: bytes) -> Checkpoint:
    """Read a checkpoint of exactly three text lines; check no signature.

    Raises:
        Violation: CHK-1.
    """
    try:
        note = parse_note(data)
    except NoteError as error:
        raise _malformed("a signed note", str(error)) from None
    match = _TEXT.fullmatch(note.text)
    if match is None or int(match[2]) > INT_MAX:
        raise _malformed("three lines: origin, size, root", note.text)
    try:
        root = decode_base64(match[3])
    except ValueError:
        raise _malformed("a root in canonical base64", match[3]) from None
    return Checkpoint(match[1].decode(), int(match[2]), root, note)


def _malformed(expected: str, found: object) -> Violation:
    return Violation(Code.CHECKPOINT_MALFORMED, "CHK-1", expected=expected, found=found)
