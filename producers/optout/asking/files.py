"""The policy files of sites: fetched once a day, shared by pages, threads and runs.

A robots.txt is followed wherever its redirects lead (RFC 9309, section 2.3.1.2). Any
other file is followed to where a policy file lies by its name, on whatever site, and
elsewhere as far as the robots.txt of that place lets us.
"""

import math
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final

from ledger.events.optout import PolicyChannel
from producers.optout.asking.way import walk
from producers.optout.cache.cached_file import CachedFile
from producers.optout.cache.lru import Lru
from producers.optout.cache.policy_cache import PolicyCache, StillAskingError
from producers.optout.net.response import Failure, Fetch, FetchResult
from producers.optout.net.url import Url, parse_url
from producers.optout.readings.channels import (
    POLICY_PATHS,
    PolicyFile,
    robots_of,
    take_policy_file,
)
from producers.optout.readings.combine import robots_rfc9309
from producers.optout.readings.readers import Readers
from producers.optout.vocabulary.causes import FailureKind
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.policy import AGENT_TOKEN
from producers.ports import ClockMs, Evidence

_ORIGINS_MAX: Final = 1024
"""Most origins whose files are at hand without asking the cache."""

_PATHS: Final = frozenset(POLICY_PATHS.values())

SecondsLeft = Callable[[], float]
"""Of a look's time, now."""


def unlimited() -> float:
    """The time of who can wait."""
    return math.inf


