"""The fetcher against a real server that does what no server should."""

import gzip
import socket
import zlib

import pytest

from producers.optout.net.fetch import HEADERS_MAX, REDIRECTS_MAX, HttpFetcher
from producers.optout.net.resolve import Endpoint, resolve_public
from producers.optout.net.response import Failure

URL = "http://site.test/x"
BYTES_MAX = 10_000


def _get(fetch, url=URL):
    return fetch(url, bytes_max=BYTES_MAX)


def test_whole_answer(site, fetch):
    """Status, header lines, body and place come back; we say who we are."""
    seen = []

    def route(handler):
        seen.append((handler.headers["Host"], handler.headers["User-Agent"]))
        handler.answer(200, b"body", [("X-A", "1"), ("x-a", "caf\xe9")])

    site.routes["/x"] = route
    response = _get(fetch)

    assert (200, b"body", False, 0, URL) == (
        response.status,
        response.body,
        response.truncated,
        response.redirects,
        response.final_url,
    )
    assert ["1", "caf\xe9"] == [v for name, v in response.headers if name == "x-a"]
    assert "site.test" == seen[0][0]
    assert seen[0][1].startswith("tuneledger")


def test_redirects_are_resolved_anew(site, fetch):
    """Each hop goes through the resolver, and the last one is the final URL."""
    site.routes["site.test/x"] = lambda h: h.answer(
        302, b"", [("Location", "https://other.test/y")]
    )
    site.routes["other.test/y"] = (200, b"y")
    response = _get(fetch)

    assert ("https://other.test/y", 1) == (response.final_url, response.redirects)
    assert [("site.test", 80, "http"), ("other.test", 443, "https")] == site.asked_for


def test_five_redirects_are_followed(site, fetch):
    """The fifth redirect is followed, the sixth is not."""
    for hop in range(REDIRECTS_MAX + 1):
        location = [("Location", f"/{hop + 1}")]
        site.routes[f"/{hop}"] = (301, b"", location)
    site.routes[f"/{REDIRECTS_MAX + 1}"] = (200, b"")

    assert Failure(kind="redirect_limit", redirects=5, status=301) == _get(
        fetch, "http://site.test/0"
    )
    assert 200 == _get(fetch, "http://site.test/1").status


def test_redirect_loop_ends(site, fetch):
    """A page that redirects to itself is a failure."""
    site.routes["/x"] = (301, b"", [("Location", "/x")])

    assert "redirect_limit" == _get(fetch).kind


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://u:p@site.test/", "gopher://x/", "http://[::1/"],
)
def test_redirect_to_another_scheme_is_refused(site, fetch, location):
    """Only plain http and https URLs are followed."""
    site.routes["/x"] = (302, b"", [("Location", location)])

    assert "refused_url" == _get(fetch).kind


def test_redirect_into_our_network_is_refused(site, clock):
    """The default resolver stops a redirect to loopback."""

    def resolve(host, port, scheme):
        if host == "site.test":
            return site.resolve(host, port, scheme)
        return resolve_public(host, port, scheme)

    location = f"http://127.0.0.1:{site.server_port}/secret"
    site.routes["/x"] = (302, b"", [("Location", location)])
    fetch = HttpFetcher(resolver=resolve, monotonic=clock.monotonic)

    assert Failure(kind="refused_address", redirects=1) == _get(fetch)
    assert ["/x"] == [path for _, path in site.requests]


def test_loopback_is_refused_by_default(site):
    """Without a resolver of its own the fetcher reaches public addresses only."""
    url = f"http://127.0.0.1:{site.server_port}/x"

    assert "refused_address" == _get(HttpFetcher(), url).kind
    assert [] == site.requests


@pytest.mark.parametrize("url", ["ftp://e.test/", "http://u@e.test/", "x", "http://"])
def test_bad_url_is_refused(fetch, url):
    """A URL that must not be fetched is an outcome, not an error."""
    assert "refused_url" == _get(fetch, url).kind


def test_gzip_is_decoded(site, fetch):
    """Content coding gzip is undone; several members would be more than one file."""
    site.routes["/x"] = (200, gzip.compress(b"hello"), [("Content-Encoding", "gzip")])

    assert b"hello" == _get(fetch).body


