"""Keys of artefacts: weights that saw personal data are personal data.

Every file of weights is encrypted under a key of its own. A file deletion may leave the
bytes on a disk or in a backup; without the key they are noise.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import InputError, IntegrityError
from ledger.vault.vault import Vault

_NONCE_BYTES: Final = 12

BYTES_MAX: Final = 2**31 - 1
"""Longest artefact: what `cryptography` encrypts in one call."""


class Artefacts:
    """Seals and opens the artefacts of one workspace."""

    def __init__(self, vault: Vault) -> None:
        """Keys are kept in `vault`."""
        self._vault = vault

    def seal(self, sha256: str, content: bytes) -> bytes:
        """Encrypt an artefact under its key, made on first use: nonce || AES-256-GCM.

        Args:
            sha256: digest of `content`, hex; it is bound to it.
            content: its bytes.

        Raises:
            InputError: they are more than `BYTES_MAX`.
        """
        if len(content) > BYTES_MAX:
            message = (
                f"artefact {sha256[:16]}: expected at most {BYTES_MAX} bytes, "
                f"found {len(content)}"
            )
            raise InputError(message)
        with self._vault.transaction():
            self._vault.connection.execute(
                "INSERT OR IGNORE INTO artefact VALUES (?, ?)",
                (sha256, self._vault.new_key("artefact", sha256)),
            )
            key = self._key(sha256)
        nonce = self._vault.random_bytes(_NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, content, sha256.encode())

    def unseal(self, sha256: str, stored: bytes) -> bytes:
        """Undo `seal`.

        Raises:
            IntegrityError: the vault has no key of it, or the file is another's.
        """
        nonce, sealed = stored[:_NONCE_BYTES], stored[_NONCE_BYTES:]
        try:
            return AESGCM(self._key(sha256)).decrypt(nonce, sealed, sha256.encode())
        except (InvalidTag, ValueError):
            message = f"artefact {sha256[:16]}: its file was altered or is another's"
            raise IntegrityError(message) from None

    def destroy(self, sha256: str) -> bool:
        """Destroy an artefact's key; return whether there was one."""
        with self._vault.transaction():
            gone = self._vault.connection.execute(
                "DELETE FROM artefact WHERE sha256 = ?", (sha256,)
            )
        return gone.rowcount == 1

    def _key(self, sha256: str) -> bytes:
        row = self._vault.connection.execute(
            "SELECT key FROM artefact WHERE sha256 = ?", (sha256,)
        ).fetchone()
        if row is None:
            message = (
                f"artefact {sha256[:16]}: expected its key in the vault, found none: "
                "it was destroyed, or the vault is older than the artefact"
            )
            raise IntegrityError(message)
        return self._vault.unwrap("artefact", row[0], sha256)
