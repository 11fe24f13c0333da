"""Commitments to the texts of probes, so that two evaluations of one text are known.

The text is kept nowhere. Its commitment is under a key of its own, which lies here
with a keyed tag to find it by: whoever kept the text can show that it is the one, and
without this vault nobody can check a guess.
"""

import hashlib
import hmac
from typing import Final

from ledger.vault.vault import Vault

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS probe_text (tag BLOB PRIMARY KEY, key BLOB NOT NULL) "
    "STRICT, WITHOUT ROWID"
)


class ProbeTexts:
    """The vault's keys of probed texts; their table is made with the first one."""

    def __init__(self, vault: Vault) -> None:
        """Keys are kept in `vault`."""
        self._vault = vault

    def commit(self, content: bytes) -> str:
        """HMAC-SHA-256 of a text under its key, hex; the same each time."""
        tag = self._vault.tag("probe text", hashlib.sha256(content).hexdigest())
        with self._vault.transaction():
            self._vault.connection.execute(_TABLE)
            self._vault.connection.execute(
                "INSERT OR IGNORE INTO probe_text VALUES (?, ?)",
                (tag, self._vault.random_bytes(32)),
            )
            [key] = self._vault.connection.execute(
                "SELECT key FROM probe_text WHERE tag = ?", (tag,)
            ).fetchone()
        return hmac.digest(key, content, "sha256").hex()
