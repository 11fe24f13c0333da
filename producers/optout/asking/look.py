"""Look at one URL: fetch and read, without a word to the ledger. For any thread."""

import time
from collections.abc import Sequence
from typing import Final

from ledger.errors import InputError
from ledger.events.optout import Target
from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.landing import Landing
from producers.optout.asking.lists import Lists
from producers.optout.asking.looked import Looked
from producers.optout.asking.named import read_named
from producers.optout.asking.page import header_readings, read_page
from producers.optout.asking.visit import Means, Visit
from producers.optout.asking.way import Passed
from producers.optout.net.response import Failure, Fetch, FetchResult
from producers.optout.net.url import Url, parse_url
from producers.optout.page.access import access_of
from producers.optout.page.rsl_links import header_licence_urls
from producers.optout.readings.reading import bounded
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import ScanPolicy
from producers.ports import ClockMs, Evidence, Monotonic

PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Largest page that is taken."""

READINGS_MAX: Final = 40
"""Most readings of one scan, so that its event fits a line (EVT-1). Past it, what says
nothing is left out first."""


class Look:
    """Looks at URLs under one policy; may be shared by threads.

    Args:
        fetch: GET with limits.
        evidence: keeps header lines and elements.
        policy: what is scanned for.
        clock_ms: time of looks.
        files: the policy files of sites.
        lists: registries, and sites that must not be used.
        terms: URLs of terms of use to be read beside those that a page names.
        monotonic: clock of a look's own time (`LOOK_SECONDS_MAX`), seconds.

    Attributes:
        terms: those URLs, in canonical form.

    Raises:
        InputError: the policy was adopted for another basket, or `terms` holds no URL.
    """

    def __init__(
        self,
        *,
        fetch: Fetch,
        evidence: Evidence,
        policy: ScanPolicy,
        clock_ms: ClockMs,
        files: PolicyFiles,
        lists: Lists,
        terms: Sequence[str] = (),
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        basket = load_basket()
        if policy.basket_version != basket.version:
            raise InputError(
                f"scan policy: expected basket {basket.version}, "
                f"found {policy.basket_version}"
            )
        self._means = Means(
            fetch=fetch,
            evidence=evidence,
            files=files,
            lists=lists,
            agent=policy.agent_token,
            basket=tuple(basket.agents(policy.basket_relaxed)),
            monotonic=monotonic,
        )
        self._clock_ms = clock_ms
        self.terms = tuple(parse_url(url).text for url in terms)

    def __call__(self, url: str) -> Looked:
        """Ask every channel about one URL.

        What is not read within `LOOK_SECONDS_MAX` counts as unread.

        Raises:
            InputError: `url` is not one that may be fetched.
        """
        asked = parse_url(url)
        visit = Visit(self._means)
        visit.ask_site(asked, "url")
        robots = visit.rfc9309(asked)
        landing = self._land(visit, asked)
        onward = landing.onward
        place = next((url for url in onward if url is not None), None)
        if place is not None and landing.target == "url":
            read_named(visit, landing, self.terms)
            landing = self._follow(visit, landing, place)
            onward = (*(url for url in onward if url != place), *landing.onward)
        visit.readings += landing.seen.readings
        if onward:  # a browser may show what lies there; nobody read it
            visit.page_is_unread(landing.target, "redirect")
        read_named(visit, landing, self.terms)
        page = landing.page
        return Looked(
            url=asked,
            final_url=landing.url.text,
            http_status=page.status if page is not None else 0,
            access=landing.seen.access,
            body_sha256=landing.body_sha256,
            readings=bounded(visit.readings, READINGS_MAX),
            page_cause=visit.page_cause,
            robots_rfc9309=robots,
            files=tuple(visit.files.values()),
            scanned_at_ms=self._clock_ms(),
        )

    def _land(self, visit: Visit, asked: Url) -> Landing:
        """GET a page, and read the rules of the place where its redirects end."""
        if not visit.lets_ask(asked):
            return self._read(visit, None, asked, "url")
        way = visit.walk(asked, PAGE_BYTES_MAX)
        if isinstance(way.answer, Failure):
            return self._read(visit, way.answer, asked, "url")
        self._check_way(visit, way.passed, asked)
        if way.url == asked:
            return self._read(visit, way.answer, asked, "url")
        visit.ask_site(way.url, "final_url")
        return self._read(visit, way.answer, way.url, "final_url")

    def _check_way(self, visit: Visit, passed: Sequence[Passed], asked: Url) -> None:
        """Count the page as unread unless every redirect before it was silent.

        An event holds no URL of theirs, so no more than that is recorded.
        """
        readers = self._means.files.readers
        for hop in passed:
            said = header_readings(hop.headers, visit.question(hop.url), readers)
            if hop.url != asked:
                said += visit.read_files(visit.site(hop.url), hop.url, "url")
                said += self._means.lists.readings(hop.url)
            is_silent = all(one.read.verdict == "allowed" for one in said)
            if not is_silent or header_licence_urls(hop.headers):
                visit.page_is_unread("url", "redirect")
                return

    def _follow(self, visit: Visit, landing: Landing, onward: Url) -> Landing:
        """Follow a refresh like a redirect, once: what it shows is the text.

        What the page in between says counts; its silence is no channel's answer. An
        event holds two URLs, so what leads on from there is not followed.
        """
        said = landing.seen.readings
        visit.readings += [one for one in said if one.read.verdict != "allowed"]
        visit.ask_site(onward, "final_url")
        page: FetchResult | None = None
        if visit.lets_ask(onward):
            page = visit.get(onward, PAGE_BYTES_MAX)
        return self._read(visit, page, onward, "final_url")

    def _read(
        self, visit: Visit, page: FetchResult | None, url: Url, target: Target
    ) -> Landing:
        seen = read_page(
            page,
            visit.question(url),
            target=target,
            evidence=self._means.evidence,
            readers=self._means.files.readers,
            access_of=access_of,
        )
        visit.page_cause = visit.page_cause or seen.cause
        return Landing(page, url, target, seen)
