"""What persons wrote about scans: in the vault, bound by commitments in the ledger.

A note may quote a page, and so name somebody; it goes with the URL that it is about.
"""

import hmac
import os
from collections.abc import Callable
from typing import Final

from ledger.errors import InputError
from ledger.vault.vault import Vault

NOTE_BYTES_MAX: Final = 65_536
"""Longest note in UTF-8: some twenty pages, so that no whole site is pasted into it."""


class ReviewNotes:
    """The vault's register of notes."""

    def __init__(
        self, vault: Vault, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Notes are kept in `vault`."""
        self._vault = vault
        self._random_bytes = random_bytes

    def keep(self, review_id: str, scan_id: str, text: str) -> str:
        """Keep a note until the ledger holds its review, and commit to it.

        Returns:
            HMAC-SHA-256 of the text under a key of its own, hex; empty where there is
            no text, of which nothing is kept.

        Raises:
            InputError: the text is too long.
        """
        size = len(text.encode())
        if size > NOTE_BYTES_MAX:
            message = f"note: expected at most {NOTE_BYTES_MAX} bytes, found {size}"
            raise InputError(message)
        if not text:
            return ""
        key = self._random_bytes(32)
        with self._vault.transaction():
            self._vault.connection.execute(
                "INSERT INTO review_note VALUES (?, ?, ?, ?, 1)",
                (review_id, scan_id, key, text),
            )
        return hmac.digest(key, text.encode(), "sha256").hex()

    def is_kept(self, review_id: str) -> bool:
        """Whether there is a note of a review, settled or not."""
        query = "SELECT 1 FROM review_note WHERE review_id = ?"
        found = self._vault.connection.execute(query, (review_id,)).fetchone()
        return found is not None

    def settle(self, review_id: str) -> None:
        """Mark a note as one whose review the ledger holds."""
        with self._vault.transaction():
            self._vault.connection.execute(
                "UPDATE review_note SET pending = 0 WHERE review_id = ?", (review_id,)
            )

    def text(self, review_id: str) -> str | None:
        """A review's note; None where it has none, or its scan's URL was erased."""
        query = "SELECT text FROM review_note WHERE review_id = ? AND pending = 0"
        row = self._vault.connection.execute(query, (review_id,)).fetchone()
        return None if row is None else str(row[0])

    def drop_pending(self) -> None:
        """Delete notes whose review the ledger never heard of."""
        with self._vault.transaction():
            self._vault.connection.execute("DELETE FROM review_note WHERE pending = 1")
