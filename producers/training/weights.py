"""Weights as files that are named by what they hold.

A file's name is the SHA-256 of its safetensors bytes, so a name found in an event tells
whether the file is still the one that was trained. No metadata is written: the same
tensors give the same bytes.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ledger.errors import InputError, IntegrityError, StorageError

if TYPE_CHECKING:
    from torch import Tensor

_CLEAR: Final = ".safetensors"
_SEALED: Final = ".sealed"
_PARTIAL_SUFFIX: Final = ".partial"
BYTES_MAX: Final = 2**31 + 64
"""Longest file of weights: what can be sealed in one call, its nonce and its tag."""

_DIGEST: Final = re.compile(r"[0-9a-f]{64}\Z")

Cipher = Callable[[str, bytes], bytes]
"""Seals, or opens, the content of the weights that have the given digest."""


class Weights(Protocol):
    """Where weights are kept, by digest."""

    def put(self, content: bytes) -> str:
        """Keep `content`; durable when it returns its SHA-256 in hex."""
        ...

    def get(self, sha256: str) -> bytes:
        """The content with that digest."""
        ...

    def delete(self, sha256: str) -> None:
        """Forget it; not an error if it is not there."""
        ...

    def list(self) -> list[str]:
        """The digests that are there, sorted."""
        ...


def encode_tensors(tensors: dict[str, "Tensor"]) -> bytes:
    """Lay tensors out as safetensors bytes, the same for the same tensors."""
    # The base install, which has no tensor library, must still delete and list.
    from safetensors.torch import save  # noqa: PLC0415

    content: bytes = save({name: t.contiguous() for name, t in tensors.items()})
    return content


def decode_tensors(content: bytes) -> dict[str, "Tensor"]:
    """Read safetensors bytes.

    Raises:
        InputError: they are not in that format.
    """
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load  # noqa: PLC0415

    try:
        tensors: dict[str, Tensor] = load(content)
    except SafetensorError as error:
        message = f"weights cannot be read as safetensors: {error}"
        raise InputError(message) from None
    return tensors


class WeightStore:
    """A folder of weight files, each mode 0600.

    Attributes:
        folder: the folder; made, with mode 0700, if it is missing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seal: Cipher | None = None,
        unseal: Cipher | None = None,
        forget: Callable[[str], object] | None = None,
        is_writer: bool = True,
    ) -> None:
        """Open the folder, and delete what a killed writer left half written.

        One process writes to a folder at a time.

        Args:
            folder: where the files are.
            seal: what to do to content before it is written; None writes it in clear.
            unseal: the reverse.
            forget: makes what was sealed under a digest impossible to open.
            is_writer: False for who reads while another may write.
        """
        self.folder = folder
        self._seal = seal
        self._unseal = unseal
        self._forget = forget
        self._suffix = _SEALED if seal else _CLEAR
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for leftover in folder.glob(f"*{_PARTIAL_SUFFIX}") if is_writer else ():
            leftover.unlink(missing_ok=True)

    def save(self, tensors: dict[str, "Tensor"]) -> str:
        """Keep tensors; see `put`."""
        return self.put(encode_tensors(tensors))

    def load(self, sha256: str) -> dict[str, "Tensor"]:
        """The tensors with that digest; see `get`."""
        return decode_tensors(self.get(sha256))

    def put(self, content: bytes) -> str:
        """Write safetensors bytes; durable when it returns.

        Returns:
            SHA-256 of `content`, lowercase hex.

        Raises:
            StorageError: the disk refused; no file of that name is there.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        stored = content if self._seal is None else self._seal(sha256, content)
        partial = self.folder / f"{secrets.token_hex(8)}{_PARTIAL_SUFFIX}"
        try:
            _write_durably(partial, stored)
            partial.replace(self._path(sha256))
            _sync_folder(self.folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            message = f"weights {sha256[:16]} cannot be written: {error.strerror}"
            raise StorageError(message) from error
        return sha256

    def get(self, sha256: str) -> bytes:
        """The safetensors bytes with that digest.

        Raises:
            InputError: there is no such file.
            IntegrityError: the file holds something else.
        """
        path = self._path(sha256)
        try:
            stored = _read(path)
        except FileNotFoundError:
            message = f"weights {sha256[:16]}: expected a file, found none"
            raise InputError(message) from None
        except OSError as error:
            message = f"weights {sha256[:16]} cannot be read: {error.strerror}"
            raise IntegrityError(message) from None
        content = stored if self._unseal is None else self._unseal(sha256, stored)
        found = hashlib.sha256(content).hexdigest()
        if found != sha256:
            message = (
                f"weights file altered: expected SHA-256 {sha256[:16]}, "
                f"found {found[:16]}"
            )
            raise IntegrityError(message)
        return content

    def delete(self, sha256: str) -> None:
        """Destroy the key, then the file; not an error if they are not there.

        Raises:
            StorageError: the disk refused.
        """
        if self._forget is not None:
            self._forget(sha256)
        try:
            self._path(sha256).unlink(missing_ok=True)
            _sync_folder(self.folder)
        except OSError as error:
            message = f"weights {sha256[:16]} cannot be deleted: {error.strerror}"
            raise StorageError(message) from error

    def list(self) -> list[str]:
        """The digests of the files, sorted."""
        names = (path.stem for path in self.folder.glob(f"*{self._suffix}"))
        return sorted(name for name in names if _DIGEST.match(name))

    def _path(self, sha256: str) -> Path:
        # A name from an event must not lead out of the folder.
        if not _DIGEST.match(sha256):
            message = "weights digest: expected 64 lowercase hex digits"
            raise InputError(message)
        return self.folder / f"{sha256}{self._suffix}"


def _read(path: Path) -> bytes:
    """A file of weights; never waits for a pipe, nor reads a device without end."""
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if found.st_size > BYTES_MAX:
            raise OSError(errno.EFBIG, f"longer than {BYTES_MAX} bytes")
        return file.read(BYTES_MAX)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
