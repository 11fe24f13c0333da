"""A moment in a ledger's past: the size that it had, and when that was."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.errors import InputError
from ledger.format.entry import parse_entry
from ledger.format.tree import Frontier
from ledger.log.ledger import Ledger

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A prefix of the ledger.

    Attributes:
        size: how many entries stood.
        at_ms: the time that was asked for, or at which the newest of them was
            recorded: Unix milliseconds, by the ledger's clock.
    """

    size: int
    at_ms: int


def find_moment(ledger: Ledger, text: str) -> Moment:
    """The moment that `text` names.

    Args:
        ledger: the ledger.
        text: the seq of the last entry that counts, or a date or time of ISO 8601: all
            entries recorded by then count. A date is taken to its end, and what names
            no zone is UTC.

    Raises:
        InputError: neither, past the end, or before the first entry.
    """
    if _INDEX.fullmatch(text):
        seq = int(text)
        if seq >= ledger.size:
            message = f"at: expected an entry up to {ledger.size - 1}, found {seq}"
            raise InputError(message)
        return Moment(size=seq + 1, at_ms=_recorded_at_ms(ledger, seq))
    at_ms = _parse_time(text)
    # Recorded times never run backwards (ENT-5), so the rows are sorted by them.
    size = bisect_right(
        range(ledger.size), at_ms, key=lambda seq: _recorded_at_ms(ledger, seq)
    )
    if size == 0:
        message = f"at: the ledger began after {text}"
        raise InputError(message)
    return Moment(size=size, at_ms=at_ms)


def newest_ms(ledger: Ledger) -> int:
    """The recorded time of the newest entry."""
    return _recorded_at_ms(ledger, ledger.size - 1)


def root_then(ledger: Ledger, size: int) -> bytes:
    """The root over the first `size` entries, from their bytes where no note has it."""
    known = ledger.root if size == ledger.size else ledger.root_at(size)
    if known is not None:
        return known
    frontier = Frontier()
    for leaf in ledger.leaves(size):
        frontier.append(leaf)
    return frontier.root()


def _parse_time(text: str) -> int:
    """Unix milliseconds of an ISO 8601 date or time."""
    try:
        time = datetime.fromisoformat(text)
        if _DAY.fullmatch(text):
            time += timedelta(days=1, milliseconds=-1)
    except (ValueError, OverflowError):
        message = (
            "at: expected the number of an entry, or a date such as 2026-11-23 or "
            "2026-11-23T18:00Z"
        )
        raise InputError(message) from None
    time = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = time - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(milliseconds=1)


def _recorded_at_ms(ledger: Ledger, seq: int) -> int:
    row = ledger.row(seq)
    return 0 if row is None else parse_entry(row.entry).recorded_at_ms
