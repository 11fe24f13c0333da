"""Times for people."""

from datetime import UTC, datetime


def utc(at_ms: int) -> str:
    """Return Unix milliseconds as RFC 3339 text, or as a number outside its range."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return f"{at_ms} ms"
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
