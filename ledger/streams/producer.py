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
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.errors import (
    ConflictError,
    KeyTrustError,
    LockedError,
    NotALedgerError,
    SpoolFullError,
    StorageError,
)
from ledger.events import Event
from ledger.format.signers import Signer
from ledger.log.group import Receipt
from ledger.log.ledger import WAIT_SECONDS, Ledger, system_clock_ms
from ledger.spool.spool import SPOOL_FOLDER, Spool
from ledger.streams.head import find_head
from ledger.streams.key import StreamKey
from ledger.streams.room import Limits
from ledger.streams.waiting import wait_until_empty
from ledger.streams.writer import StreamWriter, Ticket


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
        self._passphrase = passphrase
        self._clock_ms = clock_ms
        self._random_bytes = random_bytes
        self._mutex = threading.RLock()
        self._pid = os.getpid()
        self._resources = contextlib.ExitStack()
        self._ledger: Ledger | None = None

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
        start = find_head(self._spool, ledger)
        waiting = self._spool.waiting()
        self._unflushed = waiting[0] if waiting else start.counter
        self._writer = StreamWriter(
            self._spool,
            start,
            signer_for=lambda families: self._key.find(families, self._ledger),
            limits=self._limits,
            clock_ms=self._clock_ms,
            random_bytes=self._random_bytes,
        )

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
        """Let the stream go; what is spooled stays until the next drain.

        A copy in a forked process lets nothing go: its parent still writes.
        """
        if os.getpid() != self._pid:
            return  # SQLite's connections must not be used across a fork
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
            return self._writer.append(events)

    def count_dropped(self, events: int) -> None:
        """Say that the caller lost events before they could be appended.

        Args:
            events: how many, at least 1.

        Raises:
            KeyTrustError: the stream's key may not sign the family `spool`.
        """
        with self._mutex:
            self._check_usable()
            self._writer.count_dropped(events)

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
            On every error what is spooled stays spooled.
        """
        with self._mutex:
            self._check_usable()
            with contextlib.suppress(SpoolFullError, StorageError):
                self._writer.report_drops()
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
            counters = range(self._unflushed, self._writer.head().counter)
            receipts = ledger.receipts(self._spool.stream, counters)
            if len(receipts) != len(counters):
                message = (
                    f"stream {self._spool.stream}: {len(counters) - len(receipts)} "
                    "submissions are neither spooled nor in the ledger"
                )
                raise ConflictError(message)
            self._unflushed = counters.stop
            return receipts

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
