"""Streams of submissions: counters, links and ends (SUB-5, SUB-9)."""

from dataclasses import dataclass, field
from hashlib import sha256

from verifier.findings import Code, Violation
from verifier.format.submission import Submission
from verifier.format.wire import ZERO_HASH
from verifier.schema.lines import Event

STREAMS_MAX = 100_000


@dataclass(slots=True)
class _Head:
    count: int
    text_hash: bytes
    lost: int


@dataclass(slots=True)
class Streams:
    """The head of every stream after some entry.

    Attributes:
        lost: how many submissions could not be read so far; a gap of that size
            in a stream is theirs, and not reported again.
    """

    lost: int = 0
    abandoned: dict[str, int] = field(default_factory=dict)
    _heads: dict[str, _Head] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._heads)

    def append(self, submission: Submission) -> None:
        """Check a submission's place in its stream, and move the head.

        Raises:
            Violation: SUB-5 or SUB-9; after a gap the head is moved all the same.
        """
        if submission.stream in self.abandoned:
            raise Violation(
                Code.STREAM_CLOSED,
                "SUB-9",
                expected="nothing after the stream was abandoned",
                found=f"{submission.stream} {submission.counter}",
            )
        head = self._heads.get(submission.stream)
        if head is None:
            if len(self._heads) >= STREAMS_MAX:
                raise Violation(
                    Code.OVER_LIMIT,
                    "SUB-5",
                    expected=f"at most {STREAMS_MAX} streams",
                    found=submission.stream,
                )
            head = self._heads[submission.stream] = _Head(0, ZERO_HASH, 0)
        missing = submission.counter - head.count
        expected = (head.count, head.text_hash)
        excused = 0 < missing <= self.lost - head.lost
        if missing >= 0:
            head.count = submission.counter + 1
            head.text_hash = sha256(submission.note.text).digest()
            head.lost = self.lost
        found = (submission.counter, submission.previous)
        if found != expected and not excused:
            raise Violation(
                Code.STREAM_GAP if missing > 0 else Code.STREAM_ORDER,
                "SUB-5",
                expected=f"counter {expected[0]}, previous {expected[1].hex()}",
                found=f"counter {found[0]}, previous {found[1].hex()}",
            )

    def abandon(self, event: Event) -> None:
        """Apply `keys.stream_abandoned.v1`.

        Raises:
            Violation: SUB-9: another number of submissions than the ledger holds.
        """
        stream, said = event["stream"].decode(), int(event["submissions"])
        head = self._heads.get(stream)
        count, lost_before = (head.count, head.lost) if head else (0, 0)
        if said != count and not 0 < said - count <= self.lost - lost_before:
            raise Violation(
                Code.STREAM_CLOSED,
                "SUB-9",
                expected=f"the {count} submissions of {stream} in the ledger",
                found=said,
            )
        self.abandoned[stream] = said
