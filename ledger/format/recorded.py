"""An event at its place in the ledger."""

from dataclasses import dataclass

from ledger.events import AnyEvent


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event at its place in the ledger.

    Attributes:
        seq: 0-based number of the entry.
        index: 0-based number of the event in its submission.
        recorded_at_ms: the entry's recorded time, Unix milliseconds, UTC.
        event: the event.
    """

    seq: int
    index: int
    recorded_at_ms: int
    event: AnyEvent

    @property
    def event_id(self) -> str:
        """`seq.index`, the name that other events and reports cite."""
        return f"{self.seq}.{self.index}"
