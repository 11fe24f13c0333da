"""Where the GET of a page ended, and where the page itself leads."""

from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import InputError
from ledger.events.optout import Target
from producers.optout.asking.page import Page
from producers.optout.net.response import FetchResult, Response
from producers.optout.net.url import Url, parse_url
from producers.optout.page.html_text import refresh_target


@dataclass(frozen=True, slots=True)
class Landing:
    """A page, where it was found, and what was read of it.

    Attributes:
        page: the answer; none where it was not asked for.
        url: where it came from, redirects followed.
        target: whether that is the URL that was asked for.
        seen: what was read of it.
    """

    page: FetchResult | None
    url: Url
    target: Target
    seen: Page

    @property
    def base(self) -> Url:
        """What its relative links are relative to (HTML Standard, section 4.2.3)."""
        tags = self.seen.tags
        if tags is None or not tags.base:
            return self.url
        try:
            return parse_url(tags.base, base=self.url)
        except InputError:
            return self.url

    @property
    def _refresh(self) -> str:
        """Target of the refresh, by header or by element; empty where none."""
        by_header = ""
        if isinstance(self.page, Response):
            by_header = refresh_target(self.page.header("refresh"))
        tags = self.seen.tags
        return by_header or ("" if tags is None else tags.refresh)

    @property
    def refresh(self) -> Url | None:
        """Where its meta refresh leads; None where to itself, or to no URL."""
        if not self._refresh:
            return None
        try:
            onward = parse_url(self._refresh, base=self.base)
        except InputError:
            return None
        return None if onward == self.url else onward

    @property
    def leads_away(self) -> bool:
        """Whether a meta refresh leads from it to what is not read."""
        if not self._refresh:
            return False
        try:
            return parse_url(self._refresh, base=self.base) != self.url
        except InputError:
            return True

    @property
    def body_sha256(self) -> str:
        """Hex digest of its body; empty without a whole page."""
        page = self.page
        if not isinstance(page, Response) or page.truncated or page.status != 200:
            return ""
        return sha256(page.body).hexdigest()
