"""The time for one look, on a clock that only sleeping moves."""

import threading

import pytest

from ledger.events.optout import PolicyFileFetched
from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.visit import LOOK_SECONDS_MAX
from producers.optout.cache.policy_cache import PolicyCache, StillAskingError
from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.polite import PoliteFetch
from producers.optout.net.response import Failure
from producers.optout.readings.channels import POLICY_PATHS

URL = "http://site.test/page"
HTML = [("Content-Type", "text/html")]
HOSTS = [f"h{n}.test" for n in range(4)]


@pytest.fixture
def slept():
    return []


@pytest.fixture
def fetch(fetch, clock, slept):
    def sleep(seconds):
        slept.append(seconds)
        clock.now += seconds

    return PoliteFetch(fetch, monotonic=clock.monotonic, sleep=sleep, clock_ms=clock.ms)


def _busy(handler):
    handler.answer(503, b"", [("Retry-After", "50")])


@pytest.fixture
def busy(site):
    """A page that names licences on many hosts, each of which asks for pauses."""
    link = '<link rel="license" type="application/rsl+xml" href="http://{}/l.xml">'
    body = "".join(map(link.format, HOSTS)).encode()
    site.routes["/page"] = (200, body, HTML)
    for host in HOSTS:
        site.routes[f"{host}/robots.txt"] = _busy
    return site


def test_a_look_has_an_end(busy, world, clock):
    """Hosts that ask for one pause after another do not hold a worker for longer."""
    start = clock.now
    result = world.scanner.scan(URL)

    assert clock.now - start <= LOOK_SECONDS_MAX
    assert ("unknown", {"rsl_file": "http_503"}) == (result.verdict, result.causes)


def test_the_last_answer_stands(site, world, clock):
    """A pause that ends too late is not waited out; the answer before it is told."""
    site.routes["/page"] = (200, b"", HTML)
    for path in POLICY_PATHS.values():
        site.routes[path] = _busy
    result = world.scanner.scan(URL)

    assert {"http_503", "deadline"} == set(result.causes.values())
    assert "unknown" == result.verdict


def test_what_was_put_off_is_not_kept(busy, world, clock):
    """Our own time says nothing of a site: the next look asks, and that is recorded."""
    world.scanner.scan(URL)
    before = [one for one in busy.requests if one[1] == "/ai.txt"]
    recorded = sum(isinstance(one, PolicyFileFetched) for one in world.events)
    clock.now += 60
    world.scanner.scan(URL)
    after = [one for one in busy.requests if one[1] == "/ai.txt"]
    recorded_now = sum(isinstance(one, PolicyFileFetched) for one in world.events)

    assert [("site.test", "/ai.txt"), ("h0.test", "/ai.txt")] == before
    assert set(HOSTS) == {host for host, _ in after} - {"site.test"}
    assert len(after) == len(set(after))
    assert recorded < recorded_now == (1 + len(HOSTS)) * len(POLICY_PATHS)


def test_a_document_behind_a_site_put_off_is_put_off(site, world, clock):
    """What no time was left to ask leave for is not remembered as refused."""
    link = '</l.xml>; rel="license"; type="application/rsl+xml"'
    site.routes["/page"] = (200, b"", [*HTML, ("Link", link)])

    def late(handler):
        clock.now += LOOK_SECONDS_MAX
        handler.answer(302, b"", [("Location", "http://h0.test/l.xml")])

    site.routes["site.test/l.xml"] = late
    site.routes["h0.test/l.xml"] = (404,)
    result = world.scanner.scan(URL)
    before = list(site.requests)
    world.scanner.scan(URL)

    assert {"rsl_file": "deadline"} == result.causes
    assert ("h0.test", "/robots.txt") not in before
    assert ("site.test", "/l.xml") in site.requests[len(before) :]


@pytest.mark.parametrize("is_polite", [True, False], ids=["polite", "plain"])
def test_nothing_is_asked_past_the_end(site, clock, fetch, is_polite):
    """A fetch without time asks for nothing, not even for an address."""
    plain = HttpFetcher(resolver=site.resolve, monotonic=clock.monotonic)
    asked = fetch if is_polite else plain
    result = asked(URL, bytes_max=9, seconds_max=0.0)

    assert Failure(kind="deadline") == result
    assert ([], []) == (site.requests, site.asked_for)


def test_an_answer_that_comes_too_late(site, clock, fetch):
    """A server that drips past the end is no timeout of its own."""

    def drip(handler):
        clock.now += 5
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-")
        while True:
            handler.wfile.write(b"a")

    site.routes["/page"] = drip

    assert "deadline" == fetch(URL, bytes_max=9, seconds_max=4.0).kind


def test_waits_count(site, fetch, slept):
    """A pause of our own making is part of the time for a look."""
    site.routes["/page"] = _busy

    assert 503 == fetch(URL, bytes_max=9, seconds_max=49.0).status
    assert [] == slept
    assert 1 == len(site.requests)


def test_a_worker_does_not_wait_for_another_for_ever(clock):
    """While one worker asks, the other gives up in its own time, and keeps nothing."""
    with PolicyCache(None, tag=lambda name: name.encode()) as cache:
        files = PolicyFiles(fetch=None, evidence=None, clock_ms=clock.ms, cache=cache)
        found = []

        def work():
            found.extend(files.of_origin("http://e.test", lambda: 0.0))
            found.append(
                files.document("rsl_file", "http://e.test/l", None, lambda: 0.0)
            )

        with cache.asking("http://e.test"), cache.asking("http://e.test/l"):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()

        assert ["deadline"] * 7 == [one.as_fetched.cause for one in found]
        assert [] == files.unrecorded(found)


def test_a_place_is_free_after_giving_up():
    """Who gave up is no longer counted as one that asks."""
    with PolicyCache(None, tag=lambda name: name.encode()) as cache:
        gives_up = pytest.raises(StillAskingError)
        with cache.asking("u"), gives_up, cache.asking("u", 0.0):
            pass
        with cache.asking("u", 0.0):
            assert 1 == len(cache._asking)


def test_policy_files_are_fetched_without_a_look(site, make_world):
    """Without a look there is no end but that of each fetch."""
    files = make_world().scanner._files

    assert {""} == {
        file.as_fetched.cause for file in files.of_origin("http://site.test")
    }
