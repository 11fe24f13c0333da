"""Sites known to publish without the rights holders: a list that a scan consults.

Source: General-Purpose AI Code of Practice, copyright chapter, measure 1.2 (websites
that courts or public authorities recognise as persistently infringing copyright).
"""

from dataclasses import dataclass
from pathlib import Path

from ledger.errors import InputError
from producers.optout.lists.site_list import SiteList, read_site_list


@dataclass(frozen=True, slots=True)
class PiracyList:
    """A list of sites, whose digest every scan records.

    Attributes:
        sites: what it names.
    """

    sites: SiteList

    @property
    def sha256(self) -> str:
        """Hex digest of the list's bytes."""
        return self.sites.sha256

    def lists(self, host: str) -> bool:
        """Whether `host`, or a name that it is below of, is on the list."""
        return self.sites.domain_line(host) > 0


def load_piracy_list(path: Path) -> PiracyList:
    """Read a list: a host name a line, as `site_list` reads it.

    Raises:
        InputError: as `read_site_list`, or a line that names one URL and no site.
    """
    sites = read_site_list(path)
    if sites.urls:
        line = min(sites.urls.values())
        message = f"{path}: piracy list: line {line}: expected a host name, found a URL"
        raise InputError(message)
    return PiracyList(sites)
