"""The checkpoints that a reader keeps from one verification to the next.

A folder with one file for each origin, named by the SHA-256 of the origin:

    tuneledger/pin/v1
    genesis 6f1d...

    example.org/acme
    8
    q3Ww...

    — example.org/acme Zf01...

It is replaced by compare-and-swap under a lock, so two verifications at the same time
cannot lose the larger checkpoint. A file that cannot be read is never replaced.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from verifier.findings import Violation, escaped
from verifier.format.checkpoint import CHECKPOINT_BYTES_MAX, parse_checkpoint
from verifier.given import GivenError

_HEAD = re.compile(rb"tuneledger/pin/v1\ngenesis ([0-9a-f]{64})\n\n")
_HEAD_BYTES = 92


class PinStoreError(GivenError):
    """A kept checkpoint cannot be read or written; exit code 2."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept checkpoint.

    Attributes:
        genesis: SHA-256 of submission 0's note text.
        size: of the checkpoint.
        root: of the checkpoint.
        note: its exact bytes.
    """

    genesis: bytes
    size: int
    root: bytes
    note: bytes


class PinStore:
    """The folder of the kept checkpoints."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is read."""
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder where there is none, before a long verification.

        Raises:
            PinStoreError: it cannot be made, or is no folder.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _fault(self.folder, f"a folder, found {error.strerror}") from None

    def path(self, origin: str, suffix: str = "pin") -> Path:
        """Return the file of an origin."""
        return self.folder / f"{sha256(origin.encode()).hexdigest()}.{suffix}"

    def load(self, origin: str) -> Kept | None:
        """Return the kept checkpoint, None where there is none.

        Raises:
            PinStoreError: the file cannot be read, or is not one of this origin.
        """
        path = self.path(origin)
        try:
            with path.open("rb") as file:
                content = file.read(_HEAD_BYTES + CHECKPOINT_BYTES_MAX + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _fault(path, f"readable, found {error.strerror}") from None
        return _parse(path, content, origin)

    def replace(self, origin: str, before: Kept | None, after: Kept) -> bool:
        """Keep `after` if `before` is still what is kept; return whether it was.

        Raises:
            PinStoreError: the folder or the file cannot be read or written.
        """
        self.prepare()
        try:
            with self._lock(origin):
                if self.load(origin) != before:
                    return False
                head = f"tuneledger/pin/v1\ngenesis {after.genesis.hex()}\n\n".encode()
                write_durably(self.path(origin), head + after.note)
        except OSError as error:
            raise _fault(self.folder, f"writable, found {error.strerror}") from None
        return True

    @contextmanager
    def _lock(self, origin: str) -> Iterator[None]:
        descriptor = os.open(self.path(origin, "lock"), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file so that a crash leaves the old or the new one, whole.

    Raises:
        OSError: the disk refused it; the old file is as it was.
    """
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with scratch.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _parse(path: Path, content: bytes, origin: str) -> Kept:
    match = _HEAD.match(content)
    if match is None:
        raise _fault(path, "a file of tuneledger/pin/v1, found another or a part of it")
    note = content[match.end() :]
    try:
        checkpoint = parse_checkpoint(note)
    except Violation as violation:
        raise _fault(path, str(violation)) from None
    if len(note) > CHECKPOINT_BYTES_MAX or checkpoint.origin != origin:
        raise _fault(path, f"a checkpoint of {origin}, found another")
    return Kept(
        bytes.fromhex(match[1].decode()), checkpoint.size, checkpoint.root, note
    )


def _fault(path: Path, what: str) -> PinStoreError:
    return PinStoreError(f"{escaped(str(path))}: the kept checkpoint: expected {what}")
