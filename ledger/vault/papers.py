"""Letters about requests for erasure, and the controller's own references to them.

A letter names the person, so it lies in the vault and the ledger holds a commitment
only. When the person is erased its text goes and its key stays: whoever kept the letter
can still show that it is the one.
"""

import hmac
from typing import Any, Final, Literal

from ledger.errors import InputError
from ledger.vault.vault import Vault

PAPER_BYTES_MAX: Final = 1024 * 1024
"""Longest letter: a scan of a few pages."""

REFERENCE_MAX: Final = 128
"""Longest reference in characters."""

Kind = Literal["extension", "lifting", "refusal", "recipients"]

_TABLES: Final = (
    (
        "CREATE TABLE IF NOT EXISTS paper (erasure_id TEXT NOT NULL, "
        "kind TEXT NOT NULL, commitment TEXT NOT NULL UNIQUE, key BLOB NOT NULL, "
        "content BLOB) STRICT"
    ),
    (
        "CREATE TABLE IF NOT EXISTS reference (erasure_id TEXT NOT NULL, "
        "text TEXT NOT NULL, PRIMARY KEY (erasure_id, text)) STRICT"
    ),
)


class Papers:
    """The vault's file of letters; its tables are made with the first one."""

    def __init__(self, vault: Vault) -> None:
        """Letters are kept in `vault`."""
        self._vault = vault

    def keep(self, erasure_id: str, kind: Kind, content: bytes) -> str:
        """Keep a letter, durably when it returns.

        Returns:
            HMAC-SHA-256 of it under a key of its own, hex.

        Raises:
            InputError: it is empty or too long.
        """
        if not 0 < len(content) <= PAPER_BYTES_MAX:
            message = (
                f"letter: expected 1 to {PAPER_BYTES_MAX} bytes, found {len(content)}"
            )
            raise InputError(message)
        key = self._vault.random_bytes(32)
        commitment = hmac.digest(key, content, "sha256").hex()
        with self._vault.transaction():
            self._make()
            self._vault.connection.execute(
                "INSERT INTO paper VALUES (?, ?, ?, ?, ?)",
                (erasure_id, kind, commitment, key, content),
            )
        return commitment

    def opens(self, commitment: str, content: bytes) -> bool:
        """Whether a letter is the one that a commitment was made to."""
        found = self._rows("SELECT key FROM paper WHERE commitment = ?", commitment)
        return bool(found) and hmac.compare_digest(
            hmac.digest(found[0][0], content, "sha256").hex(), commitment
        )

    def content(self, commitment: str) -> bytes | None:
        """A kept letter; None where it was erased or never kept."""
        query = "SELECT content FROM paper WHERE commitment = ?"
        found = self._rows(query, commitment)
        return found[0][0] if found else None

    def forget(self, erasure_id: str) -> None:
        """Delete the texts of an erasure's letters; their keys stay."""
        with self._vault.transaction():
            self._make()
            self._vault.connection.execute(
                "UPDATE paper SET content = NULL WHERE erasure_id = ? "
                "AND kind <> 'recipients'",
                (erasure_id,),
            )

    def refer(self, erasure_id: str, reference: str) -> None:
        """Keep the controller's own reference to a request; again changes nothing.

        Raises:
            InputError: it is empty, too long, or holds what is not printed.
        """
        if not 0 < len(reference) <= REFERENCE_MAX or not reference.isprintable():
            message = f"--request: expected 1 to {REFERENCE_MAX} printable characters"
            raise InputError(message)
        with self._vault.transaction():
            self._make()
            self._vault.connection.execute(
                "INSERT OR IGNORE INTO reference VALUES (?, ?)", (erasure_id, reference)
            )

    def references(self, erasure_id: str) -> list[str]:
        """The references to an erasure, sorted."""
        query = "SELECT text FROM reference WHERE erasure_id = ? ORDER BY text"
        return [row[0] for row in self._rows(query, erasure_id)]

    def referred(self, reference: str) -> list[str]:
        """The erasures that a reference was given for, sorted."""
        query = "SELECT erasure_id FROM reference WHERE text = ? ORDER BY erasure_id"
        return [row[0] for row in self._rows(query, reference)]

    def _make(self) -> None:
        for table in _TABLES:
            self._vault.connection.execute(table)

    def _rows(self, query: str, value: str) -> list[tuple[Any, ...]]:
        """What a query finds; nothing where no letter was ever kept."""
        made = self._vault.connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE name = 'paper'"
        ).fetchone()
        if made is None:
            return []
        return self._vault.connection.execute(query, (value,)).fetchall()
