"""Where a training outside meets the ledger: a run on record, from start to end.

    with record_run("acme/", facts) as run:
        loop = run.loop()
        ...
        run.finish("out/")

A module of the composition, as `producers.wiring` is.
"""

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from ledger.errors import InputError, TuneledgerError
from ledger.events import encode_event
from ledger.events.training import RunFailed
from ledger.training.outside import OutsideRun, outside_run
from ledger.training.whereabouts import note_place
from producers.metering.record import RunRecord
from producers.ports import ClockMs, RandomBytes
from producers.recording.facts import RunFacts, started
from producers.recording.recorder import RunRecorder
from producers.recording.weights import weights_sha256
from producers.training.failure import failure_on_record

__all__ = ["RunFacts", "RunRecorder", "record_run", "weights_sha256"]

_LOG: Final = logging.getLogger(__name__)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextlib.contextmanager
def record_run(
    folder: Path | str,
    facts: RunFacts,
    *,
    resumes: str = "",
    resumes_from: Path | str = "",
    strict: bool = False,
    passphrase: bytes | None = None,
    clock_ms: ClockMs = _now_ms,
    random_bytes: RandomBytes = os.urandom,
) -> Iterator[RunRecorder]:
    """Record a training that another loop runs.

    What is wrong at the start is raised, before anything is trained. From then on the
    ledger may be locked or away, and nothing is raised unless `strict`. The body is to
    call `finish`; without it, or where it raises, the run is recorded as failed.

    Args:
        folder: the workspace.
        facts: what is trained, and on what.
        resumes: a run that was cut off, which this one goes on from. One that was
            killed is closed first.
        resumes_from: the snapshot that is gone on from, as file, folder or digest; the
            last one of that run by default.
        strict: whether what cannot be recorded is raised into the training.
        passphrase: opens the trainer's key.
        clock_ms: the time now, Unix milliseconds.
        random_bytes: makes ids, the run's key and salts.

    Raises:
        ErasedError: the base, or what is resumed, saw a record that was erased.
        InputError: a fact breaks its form, the configuration holds a secret by its
            name, or the run cannot be resumed.
        KeyTrustError: the trainer's key is missing.
        LockedError: another process kept the ledger, or records the resumed run.
        NotALedgerError: the folder is no workspace.
        StorageError: the disk refused the write.
    """
    if resumes_from and not resumes:
        message = "resumes_from: expected the run that saved it in resumes, found none"
        raise InputError(message)
    run_id = random_bytes(16).hex()
    # A fact that no event can hold is refused before anything is on record.
    encode_event(started(facts, run_id, resumes="", resumed_from=""), salt="0" * 24)
    with outside_run(
        Path(folder),
        run_id,
        evidence=facts.evidence(),
        resumes=resumes,
        resumes_from=weights_sha256(resumes_from) if resumes_from else "",
        base_sha256=facts.base_sha256,
        passphrase=passphrase,
        clock_ms=clock_ms,
        random_bytes=random_bytes,
    ) as (outside, resumed):
        first = started(
            facts, run_id, resumes=resumed.run_id, resumed_from=resumed.sha256
        )
        outside.emit([first])
        record = RunRecord(
            run_id=run_id, plans=[], emit=outside.emit, clock_ms=clock_ms
        )
        run = RunRecorder(
            run_id=run_id,
            record=record,
            emit=outside.emit,
            note_place=partial(note_place, Path(folder).absolute()),
            resumed_from=resumed.sha256,
            strict=strict,
        )
        with _until_its_end(run, record, outside):
            if resumed.sha256:
                # So a kill before another is saved leaves something to go on from.
                run.snapshot(resumed.sha256)
            yield run


@contextlib.contextmanager
def _until_its_end(
    run: RunRecorder, record: RunRecord, outside: OutsideRun
) -> Iterator[None]:
    """Put on record how a run ends that its body does not finish."""
    with failure_on_record(run.run_id, record, outside.emit):
        try:
            yield
        finally:
            run.give_up()
    if not run.is_over:
        _LOG.warning("run %s: ended without finish: recorded as failed", run.run_id)
        failed = RunFailed(run_id=run.run_id, reason="error", batches=record.batches)
        with contextlib.suppress(TuneledgerError):
            outside.emit([failed])
