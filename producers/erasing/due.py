"""When a request must be answered (GDPR Article 12(3))."""

import calendar
import datetime as dt
from typing import Final

EXTENSION_MONTHS_MAX: Final = 2
"""By how many further months the limit may be extended (GDPR Article 12(3))."""

_DAY_MS: Final = 24 * 3600 * 1000
_SATURDAY: Final = 5


def due_after(received_at_ms: int, months: int = 1) -> int:
    """When a request that was received then must be answered.

    So many calendar months later, at the same time of day in UTC, on the last day where
    the month is shorter; a Saturday or Sunday rolls on to Monday. Public holidays are
    not known here: where one falls on that day, the law gives more time than this.

    Args:
        received_at_ms: Unix milliseconds.
        months: 1, or up to 3 for a limit that was extended.

    Source: GDPR Article 12(3); Regulation (EEC, Euratom) No 1182/71, Article 3(2)(c)
        and 3(4).
    """
    due_ms = months_after(received_at_ms, months)
    weekday = dt.datetime.fromtimestamp(due_ms / 1000, tz=dt.UTC).weekday()
    return due_ms + max(0, 7 - weekday) * _DAY_MS * (weekday >= _SATURDAY)


def months_after(at_ms: int, months: int) -> int:
    """So many calendar months later, on the last day where the month is shorter."""
    then = dt.datetime.fromtimestamp(at_ms // 1000, tz=dt.UTC)
    years, month = divmod(then.month - 1 + months, 12)
    year = then.year + years
    day = min(then.day, calendar.monthrange(year, month + 1)[1])
    due = then.replace(year=year, month=month + 1, day=day)
    return int(due.timestamp()) * 1000 + at_ms % 1000


def utc(at_ms: int) -> str:
    """A time as RFC 3339 text, whole seconds."""
    then = dt.datetime.fromtimestamp(at_ms // 1000, tz=dt.UTC)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")
