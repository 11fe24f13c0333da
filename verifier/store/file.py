"""Opens a ledger file, which may be hostile, without ever changing it.

Bytes after the last page that the file's header counts are no part of the ledger:
neither SQLite nor this reader looks at them, so they are no finding. Beside a `-wal`,
where the file is copied, more of them than that explains are refused.

Source for the precautions: https://www.sqlite.org/security.html, section 1.2, and
docs/spec.md, section 8.
"""

import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from verifier.findings import escaped, shown
from verifier.format.submission import EVENTS_BYTES_MAX
from verifier.store.snapshot import (
    beside,
    copy_both,
    find_file,
    take_fingerprint,
)
from verifier.store.storage import DAMAGED, LedgerFile, UnreadableLedgerError

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
    before = take_fingerprint(real)
    _check_file(real)
    if before[1] is None or before[1][0] == 0:
        with open_again(real, copied=False) as file:
            yield file
        if take_fingerprint(real) != before:
            message = "the file changed while it was read: stop its writer, or copy it"
            raise UnreadableLedgerError(message)
        return
    with tempfile.TemporaryDirectory(prefix="tuneledger-verify-") as folder:
        copy = copy_both(real, Path(folder))
        with open_again(copy, copied=True) as file:
            yield file


@contextmanager
def open_again(path: Path, *, copied: bool) -> Iterator[LedgerFile]:
    """Open what `open_ledger` opened once more, as its `path` and `copied` say.

    Raises:
        UnreadableLedgerError: it cannot be read.
    """
    with closing(_connect(path, immutable=not copied)) as connection:
        yield LedgerFile(connection, path=path, copied=copied)


def _check_file(path: Path) -> None:
    journal = beside(path, "-journal")
    if find_file(journal) is not None:
        message = f"an interrupted write: {escaped(journal.name)} lies beside the file"
        raise UnreadableLedgerError(message)
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError as error:
        raise UnreadableLedgerError(error.strerror or "not readable") from None
    if head != _MAGIC:
        message = "not a SQLite file"
        raise UnreadableLedgerError(message)


def _connect(path: Path, *, immutable: bool) -> sqlite3.Connection:
    mode = "mode=ro&immutable=1" if immutable else "mode=rw"
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(path))}?{mode}", uri=True, isolation_level=None
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
