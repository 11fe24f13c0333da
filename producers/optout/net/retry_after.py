"""How long an answer asks us to wait."""

import math
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from producers.optout.net.response import Response

_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_DIGITS: Final = re.compile(r"[0-9]+")


def pause_of(response: Response, now_ms: int) -> float | None:
    """Seconds that a 429 or 503 asks us to wait; none where it asks for nothing.

    What is no number and no date asks for nothing; a date that has passed asks for 0.
    A number of ten digits or more is infinity.

    Args:
        response: the answer.
        now_ms: the time, Unix milliseconds, UTC.

    Source: RFC 9110, section 10.2.3; RFC 6585, section 4.
    """
    if response.status not in {429, 503}:
        return None
    value = response.header("retry-after").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    if _DIGITS.fullmatch(value):
        return math.inf
    try:
        date = parsedate_to_datetime(value)
        date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now_ms / 1000)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
