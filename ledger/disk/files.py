"""Files that are whole or absent: temporary name, fsync, rename, folder fsync."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, Final

from ledger.errors import ConflictError, InputError, StorageError

_SYNCS_AT_ONCE: Final = 16
"""Files waited for side by side: a journal commits once for all that wait."""


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


_NOT_THERE: Final = frozenset(
    {
        errno.EACCES,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    }
)
"""Refusals that another path helps against."""


@contextlib.contextmanager
def out_errors(path: Path) -> Iterator[None]:
    """Turn a refused write to a path that somebody named into one line.

    Raises:
        InputError: nobody may write there; the message says to name another place.
        StorageError: the disk is full or failed.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or errno.errorcode.get(error.errno or 0, "failed")
        if error.errno in _NOT_THERE:
            message = (
                f"{path}: cannot be written there ({reason}); name a folder that you "
                "may write to"
            )
            raise InputError(message) from None
        message = (
            f"{path}: the disk refused the write ({reason}); nothing was kept; make "
            "room, or name another disk"
        )
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


def read_regular(path: Path, bytes_max: int) -> bytes:
    """The bytes of a regular file, whoever may have put what in its place.

    Args:
        path: its name.
        bytes_max: longest file that is read.

    Raises:
        NotRegularError: it is something else.
        OSError: it is longer, or cannot be read.
    """
    with open_regular(path) as file:
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise OSError(errno.EFBIG, "longer than any of its kind")
    return content


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
    write_all(path.parent, [(path.name, content)], what=path.name)


def write_all(folder: Path, files: Sequence[tuple[str, bytes]], *, what: str) -> None:
    """Write files of one folder, durable together; a kill leaves each whole or absent.

    All are written before the first is waited for, they are waited for side by side,
    and their folder once, so that the disk can take them together.

    Args:
        folder: where.
        files: a name and its content each.
        what: what is being written, for the message.

    Raises:
        StorageError: the disk refused a write.
    """
    named = [(folder / name, _temporary(folder / name), data) for name, data in files]
    with disk_errors(what):
        try:
            with contextlib.ExitStack() as stack:
                opened = [
                    stack.enter_context(_create(temporary, content))
                    for _, temporary, content in named
                ]
                _sync_all([file.fileno() for file in opened])
            for path, temporary, _ in named:
                temporary.replace(path)
        except OSError:
            for _, temporary, _ in named:
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(folder)


def write_once(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600; an existing one is never replaced.

    Raises:
        ConflictError: the file exists.
        InputError: its folder does not, or nobody may write there.
        StorageError: the disk refused the write.
    """
    if not path.parent.is_dir():
        message = f"{path}: there is no folder {path.parent}; make it first"
        raise InputError(message)
    temporary = _temporary(path)
    with out_errors(path):
        try:
            with _create(temporary, content) as file:
                os.fsync(file.fileno())
            os.link(temporary, path)
        except FileExistsError:
            message = f"{path} exists and is never overwritten"
            raise ConflictError(message) from None
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def _sync_all(descriptors: Sequence[int]) -> None:
    """Make what was written to files durable."""
    if len(descriptors) == 1:
        os.fsync(descriptors[0])
        return
    with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
        for _ in pool.map(os.fsync, descriptors):
            pass  # an error is raised here


def _temporary(path: Path) -> Path:
    """A name beside `path` that nobody else writes to."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


@contextlib.contextmanager
def _create(path: Path, content: bytes) -> Iterator[BinaryIO]:
    """Create `path` with mode 0600 and hand its bytes to the system."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        yield file


def remove_temporaries(folder: Path) -> None:
    """Delete what a killed `write_atomic` or `write_once` left in `folder`."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)
