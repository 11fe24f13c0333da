"""What is known of policy files, so that each is asked for once a day and no more.

A file is fresh for a day where it could be read or is absent, and for an hour where it
could not: a site's bad hour passes. The newest copy that could be read is kept beside
it, for reservations that hold while the site is down; its silence proves nothing.

What a worker fetched is held at once, for the other workers of the process, and put in
the file once its event is durable: what outlives the process is always on record.

Names are not kept in clear: rows are found by a keyed tag of channel and URL. Deleting
the file loses nothing but time.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import TIMEOUT_MAX, Lock
from typing import Final, Self

from ledger.events.optout import PolicyChannel
from producers.optout.cache.cached_file import FRESH_MS, UNREADABLE_MS, CachedFile
from producers.optout.cache.lru import Lru
from producers.optout.cache.policy_rows import PolicyRows

__all__ = ["FRESH_MS", "UNREADABLE_MS", "CachedFile", "PolicyCache", "Tag"]

FILES_MAX: Final = 4096
"""Most files that are remembered in memory: those of some 700 origins."""

Tag = Callable[[str], bytes]
"""A keyed digest of a name, such as an HMAC; the key stays with the caller."""


class StillAskingError(Exception):
    """Another worker asks for the same URL, and takes longer than one can wait."""


class PolicyCache:
    """Policy files by channel and URL; may be shared by threads and processes.

    Args:
        path: the SQLite file, made where missing; none keeps the rows in memory.
        tag: of a name; pure, and called from any thread. Two workspaces that share no
            key cannot read each other's rows.
        asked_since_ms: nothing that was fetched before is fresh, Unix milliseconds.
    """

    def __init__(self, path: Path | None, *, tag: Tag, asked_since_ms: int = 0) -> None:
        """Open the cache.

        Raises:
            InputError: the file is no cache.
        """
        self._tag = tag
        self._asked_since_ms = asked_since_ms
        self._lock = Lock()
        self._rows = PolicyRows(path)
        self._held: dict[tuple[str, str], CachedFile] = {}
        self._recent: Lru[tuple[str, str], CachedFile] = Lru(FILES_MAX)
        self._asking: dict[str, tuple[Lock, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._rows.close()

    def get(self, channel: PolicyChannel, url: str, now_ms: int) -> CachedFile | None:
        """The file, if it is known and fresh.

        Raises:
            StorageError: the disk refused.
        """
        key = (channel, url)
        with self._lock:
            found = self._held.get(key) or self._recent.get(key)
            if found is None:
                found = self._rows.get(self._tag_of(*key), is_last_good=False)
                if found is not None:
                    self._recent.put(key, found)
        if found is None or found.fetched_at_ms < self._asked_since_ms:
            return None
        return found if found.is_fresh(now_ms) else None

    def last_good(self, channel: PolicyChannel, url: str) -> CachedFile | None:
        """The newest copy that could be read, however old; none after an absence.

        Raises:
            StorageError: the disk refused.
        """
        with self._lock:
            found = self._rows.get(self._tag_of(channel, url), is_last_good=True)
        return found if found is not None and found.outcome == "parsed" else None

    @contextmanager
    def asking(self, url: str, seconds_max: float = math.inf) -> Iterator[None]:
        """Hold back every other worker that is about to ask for the same URL.

        Look with `get` inside, and `hold` what was fetched. Inside the place of a
        document a worker may enter that of an origin, inside that of an origin that of
        a robots.txt, and nothing else inside any, so that no two wait for each other.

        Args:
            url: a document, an origin, or a robots.txt by a name of its own.
            seconds_max: the longest wait for another worker.

        Raises:
            StillAskingError: it took longer.
        """
        with self._lock:
            turn, users = self._asking.get(url, (Lock(), 0))
            self._asking[url] = turn, users + 1
        try:
            if not turn.acquire(timeout=_lock_seconds(seconds_max)):
                raise StillAskingError
            try:
                yield
            finally:
                turn.release()
        finally:
            with self._lock:
                turn, users = self._asking.pop(url)
                if users > 1:
                    self._asking[url] = turn, users - 1

    def hold(self, url: str, file: CachedFile) -> None:
        """Show a file to the other workers before its event is durable."""
        with self._lock:
            self._held[file.channel, url] = file

    def is_held(self, url: str, file: CachedFile) -> bool:
        """Whether this very file is not on record yet: whoever used it records it."""
        with self._lock:
            return self._held.get((file.channel, url)) == file

    def put_all(self, files: Iterable[tuple[str, CachedFile]]) -> None:
        """Keep files whose events are durable, in one transaction.

        Raises:
            StorageError: the disk refused.
        """
        known = {(file.channel, url): file for url, file in files}
        tagged = [(self._tag_of(*key), file) for key, file in known.items()]
        with self._lock:
            self._rows.put(tagged)
            for key, file in known.items():
                self._recent.put(key, file)
                if self._held.get(key) == file:
                    del self._held[key]

    def _tag_of(self, channel: str, url: str) -> bytes:
        return self._tag(f"{channel} {url}")


def _lock_seconds(seconds_max: float) -> float:
    """A time that a lock takes: not below 0, and no more than it can count."""
    return min(max(0.0, seconds_max), TIMEOUT_MAX)