def test_gzip_bomb_is_cut(site, fetch):
    """100 MB that fit in 100 kB stop at the limit on decoded bytes."""
    packer = zlib.compressobj(wbits=31)
    bomb = (
        b"".join(packer.compress(bytes(1 << 20)) for _ in range(100)) + packer.flush()
    )
    site.routes["/x"] = (200, bomb, [("Content-Encoding", "gzip")])
    response = _get(fetch)

    assert (True, BYTES_MAX) == (response.truncated, len(response.body))


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        pytest.param("gzip", b"no gzip", id="not gzip"),
        pytest.param("gzip", gzip.compress(b"x" * 99)[:-4], id="cut off"),
        pytest.param("gzip", gzip.compress(b"x") + b"tail", id="bytes after the end"),
        pytest.param("gzip", b"", id="empty"),
        pytest.param("br", b"x", id="not asked for"),
        pytest.param("gzip, gzip", gzip.compress(gzip.compress(b"x")), id="twice"),
    ],
)
def test_broken_coding(site, fetch, coding, body):
    """A body that cannot be decoded is no body."""
    site.routes["/x"] = (200, body, [("Content-Encoding", coding)])

    assert "encoding" == _get(fetch).kind


def test_endless_body_is_cut(site, fetch):
    """A body without an end stops at the limit."""

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"Allow: /\n" * 1000)

    site.routes["/x"] = endless
    response = _get(fetch)

    assert (True, BYTES_MAX) == (response.truncated, len(response.body))


def test_body_of_exactly_the_limit_is_whole(site, fetch):
    """The limit itself is not past the limit."""
    site.routes["/x"] = (200, bytes(BYTES_MAX))

    assert not _get(fetch).truncated


def test_body_shorter_than_announced_is_a_failure(site, fetch):
    """A connection that ends early gave no answer."""

    def short(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"Allow: /\n")
        handler.close_connection = True

    site.routes["/x"] = short

    assert "protocol" == _get(fetch).kind


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX-", b"HTTP/1.1 200 OK\r\n\r\n"]
)
def test_slow_drip_meets_the_deadline(site, fetch, clock, start):
    """A server that sends byte by byte, in header or body, runs out of time."""

    def drip(handler):
        clock.now += 31  # the time that the bytes below would have taken
        handler.wfile.write(start)
        while True:
            handler.wfile.write(b"a")

    site.routes["/x"] = drip

    assert "timeout" == _get(fetch).kind


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x16\x03\x01 no HTTP\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA b\r\n\r\n", id="header without colon"),
        pytest.param(b"HTTP/1.1 200 OK\r\nA: " + b"x" * 200_000, id="long header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * (HEADERS_MAX + 1) + b"\r\n",
            id="many headers",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            id="two lengths",
        ),
    ],
)
def test_broken_protocol(site, fetch, raw):
    """What is no HTTP answer is a failure."""

    def answer(handler):
        handler.wfile.write(raw)
        handler.close_connection = True

    site.routes["/x"] = answer

    assert _get(fetch).kind in {"protocol", "connection"}


def test_nobody_listens():
    """A refused connection is a failure."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        endpoint = Endpoint(address="127.0.0.1", port=port, scheme="http")
        fetch = HttpFetcher(resolver=lambda *_: endpoint)

        assert "connection" == _get(fetch).kind


def test_unknown_name():
    """A name that does not resolve is a failure; so is one that cannot be asked for."""

    def resolve(*_):
        raise OSError("no such name")

    assert "dns" == _get(HttpFetcher(resolver=resolve)).kind
    assert "dns" == _get(HttpFetcher(), "http://" + "a" * 64 + ".test/").kind


def test_no_cookie_is_kept(site, fetch):
    """A site cannot recognise the scanner by what it set before."""
    cookies = []

    def route(handler):
        cookies.append(handler.headers["Cookie"])
        handler.answer(200, b"", [("Set-Cookie", "a=b")])

    site.routes["/x"] = route
    _get(fetch)
    _get(fetch)

    assert [None, None] == cookies
