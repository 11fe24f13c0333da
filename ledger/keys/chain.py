"""Where a process finds the private halves of keys: in memory, or in key files.

A key file is read when its key is first needed, once, and only used where it holds the
key that the ledger granted. A key on its way in lies beside the old one as
`NAME.pem.new`: whichever of the two the ledger says is in force gets used, so a kill
between the ledger's word and the rename loses nothing.
"""

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ledger.disk.files import disk_errors, sync_folder, write_atomic
from ledger.errors import KeyTrustError
from ledger.format.note import VerifierKey
from ledger.format.signers import Signer
from ledger.keys.files import SigningKey, file_stem, load_key, load_key_file

PENDING: Final = ".pem.new"
"""Ending of a key file whose grant may or may not be in the ledger yet."""


class KeyChain:
    """The private keys that this process may use."""

    def __init__(
        self,
        folder: Path,
        *,
        root_folder: Path | None = None,
        passphrase: bytes | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            folder: key files of granted keys.
            root_folder: key files of root keys; `folder` by default.
            passphrase: opens every key file.
        """
        self.folder = folder
        self.root_folder = root_folder or folder
        self._passphrase = passphrase
        self._held: dict[VerifierKey, Signer] = {}
        self._read: dict[VerifierKey, Signer] = {}

    def hold(self, signer: Signer) -> None:
        """Use a key that is in no file, until it is let go.

        A run's key, or one that a key management service or hardware module holds.
        """
        self._held[signer.verifier] = signer

    def let_go(self, verifier: VerifierKey) -> None:
        """Forget a held key; not an error if it is not held."""
        self._held.pop(verifier, None)

    def close(self) -> None:
        """Forget every key."""
        self._held.clear()
        self._read.clear()

    def has(self, origin: str, verifier: VerifierKey) -> bool:
        """Whether the key is held, or a file of its name is there; none is read."""
        if verifier in self._held:
            return True
        path = self.path(origin, verifier.name)
        return path.exists() or path.with_suffix(PENDING).exists()

    def file(
        self, origin: str, verifier: VerifierKey, *, is_root: bool = False
    ) -> Path | None:
        """The key's file, where one of its name is here; it is not read."""
        path = self.path(origin, verifier.name)
        if is_root:
            path = self.root_folder / path.name
        return path if path.exists() else None

    def path(self, origin: str, name: str) -> Path:
        """Where the file of a granted key is, or would be."""
        return self.folder / f"{file_stem(origin, name)}.pem"

    def find(self, origin: str, verifier: VerifierKey) -> Signer:
        """The private half of a granted key.

        Raises:
            KeyTrustError: its file is missing, open to others, holds another key, or
                the passphrase does not open it.
        """
        found = self._held.get(verifier) or self._read.get(verifier)
        if found is None:
            stem = file_stem(origin, verifier.name)
            found = self._pending(self.folder / f"{stem}{PENDING}", verifier)
            found = found or self._load(self.folder, stem, verifier)
            self._read[verifier] = found
        return found

    def roots(
        self, origin: str, keys: Sequence[VerifierKey], threshold: int
    ) -> list[Signer]:
        """As many root keys as sign a key event, in the order of `keys`.

        Raises:
            KeyTrustError: fewer can be used; the message says what each one lacks.
        """
        found: list[Signer] = []
        problems: list[str] = []
        for key in keys:
            if len(found) == threshold:
                break
            signer = self._held.get(key) or self._read.get(key)
            try:
                stem = file_stem(origin, key.name)
                signer = signer or self._load(self.root_folder, stem, key)
            except KeyTrustError as error:
                problems.append(str(error))
                continue
            self._read[key] = signer
            found.append(signer)
        if len(found) < threshold:
            missing = "; ".join(problems)
            if threshold > 1:
                missing = f"{threshold} root keys sign, found {len(found)}: {missing}"
            raise KeyTrustError(missing)
        return found

    def put(self, origin: str, key: SigningKey) -> None:
        """Write a new key's file beside the place that it takes when it is granted.

        Raises:
            StorageError: the disk refused the write.
        """
        path = self.path(origin, key.name)
        write_atomic(path.with_suffix(PENDING), key.to_pem(self._passphrase))

    def settle(self, origin: str, keys: Iterable[VerifierKey]) -> None:
        """Move new key files to their places; the keys that they follow are destroyed.

        What cannot be moved now stays usable where it is.

        Args:
            origin: name of the log.
            keys: the active keys, by what the stored ledger says.
        """
        active = {file_stem(origin, key.name): key for key in keys}
        for path in self.folder.glob(f"*{PENDING}"):
            key = active.get(path.name.removesuffix(PENDING))
            if key is not None and self._pending(path, key) is not None:
                with contextlib.suppress(OSError):
                    path.replace(path.with_suffix(""))
                    sync_folder(self.folder)

    def discard(self, origin: str, verifier: VerifierKey) -> None:
        """Take back a new key that was `put` and held, and never granted.

        Raises:
            StorageError: the disk refused it.
        """
        self.let_go(verifier)
        path = self.path(origin, verifier.name).with_suffix(PENDING)
        if self._pending(path, verifier) is not None:
            self._delete(path)

    def destroy(self, origin: str, verifier: VerifierKey) -> bool:
        """Delete the file of a key that ended; another key's file is left alone.

        Returns:
            Whether there was one.

        Raises:
            KeyTrustError: there is a file, and it cannot be told whether it holds it.
            StorageError: the disk refused it.
        """
        self.let_go(verifier)
        self._read.pop(verifier, None)
        path = self.path(origin, verifier.name)
        if not path.exists():
            return False
        try:
            found = load_key(self.folder, path.stem, verifier.name, self._passphrase)
        except KeyTrustError as error:
            message = f"the key ended, and its file was not destroyed: {error}"
            raise KeyTrustError(message) from None
        if found.verifier != verifier:
            return False
        self._delete(path)
        return True

    def _delete(self, path: Path) -> None:
        with disk_errors(path.name):
            path.unlink(missing_ok=True)
            sync_folder(self.folder)

    def _pending(self, path: Path, verifier: VerifierKey) -> Signer | None:
        """The key of a pending file, where it is this one."""
        if not path.exists():
            return None
        with contextlib.suppress(KeyTrustError):
            found = load_key_file(path, path.name, verifier.name, self._passphrase)
            if found.verifier == verifier:
                return found
        return None

    def _load(self, folder: Path, stem: str, verifier: VerifierKey) -> Signer:
        key = load_key(folder, stem, verifier.name, self._passphrase)
        if key.verifier != verifier:
            message = (
                f"key {stem}: expected the key with id {verifier.key_id.hex()}, "
                f"found {key.verifier.key_id.hex()} in its file"
            )
            raise KeyTrustError(message)
        return key
