"""One entry: five header lines, an empty line and a submission note (section 6)."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from verifier.findings import Code, Violation
from verifier.format.submission import Submission
from verifier.format.tree import leaf_hash
from verifier.format.wire import LineReader

ENTRY_BYTES_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Bulk:
    """The lines of a submission, all well formed and of one type.

    Attributes:
        name: the type.
        family: its family.
        count: how many lines.
        gist: what the rules across events look at; see `BulkRules`.
    """

    name: str
    family: str
    count: int
    gist: Any


@dataclass(frozen=True, slots=True)
class Header:
    """The header lines of an entry."""

    seq: int
    previous: bytes
    base: int
    recorded_at_ms: int


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of the table `entry`.

    Attributes:
        seq: the row's key.
        entry: the entry's bytes; empty where `fault` says why they were not read.
        events: the event lines' bytes; the same.
        fault: a column of another type or past its limit.
    """

    seq: int
    entry: bytes
    events: bytes
    fault: Violation | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with its header read; what could not be read is in `fault`.

    Attributes:
        row: the stored row.
        leaf: SHA-256(0x00 || entry).
        header: the header, None where it is malformed.
        note: the bytes after the empty line.
        fault: why `header` is None or the row was not read.
        submission: the submission, where somebody looked ahead and found it and its
            `events_root` in order; otherwise None.
        lines: its event lines, if they are kept.
        bulk: the lines as bulk, if they are.
    """

    row: StoredRow
    leaf: bytes
    header: Header | None
    note: bytes
    fault: Violation | None
    submission: Submission | None = None
    lines: list[bytes] | None = None
    bulk: Bulk | None = None

    @property
    def in_place(self) -> bool:
        """Whether the header is readable and says the row's own seq."""
        return self.header is not None and self.header.seq == self.row.seq


def read_entry(row: StoredRow) -> Entry:
    """Split a row and read its header; never raises."""
    text, _, note = row.entry.partition(b"\n\n")
    header, fault = None, row.fault
    if fault is None:
        try:
            header = parse_header(text + b"\n")
        except Violation as violation:
            fault = violation
    return Entry(row, leaf_hash(row.entry), header, note, fault)


def parse_header(text: bytes) -> Header:
    """Read the five header lines.

    Raises:
        Violation: a line is missing or malformed.
    """
    lines = LineReader(text, code=Code.ENTRY_MALFORMED, rule="ENT-2")
    lines.literal(b"tuneledger/entry/v1")
    header = Header(
        seq=lines.decimal("seq"),
        previous=lines.hash("previous"),
        base=lines.decimal("base"),
        recorded_at_ms=lines.decimal("recorded_at_ms"),
    )
    lines.end()
    return header


def with_two_ahead(
    entries: Iterable[Entry],
) -> Iterator[tuple[Entry, Entry | None, Entry | None]]:
    """Yield each entry with the two that follow it."""
    window: deque[Entry] = deque()
    for entry in entries:
        window.append(entry)
        if len(window) == 3:
            yield window[0], window[1], window[2]
            window.popleft()
    while window:
        after = [*window, None, None]
        yield window[0], after[1], after[2]
        window.popleft()
