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
    def onward(self) -> tuple[Url | None, ...]:
        """Where its refreshes lead, by header before by element; itself left out.

        Browsers follow the first; who reads the element alone sees the other. None
        stands for what is no URL.
        """
        tags, targets = self.seen.tags, list[str]()
        if isinstance(self.page, Response):
            named = (v for name, v in self.page.headers if name == "refresh")
            targets += map(refresh_target, named)
        if tags is not None:
            targets.append(tags.refresh)
        places = dict.fromkeys(self._place(target) for target in targets if target)
        return tuple(place for place in places if place != self.url)

    def _place(self, target: str) -> Url | None:
        try:
            return parse_url(target, base=self.base)
        except InputError:
            return None

    @property
    def body_sha256(self) -> str:
        """Hex digest of its body; empty without a whole page."""
        page = self.page
        if not isinstance(page, Response) or page.truncated or page.status != 200:
            return ""
        return sha256(page.body).hexdigest()
