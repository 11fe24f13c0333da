"""A run of somebody else's loop, while it goes on record.

What cannot be recorded never stops a training, unless that was asked for: it is said in
the log, and as a fault of the run, whose end then says `incomplete`.
"""

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ledger.errors import InputError, TuneledgerError
from ledger.events.training_saved import Adapter, SnapshotSaved
from producers.metering.batch import Batch
from producers.metering.integrations.loop import MeteredLoop
from producers.metering.meter import Meter
from producers.metering.record import RunRecord
from producers.ports import Emit
from producers.recording.weights import weights_sha256

_LOG: Final = logging.getLogger(__name__)

NOT_TAKEN: Final = "record_failed"
"""Fault of steps that were counted and not recorded (docs/integrations.md)."""

NO_SNAPSHOT: Final = "snapshot_not_recorded"
"""Fault of a run that saved weights which its record does not name."""


NotePlace = Callable[[str, Path], None]
"""Takes the digest of weights and the file or folder that they lie in."""


class RunRecorder:
    """The record of one run.

    Attributes:
        run_id: the run.
        resumed_from: digest of the snapshot that it goes on from; empty for none.
        is_over: whether its last event is written.
    """

    def __init__(
        self,
        *,
        run_id: str,
        record: RunRecord,
        emit: Emit,
        note_place: NotePlace,
        resumed_from: str = "",
        strict: bool = False,
    ) -> None:
        """Record a run that has started.

        Args:
            run_id: the run.
            record: counts its batches.
            emit: where events go; durable when it returns.
            note_place: told where weights lie, for whoever must delete them one day.
            resumed_from: digest of the snapshot that it goes on from; empty for none.
            strict: whether what cannot be recorded is raised.
        """
        self.run_id = run_id
        self.resumed_from = resumed_from
        self.is_over = False
        self._record = record
        self._emit = emit
        self._note_place = note_place
        self._strict = strict
        self._loops: list[MeteredLoop] = []
        self._faults: set[str] = set()

    def sink(self, batch: Batch) -> None:
        """Record a batch as a whole, or raise and record nothing of it.

        It is what a `MeteredLoop` calls, which keeps what was not taken.

        Raises:
            TuneledgerError: nothing of it was recorded.
        """
        self._check_open()
        self._record.batch(batch)

    def loop(self, **options: Any) -> MeteredLoop:
        """A metered loop that this run records, and asks before it saves or ends.

        Args:
            **options: see `MeteredLoop`, which has `sink` from here.
        """
        options.setdefault("meter", Meter(strict=self._strict))
        loop = MeteredLoop(sink=self.sink, **options)
        self._loops.append(loop)
        return loop

    def snapshot(self, weights: Path | str) -> str:
        """Record weights that the run can be resumed from, after all their steps.

        Call it when they are saved, between two steps. Loops that are not of `loop`
        are flushed first by the caller.

        Args:
            weights: file, folder or digest; see `weights_sha256`.

        Returns:
            The digest; empty where it could not be recorded.

        Raises:
            TuneledgerError: it could not be recorded, and the run is strict.
            OSError: the weights cannot be read, and the run is strict.
        """
        found: list[str] = []

        def save() -> None:
            self._check_open()
            sha256 = weights_sha256(weights)
            self._flush()
            if self._unrecorded():
                message = f"snapshot {sha256[:16]}: steps before it are not recorded"
                raise InputError(message)
            event = SnapshotSaved(
                run_id=self.run_id,
                batches=self._record.batches,
                steps=self._record.steps,
                weights_sha256=sha256,
            )
            self._note(sha256, weights)
            self._emit([event])
            found.append(sha256)

        self._try("snapshot", NO_SNAPSHOT, save)
        return found[0] if found else ""

    def finish(
        self,
        weights: Path | str,
        *,
        memory_peak_bytes: int = 0,
        energy_joules: int = 0,
    ) -> str:
        """Record the end of the run and the weights that result.

        Args:
            weights: file, folder or digest; see `weights_sha256`.
            memory_peak_bytes: of the device; 0 where not measured.
            energy_joules: of the devices; 0 where not measured.

        Returns:
            The digest; empty where the end could not be recorded.

        Raises:
            TuneledgerError: it could not be recorded, and the run is strict.
            OSError: the weights cannot be read, and the run is strict.
        """
        found: list[str] = []

        def end() -> None:
            self._check_open()
            sha256 = weights_sha256(weights)
            for loop in self._loops:
                loop.finish()
            self._say_faults()
            adapters = [Adapter(shard=0, weights_sha256=sha256)]
            event = self._record.finished(
                adapters,
                memory_peak_bytes=memory_peak_bytes,
                energy_joules=energy_joules,
            )
            self._note(sha256, weights)
            self._emit([event])
            self.is_over = True
            found.append(sha256)

        self._try("end", NOT_TAKEN, end)
        return found[0] if found else ""

    def give_up(self) -> None:
        """Record what was counted, before the run is closed without a model."""
        if self.is_over or not self._record.is_counted:
            return
        with contextlib.suppress(TuneledgerError, RuntimeError):
            self._flush()
            self._say_faults()

    def _note(self, sha256: str, weights: Path | str) -> None:
        """Note where weights lie; a digest alone says nothing of that."""
        if str(weights) == sha256:
            return
        try:
            self._note_place(sha256, Path(weights))
        except TuneledgerError as error:  # the record is worth more than the note
            _LOG.warning("run %s: %s", self.run_id, error)

    def _say_faults(self) -> None:
        """Record what is missing, as a batch without steps."""
        if self._unrecorded():
            self._faults.add(NOT_TAKEN)
        if self._faults:
            faults = dict.fromkeys(self._faults, 1)
            self._record.batch(Batch(step_first=0, steps=0, counted=(), faults=faults))

    def _flush(self) -> None:
        for loop in self._loops:
            loop.flush()

    def _unrecorded(self) -> bool:
        return any(loop.account().unrecorded_steps for loop in self._loops)

    def _check_open(self) -> None:
        """Refuse what the record cannot take.

        Raises:
            InputError: the run is over, or an interrupt hit the middle of a write.
        """
        if self.is_over:
            message = f"run {self.run_id}: expected nothing after its end"
            raise InputError(message)
        if not self._record.is_counted:
            message = f"run {self.run_id}: a write was interrupted, and the run with it"
            raise InputError(message)

    def _try(self, what: str, fault: str, act: Callable[[], None]) -> None:
        """Do something that must not stop a training."""
        try:
            act()
        # A path that is no text is a ValueError.
        except (TuneledgerError, OSError, ValueError) as error:
            if self._strict:
                raise
            self._faults.add(fault)
            _LOG.warning("run %s: %s not recorded: %s", self.run_id, what, error)
