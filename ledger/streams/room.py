"""How much a producer may spool."""

from dataclasses import dataclass
from typing import Final, Literal

from ledger.errors import SpoolFullError
from ledger.spool.spool import Spool

FILES_MAX: Final = 10_000
"""Most submissions that a stream spools by default."""

BYTES_MAX: Final = 256 * 1024 * 1024
"""Most bytes that a stream spools by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a producer spools, and what it does beyond.

    Attributes:
        files_max: most submissions, at least 1.
        bytes_max: most bytes.
        when_full: `refuse` fails closed; `count` drops the events, and says so with a
            `spool.events_dropped.v1` event as soon as there is room.
    """

    files_max: int = FILES_MAX
    bytes_max: int = BYTES_MAX
    when_full: Literal["refuse", "count"] = "refuse"


class Room:
    """What is left of a spool's limits.

    Others only delete files, so what we last saw is never too little: the folder is
    looked at again only when that would be too much.
    """

    def __init__(self, spool: Spool, limits: Limits) -> None:
        """The room that is left now."""
        self._spool = spool
        self._limits = limits
        self._files, self._bytes = spool.size()

    def take(self, size: int) -> None:
        """Make room for one file of `size` bytes.

        Raises:
            SpoolFullError: there is none.
        """
        if not self._fits(size):
            self._files, self._bytes = self._spool.size()
        if not self._fits(size):
            message = (
                f"the spool of stream {self._spool.stream} is full: {self._files} of "
                f"{self._limits.files_max} submissions, {self._bytes} of "
                f"{self._limits.bytes_max} bytes; it empties with the next drain"
            )
            raise SpoolFullError(message)
        self._files += 1
        self._bytes += size

    def _fits(self, size: int) -> bool:
        return (
            self._files < self._limits.files_max
            and self._bytes + size <= self._limits.bytes_max
        )
