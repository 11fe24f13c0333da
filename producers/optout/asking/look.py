"""Look at one URL: fetch and read, without a word to the ledger. For any thread."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.errors import InputError
from ledger.events.optout import (
    Channel,
    PolicyChannel,
    RobotsVerdict,
    ScanReason,
    Target,
)
from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.landing import Landing
from producers.optout.asking.lists import Lists
from producers.optout.asking.looked import Looked
from producers.optout.asking.page import header_readings, read_page
from producers.optout.net.response import Failure, Fetch, FetchResult, Response
from producers.optout.net.url import Url, absolute, parse_url
from producers.optout.page.access import access_of
from producers.optout.page.rsl_links import header_licence_urls, page_licence_urls
from producers.optout.page.terms import terms_urls
from producers.optout.readings.channels import PolicyFile, policy_readings, robots_of
from producers.optout.readings.combine import robots_rfc9309
from producers.optout.readings.readers import SILENT, Answer, Question
from producers.optout.readings.reading import Reading, bounded, reading_of
from producers.optout.robots.reader import RobotsFile
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import ScanPolicy
from producers.optout.vocabulary.signals import Statement
from producers.ports import ClockMs, Evidence

PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Largest page that is taken."""

READINGS_MAX: Final = 40
"""Most readings of one scan, so that its event fits a line (EVT-1). Past it, what says
nothing is left out first."""

NAMED_MAX: Final[dict[PolicyChannel, int]] = {"rsl_file": 4, "terms_page": 2}
"""Most documents of each kind that are read for one page."""


