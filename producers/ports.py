"""What a producer may ask of the world.

The ledger's side of each port is a `Workspace`; tests pass plain functions.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from ledger.events import Event
from ledger.ports import Kept, Refusal, SiteRef

__all__ = [
    "ClockMs",
    "Emit",
    "Evidence",
    "Kept",
    "Monotonic",
    "Names",
    "Progress",
    "RandomBytes",
    "Refusal",
    "SiteRef",
]

Emit = Callable[[Sequence[Event]], None]
"""Append events, in order; durable when it returns. 1 .. 1024 events a call."""

ClockMs = Callable[[], int]
"""The time now, Unix milliseconds, UTC."""

Monotonic = Callable[[], float]
"""Seconds from an arbitrary start, never going back."""

RandomBytes = Callable[[int], bytes]
"""`n` bytes that nobody can guess."""

Progress = Callable[[str], None]
"""Tell a person how far the work is; never data of a record."""


class Evidence(Protocol):
    """The folder of exact bytes that verdicts were read from, named by digest."""

    def put(self, content: bytes) -> str:
        """Keep `content`, once, and return its SHA-256 in hex."""
        ...

    def get(self, digest: str) -> bytes:
        """The bytes of a digest.

        Raises:
            IntegrityError: missing, too large, or not what the digest says.
        """
        ...


class Names(Protocol):
    """The vault's register of sites and URLs; names stay there."""

    def site(self, origin: str) -> SiteRef:
        """The id of `origin` (`scheme://host[:port]`), given on first sight."""
        ...

    def commit_scan(
        self, scan_id: str, urls: Sequence[str], body_sha256: str
    ) -> tuple[str, str]:
        """Keep what a scan looked at, and commit to it.

        Args:
            scan_id: the scan.
            urls: the URL that was asked for, and the one that its redirects ended at;
                the same URL twice counts once.
            body_sha256: SHA-256 of the page's whole body, hex; empty where there is
                none.

        Returns:
            `url_commitment` and `response_commitment`, hex; the second is empty where
            there is no body.
        """
        ...
