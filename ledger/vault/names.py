"""Sites and URLs: random ids in the ledger, names in the vault.

Nobody can decide mechanically when a domain is a person, so all of them are kept out of
the ledger and bound by commitments instead.
"""

import hmac
import os
from collections.abc import Callable, Sequence
from typing import Final

from ledger.errors import ConflictError, InputError
from ledger.ports import SiteRef
from ledger.vault.vault import Vault

URLS_MAX: Final = 2
"""Most URLs of one scan: the one that was asked for, and where its redirects ended."""


def join_urls(urls: Sequence[str]) -> str:
    """What a scan's `url_commitment` binds: its URLs, a line feed between them.

    Raises:
        InputError: not one or two URLs, or one is empty or holds a line feed.
    """
    if not 1 <= len(urls) <= URLS_MAX or any(not url or "\n" in url for url in urls):
        message = f"scan: expected one URL or two, each on one line, found {len(urls)}"
        raise InputError(message)
    return "\n".join(dict.fromkeys(urls))


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
            commitment=_commit(key, origin),
            is_new=not registered,
        )

    def find_site(self, origin: str) -> str:
        """The id of an origin that the ledger knows, or the empty string."""
        query = "SELECT site_id FROM site WHERE tag = ? AND registered = 1"
        tag = self._vault.tag("site", origin)
        row = self._vault.connection.execute(query, (tag,)).fetchone()
        return "" if row is None else str(row[0])

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

    def commit_scan(
        self, scan_id: str, urls: Sequence[str], body_sha256: str
    ) -> tuple[str, str]:
        """Keep what a scan looked at, and commit to it under a new key.

        Args:
            scan_id: the scan.
            urls: the URL that was asked for, and the one that its redirects ended at;
                the same URL twice counts once.
            body_sha256: SHA-256 of the page's whole body, hex; empty where there is
                none.

        Returns:
            Two HMAC-SHA-256 in hex, of `join_urls(urls)` and of `body_sha256` as text;
            the second is empty where there is no body.

        Raises:
            ConflictError: the scan is kept already.
            InputError: not one or two URLs.
        """
        name, key = join_urls(urls), self._random_bytes(32)
        tag = self._vault.tag("url", urls[0])
        with self._vault.transaction():
            if self.urls(scan_id):
                message = f"scan {scan_id}: expected a new id, found one already kept"
                raise ConflictError(message)
            self._vault.connection.execute(
                "INSERT INTO url VALUES (?, ?, ?, ?, ?, 1)",
                (scan_id, tag, key, name, body_sha256),
            )
        return _commit(key, name), _commit(key, body_sha256) if body_sha256 else ""

    def urls(self, scan_id: str) -> tuple[str, ...]:
        """A scan's URLs, the asked one first; none where it is unknown or erased."""
        query = "SELECT name FROM url WHERE scan_id = ?"
        row = self._vault.connection.execute(query, (scan_id,)).fetchone()
        return () if row is None else tuple(row[0].split("\n"))

    def scans_of(self, url: str) -> list[str]:
        """The scans of an asked URL that the ledger holds, oldest first."""
        query = "SELECT scan_id FROM url WHERE tag = ? AND pending = 0 ORDER BY rowid"
        found = self._vault.connection.execute(query, (self._vault.tag("url", url),))
        return [row[0] for row in found]

    def check_response(self, scan_id: str, body_sha256: str) -> bool:
        """Whether a digest is that of the whole body that the scan looked at.

        False, too, where the scan is unknown or erased, or had no whole body.
        """
        query = "SELECT 1 FROM url WHERE scan_id = ? AND body_sha256 = ?"
        asked = (scan_id, body_sha256)
        found = self._vault.connection.execute(query, asked).fetchone()
        return bool(body_sha256) and found is not None

    def origins(self) -> dict[str, str]:
        """Every site's name by its id; for summaries, never for events."""
        query = "SELECT site_id, name FROM site"
        return dict(self._vault.connection.execute(query).fetchall())


def _commit(key: bytes, name: str) -> str:
    """HMAC-SHA-256 of a name, hex (RFC 2104)."""
    return hmac.digest(key, name.encode(), "sha256").hex()