@dataclass(slots=True)
class _Visit:
    """A look under way: the files that it used, and everything that was said."""

    files: dict[tuple[str, str], PolicyFile] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)

    def use(self, files: Sequence[PolicyFile]) -> None:
        """Rest on `files` from now on."""
        self.files.update({(file.channel, file.url): file for file in files})


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
    ) -> None:
        basket = load_basket()
        if policy.basket_version != basket.version:
            raise InputError(
                f"scan policy: expected basket {basket.version}, "
                f"found {policy.basket_version}"
            )
        self._agent = policy.agent_token
        self._basket = basket.agents(policy.basket_relaxed)
        self._fetch = fetch
        self._evidence = evidence
        self._clock_ms = clock_ms
        self._files = files
        self._lists = lists
        self._terms = tuple(parse_url(url).text for url in terms)

    def __call__(self, url: str) -> Looked:
        """Ask every channel about one URL.

        Raises:
            InputError: `url` is not one that may be fetched.
        """
        asked = parse_url(url)
        visit = _Visit()
        robots = self._ask_site(visit, asked, "url")
        listed = self._lists.readings(asked)
        visit.readings += listed
        may = robots == "allow" and all(r.read.verdict == "allowed" for r in listed)
        landing = self._land(visit, asked, may=may)
        onward = landing.refresh
        if onward is not None and landing.target == "url":
            self._read_named(visit, landing)
            landing = self._follow(visit, landing, onward)
        visit.readings += landing.seen.readings
        if landing.leads_away:
            visit.readings.append(_unread("access", "page_unreadable", landing.target))
        self._read_named(visit, landing)
        page = landing.page
        return Looked(
            url=asked,
            final_url=landing.url.text,
            http_status=page.status if page is not None else 0,
            access=landing.seen.access,
            body_sha256=landing.body_sha256,
            readings=bounded(visit.readings, READINGS_MAX),
            robots_rfc9309=robots,
            files=tuple(visit.files.values()),
            scanned_at_ms=self._clock_ms(),
        )

    def _land(self, visit: _Visit, asked: Url, *, may: bool) -> Landing:
        """GET a page, and read the rules of the place where its redirects end."""
        page: FetchResult | None = None
        if may:
            page = self._fetch(asked.text, bytes_max=PAGE_BYTES_MAX)
        if not isinstance(page, Response):
            return self._read(page, asked, "url")
        self._check_way(visit, page, asked)
        if page.final_url == asked.text:
            return self._read(page, asked, "url")
        final = parse_url(page.final_url)
        self._ask_site(visit, final, "final_url")
        visit.readings += self._lists.readings(final, target="final_url")
        return self._read(page, final, "final_url")

    def _check_way(self, visit: _Visit, page: Response, asked: Url) -> None:
        """Count the page as unread unless every redirect before it was silent.

        An event holds no URL of theirs, so no more than that is recorded.
        """
        for hop in page.passed:
            url = parse_url(hop.url)
            question = self._question(url)
            said = header_readings(hop.headers, question, self._files.readers)
            if url != asked:
                files = self._files.of_origin(url.origin)
                visit.use(files)
                said += policy_readings(
                    files,
                    question,
                    target="url",
                    evidence=self._evidence,
                    readers=self._files.readers,
                )
                said += self._lists.readings(url)
            is_silent = all(one.read.verdict == "allowed" for one in said)
            if not is_silent or header_licence_urls(hop.headers):
                visit.readings.append(_unread("access", "page_unreadable", "url"))
                return

    def _follow(self, visit: _Visit, landing: Landing, onward: Url) -> Landing:
        """Follow a meta refresh like a redirect, once: what it shows is the text.

        What the page in between says counts; its silence is no channel's answer. An
        event holds two URLs, so what leads on from there is not followed.
        """
        said = landing.seen.readings
        visit.readings += [one for one in said if one.read.verdict != "allowed"]
        robots = self._ask_site(visit, onward, "final_url")
        listed = self._lists.readings(onward, target="final_url")
        visit.readings += listed
        page: FetchResult | None = None
        if robots == "allow" and all(r.read.verdict == "allowed" for r in listed):
            page = self._fetch(onward.text, bytes_max=PAGE_BYTES_MAX)
        if isinstance(page, Response) and page.final_url != onward.text:
            page = Failure(kind="redirects", redirects=page.redirects)
        return self._read(page, onward, "final_url")

    def _read(self, page: FetchResult | None, url: Url, target: Target) -> Landing:
        seen = read_page(
            page,
            self._question(url),
            target=target,
            evidence=self._evidence,
            readers=self._files.readers,
            access_of=access_of,
        )
        return Landing(page, url, target, seen)

    def _question(self, url: Url) -> Question:
        return Question(url=url.text, agent=self._agent, basket=self._basket)

    def _ask_site(self, visit: _Visit, url: Url, target: Target) -> RobotsVerdict:
        """Read the files of the URL's origin; return what RFC 9309 makes of them."""
        files = self._files.of_origin(url.origin)
        visit.use(files)
        self._read_files(visit, files, url, target)
        return self._rfc9309(files, url)

    def _read_files(
        self, visit: _Visit, files: Sequence[PolicyFile], url: Url, target: Target
    ) -> None:
        visit.readings += policy_readings(
            files,
            self._question(url),
            target=target,
            evidence=self._evidence,
            readers=self._files.readers,
        )

    def _rfc9309(self, files: Sequence[PolicyFile], url: Url) -> RobotsVerdict:
        status, robots = self._robots(files)
        return robots_rfc9309(status, robots, self._agent, url.text)

    def _robots(self, files: Sequence[PolicyFile]) -> tuple[int, RobotsFile | None]:
        return robots_of(files, evidence=self._evidence, readers=self._files.readers)

    def _read_named(self, visit: _Visit, landing: Landing) -> None:
        """Read the licence documents and terms that files, header and page name."""
        named: dict[PolicyChannel, dict[str, None]] = {
            "rsl_file": dict.fromkeys(self._licence_urls(visit, landing)),
            "terms_page": dict.fromkeys(self._terms_urls(landing)),
        }
        for channel, urls in named.items():
            most = NAMED_MAX[channel]
            for url in list(urls)[:most]:
                self._read_document(visit, landing, channel, url)
            if len(urls) > most:
                visit.readings.append(_unread(channel, "unreadable", landing.target))

    def _licence_urls(self, visit: _Visit, landing: Landing) -> Iterator[str]:
        for file in list(visit.files.values()):
            if file.channel == "robots_txt":
                _, robots = self._robots([file])
                yield from robots.licence_urls if robots is not None else ()
        if isinstance(landing.page, Response):
            # RFC 8288, section 3.2: a header knows no <base>.
            named = header_licence_urls(landing.page.headers)
            yield from (absolute(url, landing.url) for url in named)
        if landing.seen.tags is not None:
            yield from page_licence_urls(landing.seen.tags.links)

    def _terms_urls(self, landing: Landing) -> Iterator[str]:
        yield from self._terms
        if landing.seen.tags is not None:
            yield from terms_urls(landing.seen.tags, landing.seen.policies)

    def _read_document(
        self, visit: _Visit, landing: Landing, channel: PolicyChannel, text: str
    ) -> None:
        """Read a document that was named; one that may not be fetched stays unknown."""
        try:
            url = parse_url(text, base=landing.base)
        except InputError:
            # A footer may link to anything; a licence that leads nowhere was meant.
            if channel == "rsl_file":
                visit.readings.append(_malformed(channel, landing.target))
            return
        site = self._files.of_origin(url.origin)
        visit.use(site)
        if self._rfc9309(site, url) == "disallow":
            visit.readings.append(_unread(channel, "unreadable", landing.target))
            return
        file = self._files.document(channel, url.text)
        visit.use([file])
        self._read_files(visit, [file], landing.url, landing.target)
        if channel == "rsl_file" and file.as_fetched.outcome == "absent":
            # There is a licence, but nobody can say which.
            visit.readings.append(_unread(channel, "unreadable", landing.target))


def _unread(channel: Channel, reason: ScanReason, target: Target) -> Reading:
    return reading_of(
        channel,
        SILENT,
        evidence_sha256="",
        target=target,
        outcome="unreadable",
        unreadable=reason,
    )


def _malformed(channel: Channel, target: Target) -> Reading:
    said = Answer(Statement(reservation="unset", is_malformed=True))
    return reading_of(channel, said, evidence_sha256="", target=target)
