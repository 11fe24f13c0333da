"""Datasets: random ids in the ledger, their names and their reviews in the vault."""

import hmac
import os
from collections.abc import Callable
from typing import Final

from ledger.errors import InputError
from ledger.vault.vault import Vault

NAME_CHARS_MAX: Final = 256
"""Longest name of a dataset."""

REVIEW_BYTES_MAX: Final = 2**20
"""Longest document of a consent review."""


class Datasets:
    """The vault's register of datasets."""

    def __init__(
        self, vault: Vault, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Names are kept in `vault`."""
        self._vault = vault
        self._random_bytes = random_bytes

    def find(self, name: str) -> str:
        """The id of a dataset that the ledger knows, or the empty string."""
        query = "SELECT dataset_id FROM dataset WHERE tag = ? AND pending = 0"
        found = self._vault.connection.execute(query, (self._tag(name),)).fetchone()
        return "" if found is None else str(found[0])

    def register(self, name: str) -> str:
        """The id of a dataset, given on first sight.

        Raises:
            InputError: the name is empty, too long or holds what cannot be printed.
        """
        _check_name(name)
        with self._vault.transaction():
            self._vault.connection.execute(
                "INSERT OR IGNORE INTO dataset VALUES (?, ?, ?, 1)",
                (self._random_bytes(16).hex(), self._tag(name), name),
            )
            query = "SELECT dataset_id FROM dataset WHERE tag = ?"
            row = self._vault.connection.execute(query, (self._tag(name),)).fetchone()
        return str(row[0])

    def rename(self, name: str, new: str) -> None:
        """Give a dataset another name; the ledger holds its id alone.

        Raises:
            InputError: there is none of that name, or one of the new name, or the new
                name is empty, too long or holds what cannot be printed.
        """
        _check_name(new)
        with self._vault.transaction():
            dataset_id = self.find(name)
            if not dataset_id:
                message = (
                    "dataset rename: expected the name of a dataset, found another"
                )
                raise InputError(message)
            if self.find(new) not in {"", dataset_id}:
                message = "dataset rename: expected a new name, found another dataset's"
                raise InputError(message)
            self._vault.connection.execute(
                "UPDATE dataset SET tag = ?, name = ? WHERE dataset_id = ?",
                (self._tag(new), new, dataset_id),
            )

    def keep_review(self, dataset_id: str, document: bytes) -> str:
        """Keep the document of a review, and commit to it.

        Returns:
            HMAC-SHA-256 of the document under a key of its own, hex; empty where there
            is none.

        Raises:
            InputError: the document is too long.
        """
        if len(document) > REVIEW_BYTES_MAX:
            message = (
                f"review document: expected at most {REVIEW_BYTES_MAX} bytes, "
                "found more"
            )
            raise InputError(message)
        if not document:
            return ""
        key = self._random_bytes(32)
        commitment = hmac.digest(key, document, "sha256").hex()
        with self._vault.transaction():
            self._vault.connection.execute(
                "INSERT INTO dataset_review VALUES (?, ?, ?, ?, 1)",
                (commitment, dataset_id, key, document),
            )
        return commitment

    def names(self) -> dict[str, str]:
        """Every dataset's name by its id, oldest first; never for events."""
        query = "SELECT dataset_id, name FROM dataset WHERE pending = 0 ORDER BY rowid"
        return dict(self._vault.connection.execute(query).fetchall())

    def _tag(self, name: str) -> bytes:
        return self._vault.tag("dataset", name)


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_CHARS_MAX or not name.isprintable():
        message = (
            f"dataset: expected a name of 1 to {NAME_CHARS_MAX} printable characters, "
            f"found {len(name)}"
        )
        raise InputError(message)


def settle(vault: Vault, dataset_id: str, review_commitment: str) -> None:
    """Note that the ledger holds a dataset, and a review of it."""
    with vault.transaction():
        vault.connection.execute(
            "UPDATE dataset SET pending = 0 WHERE dataset_id = ?", (dataset_id,)
        )
        vault.connection.execute(
            "UPDATE dataset_review SET pending = 0 WHERE commitment = ?",
            (review_commitment,),
        )


def drop_pending(vault: Vault) -> None:
    """Delete reviews and datasets that the ledger never heard of."""
    with vault.transaction():
        vault.connection.execute("DELETE FROM dataset_review WHERE pending = 1")
        vault.connection.execute("DELETE FROM dataset WHERE pending = 1")
