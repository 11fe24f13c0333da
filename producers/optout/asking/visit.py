"""A look at one URL under way: its time, what it rests on, and what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.events.optout import Channel, PolicyChannel, RobotsVerdict, Target
from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.lists import Lists
from producers.optout.asking.way import Way, walk
from producers.optout.net.response import Failure, Fetch, FetchResult
from producers.optout.net.turns import SPACING_S_MAX
from producers.optout.net.url import Url
from producers.optout.readings.channels import PolicyFile, policy_readings, robots_of
from producers.optout.readings.combine import robots_rfc9309
from producers.optout.readings.readers import SILENT, Question
from producers.optout.readings.reading import Reading, reading_of
from producers.optout.robots.crawl_delay import crawl_delay_s
from producers.optout.robots.reader import RobotsFile
from producers.optout.vocabulary.causes import Cause
from producers.ports import Evidence, Monotonic

LOOK_SECONDS_MAX: Final = 180.0
"""Time for one look at a URL, waits included: two of the longest pauses that are waited
out (`PAUSE_S_MAX`) and two of the slowest answers (`SECONDS_MAX`). A site that is busy
is read in it; one that sends us from pause to pause holds a worker no longer. A name
that is being resolved when it ends is waited for."""

CRAWL_DELAY_S_MAX: Final = SPACING_S_MAX
"""Longest Crawl-delay that is kept; a site that asks for more has its pages unread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What every look of a scan asks with.

    Attributes:
        fetch: GET with limits.
        evidence: keeps header lines and elements.
        files: the policy files of sites.
        lists: registries, and sites that must not be used.
        agent: our product token.
        basket: product tokens of training crawlers.
        monotonic: clock of a look's time, seconds.
    """

    fetch: Fetch
    evidence: Evidence
    files: PolicyFiles
    lists: Lists
    agent: str
    basket: tuple[str, ...]
    monotonic: Monotonic


class Visit:
    """A look under way.

    Args:
        means: what it asks with.

    Attributes:
        files: the policy files that it rests on, by channel and URL.
        readings: everything that was said.
        page_cause: why the page is unread; empty while it is not.
    """

    def __init__(self, means: Means) -> None:
        """Start its time now."""
        self.means = means
        self.files: dict[tuple[str, str], PolicyFile] = {}
        self.readings: list[Reading] = []
        self.page_cause: Cause = ""
        self._sites: dict[str, tuple[PolicyFile, ...]] = {}
        self._end = means.monotonic() + LOOK_SECONDS_MAX

    def seconds_left(self) -> float:
        """Of the time for this look; 0 or less where none is left."""
        return self._end - self.means.monotonic()

    def question(self, url: Url) -> Question:
        """What is asked about `url`."""
        return Question(url=url.text, agent=self.means.agent, basket=self.means.basket)

    def site(self, url: Url) -> tuple[PolicyFile, ...]:
        """The policy files of a URL's origin; the look rests on them from now on."""
        files = self._sites.get(url.origin)
        if files is None:
            files = self.means.files.of_origin(url.origin, self.seconds_left)
            self._sites[url.origin] = files
            self.use(files)
        return files

    def use(self, files: Sequence[PolicyFile]) -> None:
        """Rest on `files` from now on."""
        self.files.update({(file.channel, file.url): file for file in files})

    def ask_site(self, url: Url, target: Target) -> None:
        """Read the files of the URL's origin, and the lists."""
        self.readings += self.read_files(self.site(url), url, target)
        self.readings += self.means.lists.readings(url, target=target)

    def read_files(
        self, files: Sequence[PolicyFile], url: Url, target: Target
    ) -> list[Reading]:
        """What `files` say of a URL."""
        return policy_readings(
            files,
            self.question(url),
            target=target,
            evidence=self.means.evidence,
            readers=self.means.files.readers,
        )

    def rfc9309(self, url: Url) -> RobotsVerdict:
        """Whether RFC 9309 lets us ask for a URL."""
        status, robots = self.robots(self.site(url))
        return robots_rfc9309(status, robots, self.means.agent, url.text)

    def robots(self, files: Sequence[PolicyFile]) -> tuple[int, RobotsFile | None]:
        """Status and content of the robots.txt that `files` begin with."""
        means = self.means
        return robots_of(files, evidence=means.evidence, readers=means.files.readers)

    def lets_ask(self, url: Url) -> bool:
        """Whether neither robots.txt nor a list keeps us from asking for a URL."""
        listed = self.means.lists.readings(url)
        is_listed = any(one.read.verdict != "allowed" for one in listed)
        return self.rfc9309(url) == "allow" and not is_listed

    def walk(self, url: Url, bytes_max: int) -> Way:
        """GET a URL that may be asked for, and follow where that is let."""
        return walk(url, lambda here: self.get(here, bytes_max), self.lets_ask)

    def get(self, url: Url, bytes_max: int) -> FetchResult:
        """Make one request, after the delay that the site asks for.

        Policy files are asked for without it: they are few, once a day, and where a
        site speaks to crawlers.
        """
        _, robots = self.robots(self.site(url))
        delay_s = 0.0 if robots is None else crawl_delay_s(robots, self.means.agent)
        if delay_s > CRAWL_DELAY_S_MAX:
            return Failure(kind="crawl_delay")
        return self.means.fetch(
            url.text,
            bytes_max=bytes_max,
            follows=False,
            seconds_max=self.seconds_left(),
            spacing_s=delay_s,
        )

    def page_is_unread(self, target: Target, cause: Cause) -> None:
        """Count the page as unread."""
        self.page_cause = self.page_cause or cause
        self._unread("access", target, cause)

    def document_is_unread(
        self, channel: PolicyChannel, target: Target, cause: Cause
    ) -> None:
        """Count a document that was named as unread."""
        self._unread(channel, target, cause)

    def _unread(self, channel: Channel, target: Target, cause: Cause) -> None:
        reading = reading_of(
            channel,
            SILENT,
            evidence_sha256="",
            target=target,
            outcome="unreadable",
            unreadable="page_unreadable" if channel == "access" else "unreadable",
            cause=cause,
        )
        self.readings.append(reading)