class PolicyFiles:
    """Policy files by channel and URL. May be shared by threads.

    A file that was used and is in no event yet is known as such, so that a scan is
    never recorded before the files that it rests on.

    Args:
        fetch: GET with limits.
        evidence: keeps their exact bytes.
        clock_ms: time of fetches.
        cache: what earlier scans learnt.
        agent: our product token, for redirects.
    """

    def __init__(
        self,
        *,
        fetch: Fetch,
        evidence: Evidence,
        clock_ms: ClockMs,
        cache: PolicyCache,
        agent: str = AGENT_TOKEN,
    ) -> None:
        self.readers = Readers()
        self._origins: Lru[str, tuple[PolicyFile, ...]] = Lru(_ORIGINS_MAX)
        self._lock = Lock()
        self._fetch = fetch
        self._evidence = evidence
        self._clock_ms = clock_ms
        self._cache = cache
        self._agent = agent

    def of_origin(
        self, origin: str, seconds_left: SecondsLeft = unlimited
    ) -> tuple[PolicyFile, ...]:
        """The files of an origin, robots.txt first.

        One that is not had when no time is left is unreadable, and is asked for again
        by whoever comes next.
        """
        with self._lock:
            recent = self._origins.get(origin)
        now_ms = self._clock_ms()
        if recent is not None and all(f.as_fetched.is_fresh(now_ms) for f in recent):
            return recent
        files = self._ask_origin(origin, seconds_left)
        if not any(_is_put_off(file.as_fetched) for file in files):
            with self._lock:
                self._origins.put(origin, files)
        return files

    def _ask_origin(
        self, origin: str, seconds_left: SecondsLeft
    ) -> tuple[PolicyFile, ...]:
        urls = [(channel, origin + path) for channel, path in POLICY_PATHS.items()]
        known = [self._known(channel, url) for channel, url in urls]
        found = [file for file in known if file is not None]
        if len(found) == len(urls):
            return tuple(found)

        try:
            with self._cache.asking(origin, seconds_left()):
                return tuple(self._of_site(one, url, seconds_left) for one, url in urls)
        except StillAskingError:
            return tuple(self._file(one, url, _put_off) for one, url in urls)

    def _of_site(
        self, channel: PolicyChannel, url: str, seconds_left: SecondsLeft
    ) -> PolicyFile:
        if channel == "robots_txt":
            return self._robots(url, seconds_left)
        return self._file(channel, url, lambda _: self._walk(url, seconds_left))

    def _robots(self, url: str, seconds_left: SecondsLeft) -> PolicyFile:
        def ask(url: str) -> FetchResult:
            return self._fetch(
                url, bytes_max=POLICY_BYTES_MAX, seconds_max=seconds_left()
            )

        with self._cache.asking(f"robots.txt {url}", seconds_left()):
            return self._file("robots_txt", url, ask)

    def _walk(self, url: str, seconds_left: SecondsLeft) -> FetchResult:
        """The answer for another file, its redirects followed where that is let."""

        def get(here: Url) -> FetchResult:
            return self._fetch(
                here.text,
                bytes_max=POLICY_BYTES_MAX,
                follows=False,
                seconds_max=seconds_left(),
            )

        way = walk(parse_url(url), get, lambda here: self._lets_ask(here, seconds_left))
        if way.answer is not None:
            return way.answer
        kind: FailureKind = "robots" if seconds_left() > 0 else "deadline"
        return Failure(kind=kind, redirects=len(way.passed))

    def _lets_ask(self, url: Url, seconds_left: SecondsLeft) -> bool:
        """Whether a redirect to `url` is followed."""
        if url.target in _PATHS:
            return True  # every scan asks any site for it
        file = self._robots(url.origin + POLICY_PATHS["robots_txt"], seconds_left)
        status, robots = robots_of(
            [file], evidence=self._evidence, readers=self.readers
        )
        return robots_rfc9309(status, robots, self._agent, url.text) == "allow"

    def document(
        self,
        channel: PolicyChannel,
        url: str,
        ask: Callable[[str], FetchResult],
        seconds_left: SecondsLeft = unlimited,
    ) -> PolicyFile:
        """A document that a site names: a licence, or its terms of use.

        Args:
            channel: which of them.
            url: where it is, in canonical form.
            ask: fetches it; may ask for the files of origins on the way.
            seconds_left: until it is put off.
        """
        try:
            with self._cache.asking(url, seconds_left()):
                return self._file(channel, url, ask)
        except StillAskingError:
            return self._file(channel, url, _put_off)

    def _known(self, channel: PolicyChannel, url: str) -> PolicyFile | None:
        cached = self._cache.get(channel, url, self._clock_ms())
        return None if cached is None else self._of_cached(cached, url)

    def _file(
        self, channel: PolicyChannel, url: str, ask: Callable[[str], FetchResult]
    ) -> PolicyFile:
        known = self._known(channel, url)
        if known is not None:
            return known
        cached = take_policy_file(
            channel,
            ask(url),
            evidence=self._evidence,
            readers=self.readers,
            now_ms=self._clock_ms(),
        )
        if not _is_put_off(cached):
            self._cache.hold(url, cached)
        return self._of_cached(cached, url)

    def _of_cached(self, cached: CachedFile, url: str) -> PolicyFile:
        last_good = ""
        if cached.reason is not None and not cached.evidence_sha256:
            good = self._cache.last_good(cached.channel, url)
            last_good = "" if good is None else good.evidence_sha256
        return PolicyFile(url=url, as_fetched=cached, last_good_sha256=last_good)

    def digest(self, channel: PolicyChannel, url: str) -> str:
        """Of a document as it is known and fresh; empty where nothing is known."""
        known = self._cache.get(channel, url, self._clock_ms())
        return "" if known is None else known.evidence_sha256

    def unrecorded(self, files: Sequence[PolicyFile]) -> list[PolicyFile]:
        """Those of `files` that no durable event speaks of yet."""
        return [
            file for file in files if self._cache.is_held(file.url, file.as_fetched)
        ]

    def size(self, file: PolicyFile) -> int:
        """How many bytes of a file were kept."""
        sha256 = file.as_fetched.evidence_sha256
        return len(self._evidence.get(sha256)) if sha256 else 0

    def keep(self, files: Sequence[PolicyFile]) -> None:
        """Remember files for later scans; their events are durable."""
        self._cache.put_all((file.url, file.as_fetched) for file in files)


def _is_put_off(file: CachedFile) -> bool:
    """Whether our own time ran out: that says nothing of the site, and is not kept."""
    return file.cause == "deadline"


def _put_off(_: str) -> FetchResult:
    return Failure(kind="deadline")
