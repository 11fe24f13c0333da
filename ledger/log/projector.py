"""Projections of a ledger, kept in the views file and folded on from there.

What a state keeps of every record lies in tables and is read where it is asked for, so
opening the projections costs the same whatever the ledger's size, and following new
events touches their own rows alone.
"""

import contextlib
from collections.abc import Iterator
from itertools import groupby, takewhile
from typing import Any, Final

import msgspec

from ledger.format.checkpoint import parse_checkpoint
from ledger.log.ledger import Ledger
from ledger.log.view_tables import Kept, Snapshot
from ledger.projections import (
    TABLES,
    Recorded,
    States,
    advance,
    begin,
    changes,
    document,
    initial,
    pending,
    restore,
)

CHANGES_MAX: Final = 200_000
"""Changed rows that a fold holds in memory before it writes them."""

_LOOK_EVERY: Final = 64
"""Entries between two looks at how much has changed."""

_NAME: Final = "projections"


class _Start:
    """Where a fold begins: what the views file keeps, or the first event."""

    def __init__(self, ledger: Ledger) -> None:
        self.seen: Kept | None = None
        self._snapshot = ledger.views.snapshot()
        if self._snapshot is not None:
            self.seen = ledger.views.cached(self._snapshot, _NAME)
        found = _kept(ledger, self._snapshot, self.seen)
        self.is_afresh = found is None
        self.states, self.size = (begin(), 0) if found is None else found

    def let_go(self) -> None:
        """Let the file's WAL start again; the states cannot be read any more."""
        if self._snapshot is not None:
            self._snapshot.close()


def project(ledger: Ledger, *, size: int | None = None) -> States:
    """The state of every projection at the ledger's head, or as it was before.

    A kept state is used only when it is of this ledger's history: it carries the root
    that it was folded up to. The states can be read until the ledger is closed.

    Args:
        ledger: the ledger.
        size: fold only so many entries, and keep nothing.
    """
    if size is None:
        return project_head(ledger)[0]
    start = _Start(ledger)
    if start.size > size:
        return advance(initial(), _until(ledger, 0, size))
    return advance(start.states, _until(ledger, start.size, size))


def project_head(ledger: Ledger) -> tuple[States, int]:
    """The state of every projection at the ledger's head, and the head's size."""
    while True:
        start = _Start(ledger)
        # Another process may append while we read: what is kept ends where its root
        # does.
        head, _ = parse_checkpoint(ledger.newest_checkpoint())
        end = _fold(ledger, start.states, start.size, head.size)
        is_saved = start.size < end and _save(ledger, start, end)
        if end == head.size:
            return start.states, end
        if not is_saved:
            rest = _until(ledger, end, head.size)
            return advance(start.states, rest), head.size
        start.let_go()


def _until(ledger: Ledger, start: int, end: int) -> Iterator[Recorded]:
    return takewhile(lambda one: one.seq < end, ledger.events(start))


def _seq(recorded: Recorded) -> int:
    return recorded.seq


def _fold(ledger: Ledger, states: States, start: int, end: int) -> int:
    """Fold up to `end`, or to a checkpoint before it where much has changed by then.

    Returns:
        How far.
    """
    is_full = False
    entries = groupby(_until(ledger, start, end), _seq)
    for number, (seq, events) in enumerate(entries, 1):
        if number % _LOOK_EVERY == 0 and ledger.views.is_kept:
            is_full = pending(states) >= CHANGES_MAX
        if is_full and ledger.root_at(seq) is not None:
            return seq
        advance(states, events)
    return end


def _save(ledger: Ledger, start: _Start, end: int) -> bool:
    """Keep states that were folded up to `end`."""
    root = ledger.root_at(end)
    if root is None:
        return False
    return ledger.views.save_tables(
        _NAME,
        end,
        {"root": root.hex(), **document(start.states)},
        changes(start.states),
        seen=start.seen,
        is_afresh=start.is_afresh,
    )


def _kept(
    ledger: Ledger, snapshot: Snapshot | None, seen: Kept | None
) -> tuple[States, int] | None:
    """The kept states and their size; None where there are none of this ledger."""
    if snapshot is None or seen is None:
        return None
    size, text = seen
    with contextlib.suppress(msgspec.DecodeError, KeyError, TypeError):
        content: Any = msgspec.json.decode(text)
        root = ledger.root_at(size)
        is_ours = root is not None and content["root"] == root.hex()
        states = restore(content, snapshot)
        if is_ours and states is not None and snapshot.tables >= TABLES:
            return states, size
    return None
