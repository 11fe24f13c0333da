"""Worker processes that look at ranges of entries before the walk comes there.

A worker says of an entry nothing but that all is in order in it by itself, and hands
over what the walk needs: header, leaf hash, submission and the gist of its lines. It
says which signatures hold under which keys; whether those keys may sign is the walk's
to know. Of an entry that is not in order it says nothing, and the walk reads it. So a
worker can only save work: links, tree, streams, keys and the rules across events are
checked in one place, in the order of the ledger.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import takewhile
from multiprocessing import get_context, parent_process
from pathlib import Path

from verifier.findings import Violation
from verifier.format import ed25519
from verifier.format.checkpoint import Checkpoint, parse_checkpoint
from verifier.format.entry import Entry, StoredRow, read_entry
from verifier.format.note import Note, Signature
from verifier.history.reading import look_at
from verifier.store.file import open_again
from verifier.store.storage import LedgerFile, UnreadableLedgerError

ENTRIES_EACH = 64
"""Entries of one range."""

LINES_BYTES_MAX = 4 << 20
"""Event lines that a worker hands over with one range; the walk reads the others."""

RANGES_AHEAD = 3
"""Ranges for each worker that are given out or wait for the walk."""

KEYS_MAX = 1024
"""Keys that a worker is told, the newest; the walk checks signatures of others."""

Keys = Mapping[tuple[str, bytes], bytes]
"""Public keys by name and key id."""


@dataclass(frozen=True, slots=True)
class Task:
    """A range for a worker, of the file that its parent opened.

    Attributes:
        path, copied: as `LedgerFile` has them.
        identity: what tells the file from another in its place.
        first: seq of the first entry.
        end: seq before which the range ends.
        keys: the keys that are known.
    """

    path: Path
    copied: bool
    identity: tuple[int, ...]
    first: int
    end: int
    keys: Keys


@dataclass(frozen=True, slots=True)
class Part:
    """What a worker hands over for a range.

    Attributes:
        entries: those that are in order by themselves; of the others the seq.
        checkpoints: the well-formed checkpoints over these entries, by size.
    """

    entries: list[Entry | int] = field(default_factory=list)
    checkpoints: dict[int, Checkpoint] = field(default_factory=dict)


def read_ahead(
    file: LedgerFile, first: int, jobs: int, keys: Callable[[], Keys]
) -> Generator[Part, None, None]:
    """Yield what workers hand over for each range, in order, up to the last entry.

    Closing the generator ends the workers.

    Args:
        file: the ledger.
        first: seq of the first entry.
        jobs: how many processes, at least 1.
        keys: returns the keys that are known when a range is given out.

    Raises:
        BrokenProcessPool: a worker was killed.
        UnreadableLedgerError: a worker found another file.
        DAMAGED: one of these; the file is damaged.
    """
    rows, _ = file.count_rows()
    identity = _identity(file.path)
    with ExitStack() as stack:
        pool = ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), initializer=_begin
        )
        stack.callback(pool.shutdown, cancel_futures=True)
        waiting: deque[Future[Part]] = deque()
        for start in range(first, rows, ENTRIES_EACH):
            end = start + ENTRIES_EACH
            task = Task(file.path, file.copied, identity, start, end, keys())
            waiting.append(pool.submit(_read_range, task))
            if len(waiting) == jobs * RANGES_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _begin() -> None:
    """Prepare this process: it leaves interrupts to its parent, and goes with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_go_with_parent, daemon=True).start()


def _go_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _read_range(task: Task) -> Part:
    part, room = Part(), LINES_BYTES_MAX
    with open_again(task.path, copied=task.copied) as file:
        if _identity(task.path) != task.identity:
            message = "the file changed while it was read: stop its writer, or copy it"
            raise UnreadableLedgerError(message)
        for row in takewhile(lambda row: row.seq < task.end, file.entries(task.first)):
            entry = _hand_over(look_at(read_entry(row)), task.keys)
            room -= len(entry.row.events)
            is_whole = entry.submission is not None and room >= 0
            part.entries.append(entry if is_whole else row.seq)
            checkpoint = _checkpoint(file, row.seq + 1, task.keys)
            if checkpoint is not None:
                part.checkpoints[row.seq + 1] = checkpoint
    return part


def _hand_over(entry: Entry, keys: Keys) -> Entry:
    """Return an entry without what the walk does not need again."""
    if entry.submission is None:
        return entry
    note = _signatures_checked(entry.submission.note, keys)
    return replace(
        entry,
        row=StoredRow(
            entry.row.seq, b"", b"" if entry.bulk else entry.row.events, None
        ),
        note=b"",
        submission=replace(entry.submission, note=note),
        lines=None,
    )


def _checkpoint(file: LedgerFile, size: int, keys: Keys) -> Checkpoint | None:
    try:
        note = file.checkpoint_note(size)
        checkpoint = None if note is None else parse_checkpoint(note)
    except Violation:
        return None
    if checkpoint is None:
        return None
    return replace(checkpoint, note=_signatures_checked(checkpoint.note, keys))


def _signatures_checked(note: Note, keys: Keys) -> Note:
    """Return the note, its signatures marked that hold under the key they name."""

    def checked(signature: Signature) -> Signature:
        key = keys.get((signature.name, signature.key_id))
        if key is None or not ed25519.is_valid(key, signature.blob, note.text):
            return signature
        return replace(signature, holds_under=key)

    return replace(note, signatures=tuple(map(checked, note.signatures)))


def _identity(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
