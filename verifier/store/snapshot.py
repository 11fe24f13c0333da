"""A ledger file and its `-wal` at one moment: what they were, and a copy of both."""

import errno
import os
import stat
from pathlib import Path

from verifier.findings import escaped
from verifier.store.storage import UnreadableLedgerError

COPY_TRIES_MAX = 10

_HEADER_BYTES = 100
_FRAME_HEADER_BYTES = 24
_CHUNK_BYTES = 1 << 20

Mark = tuple[int, ...]
"""Size in bytes, then what changes with each write or replacement of a file.

A writer can set the modification time back, but not the time of the change itself.
"""
Fingerprint = tuple[Mark, Mark | None]
"""The mark of the file, and of its `-wal` if it has one."""


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file that SQLite keeps beside a database."""
    return path.with_name(path.name + suffix)


def find_file(path: Path) -> os.stat_result | None:
    """Return the status of a regular file, None where there is nothing.

    Raises:
        UnreadableLedgerError: it is something else, or its folder cannot be read.
    """
    try:
        status = path.stat()
    except OSError as error:
        # A name too long for the file system, once a suffix is added, is not there.
        if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
            return None
        raise _unreadable(error) from None
    if not stat.S_ISREG(status.st_mode):
        message = f"{escaped(path.name)} is not a regular file"
        raise UnreadableLedgerError(message)
    return status


def take_fingerprint(path: Path) -> Fingerprint:
    """Return what changes when somebody writes to the ledger.

    Raises:
        UnreadableLedgerError: there is no such file, or it is no regular one.
    """
    file, wal = find_file(path), find_file(beside(path, "-wal"))
    if file is None:
        message = "no such file"
        raise UnreadableLedgerError(message)
    return _mark(file), None if wal is None else _mark(wal)


def _mark(status: os.stat_result) -> Mark:
    return (
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        status.st_dev,
        status.st_ino,
    )


def copy_both(path: Path, folder: Path) -> Path:
    """Copy file and `-wal` at one moment: none of them changed during the copy.

    Raises:
        UnreadableLedgerError: the file is longer than header and `-wal` explain, keeps
            changing, or the disk failed.
    """
    copy = folder / "copy.ledger"
    for _ in range(COPY_TRIES_MAX):
        before = take_fingerprint(path)
        try:
            _check_length(path, before)
            _copy(path, copy)
            beside(copy, "-wal").unlink(missing_ok=True)
            if before[1] is not None:
                _copy(beside(path, "-wal"), beside(copy, "-wal"))
        except FileNotFoundError:
            continue  # the writer closed and removed its -wal
        except OSError as error:
            raise _unreadable(error) from None
        if take_fingerprint(path) == before:
            return copy
    message = "the file keeps changing: stop its writer, or copy it"
    raise UnreadableLedgerError(message)


def _check_length(path: Path, taken: Fingerprint) -> None:
    """Refuse a file that is longer than its pages.

    A writer that was cut off while it moved pages from the `-wal` leaves a file longer
    than its header says, by no more pages than the `-wal` has frames. The header is
    read after the lengths were taken, and what it says only ever grows.

    Source: https://www.sqlite.org/fileformat2.html, sections 1.3 and 4.1.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    pages = int.from_bytes(header[28:32], "big")
    (length, *_), wal = taken
    frames = 0 if wal is None else wal[0] // (page_bytes + _FRAME_HEADER_BYTES)
    most = (pages + frames) * page_bytes
    if length > most:
        message = f"{length} bytes, but its header and -wal explain at most {most}"
        raise UnreadableLedgerError(message)


def _copy(source: Path, target: Path) -> None:
    """Copy a file in chunks, and leave its holes out: they must not fill the disk."""
    with source.open("rb", buffering=0) as reader, target.open("wb") as writer:
        length = os.fstat(reader.fileno()).st_size
        writer.truncate(length)
        end = 0
        while end < length:
            try:
                start = reader.seek(end, os.SEEK_DATA)
                end = reader.seek(start, os.SEEK_HOLE)
            except OSError as error:
                if error.errno == errno.ENXIO:
                    return  # nothing but a hole up to the end
                raise
            reader.seek(start)
            writer.seek(start)
            while chunk := reader.read(min(_CHUNK_BYTES, end - reader.tell())):
                writer.write(chunk)


def _unreadable(error: OSError) -> UnreadableLedgerError:
    return UnreadableLedgerError(error.strerror or "not readable")
