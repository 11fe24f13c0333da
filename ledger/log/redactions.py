"""Which event lines were redacted, by which events, and which ones may be.

A line may be redacted only where no rule across events rests on it later, so that no
reader judges the rest of the ledger otherwise without it (docs/spec.md, XEV-22).
"""

from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from ledger.disk.store import Row, Store
from ledger.errors import InputError, IntegrityError
from ledger.events import decode_event, type_of
from ledger.events.base import Event
from ledger.events.erasure import LinesRedacted, MeasureTaken, RecipientsNotified
from ledger.events.optout import PolicyFileFetched
from ledger.format.redacted import is_redacted, redacted
from ledger.format.submission import join_lines, split_lines

REDACTABLE: Final[tuple[type[Event], ...]] = (
    MeasureTaken,
    RecipientsNotified,
    PolicyFileFetched,
)
"""The types whose lines may be redacted."""

_MARK: Final = b'{"type":"erasure.lines_redacted.v1"'


class Rows(Protocol):
    """Whatever has stored entries: a store, or an open ledger."""

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The entries from `start` on, in order."""
        ...

    def row(self, seq: int) -> Row | None:
        """One entry, or None."""
        ...


def redactions(rows: Iterable[Row]) -> Iterator[tuple[str, LinesRedacted]]:
    """Every redaction in some entries, with its event id, in order."""
    for row in rows:
        if _MARK not in row.events:
            continue
        for index, line in enumerate(split_lines(row.events)):
            event = decode_event(line) if line.startswith(_MARK) else None
            if isinstance(event, LinesRedacted):
                yield f"{row.seq}.{index}", event


def named_lines(rows: Iterable[Row]) -> dict[tuple[int, int], str]:
    """Entry and place of each line that is named, and the first event that does."""
    named: dict[tuple[int, int], str] = {}
    for event_id, event in redactions(rows):
        for place in event.places:
            named.setdefault((event.entry, place), event_id)
    return named


def check_shown(ledger: Rows, seq: int, index: int, line: bytes) -> None:
    """Refuse to show an event of which only the leaf hash is left.

    Raises:
        InputError: the line is redacted.
    """
    if is_redacted(line):
        by = named_lines(ledger.rows(seq + 1)).get((seq, index), "no event")
        message = f"event {seq}.{index} was redacted: REDACTED_BY {by}"
        raise InputError(message)


def check_redactable(event_id: str, line: bytes) -> None:
    """Refuse a line on which later rules may rest.

    Raises:
        InputError: it is of another type than those of `REDACTABLE`.
    """
    event = decode_event(line)
    if not isinstance(event, REDACTABLE):
        message = (
            f"event {event_id} may not be redacted: later rules may rest on a "
            f"{type_of(event)}"
        )
        raise InputError(message)


def check_redactions(store: Rows, row: Row) -> None:
    """Check the redactions in a new entry before it is appended (XEV-22).

    Raises:
        InputError: one names an entry or a place that is not there, a line that is
            redacted already or may not be, or an erasure without reason.
    """
    for event_id, event in redactions([row]):
        if event.places != sorted(set(event.places)):
            message = f"event {event_id}: expected ascending places"
            raise InputError(message)
        if (event.reason == "erasure") != bool(event.erasure_id):
            message = (
                f"event {event_id}: expected an erasure_id exactly for reason erasure"
            )
            raise InputError(message)
        target = store.row(event.entry)
        lines = [] if target is None else split_lines(target.events)
        for place in event.places:
            named = f"{event.entry}.{place}"
            if place >= len(lines):
                message = f"event {named}: the ledger has no such event before it"
                raise InputError(message)
            check_shown(store, event.entry, place, lines[place])
            check_redactable(named, lines[place])


def redact_rows(store: Store) -> int:
    """Replace every line that is named and stands in clear. Only inside `writing`.

    Returns:
        How many lines.

    Raises:
        IntegrityError: an event names a line that is not there or may not be redacted.
    """
    places: dict[int, list[int]] = {}
    for seq, place in named_lines(store.rows()):
        places.setdefault(seq, []).append(place)
    return sum(_redact_row(store, seq, at) for seq, at in places.items())


def _redact_row(store: Store, seq: int, places: Iterable[int]) -> int:
    """Replace lines of one entry; return how many stood in clear."""
    row = store.row(seq)
    lines = [] if row is None else split_lines(row.events)
    count = 0
    for place in places:
        if place >= len(lines):
            message = f"event {seq}.{place} is named for redaction and is not there"
            raise IntegrityError(message)
        if is_redacted(lines[place]):
            continue
        try:
            check_redactable(f"{seq}.{place}", lines[place])
        except InputError as error:  # what stands was read; nobody asked for it now
            raise IntegrityError(str(error)) from None
        lines[place] = redacted(lines[place])
        count += 1
    if count:
        store.replace_events(seq, join_lines(lines))
    return count
