"""Files that are whole or absent: temporary name, fsync, rename, folder fsync."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ledger.errors import ConflictError, InputError, StorageError


@contextlib.contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn a refused write into one line that says what was being written.

    Raises:
        StorageError: the disk is full, read-only or failed.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "failed")
        message = f"{what}: the disk refused the write ({reason}); nothing was kept"
        raise StorageError(message) from None


class NotRegularError(OSError):
    """A name leads to a folder, a pipe, a socket or a device."""


def open_regular(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open a regular file for reading, without waiting for a pipe that nobody writes.

    Args:
        path: its name.
        follow: whether a link is followed.

    Raises:
        NotRegularError: it is something else.
        OSError: it cannot be opened.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularError(errno.EINVAL, "not a regular file")
    return os.fdopen(descriptor, "rb")


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomic(path: Path, content: bytes) -> None:
    """Write `path` so that a kill at any moment leaves the old file or the new one.

    Raises:
        StorageError: the disk refused the write.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with disk_errors(path.name):
        try:
            _write_new(temporary, content)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def write_once(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600; an existing one is never replaced.

    Raises:
        ConflictError: the file exists.
        InputError: its folder does not.
        StorageError: the disk refused the write.
    """
    if not path.parent.is_dir():
        message = f"{path}: there is no folder {path.parent}"
        raise InputError(message)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with disk_errors(path.name):
        try:
            _write_new(temporary, content)
            os.link(temporary, path)
        except FileExistsError:
            message = f"{path} exists and is never overwritten"
            raise ConflictError(message) from None
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def _write_new(path: Path, content: bytes) -> None:
    """Create `path` with mode 0600 and make its bytes durable."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (a descriptor has no path)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def remove_temporaries(folder: Path) -> None:
    """Delete what a killed `write_atomic` or `write_once` left in `folder`."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)
