"""What the ledger asks of its storage; SQLite is one answer (`ledger.disk.sqlite`)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

AnchorTable = Literal["cosignature", "timestamp"]
"""What others said about checkpoints (docs/spec.md, section 8.1)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One stored entry.

    Attributes:
        seq: its key.
        entry: the entry's exact bytes.
        events: the event lines, each followed by a newline.
    """

    seq: int
    entry: bytes
    events: bytes


class Store(Protocol):
    """An append-only list of rows, and the checkpoints over it."""

    def writing(self) -> AbstractContextManager[None]:
        """One exclusive transaction: durable when it ends, undone when it raises."""
        ...

    def reading(self) -> AbstractContextManager[None]:
        """One view of the store that nobody else's append changes."""
        ...

    def size(self) -> int:
        """How many entries are stored."""
        ...

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The entries from `start` on, in order."""
        ...

    def row(self, seq: int) -> Row | None:
        """One entry, or None."""
        ...

    def entries_down(self, seq: int) -> Iterator[tuple[int, bytes]]:
        """Seq and bytes of the entries from `seq` down to 0, without their events."""
        ...

    def checkpoint(self, size: int) -> bytes | None:
        """The checkpoint note of that size, or None."""
        ...

    def checkpoint_over(self, seq: int) -> bytes | None:
        """The smallest checkpoint note that covers entry `seq`, or None."""
        ...

    def newest_checkpoint(self) -> tuple[int, bytes] | None:
        """Size and note of the newest checkpoint, or None."""
        ...

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Size and note of every checkpoint, newest first."""
        ...

    def anchors(self, table: AnchorTable) -> Iterator[tuple[int, bytes]]:
        """Size and content of every anchor of one kind, oldest first."""
        ...

    def insert_anchor(self, table: AnchorTable, size: int, content: bytes) -> None:
        """Append one anchor. Only inside `writing`."""
        ...

    def insert_entry(self, row: Row) -> None:
        """Append one entry. Only inside `writing`."""
        ...

    def replace_events(self, seq: int, events: bytes) -> None:
        """Overwrite the event lines of an entry. Only inside `writing`."""
        ...

    def empty_wal(self) -> None:
        """Leave nothing of what was overwritten beside the rows."""
        ...

    def insert_checkpoint(self, size: int, note: bytes) -> None:
        """Append one checkpoint. Only inside `writing`."""
        ...

    def close(self) -> None:
        """Let go; the last one to close leaves one plain file."""
        ...
