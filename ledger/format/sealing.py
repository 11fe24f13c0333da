"""From events to a signed submission: the half of an append that needs no ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.events import Event, encode_event
from ledger.format import submission
from ledger.format.signers import Signer
from ledger.format.submission import SubmissionText

SALT_BYTES: Final = 12
"""96 random bits in every event (EVT-7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the next submission of a stream continues.

    Attributes:
        origin: name of the log.
        genesis: hex hash of submission 0's text.
        counter: counter of the next submission.
        previous: hex hash of the newest one's text; zeros for counter 0.
    """

    origin: str
    genesis: str
    counter: int
    previous: str

    @classmethod
    def after(cls, text: SubmissionText) -> "Head":
        """The head that a submission leaves behind."""
        return cls(
            origin=text.origin,
            genesis=text.genesis,
            counter=text.counter + 1,
            previous=submission.text_hash(text.encode()),
        )

    def next_text(
        self, stream: str, event_lines: Sequence[bytes], *, claimed_at_ms: int
    ) -> SubmissionText:
        """The text over these lines that continues `stream` from here."""
        return SubmissionText(
            origin=self.origin,
            genesis=self.genesis,
            stream=stream,
            counter=self.counter,
            previous=self.previous,
            events=len(event_lines),
            events_root=submission.events_root(event_lines),
            claimed_at_ms=claimed_at_ms,
        )


def encode_lines(
    events: Sequence[Event], random_bytes: Callable[[int], bytes]
) -> list[bytes]:
    """Event lines with new salts, within the limits of a submission.

    Raises:
        InputError: an event breaks its schema, or a limit is passed.
    """
    salts = random_bytes(SALT_BYTES * len(events)).hex()
    width = 2 * SALT_BYTES
    event_lines = [
        encode_event(event, salt=salts[width * place : width * (place + 1)])
        for place, event in enumerate(events)
    ]
    submission.check_limits(event_lines)
    return event_lines


def sign(text: SubmissionText, signers: Sequence[Signer]) -> bytes:
    """The signed note over `text`, one signature line a signer, in order."""
    encoded = text.encode()
    return encoded + b"\n" + b"".join(signer.note_line(encoded) for signer in signers)
