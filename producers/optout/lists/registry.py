"""Registries where rights holders enter what they reserve, apart from any site.

No public register of the Union exists; those of companies answer over the network and
keep no record of what they answered. So a provider here answers from a snapshot whose
digest is evidence, and anybody can ask it again.
"""

from pathlib import Path
from typing import Protocol

from producers.optout.lists.site_list import SiteList, read_site_list
from producers.optout.net.url import parse_url
from producers.optout.vocabulary.signals import SILENCE, Statement


class RegistryProvider(Protocol):
    """A registry, as it was at one time."""

    @property
    def snapshot_sha256(self) -> str:
        """Hex digest of the bytes that it answers from."""
        ...

    def lookup(self, url: str) -> Statement:
        """What is entered for `url`; silence where nothing is.

        Raises:
            InputError: `url` is not one that may be fetched.
        """
        ...


class SnapshotRegistry:
    """A registry in a file: a URL or a host name a line, as `site_list` reads it.

    Args:
        path: the file.

    Raises:
        InputError: as `read_site_list`.
    """

    def __init__(self, path: Path) -> None:
        self._list: SiteList = read_site_list(path)

    @property
    def snapshot_sha256(self) -> str:
        """Hex digest of the file's bytes."""
        return self._list.sha256

    def lookup(self, url: str) -> Statement:
        """A reservation with the line that names `url`; silence where none does.

        Raises:
            InputError: `url` is not one that may be fetched.
        """
        line = self._list.url_line(parse_url(url))
        return Statement(reservation="reserved", line=line) if line else SILENCE
