"""Reviews and the register of licences, in the tables of the index."""

import json
import sqlite3
from typing import NamedTuple


class Licence(NamedTuple):
    """A licence of the register.

    Attributes:
        covers: `content` or `model`.
        permits: the uses that it permits.
        conditions: what it demands.
        jurisdictions: where it holds.
        sites: the sites whose content it covers; none for content of no site.
        starts_at_ms: when it begins, Unix milliseconds.
        expires_at_ms: when it ends, as above.
    """

    covers: str
    permits: frozenset[str]
    conditions: frozenset[str]
    jurisdictions: frozenset[str]
    sites: frozenset[bytes]
    starts_at_ms: int
    expires_at_ms: int


class Register:
    """What persons decided and what rights holders granted. Ids are bytes."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """Work on a database with the tables of `index_tables.SCHEMA`."""
        self._db = db

    def add_review(self, review: bytes) -> bool:
        """Add a review; return whether it is new."""
        return self._insert("INSERT INTO review VALUES (?)", (review,))

    def clear(self, scan: bytes, expires_at_ms: int) -> None:
        """Note until when a review clears a scan, in place of an earlier one."""
        self._db.execute("REPLACE INTO clearance VALUES (?, ?)", (scan, expires_at_ms))

    def cleared_until(self, scan: bytes) -> int:
        """Return until when a scan was cleared; 0 for one that never was."""
        query = "SELECT expires_at_ms FROM clearance WHERE scan = ?"
        row = self._db.execute(query, (scan,)).fetchone()
        return 0 if row is None else int(row[0])

    def add_licence(self, licence: bytes, content: Licence) -> bool:
        """Add a licence; return whether it is new."""
        said = [content.covers, *map(sorted, content[1:4]), *content[5:]]
        sites = b"".join(sorted(content.sites))
        return self._insert(
            "INSERT INTO licence VALUES (?, ?, ?, 0)",
            (licence, json.dumps(said), sites),
        )

    def licence(self, licence: bytes) -> Licence | None:
        """Return a licence that was granted and not revoked, else None."""
        row = self._db.execute(
            "SELECT said, sites FROM licence WHERE id = ? AND revoked = 0", (licence,)
        ).fetchone()
        if row is None:
            return None
        covers, *terms, starts_at_ms, expires_at_ms = json.loads(row[0])
        permits, conditions, jurisdictions = map(frozenset, terms)
        places = range(0, len(row[1]), 16)
        sites = frozenset(row[1][at : at + 16] for at in places)
        return Licence(
            covers,
            permits,
            conditions,
            jurisdictions,
            sites,
            starts_at_ms,
            expires_at_ms,
        )

    def revoke(self, licence: bytes) -> bool:
        """Revoke a licence; return whether it was granted and not revoked before."""
        changed = self._db.execute(
            "UPDATE licence SET revoked = 1 WHERE id = ? AND revoked = 0", (licence,)
        )
        return changed.rowcount == 1

    def is_revoked(self, licence: bytes) -> bool:
        """Return whether a licence was granted and revoked."""
        query = "SELECT revoked FROM licence WHERE id = ?"
        row = self._db.execute(query, (licence,)).fetchone()
        return row is not None and row[0] == 1

    def _insert(self, statement: str, values: tuple[object, ...]) -> bool:
        try:
            self._db.execute(statement, values)
        except sqlite3.IntegrityError:
            return False
        return True
