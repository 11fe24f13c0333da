"""A spool: what one producer signed and the ledger has not taken yet.

One folder a stream, `spool/ingest.worker-3/`, with one file a submission, named by its
counter. A file is whole or absent, and durable before its producer goes on. Whoever
sequences appends the files in order, and after the commit deletes them, all but the
newest: renamed to `.head` it tells the producer where to go on without the ledger. A
crash on the way leaves files that the ledger knows already, which is seen and harmless.

What can never be appended is moved to `quarantine/` with all that was signed behind it,
because each submission names the one before; other streams go on.
"""

import contextlib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from ledger.disk.files import (
    NotRegularError,
    disk_errors,
    open_regular,
    remove_temporaries,
    sync_folder,
    write_atomic,
)
from ledger.disk.locks import file_lock, is_held
from ledger.errors import ConflictError, InputError, IntegrityError, StorageError
from ledger.format import lines, submission
from ledger.spool.read import FILE_BYTES_MAX, Spooled, parse_spooled

SPOOL_FOLDER: Final = "spool"
"""Folder of the spools in a workspace."""

_WAITING: Final = "submission"
_HEAD: Final = "head"
_NAME: Final = re.compile(rf"([0-9]{{16}})\.({_WAITING}|{_HEAD})")
_OPEN_WAIT_SECONDS: Final = 0.2
"""Longer than anybody probes a stream's lock without keeping it."""


