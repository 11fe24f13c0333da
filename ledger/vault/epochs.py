"""Epochs: every key of a vault is wrapped under the key of the present epoch.

A new epoch wraps all of them again and then destroys the old epoch's key, so that no
copy of the vault from before can be opened: what was erased stays erased in backups.
"""

import os
from collections.abc import Callable
from typing import Final, NamedTuple, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import IntegrityError
from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KEY_BYTES, KeyStore

_NUMBER_BYTES: Final = 4
_NONCE_BYTES: Final = 12

OpenStore = Callable[[Kind], KeyStore]
"""Opens the key store of a kind, with what the workspace has for it."""


class Epoch(NamedTuple):
    """An epoch of a vault.

    Attributes:
        number: 1 for the first.
        kind: the key store that keeps its key.
    """

    number: int
    kind: Kind

    def encode(self) -> bytes:
        """As the vault keeps it."""
        return f"{self.number} {self.kind}".encode()

    @classmethod
    def parse(cls, content: bytes) -> "Epoch":
        """What `encode` wrote."""
        number, kind = content.decode().split()
        return cls(int(number), cast("Kind", kind))


class Epochs:
    """Wraps and unwraps keys; no store is asked for an epoch's key before its use."""

    def __init__(
        self, open_store: OpenStore, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """No store is opened before the first key is wanted."""
        self._open_store = open_store
        self._random_bytes = random_bytes
        self._ciphers: dict[Epoch, AESGCM] = {}

    def begin(self, epoch: Epoch) -> None:
        """Make the key of a new epoch, in place of one that a killed rotation made.

        Raises:
            KeyTrustError: the store refuses.
        """
        store = self._open_store(epoch.kind)
        store.destroy(epoch.number)
        store.put(epoch.number, self._random_bytes(KEY_BYTES))
        self._ciphers.pop(epoch, None)

    def end(self, epoch: Epoch) -> None:
        """Destroy the key of an epoch; not an error where it is gone already.

        Raises:
            KeyTrustError: the store refuses.
        """
        self._open_store(epoch.kind).destroy(epoch.number)
        self._ciphers.pop(epoch, None)

    def wrap(self, epoch: Epoch, key: bytes, context: str) -> bytes:
        """Epoch, nonce, and the key under AES-256-GCM, bound to what it is the key of.

        Raises:
            KeyTrustError: the epoch's key is gone or cannot be reached.
        """
        nonce = self._random_bytes(_NONCE_BYTES)
        sealed = self._cipher(epoch).encrypt(nonce, key, context.encode())
        return epoch.number.to_bytes(_NUMBER_BYTES, "big") + nonce + sealed

    def unwrap(self, epoch: Epoch, wrapped: bytes, context: str) -> bytes:
        """Undo `wrap`.

        Raises:
            IntegrityError: it was altered, is of another epoch, or the key of something
                else.
            KeyTrustError: the epoch's key is gone or cannot be reached.
        """
        nonce = wrapped[_NUMBER_BYTES:][:_NONCE_BYTES]
        sealed = wrapped[_NUMBER_BYTES + _NONCE_BYTES :]
        try:
            return self._cipher(epoch).decrypt(nonce, sealed, context.encode())
        except (InvalidTag, ValueError):
            message = "a key in the vault was altered or is another's"
            raise IntegrityError(message) from None

    def _cipher(self, epoch: Epoch) -> AESGCM:
        if epoch not in self._ciphers:
            key = self._open_store(epoch.kind).get(epoch.number)
            self._ciphers[epoch] = AESGCM(key)
        return self._ciphers[epoch]
