"""A run of a trainer outside of this program: its key, its stream and its spool.

The ledger is needed when the run begins, to certify the run's key and to find what it
goes on from. From then on every event is signed by that key and fsynced in the run's
spool; it enters the ledger when that is free. So a ledger that is locked or away stops
no training, and what is spooled is not lost when the training is killed.
"""

import contextlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ledger.errors import (
    ErasedError,
    InputError,
    LockedError,
    StorageError,
    TuneledgerError,
)
from ledger.events import Event
from ledger.events.training import RunFailed, RunFinished, StepsMetered
from ledger.log.ledger import Ledger
from ledger.log.projector import project
from ledger.projections.compute import ComputeState
from ledger.projections.serving import why_gone
from ledger.spool.spool import SPOOL_FOLDER, Spool
from ledger.streams.producer import Producer
from ledger.training.run_keys import TRAIN, begin_run, end_run, run_stream
from ledger.workspace.corpus import EvidenceFolder

_SHORT_WAIT_SECONDS = 2.0
"""How long a run's end waits for another writer before it leaves its spool to it."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a run goes on from.

    Attributes:
        run_id: the failed run; empty for none.
        sha256: the snapshot of it; empty for none.
    """

    run_id: str = ""
    sha256: str = ""


class OutsideRun:
    """The one writer of a run's stream."""

    def __init__(self, producer: Producer, spool: Spool) -> None:
        """Use `outside_run`."""
        self._producer = producer
        self._spool = spool
        self._next = self._counter()
        self._batches = 0
        self._is_lost = False
        self.is_over = False

    def emit(self, events: Sequence[Event]) -> None:
        """Sign and spool events, all or none; durable on return.

        The number of batches that a failure states is the one that was spooled, for an
        interrupt may fall between a write and its producer's counting of it.

        Raises:
            InputError: an event breaks its schema or a limit, or the run is over.
            KeyTrustError: the run's key ended.
            StorageError: the disk refused the write.
            SpoolFullError: the ledger was away for too long.
        """
        if self.is_over:
            message = "the run is over: expected nothing after its last event"
            raise InputError(message)
        if self._is_lost:
            message = "it cannot be known what of the run was spooled; nothing more is"
            raise StorageError(message)
        counted = [
            msgspec.structs.replace(event, batches=self._batches)
            if isinstance(event, RunFailed)
            else event
            for event in events
        ]
        try:
            self._producer.append(counted)
        except BaseException as error:
            is_written = self._is_written()
            if is_written:
                self._take(counted)
            if not (is_written and isinstance(error, TuneledgerError)):
                raise
        else:
            self._take(counted)
        with contextlib.suppress(TuneledgerError):  # it stays spooled
            self._producer.flush(wait_seconds=0)

    def close(self) -> None:
        """Let the stream go; the spool of a run that is over and stored is removed."""
        is_stored = False
        if self.is_over:
            with contextlib.suppress(TuneledgerError):
                self._producer.flush(wait_seconds=_SHORT_WAIT_SECONDS)
                is_stored = True
        self._producer.close()
        if is_stored:
            shutil.rmtree(self._spool.folder, ignore_errors=True)

    @property
    def waiting(self) -> int:
        """Submissions that are spooled and not known to be in the ledger."""
        return self._producer.waiting

    def _counter(self) -> int:
        """The counter of the next submission, as the spool shows it."""
        newest = self._spool.head()
        return 0 if newest is None else newest.text.counter + 1

    def _is_written(self) -> bool:
        """Whether the submission that failed lies in the spool all the same."""
        try:
            return self._counter() > self._next
        except TuneledgerError:
            self._is_lost = True
            return False

    def _take(self, events: Sequence[Event]) -> None:
        self._next += 1
        self._batches += sum(isinstance(event, StepsMetered) for event in events)
        self.is_over = any(isinstance(one, RunFinished | RunFailed) for one in events)


