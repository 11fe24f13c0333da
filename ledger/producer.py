"""A producer: signs events by itself, keeps them in its spool, and waits or goes on.

    with Producer.open("acme/", stream="ingest/worker-3") as producer:
        producer.append(events)  # signed and durable, with or without the ledger
        receipts = producer.flush()  # and now in the ledger

Signing needs the stream's key, the log's name and genesis, and the stream's head, which
the spool remembers. So a producer works on while the ledger cannot be reached or
another process keeps it locked; what it spooled goes in with the next drain.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger import sealing, submission
from ledger.drops import Drops, Reason
from ledger.errors import (
    ConflictError,
    InputError,
    KeyTrustError,
    LockedError,
    NotALedgerError,
    SpoolFullError,
    StorageError,
)
from ledger.events import Event, families_of
from ledger.files import disk_errors, sync_folder
from ledger.group import Receipt
from ledger.log import WAIT_SECONDS, Ledger, system_clock_ms
from ledger.room import Limits, Room
from ledger.sealing import Head
from ledger.signers import Signer
from ledger.spool import SPOOL_FOLDER, Spool, Spooled
from ledger.stream_head import find_head, spooled_head
from ledger.stream_key import StreamKey
from ledger.waiting import wait_until_empty


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


class Producer:
    """The one writer of a stream."""

    def __init__(
        self,
        folder: Path,
        spool: Spool,
        *,
        signer: Signer | None,
        limits: Limits,
        passphrase: bytes | None,
        clock_ms: Callable[[], int],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Use `open`."""
        self._folder = folder
        self._spool = spool
        self._key = StreamKey(
            spool, folder / "keys", given=signer, passphrase=passphrase
        )
        self._limits = limits
        self._room = Room(spool, limits)
        self._passphrase = passphrase
        self._clock_ms = clock_ms
        self._random_bytes = random_bytes
        self._mutex = threading.RLock()
        self._pid = os.getpid()
        self._resources = contextlib.ExitStack()
        self._ledger: Ledger | None = None
        self._drops = Drops(spool.folder / "dropped")

    @classmethod
    def open(
        cls,
        workspace: str | Path,
        *,
        stream: str,
        signer: Signer | None = None,
        limits: Limits | None = None,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> "Producer":
        """Be the one producer of `stream` until closed.

        Args:
            workspace: the folder that holds or held the ledger, and its spools.
            stream: a name below a granted prefix, such as `ingest/worker-3`.
            signer: the stream's key; the one in `keys/` by default.
            limits: how much to spool, and what to do beyond.
            passphrase: opens key files.
            clock_ms: the time now, Unix milliseconds.
            random_bytes: makes salts.

        Raises:
            ConflictError: the spool and the ledger contradict each other.
            InputError: no name of a stream that may be spooled.
            IntegrityError: the ledger's entries do not follow from each other.
            KeyTrustError: drops are to be counted, but the key may not say so.
            LockedError: another process writes this stream, or kept the ledger.
            NotALedgerError: the folder is missing; or the stream is new here and the
                ledger, which would know its head, cannot be read.
            ReadOnlyError: the ledger lacks what it had taken from this spool.
            StorageError: the disk refused the write.
        """
        folder = Path(workspace)
        if not folder.is_dir():
            message = f"{folder} is no workspace: no such folder"
            raise NotALedgerError(message)
        spool = Spool(folder / SPOOL_FOLDER, stream)
        spool.create()
        producer = cls(
            folder,
            spool,
            signer=signer,
            limits=limits or Limits(),
            passphrase=passphrase,
            clock_ms=clock_ms,
            random_bytes=random_bytes,
        )
        try:
            producer._begin()
        except BaseException:
            producer.close()
            raise
        return producer

    def _begin(self) -> None:
        """Take the stream, and find where it goes on."""
        self._resources.enter_context(self._spool.lock())
        self._spool.remove_temporaries()
        self._spool.check_whole()
        ledger = None
        with contextlib.suppress(NotALedgerError, StorageError):
            ledger = self._reach()
        self._start = find_head(self._spool, ledger)
        self._head: Head | None = self._start
        waiting = self._spool.waiting()
        self._unflushed = waiting[0] if waiting else self._start.counter
        if self._limits.when_full == "count":
            self._signer_for({"spool"})
            self._drops.prepare()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the stream go; what is spooled stays until the next drain."""
        with self._mutex:
            self._resources.close()
            self._ledger = None

    @property
    def waiting(self) -> int:
        """How many submissions are spooled and not known to be in the ledger."""
        return len(self._spool.waiting())

    def append(self, events: Sequence[Event]) -> Ticket | None:
        """Sign 1 to 1024 events and spool them; durable on return.

        Returns:
            The ticket, or None where there was no room and the drop was counted.

        Raises:
            ConflictError: submissions of this stream were cut off.
            InputError: an event breaks its schema, a limit is passed, or the stream
                cannot carry these events.
            KeyTrustError: the stream's key is missing or may not sign these families.
            SpoolFullError: there is no room, and drops are not to be counted.
            StorageError: the disk refused the write, and drops are not to be counted;
                or it cannot be known whether it did: then the submission may go in.
        """
        with self._mutex:
            self._check_usable()
            self._signer_for(families_of(events))
            event_lines = sealing.encode_lines(events, self._random_bytes)
            counter = self._next().counter
            try:
                said, event_lines = self._with_drops(events, event_lines)
                counter = self._next().counter
                return self._put(event_lines, self._signer_for(families_of(said)))
            except (SpoolFullError, StorageError) as error:
                is_known = self._next().counter == counter
                if self._limits.when_full == "refuse" or not is_known:
                    raise
                is_full = isinstance(error, SpoolFullError)
                reason: Reason = "spool_full" if is_full else "disk_full"
                self._drops.add(len(events), reason, before=counter)
                return None

    def count_dropped(self, events: int) -> None:
        """Say that the caller lost events before they could be appended.

        Args:
            events: how many, at least 1.

        Raises:
            KeyTrustError: the stream's key may not sign the family `spool`.
        """
        with self._mutex:
            self._check_usable()
            self._signer_for({"spool"})
            self._drops.add(events, "producer_error", before=self._next().counter)

    def flush(self, *, wait_seconds: float = WAIT_SECONDS) -> list[Receipt]:
        """Wait until everything spooled is in the ledger.

        Returns:
            The receipts of what was appended since the last flush, in order.

        Raises:
            ConflictError: submissions of this stream are lost or can never go in.
            GapError: a submission of this stream is missing from the spool.
            KeyTrustError: the stream's or the log's key is missing or retired.
            LockedError: another writer kept the lock.
            NotALedgerError: the ledger cannot be reached.
            StorageError: the disk refused the write.
            On every error what is spooled stays spooled, and the message says so.
        """
        with self._mutex:
            self._check_usable()
            with contextlib.suppress(SpoolFullError, StorageError):
                self._report_drops()
            try:
                ledger = self._reach()
                until = time.monotonic() + wait_seconds
                wait_until_empty(self._spool, ledger, self._key, until=until)
            except (
                KeyTrustError,
                LockedError,
                NotALedgerError,
                StorageError,
            ) as error:
                message = (
                    f"{error}; {self.waiting} submissions of stream "
                    f"{self._spool.stream} stay spooled"
                )
                raise type(error)(message) from None
            self._spool.check_whole()
            counters = range(self._unflushed, self._next().counter)
            receipts = ledger.receipts(self._spool.stream, counters)
            if len(receipts) != len(counters):
                message = (
                    f"stream {self._spool.stream}: {len(counters) - len(receipts)} "
                    "submissions are neither spooled nor in the ledger"
                )
                raise ConflictError(message)
            self._unflushed = counters.stop
            return receipts

    def _put(self, event_lines: list[bytes], signer: Signer) -> Ticket:
        """Sign the next submission of the stream and spool it."""
        text = self._next().next_text(
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

    def _next(self) -> Head:
        """Where the stream goes on, found again after a write that failed."""
        if self._head is None:
            with disk_errors(self._spool.folder.name):
                sync_folder(self._spool.folder)
            found = spooled_head(self._spool) or self._start
            self._head = max(found, self._start, key=lambda head: head.counter)
        return self._head

    def _with_drops(
        self, events: Sequence[Event], event_lines: list[bytes]
    ) -> tuple[Sequence[Event], list[bytes]]:
        """The events after what was dropped, in one submission where it fits."""
        drops = self._drops.report(before=self._next().counter)
        if not drops:
            return events, event_lines
        both = sealing.encode_lines(drops, self._random_bytes) + event_lines
        try:
            submission.check_limits(both)
        except InputError:
            self._report_drops()
            return events, event_lines
        return [*drops, *events], both

    def _report_drops(self) -> None:
        """Put what was dropped into the stream as a submission of its own."""
        events = self._drops.report(before=self._next().counter)
        if events:
            event_lines = sealing.encode_lines(events, self._random_bytes)
            self._put(event_lines, self._signer_for(families_of(events)))

    def _signer_for(self, families: set[str]) -> Signer:
        return self._key.find(families, self._ledger)

    def _reach(self) -> Ledger:
        """The ledger, opened when it is first reached."""
        if self._ledger is None:
            self._ledger = self._resources.enter_context(
                Ledger.open(
                    self._folder,
                    passphrase=self._passphrase,
                    clock_ms=self._clock_ms,
                    random_bytes=self._random_bytes,
                )
            )
        return self._ledger

    def _check_usable(self) -> None:
        """Refuse what would sign a counter twice.

        Raises:
            ConflictError: submissions of this stream were cut off.
            LockedError: this object was copied into another process by a fork.
        """
        if os.getpid() != self._pid:
            raise LockedError(self._spool.refusal)
        self._spool.check_whole()
