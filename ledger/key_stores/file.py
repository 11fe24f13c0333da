"""Epoch keys as plain files, for a disk that is trusted."""

from ledger.errors import KeyTrustError
from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KEY_BYTES, KeyFiles


class FileStore(KeyFiles):
    """Keys as hexadecimal text, mode 0600, in `keys/`.

    It protects a copy of the vault that was made without `keys/`, and nothing else.
    """

    kind: Kind = "file"

    def put(self, epoch: int, key: bytes) -> None:
        """See `KeyStore`."""
        self.write(epoch, key.hex().encode() + b"\n")

    def get(self, epoch: int) -> bytes:
        """See `KeyStore`."""
        try:
            key = bytes.fromhex(self.read(epoch).decode("ascii").strip())
        except (UnicodeDecodeError, ValueError):
            key = b""
        if len(key) != KEY_BYTES:
            message = f"vault-{epoch}.key: expected 64 hex digits, found something else"
            raise KeyTrustError(message)
        return key

    def destroy(self, epoch: int) -> None:
        """See `KeyStore`."""
        self.delete(epoch)
