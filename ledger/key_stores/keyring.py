"""Epoch keys in the keyring of the operating system, through the package `keyring`."""

from typing import TYPE_CHECKING, Final

from ledger.errors import ConflictError, KeyTrustError
from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KEY_BYTES, gone

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

_SERVICE: Final = "tuneledger vault"


class KeyringStore:
    """Keys in the user's keyring (macOS Keychain, Windows Credential Locker, ...).

    What deleting from it leaves behind is up to that keyring.
    """

    kind: Kind = "keyring"

    def __init__(self, name: str) -> None:
        """Keys are kept under `name`, the origin of the workspace.

        Raises:
            KeyTrustError: the package is missing, or finds no keyring on this machine.
        """
        self._name = name
        self._keyring = _backend()

    def put(self, epoch: int, key: bytes) -> None:
        """See `KeyStore`."""
        if self._read(epoch) is not None:
            message = f"the keyring has key {epoch} of {self._name} already"
            raise ConflictError(message)
        with _refusals():
            self._keyring.set_password(_SERVICE, self._user(epoch), key.hex())

    def get(self, epoch: int) -> bytes:
        """See `KeyStore`."""
        found = self._read(epoch)
        if found is None:
            raise gone(epoch)
        try:
            key = bytes.fromhex(found)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            message = f"keyring: expected key {epoch} as 64 hex digits, found otherwise"
            raise KeyTrustError(message)
        return key

    def destroy(self, epoch: int) -> None:
        """See `KeyStore`."""
        if self._read(epoch) is not None:
            with _refusals():
                self._keyring.delete_password(_SERVICE, self._user(epoch))

    def _read(self, epoch: int) -> str | None:
        with _refusals():
            return self._keyring.get_password(_SERVICE, self._user(epoch))

    def _user(self, epoch: int) -> str:
        return f"{self._name} {epoch}"


def _backend() -> "KeyringBackend":
    """The keyring of this user.

    Raises:
        KeyTrustError: the package is missing, or finds no keyring on this machine.
    """
    try:
        # An extra: most workspaces keep their keys in files.
        import keyring  # noqa: PLC0415
    except ModuleNotFoundError:
        message = "the vault's key is in the keyring: install tuneledger[keyring]"
        raise KeyTrustError(message) from None
    found = keyring.get_keyring()
    if found.priority <= 0:  # the package's own stand-in where there is none
        message = "no keyring was found on this machine; choose another key_store"
        raise KeyTrustError(message)
    return found


class _refusals:  # noqa: N801 (reads as a verb where it is used)
    """Turn what a keyring raises into one line that names no key."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        from keyring.errors import KeyringError  # noqa: PLC0415

        if isinstance(error, KeyringError):
            message = f"the keyring refused: {type(error).__name__}"
            raise KeyTrustError(message) from None
