"""A finished run and the key events that it rests on, read from a ledger."""

from dataclasses import dataclass
from typing import Final, get_args

from ledger.disk.store import Row
from ledger.errors import InputError, IntegrityError
from ledger.events import decode_event
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunKeyCertified,
    RunStarted,
    StepsMetered,
    TrainingEvent,
)
from ledger.format import submission
from ledger.format.checkpoint import Checkpoint, parse_checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.submission import ROOT_STREAM, parse_submission
from ledger.log.ledger import Ledger

_TRAINING: Final = get_args(TrainingEvent)

FLOP_FIELDS: Final = tuple(
    name for name in StepsMetered.__struct_fields__ if name.startswith("flop_")
)
"""The eight phases of a run's compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """An entry of which some events are shown.

    Attributes:
        seq: its place in the ledger.
        entry: its exact bytes.
        event_lines: every event line of it, without newlines.
        shown: places of the lines that are shown, ascending.
    """

    seq: int
    entry: bytes
    event_lines: list[bytes]
    shown: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """Everything that a bundle says about a run.

    Attributes:
        genesis: hex hash of submission 0's text.
        checkpoint_note: the newest checkpoint note's exact bytes.
        checkpoint: what it says.
        leaves: leaf hashes of every entry under the checkpoint.
        key_entries: the entries of the stream root, whole.
        run_entries: the entries that hold events of the run, those events only.
        started: the run's start.
        finished: the run's end.
        sums: number of batches, and their sums of steps, tokens and FLOP fields.
    """

    genesis: str
    checkpoint_note: bytes
    checkpoint: Checkpoint
    leaves: list[bytes]
    key_entries: list[ShownEntry]
    run_entries: list[ShownEntry]
    started: RunStarted
    finished: RunFinished
    sums: dict[str, int]


def read_run(ledger: Ledger, run_id: str) -> FinishedRun:
    """Read one finished run, up to the newest checkpoint.

    Memory grows by one leaf hash for each entry of the ledger, and by the run itself.

    Raises:
        InputError: the run is unknown, not finished, or failed.
        IntegrityError: a stored entry is malformed, or the run's events are out of
            order.
    """
    note = ledger.newest_checkpoint()
    checkpoint, _ = parse_checkpoint(note)
    leaves: list[bytes] = []
    key_entries: list[ShownEntry] = []
    run_entries: list[ShownEntry] = []
    events: list[TrainingEvent] = []
    for row in ledger.rows():
        if row.seq >= checkpoint.size:
            break  # appended by another process after the checkpoint was read
        leaves.append(entry_leaf(row.entry))
        text, _ = parse_submission(parse_entry(row.entry).submission)
        if text.stream == ROOT_STREAM:
            key_entries.append(shown_entry(row, list(range(text.events))))
            continue
        found = _run_events(row, run_id)
        if found:
            run_entries.append(shown_entry(row, list(found)))
            events += found.values()
    started, finished = _ends(events, run_id)
    return FinishedRun(
        genesis=ledger.genesis,
        checkpoint_note=note,
        checkpoint=checkpoint,
        leaves=leaves,
        key_entries=key_entries,
        run_entries=run_entries,
        started=started,
        finished=finished,
        sums=_sums(events),
    )


def check_totals(run: FinishedRun) -> None:
    """Refuse to attest totals that the run's own batches contradict (XEV-10).

    Raises:
        IntegrityError: a total is not the sum.
    """
    for name, expected in run.sums.items():
        found = int(getattr(run.finished, name))
        if found != expected:
            message = (
                f"run {run.finished.run_id}: {name}: expected {expected} by its "
                f"batches, found {found} in run_finished"
            )
            raise IntegrityError(message)


def shown_entry(row: Row, shown: list[int]) -> ShownEntry:
    """A stored entry, of which these events are shown."""
    return ShownEntry(
        seq=row.seq,
        entry=row.entry,
        event_lines=submission.split_lines(row.events),
        shown=shown,
    )


def _run_events(row: Row, run_id: str) -> dict[int, TrainingEvent]:
    """The run's events in one row, by place."""
    named = run_id.encode()
    if named not in row.events:
        return {}
    found: dict[int, TrainingEvent] = {}
    for index, line in enumerate(submission.split_lines(row.events)):
        if named not in line:
            continue
        event = decode_event(line)
        if isinstance(event, _TRAINING) and event.run_id == run_id:
            found[index] = event
    return found


def _ends(events: list[TrainingEvent], run_id: str) -> tuple[RunStarted, RunFinished]:
    """The run's start and end; the certification of its key may come before."""
    if not events:
        message = f"run {run_id!r} is not in the ledger"
        raise InputError(message)
    begin = int(isinstance(events[0], RunKeyCertified) and len(events) > 1)
    first, last = events[begin], events[-1]
    if isinstance(last, RunFailed):
        message = (
            f"run {run_id} failed ({last.reason}): only a finished run is attested"
        )
        raise InputError(message)
    if not isinstance(last, RunFinished):
        message = (
            f"run {run_id} is not finished: its last event is {type(last).__name__}"
        )
        raise InputError(message)
    if not isinstance(first, RunStarted):
        message = (
            f"run {run_id}: expected RunStarted first, found {type(first).__name__}"
        )
        raise IntegrityError(message)
    return first, last


def _sums(events: list[TrainingEvent]) -> dict[str, int]:
    """What the run's batches add up to."""
    metered = [event for event in events if isinstance(event, StepsMetered)]
    sums = {
        name: sum(int(getattr(event, name)) for event in metered)
        for name in ("steps", "tokens", *FLOP_FIELDS)
    }
    return {"batches": len(metered), **sums}
