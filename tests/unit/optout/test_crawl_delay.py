"""Crawl-delay: what it asks for, and that a scan keeps it."""

import math

import pytest

from producers.optout.asking.visit import CRAWL_DELAY_S_MAX
from producers.optout.net.polite import PoliteFetch
from producers.optout.robots.crawl_delay import crawl_delay_s
from producers.optout.robots.reader import parse_robots

URL = "http://site.test/page"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("", 0, id="empty"),
        pytest.param("User-agent: *\nCrawl-delay: 10\n", 10, id="star"),
        pytest.param("User-agent: *\ncrawl-DELAY:10 # s\n", 10, id="spelling"),
        pytest.param("User-agent: *\nCrawl-delay: 0.5\n", 0.5, id="fraction"),
        pytest.param("User-agent: *\nCrawl-delay: .5\n", 0.5, id="no zero"),
        pytest.param("User-agent: Us\nCrawl-delay: 3\n", 3, id="own"),
        pytest.param(
            "User-agent: *\nCrawl-delay: 9\nUser-agent: us\nAllow: /\n",
            9,
            id="agents that share a group",
        ),
        pytest.param(
            "User-agent: *\nCrawl-delay: 9\nAllow: /\nUser-agent: us\nAllow: /\n",
            0,
            id="own group without one",
        ),
        pytest.param("User-agent: other\nCrawl-delay: 9\n", 0, id="another's"),
        pytest.param("Crawl-delay: 9\nUser-agent: *\nAllow: /\n", 0, id="before all"),
        pytest.param(
            "User-agent: *\nCrawl-delay: 1\nCrawl-delay: 4\nCrawl-delay: 2\n",
            4,
            id="largest",
        ),
        pytest.param("User-agent: *\nCrawl-delay: 10s\n", 0, id="unit"),
        pytest.param("User-agent: *\nCrawl-delay: -5\n", 0, id="negative"),
        pytest.param("User-agent: *\nCrawl-delay: nan\n", 0, id="nan"),
        pytest.param("User-agent: *\nCrawl-delay: 1e9\n", 0, id="exponent"),
        pytest.param("User-agent: *\nCrawl-delay: \u0664\n", 0, id="other digits"),
        pytest.param("User-agent: *\nCrawl-delay: " + "9" * 99, math.inf, id="huge"),
    ],
)
def test_crawl_delay(body, expected):
    """The group that speaks to us decides; what is no number asks for nothing."""
    assert expected == crawl_delay_s(parse_robots(body.encode()), "us")


@pytest.fixture
def slept():
    return []


@pytest.fixture
def fetch(fetch, clock, slept):
    def sleep(seconds):
        slept.append(seconds)
        clock.now += seconds

    return PoliteFetch(fetch, monotonic=clock.monotonic, sleep=sleep, clock_ms=clock.ms)


@pytest.fixture(autouse=True)
def page(site):
    """Unless a test says otherwise, the page is there and says nothing."""
    site.routes["/page"] = (200, b"text")


def _delay(site, seconds):
    body = f"User-agent: *\nCrawl-delay: {seconds}\n"
    site.routes["/robots.txt"] = (200, body.encode())


def test_pages_of_a_host_are_spaced(site, world, slept):
    """Each request for a page waits, also when robots.txt is known from before."""
    _delay(site, 20)
    verdicts = [world.scanner.scan(URL).verdict for _ in range(3)]

    assert ["allowed"] * 3 == verdicts
    assert [20, 20, 20] == slept


def test_redirects_and_documents_are_spaced(site, world, slept):
    """The delay is between all requests to the host but those for policy files."""
    _delay(site, 20)
    link = '</l.xml>; rel="license"; type="application/rsl+xml"'
    site.routes["/page"] = (302, b"", [("Location", "/b")])
    site.routes["/b"] = (200, b"text", [("Link", link)])
    world.scanner.scan(URL)

    assert [20, 20, 20] == slept


def test_another_host_does_not_wait(site, world, slept):
    """What one site asks for is no other's."""
    _delay(site, 20)
    site.routes["other.test/robots.txt"] = (200, b"User-agent: *\n")
    world.scanner.scan(URL)
    world.scanner.scan("http://other.test/page")

    assert [20] == slept


def test_longest_delay_is_kept(site, world, slept):
    """The limit itself is waited out."""
    _delay(site, int(CRAWL_DELAY_S_MAX))

    assert "allowed" == world.scanner.scan(URL).verdict
    assert [CRAWL_DELAY_S_MAX] == slept


@pytest.mark.parametrize("seconds", ["60.01", "86400", "9" * 400])
def test_longer_delay_leaves_the_page_unread(site, world, slept, seconds):
    """A delay past the limit holds no worker, and is no consent."""
    _delay(site, seconds)
    result = world.scanner.scan(URL)

    assert ("unknown", ("page_unreadable",)) == (result.verdict, result.reasons)
    assert ("crawl_delay", []) == (result.page_cause, slept)
    assert "/page" not in [path for _, path in site.requests]
