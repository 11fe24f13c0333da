"""One process at a time: advisory locks on files, freed by the system on any exit."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.disk.files import disk_errors
from ledger.disk.sqlite import LOCK_WAIT_MS
from ledger.errors import LockedError

POLL_SECONDS_MIN: Final = 0.0005
POLL_SECONDS_MAX: Final = 0.05
"""A waiter asks again after the first, and twice as long each time up to the second:
`flock` has no time limit of its own."""


@contextlib.contextmanager
def file_lock(
    path: Path,
    *,
    what: str,
    wait_seconds: float = LOCK_WAIT_MS / 1000,
    refusal: str = "",
) -> Iterator[None]:
    """Hold the lock of `path` while the body runs.

    Args:
        path: the lock file; it stays behind, empty.
        what: what is locked, for the message.
        wait_seconds: how long to wait for another holder; 0 to ask once.
        refusal: the whole message, where the usual one does not say enough.

    Raises:
        LockedError: another process kept the lock.
        StorageError: the lock file cannot be made.
    """
    with disk_errors(path.name):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + wait_seconds
        for pause in pauses():
            if _try(descriptor):
                break
            if time.monotonic() >= until:
                message = refusal or f"{what} is running in another process"
                raise LockedError(message)
            time.sleep(pause)
        yield
    finally:
        os.close(descriptor)


def pauses() -> Iterator[float]:
    """How long to wait before each next try, in seconds, without end."""
    pause = POLL_SECONDS_MIN
    while True:
        yield pause
        pause = min(2 * pause, POLL_SECONDS_MAX)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock of `path` now; false without the file."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    """Ask for the lock once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
