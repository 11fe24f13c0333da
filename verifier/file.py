"""Opens a ledger file, which may be hostile, without ever changing it.

Source for the precautions: https://www.sqlite.org/security.html, section 1.2, and
docs/spec.md, section 8.
"""

import os
import shutil
import sqlite3
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from verifier.findings import shown
from verifier.storage import DAMAGED, LedgerFile, UnreadableLedgerError
from verifier.submission import EVENTS_BYTES_MAX

COPY_TRIES_MAX = 10

_MAGIC = b"SQLite format 3\x00"
_VALUE_BYTES_MAX = 4 * EVENTS_BYTES_MAX


@contextmanager
def open_ledger(path: str | os.PathLike[str]) -> Iterator[LedgerFile]:
    """Open a ledger for reading, and notice when it changes meanwhile.

    Raises:
        UnreadableLedgerError: missing, not SQLite, a `-journal` beside it, or it
            changed while it was read.
    """
    real = Path(os.path.realpath(path))
    before = _fingerprint(real)
    _check_file(real)
    if before[1] is None or before[1][0] == 0:
        with closing(_connect(real, immutable=True)) as connection:
            yield LedgerFile(connection, copied=False)
        if _fingerprint(real) != before:
            message = "the file changed while it was read: stop its writer, or copy it"
            raise UnreadableLedgerError(message)
        return
    with tempfile.TemporaryDirectory(prefix="tuneledger-verify-") as folder:
        copy = _copy_both(real, Path(folder))
        with closing(_connect(copy, immutable=False)) as connection:
            yield LedgerFile(connection, copied=True)


def _check_file(path: Path) -> None:
    journal = path.with_name(path.name + "-journal")
    if journal.exists():
        message = f"an interrupted write: {journal.name} lies beside the file"
        raise UnreadableLedgerError(message)
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise UnreadableLedgerError(error.strerror or "not readable") from None
    if head != _MAGIC:
        message = "not a SQLite file"
        raise UnreadableLedgerError(message)


def _fingerprint(path: Path) -> tuple[tuple[int, int] | None, ...]:
    """Return size and modification time of the file and of its `-wal`."""
    found: list[tuple[int, int] | None] = []
    for name in (path, path.with_name(path.name + "-wal")):
        try:
            status = name.stat()
        except FileNotFoundError:
            found.append(None)
            continue
        except OSError as error:
            raise UnreadableLedgerError(error.strerror or "not readable") from None
        if not stat.S_ISREG(status.st_mode):
            message = f"{name.name} is not a regular file"
            raise UnreadableLedgerError(message)
        found.append((status.st_size, status.st_mtime_ns))
    if found[0] is None:
        message = "no such file"
        raise UnreadableLedgerError(message)
    return tuple(found)


def _copy_both(path: Path, folder: Path) -> Path:
    """Copy file and `-wal` at one moment: none of them changed during the copy."""
    copy = folder / "copy.ledger"
    for _ in range(COPY_TRIES_MAX):
        before = _fingerprint(path)
        try:
            shutil.copyfile(path, copy)
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        except FileNotFoundError:
            # The writer closed and removed its -wal: the next try takes the file.
            Path(f"{copy}-wal").unlink(missing_ok=True)
            if _fingerprint(path)[1] is None and before[1] is None:
                return copy
            continue
        if _fingerprint(path) == before:
            return copy
    message = "the file keeps changing: stop its writer, or copy it"
    raise UnreadableLedgerError(message)


def _connect(path: Path, *, immutable: bool) -> sqlite3.Connection:
    mode = "mode=ro&immutable=1" if immutable else "mode=rw"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?{mode}", uri=True, isolation_level=None
        )
    except sqlite3.Error as error:
        raise UnreadableLedgerError(str(error)) from None
    try:
        _guard(connection)
    except DAMAGED as error:
        connection.close()
        raise UnreadableLedgerError(shown(error)) from None
    return connection


def _decode(text: bytes) -> str:
    """Return SQLite's text, which need not be UTF-8 in a damaged file."""
    return text.decode("utf-8", "backslashreplace")


def _guard(connection: sqlite3.Connection) -> None:
    """Turn off what a hostile file could use.

    Raises:
        DAMAGED: one of these; header or schema are not those of a database.
    """
    connection.text_factory = _decode
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _VALUE_BYTES_MAX)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    if sys.version_info >= (3, 12):
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)  # noqa: FBT003
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_TRIGGER, False)  # noqa: FBT003
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_ENABLE_VIEW, False)  # noqa: FBT003
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_TRUSTED_SCHEMA, False)  # noqa: FBT003
    connection.executescript(
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
        " PRAGMA query_only=ON; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;"
    )
    connection.execute("PRAGMA application_id").fetchone()
