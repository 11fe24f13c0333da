"""Epoch keys wrapped by a key management service, through a command of the user's.

The command is called with `wrap` or `unwrap` as its last argument, gets base64 on its
standard input and prints base64, so that the client of any service fits behind a few
lines of shell. The service's own key never comes here.
"""

import base64
import binascii
import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.errors import KeyTrustError
from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KEY_BYTES, KeyFiles

_SECONDS_MAX: Final = 60
_WRAPPED_MAX: Final = 16_384


class CommandStore(KeyFiles):
    """What the service wrapped is a file in `keys/`; without the service it is noise.

    Destroying it deletes the file. Whoever copied the file and may still ask the
    service can undo that, until the service's own key is destroyed.
    """

    kind: Kind = "kms"

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        """Files are in `folder`.

        Raises:
            KeyTrustError: there is no command.
        """
        super().__init__(folder)
        if not command:
            message = 'key_store "kms" needs kms_command in tuneledger.toml'
            raise KeyTrustError(message)
        self._command = list(command)

    def put(self, epoch: int, key: bytes) -> None:
        """See `KeyStore`."""
        wrapped = self._call("wrap", key)
        # A command that wraps wrongly must not cost the vault: it is tried at once.
        if self._call("unwrap", wrapped) != key or key in wrapped:
            message = "kms_command: unwrap does not give back what wrap was given"
            raise KeyTrustError(message)
        self.write(epoch, base64.b64encode(wrapped) + b"\n")

    def get(self, epoch: int) -> bytes:
        """See `KeyStore`."""
        wrapped = _decode(self.read(epoch), f"vault-{epoch}.key")
        key = self._call("unwrap", wrapped)
        if len(key) != KEY_BYTES:
            message = f"kms_command unwrap: expected 32 bytes, found {len(key)}"
            raise KeyTrustError(message)
        return key

    def destroy(self, epoch: int) -> None:
        """See `KeyStore`."""
        self.delete(epoch)

    def _call(self, what: str, content: bytes) -> bytes:
        """Run the command; its own messages go to the user's terminal."""
        try:
            done = subprocess.run(  # noqa: S603 (the user's own settings name it)
                [*self._command, what],
                input=base64.b64encode(content) + b"\n",
                stdout=subprocess.PIPE,
                timeout=_SECONDS_MAX,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"kms_command {what}: expected an answer in {_SECONDS_MAX} s"
            raise KeyTrustError(message) from None
        except OSError as error:
            message = f"kms_command cannot be run: {error.strerror}"
            raise KeyTrustError(message) from None
        if done.returncode:
            message = f"kms_command {what}: expected status 0, found {done.returncode}"
            raise KeyTrustError(message)
        return _decode(done.stdout, f"kms_command {what}")


def _decode(content: bytes, what: str) -> bytes:
    """Read base64 of a limited length.

    Raises:
        KeyTrustError: it is none, or too long.
    """
    text = content.strip()
    if len(text) <= _WRAPPED_MAX:
        with contextlib.suppress(binascii.Error):
            return base64.b64decode(text, validate=True)
    message = (
        f"{what}: expected base64 of at most {_WRAPPED_MAX} characters, "
        "found something else"
    )
    raise KeyTrustError(message)
