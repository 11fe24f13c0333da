"""What comes next in a stream: signed, spooled, and after what had to be dropped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.disk.files import disk_errors, sync_folder
from ledger.errors import InputError, SpoolFullError, StorageError
from ledger.events import Event, families_of
from ledger.format import sealing, submission
from ledger.format.sealing import Head
from ledger.format.signers import Signer
from ledger.spool.read import Spooled
from ledger.spool.spool import Spool
from ledger.streams.drops import Drops, Reason
from ledger.streams.head import spooled_head
from ledger.streams.room import Limits, Room

SignerFor = Callable[[set[str]], Signer]
"""The key that signs these families in the stream, now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A submission that is signed and durable, and not yet known to be in the ledger.

    Attributes:
        stream: its stream.
        counter: its place there.
        text_hash: hex SHA-256 of the signed text.
    """

    stream: str
    counter: int
    text_hash: str


class StreamWriter:
    """Signs and spools the submissions of one stream, for one thread at a time."""

    def __init__(
        self,
        spool: Spool,
        start: Head,
        *,
        signer_for: SignerFor,
        limits: Limits,
        clock_ms: Callable[[], int],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Go on from `start`; only under the spool's lock.

        Args:
            spool: the stream's spool.
            start: where the stream goes on.
            signer_for: finds the key; asked before each submission.
            limits: how much to spool, and what to do beyond.
            clock_ms: the time now, Unix milliseconds.
            random_bytes: makes salts.

        Raises:
            KeyTrustError: drops are to be counted, but the key may not say so.
            StorageError: the disk refused the write.
        """
        self._spool = spool
        self._start = start
        self._head: Head | None = start
        self._signer_for = signer_for
        self._limits = limits
        self._room = Room(spool, limits)
        self._drops = Drops(spool.folder / "dropped")
        self._clock_ms = clock_ms
        self._random_bytes = random_bytes
        if limits.when_full == "count":
            signer_for({"spool"})
            self._drops.prepare()

    def head(self) -> Head:
        """Where the stream goes on, found again after a write that failed.

        Raises:
            StorageError: that cannot be known now.
        """
        if self._head is None:
            with disk_errors(self._spool.folder.name):
                sync_folder(self._spool.folder)
            found = spooled_head(self._spool) or self._start
            self._head = max(found, self._start, key=lambda head: head.counter)
        return self._head

    def append(self, events: Sequence[Event]) -> Ticket | None:
        """Sign and spool events, or count them; see `Producer.append`."""
        self._signer_for(families_of(events))
        event_lines = sealing.encode_lines(events, self._random_bytes)
        counter = self.head().counter
        try:
            said, event_lines = self._with_drops(events, event_lines)
            counter = self.head().counter
            return self._put(event_lines, self._signer_for(families_of(said)))
        except (SpoolFullError, StorageError) as error:
            is_known = self.head().counter == counter
            if self._limits.when_full == "refuse" or not is_known:
                raise
            is_full = isinstance(error, SpoolFullError)
            reason: Reason = "spool_full" if is_full else "disk_full"
            self._drops.add(len(events), reason, before=counter)
            return None

    def count_dropped(self, events: int) -> None:
        """Count events that the caller lost; see `Producer.count_dropped`."""
        self._signer_for({"spool"})
        self._drops.add(events, "producer_error", before=self.head().counter)

    def report_drops(self) -> None:
        """Put what was dropped into the stream as a submission of its own.

        Raises:
            KeyTrustError: the stream's key may not sign the family `spool`.
            SpoolFullError: there is no room.
            StorageError: the disk refused the write.
        """
        events = self._drops.report(before=self.head().counter)
        if events:
            event_lines = sealing.encode_lines(events, self._random_bytes)
            self._put(event_lines, self._signer_for(families_of(events)))

    def _with_drops(
        self, events: Sequence[Event], event_lines: list[bytes]
    ) -> tuple[Sequence[Event], list[bytes]]:
        """The events after what was dropped, in one submission where it fits."""
        drops = self._drops.report(before=self.head().counter)
        if not drops:
            return events, event_lines
        both = sealing.encode_lines(drops, self._random_bytes) + event_lines
        try:
            submission.check_limits(both)
        except InputError:
            self.report_drops()
            return events, event_lines
        return [*drops, *events], both

    def _put(self, event_lines: list[bytes], signer: Signer) -> Ticket:
        """Sign the next submission of the stream and spool it."""
        text = self.head().next_text(
            self._spool.stream, event_lines, claimed_at_ms=self._clock_ms()
        )
        spooled = Spooled(text, sealing.sign(text, [signer]), event_lines)
        self._room.take(len(spooled.encode()))
        # Where the write fails it may lie there all the same, or be in the ledger soon:
        # the counter is free only where the folder says so.
        self._head = None
        self._spool.put(spooled)
        self._head = Head.after(text)
        return Ticket(
            stream=text.stream, counter=text.counter, text_hash=self._head.previous
        )
