"""Epoch keys as files that a passphrase opens."""

import contextlib
import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.errors import KeyTrustError
from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KEY_BYTES, KeyFiles

_MAGIC: Final = b"tuneledger/vault-key/scrypt-aes256gcm/v1\n"
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
# 128 MiB and about half a second a guess. Source: RFC 7914, section 2, and OWASP's
# password storage cheat sheet (N = 2^17, r = 8, p = 1).
_N, _R, _P = 2**17, 8, 1


class PassphraseStore(KeyFiles):
    """Keys under AES-256-GCM, and that under scrypt of a passphrase.

    The passphrase is nowhere in the workspace: whoever copies all of it must guess.
    """

    kind: Kind = "passphrase"

    def __init__(self, folder: Path, passphrase: bytes | None) -> None:
        """Files are in `folder`.

        Raises:
            KeyTrustError: there is no passphrase.
        """
        super().__init__(folder)
        if not passphrase:
            message = "the vault needs a passphrase: set TUNELEDGER_PASSPHRASE"
            raise KeyTrustError(message)
        self._passphrase = passphrase

    def put(self, epoch: int, key: bytes) -> None:
        """See `KeyStore`."""
        salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._stretch(salt)).encrypt(nonce, key, _aad(epoch))
        self.write(epoch, _MAGIC + salt + nonce + sealed)

    def get(self, epoch: int) -> bytes:
        """See `KeyStore`; a wrong passphrase is a KeyTrustError too."""
        content = self.read(epoch)
        rest = content.removeprefix(_MAGIC)
        salt, nonce = rest[:_SALT_BYTES], rest[_SALT_BYTES:][:_NONCE_BYTES]
        sealed = rest[_SALT_BYTES + _NONCE_BYTES :]
        if rest != content and len(sealed) == KEY_BYTES + _TAG_BYTES:
            with contextlib.suppress(InvalidTag):
                return AESGCM(self._stretch(salt)).decrypt(nonce, sealed, _aad(epoch))
        message = (
            f"vault-{epoch}.key cannot be opened: the passphrase is wrong, or the file "
            "was altered"
        )
        raise KeyTrustError(message)

    def destroy(self, epoch: int) -> None:
        """See `KeyStore`."""
        self.delete(epoch)

    def _stretch(self, salt: bytes) -> bytes:
        scrypt = Scrypt(salt=salt, length=KEY_BYTES, n=_N, r=_R, p=_P)
        return scrypt.derive(self._passphrase)


def _aad(epoch: int) -> bytes:
    return b"epoch %d" % epoch
