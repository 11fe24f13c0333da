"""Sites and URLs: random ids in the ledger, names in the vault.

Nobody can decide mechanically when a domain is a person, so all of them are kept out of
the ledger and bound by commitments instead.
"""

import hmac
import os
from collections.abc import Callable

from ledger.ports import SiteRef
from ledger.vault import Vault


class Names:
    """The vault's register of sites and URLs."""

    def __init__(
        self, vault: Vault, *, random_bytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        """Names are kept in `vault`."""
        self._vault = vault
        self._random_bytes = random_bytes

    def site(self, origin: str) -> SiteRef:
        """The id of `origin` (`scheme://host[:port]`), given on first sight."""
        connection = self._vault.connection
        with self._vault.transaction():
            tag = self._vault.tag("site", origin)
            query = "SELECT site_id, key, registered FROM site WHERE tag = ?"
            row = connection.execute(query, (tag,)).fetchone()
            if row is None:
                row = (self._random_bytes(16).hex(), self._random_bytes(32), 0)
                connection.execute(
                    "INSERT INTO site VALUES (?, ?, ?, ?, 0)",
                    (row[0], tag, row[1], origin),
                )
        site_id, key, registered = row
        return SiteRef(
            site_id=site_id,
            commitment=hmac.digest(key, origin.encode(), "sha256").hex(),
            is_new=not registered,
        )

    def settle_site(self, site_id: str) -> None:
        """Mark a site as registered in the ledger."""
        with self._vault.transaction():
            self._vault.connection.execute(
                "UPDATE site SET registered = 1 WHERE site_id = ?", (site_id,)
            )

    def is_registered(self, site_id: str) -> bool:
        """Whether the ledger knows the site."""
        query = "SELECT 1 FROM site WHERE site_id = ? AND registered = 1"
        found = self._vault.connection.execute(query, (site_id,)).fetchone()
        return found is not None

    def settle_url(self, scan_id: str) -> None:
        """Mark a scan's URL as one that the ledger holds a verdict on."""
        with self._vault.transaction():
            self._vault.connection.execute(
                "UPDATE url SET pending = 0 WHERE scan_id = ?", (scan_id,)
            )

    def drop_pending(self) -> None:
        """Delete sites and URLs that the ledger never heard of."""
        with self._vault.transaction():
            self._vault.connection.execute("DELETE FROM site WHERE registered = 0")
            self._vault.connection.execute("DELETE FROM url WHERE pending = 1")

    def commit_url(self, scan_id: str, url: str) -> str:
        """Keep the URL of a scan and return its commitment, hex."""
        key = self._random_bytes(32)
        with self._vault.transaction():
            self._vault.connection.execute(
                "INSERT INTO url VALUES (?, ?, ?, 1)", (scan_id, key, url)
            )
        return hmac.digest(key, url.encode(), "sha256").hex()

    def origins(self) -> dict[str, str]:
        """Every site's name by its id; for summaries, never for events."""
        query = "SELECT site_id, name FROM site"
        return dict(self._vault.connection.execute(query).fetchall())
