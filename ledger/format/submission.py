"""Submissions: what a producer signs (docs/spec.md, section 5).

One signature covers 1 to 1024 events through the root over their lines, so every event
is signed, and a receipt for one of them shows none of the others. A producer needs
neither the database nor the log key: it can spool through an outage and send again.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError, IntegrityError
from ledger.format import lines, tree
from ledger.format.note import Note, parse_note

EVENTS_MAX: Final = 1024
"""Most events in a submission."""

EVENT_BYTES_MAX: Final = 1_048_576
"""Most bytes of event lines in a submission, newlines included (SUB-3)."""

ROOT_STREAM: Final = "root"
"""The stream of key events, signed by root (SUB-7)."""

_PATTERN: Final = lines.header_pattern(
    "tuneledger/submission/v1",
    {
        "origin": lines.KEY_NAME,
        "genesis": lines.HASH,
        "stream": lines.STREAM,
        "counter": lines.DECIMAL,
        "previous": lines.HASH,
        "events": lines.DECIMAL,
        "events_root": lines.HASH,
        "claimed_at_ms": lines.DECIMAL,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionText:
    """The nine lines that are signed.

    Attributes:
        origin: name of the log.
        genesis: hex SHA-256 of submission 0's text; zeros in submission 0.
        stream: the producer's stream.
        counter: how many submissions of this stream came before.
        previous: hex SHA-256 of the stream's previous text; zeros for counter 0.
        events: how many events, 1 .. 1024.
        events_root: hex RFC 6962 root over the event lines.
        claimed_at_ms: the producer's clock, Unix milliseconds; a claim.
    """

    origin: str
    genesis: str
    stream: str
    counter: int
    previous: str
    events: int
    events_root: str
    claimed_at_ms: int

    def encode(self) -> bytes:
        """The note text, final newline included."""
        return (
            "tuneledger/submission/v1\n"
            f"origin {self.origin}\n"
            f"genesis {self.genesis}\n"
            f"stream {self.stream}\n"
            f"counter {self.counter}\n"
            f"previous {self.previous}\n"
            f"events {self.events}\n"
            f"events_root {self.events_root}\n"
            f"claimed_at_ms {self.claimed_at_ms}\n"
        ).encode()


def text_hash(text: bytes) -> str:
    """Hex SHA-256 of a note text, without its signature lines."""
    return hashlib.sha256(text).hexdigest()


def events_root(event_lines: Sequence[bytes]) -> str:
    """Hex root over event lines without their newlines (SUB-4)."""
    return tree.root_hash([tree.leaf_hash(line) for line in event_lines]).hex()


def check_limits(event_lines: Sequence[bytes]) -> None:
    """Refuse a batch that no submission may hold (SUB-3).

    Raises:
        InputError: no event, too many, or too many bytes.
    """
    if not 1 <= len(event_lines) <= EVENTS_MAX:
        message = (
            f"submission: expected 1 to {EVENTS_MAX} events, found {len(event_lines)}"
        )
        raise InputError(message)
    size = sum(len(line) + 1 for line in event_lines)
    if size > EVENT_BYTES_MAX:
        message = (
            f"submission: expected at most {EVENT_BYTES_MAX} bytes of events, "
            f"found {size}"
        )
        raise InputError(message)


def check_lines(text: SubmissionText, event_lines: Sequence[bytes]) -> None:
    """Check that event lines are within the limits and those that were signed (SUB-4).

    Raises:
        InputError: a limit is passed.
        IntegrityError: another number of lines, or others.
    """
    check_limits(event_lines)
    found = (len(event_lines), events_root(event_lines))
    if found != (text.events, text.events_root):
        message = "submission: the event lines are not those that were signed"
        raise IntegrityError(message)


def join_lines(event_lines: Sequence[bytes]) -> bytes:
    """Event lines as they are stored: each followed by a newline (STO-3)."""
    return b"".join(line + b"\n" for line in event_lines)


def split_lines(stored: bytes) -> list[bytes]:
    """Undo `join_lines`.

    Raises:
        IntegrityError: the last line has no newline.
    """
    if not stored.endswith(b"\n"):
        message = "event lines do not end in a newline"
        raise IntegrityError(message)
    return stored[:-1].split(b"\n")


def parse_submission(content: bytes) -> tuple[SubmissionText, Note]:
    """Parse a submission note; its signatures are not checked here.

    Raises:
        IntegrityError: the note or its nine lines are malformed (SUB-1).
    """
    note = parse_note(content)
    match = _PATTERN.fullmatch(note.text)
    if match is None:
        message = "submission is not the nine lines of its format"
        raise IntegrityError(message)
    origin, genesis, stream, counter, previous, count, root, claimed = match.groups()
    text = SubmissionText(
        origin=origin.decode(),
        genesis=genesis.decode(),
        stream=stream.decode(),
        counter=lines.decimal(counter, what="counter"),
        previous=previous.decode(),
        events=lines.decimal(count, what="events"),
        events_root=root.decode(),
        claimed_at_ms=lines.decimal(claimed, what="claimed_at_ms"),
    )
    if not 1 <= text.events <= EVENTS_MAX:
        message = f"submission: expected 1 to {EVENTS_MAX} events, found {text.events}"
        raise IntegrityError(message)
    return text, note