@contextlib.contextmanager
def outside_run(
    folder: Path,
    run_id: str,
    *,
    evidence: Sequence[bytes],
    resumes: str,
    resumes_from: str,
    base_sha256: str,
    passphrase: bytes | None,
    clock_ms: Callable[[], int],
    random_bytes: Callable[[int], bytes],
) -> Iterator[tuple[OutsideRun, Resumed]]:
    """Begin a run that another trainer makes, and hold its stream.

    Args:
        folder: the workspace.
        run_id: the run, not yet on record.
        evidence: documents to keep.
        resumes: a run that it goes on from; empty for none.
        resumes_from: the snapshot of that run; empty for its last one.
        base_sha256: what both start from; empty where from scratch.
        passphrase: opens the trainer's key.
        clock_ms: the time now, Unix milliseconds.
        random_bytes: makes the run's key, and salts.

    Raises:
        ErasedError: the base, or what is resumed, saw a record that was erased.
        InputError: the run cannot be resumed.
        KeyTrustError: the trainer's key is missing.
        LockedError: another process writes the ledger, or records the resumed run.
        NotALedgerError: the folder is no workspace.
        StorageError: the disk refused the write.
    """
    with contextlib.ExitStack() as stack:
        with Ledger.open(
            folder, passphrase=passphrase, clock_ms=clock_ms, random_bytes=random_bytes
        ) as ledger:
            resumed = Resumed()
            _check_base(ledger, base_sha256)
            if resumes:
                _keep_for_one(stack, ledger, folder, resumes)
                resumed = _resume(ledger, resumes, resumes_from, base_sha256)
            begin_run(ledger, run_id, random_bytes=random_bytes)
            stream = run_stream(ledger, run_id)
            signer = ledger.stream_signer(stream, {"training"})
            end_run(ledger, run_id)  # from here on the producer alone holds the key
        producer = Producer.open(
            folder,
            stream=stream,
            signer=signer,
            passphrase=passphrase,
            clock_ms=clock_ms,
            random_bytes=random_bytes,
        )
        run = OutsideRun(producer, Spool(folder / SPOOL_FOLDER, stream))
        stack.callback(run.close)
        # Durable before the first event, which names it, and not before the run can
        # have one: what no event names would lie there for good.
        kept = EvidenceFolder(folder / "evidence")
        for content in evidence:
            kept.put(content)
        yield run, resumed


def _check_base(ledger: Ledger, base_sha256: str) -> None:
    """Refuse to go on from what saw an erased record.

    Raises:
        ErasedError: the base did, or was deleted.
    """
    condemned = why_gone(project(ledger)["erasures"], base_sha256, None)
    if base_sha256 and condemned is not None:
        message = f"base cannot be trained from: {condemned.text}"
        raise ErasedError(message)


def is_recorded_now(folder: Path, run_id: str) -> bool:
    """Whether a process is recording this run."""
    return Spool(folder / SPOOL_FOLDER, f"{TRAIN}/{run_id}").is_locked()


def drain_all(ledger: Ledger) -> None:
    """Append everything that is spooled.

    Raises:
        LockedError: another writer kept the lock.
        StorageError: the disk refused the write.
    """
    while ledger.drain().is_full:
        pass


def _keep_for_one(
    stack: contextlib.ExitStack, ledger: Ledger, folder: Path, run_id: str
) -> None:
    """Let nobody else go on from a run until the new one is over.

    Its start is spooled after this; two of them would break the ledger (XEV-25).
    """
    if is_recorded_now(folder, run_id):
        message = f"run {run_id}: another process is recording it; end that first"
        raise LockedError(message)
    drain_all(ledger)  # what the killed process had spooled
    if run_id not in project(ledger)["compute"].runs:
        message = f"resumes: expected a run of this ledger, found {run_id}"
        raise InputError(message)
    spool = Spool(folder / SPOOL_FOLDER, f"{TRAIN}/{run_id}")
    spool.create()
    stack.enter_context(spool.lock())
    drain_all(ledger)  # and whoever went on from it just now


def _resume(ledger: Ledger, run_id: str, snapshot: str, base_sha256: str) -> Resumed:
    """Close the run that was killed, and find the snapshot to go on from.

    Raises:
        ErasedError: the snapshot saw a record that was erased since.
        InputError: the run is not one to go on from, or not from there.
    """
    states = project(ledger)
    compute: ComputeState = states["compute"]
    run = compute.runs[run_id]
    if run.is_sharded or run.status == "finished":
        what = "of shards" if run.is_sharded else "that finished"
        message = f"run {run_id}: expected a run that was cut off, found one {what}"
        raise InputError(message)
    if run.base.sha256 != base_sha256:
        message = (
            f"run {run_id}: expected base {run.base.sha256 or 'none'}, as it started "
            f"from, found {base_sha256 or 'none'}"
        )
        raise InputError(message)
    if run.resumed_by:
        message = f"run {run_id}: run {run.resumed_by} goes on from it already"
        raise InputError(message)
    found = snapshot or next(reversed(run.snapshots), "")
    if found not in run.snapshots:
        message = (
            f"run {run_id}: expected the digest of one of its "
            f"{len(run.snapshots)} snapshots, found {found[:16] or 'none'}; a run "
            "without snapshots is not resumed but started again"
        )
        raise InputError(message)
    condemned = why_gone(states["erasures"], found, None)
    if condemned is not None:
        message = f"run {run_id} cannot be resumed: {condemned.text}; start it again"
        raise ErasedError(message)
    if run.status == "open":
        # The run's own key died with its process; the trainer's may write this.
        failed = RunFailed(run_id=run_id, reason="killed", batches=run.batches)
        ledger.append([failed], stream=TRAIN)
    return Resumed(run_id, found)
