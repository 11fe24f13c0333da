"""The policy files of sites: fetched once a day, shared by pages, threads and runs."""

from collections.abc import Sequence
from threading import Lock
from typing import Final

from ledger.events.optout import PolicyChannel
from producers.optout.cache.cached_file import CachedFile
from producers.optout.cache.lru import Lru
from producers.optout.cache.policy_cache import PolicyCache
from producers.optout.net.response import Fetch
from producers.optout.readings.channels import (
    POLICY_BYTES_MAX,
    POLICY_PATHS,
    PolicyFile,
    take_policy_file,
)
from producers.optout.readings.readers import Readers
from producers.ports import ClockMs, Evidence

_ORIGINS_MAX: Final = 1024
"""Most origins whose files are at hand without asking the cache."""


class PolicyFiles:
    """Policy files by channel and URL. May be shared by threads.

    A file that was used and is in no event yet is known as such, so that a scan is
    never recorded before the files that it rests on.

    Args:
        fetch: GET with limits.
        evidence: keeps their exact bytes.
        clock_ms: time of fetches.
        cache: what earlier scans learnt.
    """

    def __init__(
        self, *, fetch: Fetch, evidence: Evidence, clock_ms: ClockMs, cache: PolicyCache
    ) -> None:
        self.readers = Readers()
        self._origins: Lru[str, tuple[PolicyFile, ...]] = Lru(_ORIGINS_MAX)
        self._lock = Lock()
        self._fetch = fetch
        self._evidence = evidence
        self._clock_ms = clock_ms
        self._cache = cache

    def of_origin(self, origin: str) -> tuple[PolicyFile, ...]:
        """The files of an origin, robots.txt first."""
        with self._lock:
            recent = self._origins.get(origin)
        now_ms = self._clock_ms()
        if recent is not None and all(f.as_fetched.is_fresh(now_ms) for f in recent):
            return recent
        files = self._ask_origin(origin)
        with self._lock:
            self._origins.put(origin, files)
        return files

    def _ask_origin(self, origin: str) -> tuple[PolicyFile, ...]:
        urls = [(channel, origin + path) for channel, path in POLICY_PATHS.items()]
        known = [self._known(channel, url) for channel, url in urls]
        found = [file for file in known if file is not None]
        if len(found) < len(urls):
            with self._cache.asking(origin):
                found = [self._file(channel, url) for channel, url in urls]
        return tuple(found)

    def document(self, channel: PolicyChannel, url: str) -> PolicyFile:
        """A document that a site names: a licence, or its terms of use."""
        with self._cache.asking(url):
            return self._file(channel, url)

    def _known(self, channel: PolicyChannel, url: str) -> PolicyFile | None:
        cached = self._cache.get(channel, url, self._clock_ms())
        return None if cached is None else self._of_cached(cached, url)

    def _file(self, channel: PolicyChannel, url: str) -> PolicyFile:
        known = self._known(channel, url)
        if known is not None:
            return known
        cached = take_policy_file(
            channel,
            self._fetch(url, bytes_max=POLICY_BYTES_MAX),
            evidence=self._evidence,
            readers=self.readers,
            now_ms=self._clock_ms(),
        )
        self._cache.hold(url, cached)
        return self._of_cached(cached, url)

    def _of_cached(self, cached: CachedFile, url: str) -> PolicyFile:
        last_good = ""
        if cached.reason is not None and not cached.evidence_sha256:
            good = self._cache.last_good(cached.channel, url)
            last_good = "" if good is None else good.evidence_sha256
        return PolicyFile(url=url, as_fetched=cached, last_good_sha256=last_good)

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
