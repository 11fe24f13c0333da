"""Where the epoch keys of a vault are kept: in a file, or beyond one.

A vault's keys are wrapped under an epoch key (`ledger.vault.epochs`). Who copies the
vault alone can read nothing; who destroys an epoch key makes every older copy of the
vault unreadable. What each store can promise about that is in docs/threat-model.md.
"""

from collections.abc import Sequence
from pathlib import Path

from ledger.events.erasure import KeyStore as Kind
from ledger.key_stores.base import KeyStore
from ledger.key_stores.command import CommandStore
from ledger.key_stores.file import FileStore
from ledger.key_stores.keyring import KeyringStore
from ledger.key_stores.passphrase import PassphraseStore

__all__ = ["KeyStore", "open_store"]


def open_store(
    kind: Kind,
    folder: Path,
    *,
    name: str,
    passphrase: bytes | None = None,
    command: Sequence[str] = (),
) -> KeyStore:
    """The store that the settings name.

    Args:
        kind: which.
        folder: folder of the files that it keeps, if any; `keys/` of the workspace.
        name: what tells this workspace from others where stores are shared; its origin.
        passphrase: for `passphrase`.
        command: for `kms`.

    Raises:
        KeyTrustError: what the store needs was not given.
    """
    match kind:
        case "file":
            return FileStore(folder)
        case "passphrase":
            return PassphraseStore(folder, passphrase)
        case "keyring":
            return KeyringStore(name)
        case "kms":
            return CommandStore(folder, command)
