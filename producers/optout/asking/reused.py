"""Sites whose policy files a scan did not ask for, since they were known already."""

from typing import Final

from producers.optout.asking.looked import Looked
from producers.optout.net.url import parse_url

_MS_PER_MINUTE: Final = 60 * 1000
_MINUTES_PER_HOUR: Final = 60
_SHOWN_MINUTES_MAX: Final = 120
"""Longest age that is told in minutes."""


class Reused:
    """Counts sites with a policy file that was fetched before the scan began.

    Args:
        since_ms: when the scan began, Unix milliseconds.
    """

    def __init__(self, since_ms: int) -> None:
        self._since_ms = since_ms
        self._oldest_ms = since_ms
        self._origins: set[str] = set()

    def take(self, looked: Looked) -> None:
        """Count the sites that a look rests on."""
        for file in looked.files:
            fetched_at_ms = file.as_fetched.fetched_at_ms
            if fetched_at_ms < self._since_ms:
                self._oldest_ms = min(self._oldest_ms, fetched_at_ms)
                self._origins.add(parse_url(file.url).origin)

    def line(self) -> str:
        """How many there are, and the age of the oldest file; empty without any."""
        if not self._origins:
            return ""
        count = len(self._origins)
        sites = "1 site" if count == 1 else f"{count} sites"
        age = _age(self._since_ms - self._oldest_ms)
        return f"policy files of {sites} not asked again (oldest {age}; --fresh asks)"


def _age(age_ms: int) -> str:
    """A time that has passed, in minutes or hours."""
    minutes = age_ms // _MS_PER_MINUTE
    if minutes <= _SHOWN_MINUTES_MAX:
        return f"{minutes} min" if minutes else "under 1 min"
    return f"{minutes // _MINUTES_PER_HOUR} h"
