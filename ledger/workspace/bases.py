"""Whether what accepted records rest on still stands."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from ledger.projections import licences
from ledger.projections.licences import LicencesState
from ledger.projections.optout import OptoutState, ScanFacts
from ledger.projections.reviewed import is_cleared
from ledger.vault.names import Names

_BY_LICENCE = frozenset({"licence", "public_domain"})
# They need lawful access, and no reservation stands in their way.
# Source: Directive (EU) 2019/790, Article 3(1); CDPA 1988, section 29A(1).
_BY_ACCESS = frozenset({"tdm_article_3", "research_29a"})


class Bases:
    """What a ledger says that records rest on, at one time."""

    def __init__(
        self, optout_state: OptoutState, licences_state: LicencesState, at_ms: int
    ) -> None:
        """Licences and reviews are held against `at_ms`, Unix milliseconds."""
        self._optout = optout_state
        self._licences = licences_state
        self._at_ms = at_ms

    def allows(self, scan: ScanFacts, scan_ids: Collection[str]) -> bool:
        """Whether a scan is allowed, or was cleared by a person; see `is_cleared`."""
        return scan.verdict == "allowed" or is_cleared(
            self._optout, scan, scan_ids, self._at_ms
        )

    def carries(self, record_id: str, scan: ScanFacts, sites: Collection[str]) -> bool:
        """Whether a record stands though a new scan of its URL does not allow it.

        Nothing carries a text of a piracy site: such a site has nothing to grant.

        Args:
            record_id: the record.
            scan: the new scan.
            sites: the site that was asked, and the one that redirects led to; empty ids
                for sites that no licence can name.
        """
        basis = self._optout.bases.get(record_id, "")
        if scan.is_piracy:
            return False
        if basis in _BY_ACCESS:
            return scan.is_lawful
        return basis in _BY_LICENCE and self._covers(record_id, sites)

    def _covers(self, record_id: str, sites: Collection[str]) -> bool:
        """Whether the licence that a record cites is in force for sites."""
        licence_id = self._licences.rests.get(record_id)
        if licence_id is None:  # the record itself stated one
            return True
        licence = self._licences.licences[licence_id]
        is_for = not licence.sites or set(sites).issubset(licence.sites)
        return is_for and licences.is_in_force(licence, self._at_ms)

    def revoked(self) -> dict[str, list[str]]:
        """The records that rest on revoked licences, by licence."""
        found: dict[str, list[str]] = {}
        for record_id, licence_id in self._licences.rests.items():
            if self._licences.licences[licence_id].revoked_by:
                found.setdefault(licence_id, []).append(record_id)
        return found

    def ended(self, record_id: str) -> str:
        """The licence that a record rests on, where it is no longer in force."""
        licence_id = self._licences.rests.get(record_id, "")
        if not licence_id:
            return ""
        licence = self._licences.licences[licence_id]
        return "" if licences.is_in_force(licence, self._at_ms) else licence_id

    def fallen(
        self,
        records: Mapping[str, bytes | None],
        names: Names,
        pages: Mapping[str, bytes],
    ) -> int:
        """How many records are not allowed by the newest scan that could be read.

        Args:
            records: each with the keyed digest of its URL; None where that is unknown.
            names: the register of sites.
            pages: the keyed digest of the URL of every scan.
        """
        scans: dict[bytes, list[str]] = {}
        for scan_id, scan in self._optout.by_scan.items():
            if scan_id in pages and not scan.is_silent:
                scans.setdefault(pages[scan_id], []).append(scan_id)
        closed = {}
        for page, scan_ids in scans.items():
            newest = self._optout.by_scan[scan_ids[-1]]
            if not self.allows(newest, scan_ids):
                closed[page] = newest, sites_of(names, scan_ids[-1])
        return sum(
            not self.carries(record_id, *closed[page])
            for record_id, page in records.items()
            if page in closed
        )


def sites_of(names: Names, scan_id: str) -> list[str]:
    """The sites of a scan's URLs; an empty id for one that the ledger does not know."""
    urls = (urlsplit(url) for url in names.urls(scan_id))
    return [names.find_site(f"{url.scheme}://{url.netloc}") for url in urls]
