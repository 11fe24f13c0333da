"""What the reader gave beside the ledger: how its files are opened, and its faults."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


class GivenError(ValueError):
    """A key, policy or pin store of the reader's cannot be used; exit code 2."""


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file that the reader named, for reading.

    A pipe that nobody writes must not keep the reader waiting, and a device never ends.

    Raises:
        OSError: it cannot be opened, or is no regular file.
        ValueError: no file can have that name.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(descriptor, "rb")
