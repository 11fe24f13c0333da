"""The protocol of a key store, and the files that most of them keep."""

import os
from pathlib import Path
from typing import Final, Protocol

from ledger.disk.files import disk_errors, open_regular, sync_folder, write_once
from ledger.errors import KeyTrustError
from ledger.events.erasure import KeyStore as Kind

KEY_BYTES: Final = 32
"""AES-256."""

_BYTES_MAX: Final = 65_536


class KeyStore(Protocol):
    """Keeps one key an epoch. Epochs count from 1."""

    @property
    def kind(self) -> Kind:
        """What certificates call it."""
        ...

    def put(self, epoch: int, key: bytes) -> None:
        """Keep a new epoch's key; durable when it returns.

        Raises:
            ConflictError: the epoch has a key already.
            KeyTrustError: the store cannot be reached, or refuses.
        """
        ...

    def get(self, epoch: int) -> bytes:
        """The key of an epoch, 32 bytes.

        Raises:
            KeyTrustError: it was destroyed, or the store cannot be reached.
        """
        ...

    def destroy(self, epoch: int) -> None:
        """Destroy an epoch's key; not an error where it is gone already.

        Raises:
            KeyTrustError: the store cannot be reached, or refuses.
            StorageError: the disk refused.
        """
        ...


class KeyFiles:
    """One file an epoch, mode 0600."""

    def __init__(self, folder: Path) -> None:
        """Files are in `folder`; made, with mode 0700, if it is missing."""
        self._folder = folder

    def write(self, epoch: int, content: bytes) -> None:
        """Write the file of a new epoch.

        Raises:
            ConflictError: it exists.
        """
        with disk_errors(self._folder.name):
            self._folder.mkdir(mode=0o700, exist_ok=True)
        write_once(self._path(epoch), content)

    def read(self, epoch: int) -> bytes:
        """Read the file of an epoch.

        Raises:
            KeyTrustError: it is gone, or cannot be read.
        """
        path = self._path(epoch)
        try:
            with open_regular(path) as file:
                content = file.read(_BYTES_MAX + 1)
        except FileNotFoundError:
            raise gone(epoch) from None
        except OSError as error:
            message = f"{path.name} cannot be read: {error.strerror}"
            raise KeyTrustError(message) from None
        if len(content) > _BYTES_MAX:
            message = f"{path.name}: expected at most {_BYTES_MAX} bytes, found more"
            raise KeyTrustError(message)
        return content

    def delete(self, epoch: int) -> None:
        """Overwrite the file of an epoch, and delete it.

        A file system that copies on write, and an SSD, may keep what was overwritten.

        Raises:
            StorageError: the disk refused.
        """
        path = self._path(epoch)
        with disk_errors(path.name):
            if not path.exists():
                return
            with path.open("r+b") as file:
                file.write(b"\0" * path.stat().st_size)
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            sync_folder(self._folder)

    def _path(self, epoch: int) -> Path:
        return self._folder / f"vault-{epoch}.key"


def gone(epoch: int) -> KeyTrustError:
    """What is said where an epoch's key was destroyed."""
    return KeyTrustError(
        f"the vault is wrapped under key {epoch}, and this workspace has none of that "
        "number: a later rotation destroyed it, or keys/ was not restored with the "
        "vault; restore a newer vault, or keys/ from its time"
    )
