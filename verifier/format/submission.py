"""The signed header of 1 to 1024 events: docs/spec.md, section 5."""

from dataclasses import dataclass

from verifier.findings import Code, Violation
from verifier.format.note import Note, NoteError, parse_note
from verifier.format.wire import LineReader

EVENTS_MAX = 1024
EVENTS_BYTES_MAX = 1_048_576
ROOT_STREAM = "root"


@dataclass(frozen=True, slots=True)
class Submission:
    """The nine lines of a submission, and the note that holds them."""

    origin: str
    genesis: bytes
    stream: str
    counter: int
    previous: bytes
    events: int
    events_root: bytes
    claimed_at_ms: int
    note: Note


def parse_submission(data: bytes) -> Submission:
    """Read a submission note; check no signature.

    Raises:
        Violation: SUB-1 or the note is malformed.
    """
    try:
        note = parse_note(data)
    except NoteError as error:
        raise Violation(
            Code.SUBMISSION_MALFORMED, "SUB-1", expected="a signed note", found=error
        ) from None
    lines = LineReader(note.text, code=Code.SUBMISSION_MALFORMED, rule="SUB-1")
    lines.literal(b"tuneledger/submission/v1")
    submission = Submission(
        origin=lines.key_name("origin"),
        genesis=lines.hash("genesis"),
        stream=lines.stream("stream"),
        counter=lines.decimal("counter"),
        previous=lines.hash("previous"),
        events=lines.decimal("events"),
        events_root=lines.hash("events_root"),
        claimed_at_ms=lines.decimal("claimed_at_ms"),
        note=note,
    )
    lines.end()
    if not 1 <= submission.events <= EVENTS_MAX:
        raise Violation(
            Code.SUBMISSION_MALFORMED,
            "SUB-1",
            expected=f"1 to {EVENTS_MAX} events",
            found=submission.events,
        )
    return submission
