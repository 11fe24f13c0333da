"""One process at a time: advisory locks on files, freed by the system on any exit."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.errors import LockedError
from ledger.files import disk_errors
from ledger.sqlite import LOCK_WAIT_MS

_POLL_SECONDS: Final = 0.05


@contextlib.contextmanager
def file_lock(
    path: Path, *, what: str, wait_seconds: float = LOCK_WAIT_MS / 1000
) -> Iterator[None]:
    """Hold the lock of `path` while the body runs.

    Args:
        path: the lock file; it stays behind, empty.
        what: what is locked, for the message.
        wait_seconds: how long to wait for another holder; 0 to ask once.

    Raises:
        LockedError: another process kept the lock.
    """
    with disk_errors(path.name):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + wait_seconds
        while not _try(descriptor):
            if time.monotonic() >= until:
                message = f"{what} is running in another process"
                raise LockedError(message)
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    """Ask for the lock once."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
