"""Manners against a real server, on a clock that only sleeping moves."""

import pytest

from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.polite import PoliteFetch
from producers.optout.net.response import Failure

URL = "http://site.test/x"


@pytest.fixture
def slept():
    return []


@pytest.fixture
def polite(fetch, clock, slept):
    def sleep(seconds):
        slept.append(seconds)
        clock.now += seconds

    return PoliteFetch(
        fetch,
        monotonic=clock.monotonic,
        sleep=sleep,
        clock_ms=clock.ms,
        spacing_s=2.0,
        burst=2,
        retry_after_s_max=60.0,
    )


def _get(polite, url=URL):
    return polite(url, bytes_max=1000)


def _busy_once(status, value):
    """A route that asks for a pause at first."""
    answers = [(status, b"", [("Retry-After", value)])]
    return lambda handler: handler.answer(*(answers.pop() if answers else (200, b"ok")))


def test_requests_to_one_host_are_spaced(site, polite, slept):
    """The burst is free, then each request waits."""
    site.routes["/x"] = (200, b"")
    for _ in range(4):
        _get(polite)

    assert [2.0, 2.0] == slept


def test_redirects_take_turns_as_well(site, polite, slept):
    """Each hop is a request to its own host."""
    site.routes["site.test/x"] = (301, b"", [("Location", "/y")])
    site.routes["site.test/y"] = (301, b"", [("Location", "/z")])
    site.routes["site.test/z"] = (301, b"", [("Location", "http://other.test/")])
    site.routes["other.test/"] = (200, b"there")
    response = _get(polite)

    assert (b"there", 3) == (response.body, response.redirects)
    assert [2.0] == slept


def test_both_schemes_and_all_ports_are_one_host(site, polite, slept):
    """The machine behind the name is what is spared."""
    site.routes["/x"] = (200, b"")
    for url in (URL, "https://site.test/x", "http://site.test:8080/x"):
        _get(polite, url)

    assert [2.0] == slept


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_is_waited_out_and_the_request_repeated(site, polite, slept, status):
    """The site was busy; asked again when it said, it answers."""
    site.routes["/x"] = _busy_once(status, "40")

    assert b"ok" == _get(polite).body
    assert [40.0] == slept


def test_a_pause_until_a_date(site, polite, slept, clock):
    """A date is read on the wall clock."""
    clock.now = 784_111_777.0
    site.routes["/x"] = _busy_once(503, "Sun, 06 Nov 1994 08:50:07 GMT")

    assert b"ok" == _get(polite).body
    assert [30.0] == slept


def test_the_request_is_repeated_once(site, polite):
    """A host that is busy for good is not asked for ever."""
    site.routes["/x"] = (503, b"", [("Retry-After", "1")])

    assert 503 == _get(polite).status
    assert 2 == len(site.requests)


def test_a_pause_that_is_too_long_is_a_refusal(site, polite, slept):
    """The answer stands, and nothing more is asked of the host."""
    site.routes["/x"] = (429, b"", [("Retry-After", "61")])

    assert 429 == _get(polite).status
    assert Failure(kind="retry_later") == _get(polite)
    assert (1, []) == (len(site.requests), slept)


def test_another_host_is_not_left_alone(site, polite):
    """One busy site does not stop the scan of others."""
    site.routes["site.test/x"] = (429, b"", [("Retry-After", "9999")])
    site.routes["other.test/x"] = (200, b"ok")
    _get(polite)

    assert b"ok" == _get(polite, "http://other.test/x").body


def test_a_redirect_to_a_host_left_alone(site, polite):
    """The failure says how far the redirects led."""
    site.routes["busy.test/x"] = (429, b"", [("Retry-After", "9999")])
    site.routes["site.test/x"] = (301, b"", [("Location", "http://busy.test/x")])
    _get(polite, "http://busy.test/x")

    assert Failure(kind="retry_later", redirects=1) == _get(polite)


def test_waiting_is_not_the_servers_time(site, clock):
    """A fetch may wait longer for its turn than the server may take."""
    site.routes["/x"] = _busy_once(503, "50")

    def sleep(seconds):
        clock.now += seconds

    fetch = HttpFetcher(
        resolver=site.resolve, monotonic=clock.monotonic, seconds_max=5.0
    )
    polite = PoliteFetch(
        fetch, monotonic=clock.monotonic, sleep=sleep, clock_ms=clock.ms
    )

    assert b"ok" == _get(polite).body


def test_the_servers_time_is_still_limited(site, polite, clock):
    """Manners do not lift the deadline."""

    def late(handler):
        clock.now += 31
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"a")

    site.routes["/x"] = late

    assert "timeout" == _get(polite).kind


def test_a_failure_is_a_value(polite):
    """What cannot be fetched is no error here either."""
    assert "refused_url" == _get(polite, "ftp://e.test/").kind
