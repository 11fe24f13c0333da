"""Dead letters: what is no record goes into a file of its own, and the ingest goes on.

The file holds what stood in the input, so it holds personal data: only its owner reads
it, it never lies inside a workspace, and nothing of it is in the ledger. Each ingest
that finds any writes it anew; delete it when the input is repaired.
"""

import json
import os
import stat
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ledger.errors import InputError, StorageError
from producers.ingest.sources.base import Unreadable
from producers.ports import Progress

FORMAT: Final = "tuneledger/dead-letters/v1"
_HEADER: Final = json.dumps({"format": FORMAT}).encode() + b"\n"

SHOWN_MAX: Final = 100
"""Most that are told on the terminal; the file has all."""

LETTERS_MAX: Final = 100_000
"""Most of one ingest: an input with more is of another format."""


class DeadLetters:
    """The file of one ingest; it is made when there is something to write."""

    def __init__(self, path: Path, *, workspace: Path, progress: Progress) -> None:
        """Write to `path`.

        Raises:
            InputError: it lies inside the workspace, or is another file.
        """
        self._path = path
        self._progress = progress
        self._file: IO[bytes] | None = None
        self._count = 0
        if path.absolute().resolve().is_relative_to(workspace.resolve()):
            message = f"{path}: expected a file outside the workspace"
            raise InputError(message)
        self._check_own()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, item: Unreadable) -> None:
        """Write one, and tell it.

        Raises:
            InputError: there are too many.
            StorageError: the disk refused.
        """
        self._count += 1
        if self._count > LETTERS_MAX:
            message = (
                f"expected at most {LETTERS_MAX} places that are no record, found "
                "more: is this the right format?"
            )
            raise InputError(message)
        if self._count <= SHOWN_MAX:
            self._progress(item.message)
        if self._count == SHOWN_MAX + 1:
            self._progress(f"more that cannot be read: see {self._path}")
        try:
            self._file = self._file or self._open()
            self._file.write(_line(item))
            self._file.flush()
        except OSError as error:
            message = f"{self._path}: {error.strerror}"
            raise StorageError(message) from None

    def _check_own(self) -> None:
        """Refuse to write over anything but an earlier file of dead letters."""
        try:
            with self._path.open("rb") as file:
                is_own = file.read(len(_HEADER)) == _HEADER
        except FileNotFoundError:
            return
        except OSError as error:
            message = f"{self._path}: expected a file, found {error.strerror}"
            raise InputError(message) from None
        if not is_own:
            message = (
                f"{self._path}: expected a new file or one of dead letters, found "
                "another"
            )
            raise InputError(message)

    def _open(self) -> IO[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        file = os.fdopen(os.open(self._path, flags, 0o600), "wb")
        os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        file.write(_HEADER)
        return file


def _line(item: Unreadable) -> bytes:
    value = {
        "place": item.place,
        "field": item.field,
        "rule": item.rule,
        "content": item.content.decode("utf-8", "backslashreplace"),
    }
    return json.dumps(value).encode() + b"\n"


def stop_at_first(item: Unreadable) -> None:
    """Refuse the input at what is no record.

    Raises:
        InputError: always.
    """
    raise InputError(item.message)
