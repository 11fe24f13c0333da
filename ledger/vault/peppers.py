"""The peppers of the fences: one for the requests of each year, gone with the last.

A digest is asked for under every pepper that is left. Once no fence of a year holds
anybody its pepper is overwritten: a digest that a copy, a page or a commitment still
has can then be checked by nobody who does not have that pepper too.
"""

import hmac
import os
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from ledger.errors import ReadOnlyError
from ledger.vault.identifiers import NORMALISATION, first_spelling, normalise_identifier

FIRST_YEAR: Final = 0
"""Stands for the one pepper of a file from before there was one a year."""

SCHEMA: Final = (
    "CREATE TABLE pepper (year INTEGER NOT NULL, normalisation INTEGER NOT NULL, "
    "secret BLOB NOT NULL, PRIMARY KEY (year, normalisation)) STRICT, WITHOUT ROWID"
)

_FIRST_SPELLING: Final = 1
"""The version in which a file from before there was one a year spelled."""

_SPELLINGS: Final[Mapping[int, Callable[[str], str]]] = MappingProxyType(
    {_FIRST_SPELLING: first_spelling, NORMALISATION: normalise_identifier}
)
"""How identifiers were spelled by each version, for as long as a fence needs it."""


class Peppers:
    """The peppers in a fences file; it opens no transaction of its own."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Use an open connection to a file that has the table of `SCHEMA`."""
        self._connection = connection
        self._random_bytes = random_bytes

    def digest(self, identifier: str, year: int) -> bytes:
        """Keyed digest for a request of a year, whose pepper is made on first use."""
        self._connection.execute(
            "INSERT OR IGNORE INTO pepper VALUES (?, ?, ?)",
            (year, NORMALISATION, self._random_bytes(32)),
        )
        [secret] = self._connection.execute(
            "SELECT secret FROM pepper WHERE year = ? AND normalisation = ?",
            (year, NORMALISATION),
        ).fetchone()
        return _digest(secret, normalise_identifier(identifier))

    def digests(self, identifier: str) -> list[bytes]:
        """Keyed digests under every pepper that is left, as many as years.

        Raises:
            ReadOnlyError: a later version of this program wrote the file.
        """
        # Read each time: another process may have made one since.
        rows = self._connection.execute("SELECT normalisation, secret FROM pepper")
        return [
            _digest(secret, _spelling(version)(identifier)) for version, secret in rows
        ]

    def destroy_unused(self) -> None:
        """Overwrite the peppers of years whose fences hold nobody any more."""
        self._connection.execute(
            "DELETE FROM pepper WHERE (year, normalisation) NOT IN "
            "(SELECT year, normalisation FROM fence WHERE year IS NOT NULL)"
        )


def year_of(now_ms: int) -> int:
    """The calendar year (UTC) of a time in Unix milliseconds."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).year


def is_carried_over(connection: sqlite3.Connection) -> bool:
    """Whether a fences file has a pepper a year."""
    query = "SELECT 1 FROM sqlite_schema WHERE name = 'pepper'"
    return connection.execute(query).fetchone() is not None


def carry_over(connection: sqlite3.Connection) -> None:
    """Give a fences file with one pepper its table, in the caller's transaction.

    The pepper moves; its fences keep their digests. It goes with the last of them.
    """
    connection.execute(SCHEMA)
    for column in ("year", "normalisation"):
        connection.execute(f"ALTER TABLE fence ADD COLUMN {column} INTEGER")
    connection.execute(
        "UPDATE fence SET year = ?, normalisation = ? WHERE alias <> ''",
        (FIRST_YEAR, _FIRST_SPELLING),
    )
    connection.execute(
        "INSERT INTO pepper SELECT ?, ?, value FROM meta WHERE name = 'pepper'",
        (FIRST_YEAR, _FIRST_SPELLING),
    )
    connection.execute("DELETE FROM meta WHERE name = 'pepper'")


def _digest(secret: bytes, spelled: str) -> bytes:
    return hmac.digest(secret, spelled.encode(), "sha256")


def _spelling(version: int) -> Callable[[str], str]:
    """How a version spells identifiers.

    Raises:
        ReadOnlyError: this program does not know it.
    """
    if version not in _SPELLINGS:
        message = (
            f"fences: expected spellings of version {NORMALISATION}, found version "
            f"{version}, which a later version of this program wrote"
        )
        raise ReadOnlyError(message)
    return _SPELLINGS[version]
