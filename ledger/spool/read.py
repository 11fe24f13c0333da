"""What a spool file holds: one signed submission with its event lines."""

from dataclasses import dataclass
from typing import Final

from ledger.errors import IntegrityError
from ledger.format import submission
from ledger.format.note import NOTE_BYTES_MAX
from ledger.format.submission import SubmissionText

FILE_BYTES_MAX: Final = NOTE_BYTES_MAX + 1 + submission.EVENT_BYTES_MAX
"""Longest spool file: the note, an empty line and the event lines."""


@dataclass(frozen=True, slots=True)
class Spooled:
    """One signed submission in a spool file.

    Attributes:
        text: the nine lines that were signed.
        note: the signed note over them.
        event_lines: the event lines, without newlines.
    """

    text: SubmissionText
    note: bytes
    event_lines: list[bytes]

    def encode(self) -> bytes:
        """The file's bytes: the note, an empty line, the event lines."""
        return self.note + b"\n" + submission.join_lines(self.event_lines)


def parse_spooled(content: bytes) -> Spooled:
    """Parse a spool file; the signature in it is not checked here.

    Raises:
        InputError: a limit on submissions is passed.
        IntegrityError: the file is malformed, or its lines are not those signed.
    """
    if len(content) > FILE_BYTES_MAX:
        message = f"spool file: expected at most {FILE_BYTES_MAX} bytes"
        raise IntegrityError(message)
    parts = content.split(b"\n\n", 2)
    if len(parts) != 3:
        message = "spool file: expected a signed note, an empty line and event lines"
        raise IntegrityError(message)
    note = parts[0] + b"\n\n" + parts[1] + b"\n"
    text, _ = submission.parse_submission(note)
    event_lines = submission.split_lines(parts[2])
    submission.check_lines(text, event_lines)
    return Spooled(text, note, event_lines)
