"""Many URLs by real threads: who looks when, what is committed, what a failure ends."""

import itertools
import re
import threading
from collections import Counter, defaultdict

import pytest

from ledger.errors import InputError, StorageError
from producers.optout.net import bulk
from producers.optout.net.bulk import (
    AHEAD,
    BATCH,
    CRASHED,
    FAILED,
    SCANNED,
    scan_all,
)
from producers.optout.vocabulary.patterns import canonical_escapes


def _scan(urls, look, commit=lambda batch: None, *, workers=4, told=None, **more):
    progress = told.append if told is not None else lambda text: None
    return scan_all(urls, look, commit, workers=workers, progress=progress, **more)


def _urls(count, hosts):
    return [f"http://{n % hosts}.test/{n}" for n in range(count)]


def test_every_url_is_committed_once():
    """Nothing is lost and nothing is doubled."""
    committed = []
    urls = _urls(1000, 37)
    counts = _scan(urls, str, committed.extend)

    assert sorted(urls) == sorted(committed)
    assert Counter(scanned=1000) == counts


def test_no_urls():
    """An empty list is scanned at once."""
    assert Counter() == _scan([], str)


def test_a_host_is_looked_at_by_one_worker_at_a_time():
    """Both schemes, all ports and all spellings of a name are one host."""
    lock, inside, most = threading.Lock(), [], []

    def look(url):
        with lock:
            inside.append(url)
            most.append(len(inside))
        with lock:
            inside.remove(url)

    starts = ("http://e.test", "https://e.test", "http://E.TEST.:81")
    _scan([f"{start}/{n}" for n in range(50) for start in starts], look, workers=8)

    assert [1] * 150 == most


def test_hosts_are_looked_at_side_by_side():
    """As many hosts as workers are under way at once."""
    together = threading.Barrier(4)

    def look(url):
        together.wait(timeout=30)

    assert Counter(scanned=8) == _scan(_urls(8, 4), look)


def test_the_next_url_of_a_host_waits_for_the_commit():
    """When a host is asked again, what was learnt of it is on record."""
    committed, too_early = set(), []

    def look(url):
        host, number = url.removeprefix("http://").split("/")
        too_early.extend(n for n in seen[host] if n not in committed)
        seen[host].append(number)
        return number

    seen = defaultdict(list)
    _scan(_urls(200, 5), look, committed.update)

    assert [] == too_early
    assert 200 == len(committed)


def test_urls_of_a_host_keep_their_order():
    """A host's URLs are looked at in the order of the list."""
    order = []
    _scan([f"http://e.test/{n}" for n in range(50)], order.append)

    assert [f"http://e.test/{n}" for n in range(50)] == order


def test_batches_are_limited():
    """No commit is larger than its limit, and none is empty."""
    sizes = []
    _scan(_urls(2000, 2000), str, lambda batch: sizes.append(len(batch)), workers=16)

    assert 2000 == sum(sizes)
    assert 1 <= min(sizes)
    assert max(sizes) <= BATCH


@pytest.fixture
def window(monkeypatch):
    """A window that a short list exceeds."""
    monkeypatch.setattr(bulk, "WINDOW", 300)
    return bulk.WINDOW


def test_the_list_is_read_lazily(window):
    """No more than the window is read ahead of what is committed."""
    read, ahead, committed = [], [], []

    def urls():
        for n in range(3 * window):
            read.append(n)
            ahead.append(len(read) - len(committed))
            yield f"http://{n % 50}.test/"

    _scan(urls(), str, committed.extend)

    assert 3 * window == len(committed)
    assert max(ahead) <= window + 1


def test_workers_wait_for_a_slow_commit():
    """What is looked at and not committed is bounded, however slow commits are."""
    workers, lock, seen, over = 4, threading.Condition(), [], []
    bound = workers + AHEAD
    committed, urls = [], _urls(3000, 3000)

    def look(url):
        with lock:
            seen.append(url)
            lock.notify_all()
        return url

    def commit(batch):
        with lock:
            # Give workers the time to look at all that they may.
            lock.wait_for(
                lambda: len(seen) in {len(committed) + bound, len(urls)}, timeout=1
            )
            over.append(len(seen) - len(committed) - bound)
        committed.extend(batch)

    _scan(urls, look, commit, workers=workers)

    assert 3000 == len(committed)
    assert max(over) <= 0


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(InputError("url: why"), "url: why", id="the caller's"),
        pytest.param(StorageError("policy cache: why"), "policy cache: why", id="ours"),
        pytest.param(OSError("url of it"), "OSError", id="the system's"),
        pytest.param(
            OSError(28, "No space left on device", "url of it"),
            "No space left on device",
            id="the disk's",
        ),
    ],
)
def test_one_failure_ends_nothing(error, expected):
    """The URL is counted and told by its place; the host's other URLs go on."""

    def look(url):
        if url.endswith("/3"):
            raise error
        return url

    told, committed = [], []
    urls = [f"http://e.test/{n}" for n in range(6)]
    counts = _scan(urls, look, committed.extend, told=told)

    assert Counter(scanned=5, failed=1) == counts
    assert [*urls[:3], *urls[4:]] == committed
    assert f"URL 4: {expected}" in told