class Spool:
    """The spool of one stream."""

    def __init__(self, spools: Path, stream: str) -> None:
        """The spool of `stream` below the folder `spools`; nothing is made yet.

        Raises:
            InputError: it is no name of a stream that may be spooled.
        """
        if not re.fullmatch(lines.STREAM, stream) or stream == submission.ROOT_STREAM:
            message = (
                "spool: expected the name of a stream other than root, such as "
                f"ingest/worker-3, found {stream!r}"
            )
            raise InputError(message)
        self.stream = stream
        # A stream name holds no dot, so two names never share a folder.
        self.folder = spools / stream.replace("/", ".")

    def create(self) -> None:
        """Make the folder, durably.

        Raises:
            StorageError: the disk refused the write.
        """
        if self.folder.is_dir():
            return
        with disk_errors(self.folder.name):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(self.folder.parent)
            sync_folder(self.folder.parent.parent)

    def lock(self) -> AbstractContextManager[None]:
        """Be the one process that writes this stream.

        Raises:
            LockedError: another process is.
        """
        return file_lock(
            self.folder / ".lock",
            what=f"stream {self.stream}",
            wait_seconds=_OPEN_WAIT_SECONDS,
            refusal=self.refusal,
        )

    @property
    def refusal(self) -> str:
        """What to say to a second writer of this stream."""
        return (
            f"stream {self.stream} is written by another process: give each process a "
            f"name of its own, such as {self.stream.partition('/')[0]}/worker-2"
        )

    def is_locked(self) -> bool:
        """Whether a producer has this stream open."""
        return is_held(self.folder / ".lock")

    def waiting(self) -> list[int]:
        """Counters of the files, smallest first.

        Raises:
            StorageError: the folder cannot be read.
        """
        return self._counters(_WAITING)

    def path(self, counter: int, kind: str = _WAITING) -> Path:
        """Where the submission of that counter is or would be."""
        return self.folder / f"{counter:016d}.{kind}"

    def size(self) -> tuple[int, int]:
        """How many files and bytes are waiting."""
        sizes = []
        for counter in self.waiting():
            # Whoever sequences may delete it meanwhile.
            with contextlib.suppress(FileNotFoundError):
                sizes.append(self.path(counter).stat().st_size)
        return len(sizes), sum(sizes)

    def read(self, counter: int) -> Spooled:
        """The submission of that counter.

        Raises:
            FileNotFoundError: it is not waiting.
            InputError: a limit on submissions is passed.
            IntegrityError: the file is malformed, or of another stream or counter.
            StorageError: the file cannot be read.
        """
        spooled = self._read(self.path(counter))
        if spooled.text.counter != counter:
            message = (
                f"spool file: expected counter {counter}, found {spooled.text.counter}"
            )
            raise IntegrityError(message)
        return spooled

    def put(self, spooled: Spooled) -> None:
        """Keep a submission; durable on return.

        Raises:
            StorageError: the disk refused the write.
        """
        write_atomic(self.path(spooled.text.counter), spooled.encode())

    def head(self) -> Spooled | None:
        """The newest submission that was ever spooled here, or None.

        Raises:
            InputError: its file passes a limit.
            IntegrityError: its file is malformed.
            StorageError: its file cannot be read.
        """
        found = [
            (counter, kind)
            for kind in (_WAITING, _HEAD)
            for counter in self._counters(kind)[-1:]
        ]
        # Whoever sequences may rename the one into the other meanwhile.
        for counter, kind in sorted(found, reverse=True)[:1]:
            for name in (kind, _HEAD):
                with contextlib.suppress(FileNotFoundError):
                    return self._read(self.path(counter, name))
        return None

    def settle(self, counter: int) -> None:
        """Delete what the ledger has taken, up to `counter`; the newest becomes head.

        Nothing here needs to be durable: what comes back is recognised.

        Raises:
            StorageError: the disk refused the write.
        """
        done = [found for found in self.waiting() if found <= counter]
        heads = self._counters(_HEAD)
        with disk_errors(self.folder.name):
            if done and done[-1] > max(heads, default=-1):
                self.path(done[-1]).replace(self.path(done[-1], _HEAD))
                done.pop()
            else:
                heads = heads[:-1]
            for found in done:
                self.path(found).unlink(missing_ok=True)
            for found in heads:
                self.path(found, _HEAD).unlink(missing_ok=True)

    def quarantine(self, counter: int, why: str) -> None:
        """Move away the submission `counter` and all behind it, and say why.

        Raises:
            StorageError: the disk refused the write.
        """
        folder = self.folder / "quarantine"
        with disk_errors(self.folder.name):
            folder.mkdir(mode=0o700, exist_ok=True)
        write_atomic(folder / "why", f"counter {counter}: {why}\n".encode())
        with disk_errors(self.folder.name):
            # The newest first: a crash on the way leaves no gap behind a bad file.
            for found in reversed(self.waiting()):
                if found >= counter:
                    path = self.path(found)
                    path.replace(_unused(folder / path.name))

    def quarantined(self) -> str:
        """Why this stream was cut off; empty where it was not."""
        path = self.folder / "quarantine" / "why"
        try:
            return path.read_text("utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""

    def check_whole(self) -> None:
        """Refuse to go on where something was cut off.

        Raises:
            ConflictError: see the folder `quarantine`.
        """
        why = self.quarantined()
        if why:
            message = (
                f"stream {self.stream}: submissions that can never be appended lie in "
                f"{self.folder / 'quarantine'} ({why}); keep that folder elsewhere to "
                "go on without them, or let root abandon the stream"
            )
            raise ConflictError(message)

    def remove_temporaries(self) -> None:
        """Delete what a killed producer left half written; only under the lock."""
        remove_temporaries(self.folder)

    def _counters(self, kind: str) -> list[int]:
        """Counters of the files of that kind, smallest first."""
        missing = contextlib.suppress(FileNotFoundError, NotADirectoryError)
        with missing, _read_errors(self.folder):
            found = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
            return sorted(int(name[1]) for name in found if name and name[2] == kind)
        return []

    def _read(self, path: Path) -> Spooled:
        """A file of this stream."""
        try:
            # A link could lead out of the spool.
            with _read_errors(path), open_regular(path, follow=False) as file:
                spooled = parse_spooled(file.read(FILE_BYTES_MAX + 1))
        except NotRegularError:
            message = "spool file: expected a regular file"
            raise IntegrityError(message) from None
        if spooled.text.stream != self.stream:
            message = (
                f"spool file: expected stream {self.stream}, "
                f"found {spooled.text.stream}"
            )
            raise IntegrityError(message)
        return spooled


def spools_in(folder: Path) -> Iterator[Spool]:
    """The spools of a workspace, by stream name; other folders are left alone.

    Raises:
        StorageError: the folder cannot be read.
    """
    spools = folder / SPOOL_FOLDER
    paths: list[Path] = []
    with contextlib.suppress(FileNotFoundError), _read_errors(spools):
        paths = sorted(spools.iterdir())
    for path in paths:
        with contextlib.suppress(InputError):
            yield Spool(spools, path.name.replace(".", "/"))


@contextlib.contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    """Tell what is not there from what is there and cannot be read now.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, NotRegularError):
        raise
    except OSError as error:
        message = f"{path.name} cannot be read ({error.strerror})"
        raise StorageError(message) from None


def _unused(path: Path) -> Path:
    """`path`, or the first like it that does not exist."""
    number = 1
    found = path
    while found.exists():
        found = path.with_name(f"{path.name}.{number}")
        number += 1
    return found
