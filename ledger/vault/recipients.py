"""To whom data or models were handed (GDPR Article 19), in the vault."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError
from ledger.vault.vault import Vault

NAME_MAX: Final = 200
"""Longest name in characters."""

RECORDS: Final = "records"
"""What somebody was handed who got records themselves, and no model."""

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS recipient (name TEXT NOT NULL, handed TEXT NOT NULL, "
    "since_ms INTEGER NOT NULL, PRIMARY KEY (name, handed)) STRICT"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Somebody who was handed something.

    Attributes:
        name: who.
        handed: `records`, or the run whose weights they got.
        since_ms: when it was noted, Unix milliseconds.
    """

    name: str
    handed: str
    since_ms: int


class Recipients:
    """The vault's list of recipients; its table is made with the first one."""

    def __init__(self, vault: Vault) -> None:
        """Recipients are kept in `vault`."""
        self._vault = vault

    def add(self, name: str, handed: str, *, now_ms: int) -> Recipient:
        """Note that somebody was handed something; again changes nothing.

        Raises:
            InputError: the name is empty, too long, or holds what is not printed.
        """
        if not 0 < len(name) <= NAME_MAX or not name.isprintable():
            message = f"recipient: expected 1 to {NAME_MAX} printable characters"
            raise InputError(message)
        with self._vault.transaction():
            self._vault.connection.execute(_TABLE)
            self._vault.connection.execute(
                "INSERT OR IGNORE INTO recipient VALUES (?, ?, ?)",
                (name, handed, now_ms),
            )
        wanted = (name, handed)
        return next(one for one in self.all() if (one.name, one.handed) == wanted)

    def all(self) -> list[Recipient]:
        """Every recipient, in the order in which they were noted."""
        made = self._vault.connection.execute(
            "SELECT 1 FROM sqlite_schema WHERE name = 'recipient'"
        ).fetchone()
        if made is None:
            return []
        rows = self._vault.connection.execute(
            "SELECT name, handed, since_ms FROM recipient ORDER BY rowid"
        )
        return [
            Recipient(name=name, handed=handed, since_ms=since_ms)
            for name, handed, since_ms in rows
        ]

    def of(self, runs: Collection[str]) -> list[Recipient]:
        """Who was handed the weights of one of the runs, or records."""
        return [one for one in self.all() if one.handed in {RECORDS, *runs}]