def _crash(url):
    raise RecursionError(url)


def test_a_defect_of_ours_is_told_apart():
    """It ends nothing, is counted by itself, and says where without saying what."""
    told, committed = [], []

    def look(url):
        return _crash(url) if url.endswith("/3") else url

    urls = [f"http://e.test/{n}" for n in range(6)]
    counts = _scan(urls, look, committed.extend, told=told)
    [told_of] = [text for text in told if text.startswith("URL ")]

    assert Counter({SCANNED: 5, CRASHED: 1}) == counts
    assert [*urls[:3], *urls[4:]] == committed
    assert re.fullmatch(
        "URL 4: internal error, please report: RecursionError at "
        r"tests/unit/optout/test_bulk\.py:[0-9]+ \(_crash\)",
        told_of,
    )


def test_the_place_of_a_defect_is_ours():
    """Where a library is handed what it does not take, the place is who handed it."""
    told = []
    _scan(["http://e.test/"], lambda _: canonical_escapes(None), told=told)

    assert "at producers/optout/vocabulary/patterns.py:" in told[0]
    assert "(canonical_escapes)" in told[0]


def test_a_url_that_is_none_is_a_failure():
    """It is told without being repeated, and no worker sees it."""
    told, looked = [], []
    counts = _scan(
        ["nonsense", "ftp://e.test/", "http://e.test/"], looked.append, told=told
    )

    assert 2 == counts[FAILED]
    assert ["http://e.test/"] == looked
    assert not any("nonsense" in text for text in told)


def test_progress_says_how_far():
    """The last word is the whole count."""
    told = []
    _scan(_urls(300, 300), str, told=told)

    assert "300 URLs: 300 scanned" == told[-1]


def test_an_interrupt_commits_what_is_done(window):
    """What was seen before Ctrl-C is kept, and what was not is not looked at."""
    looked, committed = [], []

    def urls():
        yield from _urls(window, window)
        yield from itertools.repeat("http://e.test/", 10)
        raise KeyboardInterrupt

    def look(url):
        looked.append(url)
        return url

    with pytest.raises(KeyboardInterrupt):
        _scan(urls(), look, committed.extend)

    assert sorted(looked) == sorted(committed)
    assert len(committed) < window + 10


def test_an_interrupt_does_not_wait_for_ever(monkeypatch):
    """An answer that does not come is given up; what is there is committed."""
    monkeypatch.setattr(bulk, "_GRACE_SECONDS", 0.01)
    silent, seen, committed = threading.Event(), threading.Event(), []

    def urls():
        yield "http://silent.test/"
        yield "http://e.test/"
        yield "http://silent-too.test/"
        assert seen.wait(timeout=30)
        raise KeyboardInterrupt

    def look(url):
        if "too" in url:
            seen.set()  # by the worker that has handed over its answer of e.test
        if "silent" in url:
            silent.wait(timeout=30)
        return url

    with pytest.raises(KeyboardInterrupt):
        _scan(urls(), look, committed.extend, workers=2)
    silent.set()

    assert ["http://e.test/"] == committed


def test_an_interrupt_within_a_commit_does_not_commit_twice():
    """Whether that batch is on record nobody knows; the others are, once."""
    committed = Counter()

    def commit(batch):
        committed.update(batch)
        if committed.total() == len(batch):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _scan(_urls(500, 500), str, commit)

    assert {1} == set(committed.values())


def test_an_error_of_commit_ends_the_scan():
    """A ledger that refuses is not asked again."""
    calls = []

    def commit(batch):
        calls.append(batch)
        raise InputError("ledger: full")

    with pytest.raises(InputError, match="full"):
        _scan(_urls(500, 500), str, commit)
    assert 1 == len(calls)
