"""Servers that do what none should: no hang, no crash, and never consent.

Where an answer comes back at all, it goes through the parser that a scan uses.
"""

import gzip
import itertools

import pytest

from producers.optout.documents.tdmrep import parse_tdmrep
from producers.optout.net.fetch import HttpFetcher
from producers.optout.net.resolve import Endpoint, resolve_public
from producers.optout.net.response import Failure
from producers.optout.net.url import parse_url
from producers.optout.robots.reader import parse_robots
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SignalError

URL = "http://site.test/robots.txt"
NO = b"User-agent: *\nDisallow: /\n"


def _get(fetch, url=URL):
    return fetch(url, bytes_max=POLICY_BYTES_MAX)


def _is_consent(result):
    """Whether a robots.txt lets a page be used."""
    if isinstance(result, Failure) or result.status != 200:
        return False
    robots = parse_robots(result.body, truncated=result.truncated)
    return robots.is_whole and robots.decide(["tuneledger"], "http://e.test/a").allowed


def _raw(site, *parts, path="/robots.txt"):
    """Answer with these bytes, as they are; the last part for ever if it is a list."""

    def answer(handler):
        for part in parts:
            for piece in itertools.cycle(part) if isinstance(part, list) else [part]:
                handler.wfile.write(piece)
        handler.close_connection = True

    site.routes[path] = answer


def test_ten_gigabytes(site, fetch):
    """A body of 10 GB is cut at the limit, not read to its end."""
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"
    _raw(site, start, [b"Allow: /\n" * 1000])
    result = _get(fetch)

    assert (True, POLICY_BYTES_MAX) == (result.truncated, len(result.body))
    assert not _is_consent(result)


@pytest.mark.parametrize("rules", [b"", b"User-agent: *\nAllow: /\n"])
def test_gzip_bomb(site, fetch, rules):
    """64 MB of line feeds in 300 kB are cut at the limit."""
    bomb = gzip.compress(rules + b"\n" * (64 << 20), 1)
    site.routes["/robots.txt"] = (200, bomb, [("Content-Encoding", "gzip")])
    result = _get(fetch)

    assert not _is_consent(result)
    assert isinstance(result, Failure) or len(result.body) <= POLICY_BYTES_MAX


def test_gzip_of_nothing(site, fetch):
    """Empty gzip members without end are not decoded without end."""
    start = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
    _raw(site, start, [gzip.compress(b"")])

    assert Failure(kind="encoding") == _get(fetch)


def test_gzip_in_gzip(site, fetch):
    """Only one layer of coding is undone, and only where one was announced."""
    twice = gzip.compress(gzip.compress(NO))
    site.routes["/robots.txt"] = (200, twice, [("Content-Encoding", "gzip")])

    assert not _is_consent(_get(fetch))


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param([b"X-A: b\r\n"], id="header lines"),
        pytest.param([b"X-A: ", b"b" * 5000], id="one header"),
        pytest.param([b"b"], id="a name"),
    ],
)
def test_endless_header(site, fetch, endless):
    """A header without an end is a failure once it is too large."""
    _raw(site, b"HTTP/1.1 200 OK\r\n", endless)

    assert _get(fetch).kind in {"protocol", "connection"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param([b"ffffffffffffffffffffffff\r\n"], id="a chunk too large"),
        pytest.param([b"1;a=", b"b" * 1000], id="a chunk's extension"),
        pytest.param([b"-1\r\n"], id="a negative chunk"),
    ],
)
def test_broken_chunks(site, fetch, body):
    """Chunked coding that breaks its rules is a failure."""
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    _raw(site, start + b"3\r\n\n\n\n\r\n", body)

    assert _get(fetch).kind in {"protocol", "connection"}


def test_endless_trailers(site, fetch):
    """What follows the last chunk is limited as the header is."""
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    _raw(site, start, [b"X-A: b\r\n"])

    assert _get(fetch).kind in {"protocol", "connection"}


@pytest.mark.parametrize("digits", [20, 5000])
def test_absurd_length(site, fetch, digits):
    """A length that no number holds is a failure, not an error of ours."""
    _raw(site, b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * digits + b"\r\n\r\n")

    assert isinstance(_get(fetch), Failure)


def test_endless_informational_answers(site, fetch, clock):
    """A server that is about to answer for ever runs out of time."""

    def about_to(handler):
        handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        clock.now += 31
        while True:
            handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000)

    site.routes["/robots.txt"] = about_to

    assert Failure(kind="timeout") == _get(fetch)


def test_slow_drip(site, fetch, clock):
    """A byte a minute, each in time for its own read, meets the one deadline."""

    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for byte in itertools.cycle(b"Allow: /\n"):
            clock.now += 60
            handler.wfile.write(bytes([byte]))

    site.routes["/robots.txt"] = drip

    assert Failure(kind="timeout") == _get(fetch)


def test_redirect_loop_over_two_hosts(site, fetch):
    """Two hosts that send us to each other are left after five steps."""
    for here, there in [("a.test", "b.test"), ("b.test", "a.test")]:
        location = [("Location", f"http://{there}/robots.txt")]
        site.routes[f"{here}/robots.txt"] = (302, b"", location)
    result = _get(fetch, "http://a.test/robots.txt")

    assert Failure(kind="redirect_limit", redirects=5, status=302) == result
    assert 6 == len(site.requests)


def test_redirect_that_leads_nowhere(site, fetch):
    """A redirect without a place is an answer that is not 200."""
    site.routes["/robots.txt"] = (301, b"User-agent: *\nAllow: /\n")

    assert not _is_consent(_get(fetch))


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://100.100.100.200/latest/meta-data/",
        "http://192.0.0.192/opc/v2/",
        "http://168.63.129.16/machine",
        "http://10.0.0.1/",
    ],
)
def test_redirect_into_a_private_network(site, clock, place):
    """Loopback and metadata addresses are not connected to, however they are spelt."""

    def resolve(host, port, scheme):
        pick = site.resolve if host == "site.test" else resolve_public
        return pick(host, port, scheme)

    site.routes["/robots.txt"] = (302, b"", [("Location", place)])
    fetch = HttpFetcher(resolver=resolve, monotonic=clock.monotonic)

    assert Failure(kind="refused_address", redirects=1) == _get(fetch)
    assert 1 == len(site.requests)


@pytest.mark.parametrize(
    "url",
    [
        "http://B\u00dcCHER.test/robots.txt",
        "http://b\u00fccher.TEST./robots.txt",
        "http://XN--BCHER-KVA.test:80/robots.txt",
    ],
)
def test_spellings_of_a_host(site, fetch, url):
    """IDN, case, a dot and a default port make one host, asked for by one name."""
    site.routes["xn--bcher-kva.test/robots.txt"] = (200, NO)
    result = _get(fetch, url)

    assert [("xn--bcher-kva.test", "/robots.txt")] == site.requests
    assert "http://xn--bcher-kva.test" == parse_url(url).origin
    assert not _is_consent(result)


def test_redirect_in_raw_utf_8(site, fetch):
    """Servers write UTF-8 where only ASCII may be; it is the same place."""
    raw = "http://b\u00fccher.test/\u00e9".encode().decode("latin-1")
    site.routes["/robots.txt"] = (302, b"", [("Location", raw)])
    site.routes["xn--bcher-kva.test/%C3%A9"] = (200, NO)

    assert "http://xn--bcher-kva.test/%C3%A9" == _get(fetch).final_url


def test_redirect_in_raw_latin_1(site, fetch):
    """Octets that are no UTF-8 are read as the standard says, and crash nothing."""
    site.routes["/robots.txt"] = (302, b"", [("Location", "/caf\xe9")])
    site.routes["/caf%C3%A9"] = (200, NO)

    assert "http://site.test/caf%C3%A9" == _get(fetch).final_url


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbf" + NO, id="BOM"),
        pytest.param(NO.replace(b"\n", b"\r"), id="CR only"),
        pytest.param(b"User-agent: *\xff\xfe\nDisallow: /\n", id="invalid UTF-8"),
        pytest.param(NO.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(b"\0" * 1000, id="zeros"),
        pytest.param(b"<!doctype html><p>not found", id="HTML"),
        pytest.param(b"#" * 600 * 1024 + b"\n" + NO, id="600 KB before the rule"),
        pytest.param(b"Allow: /\n" * 70_000, id="600 KB of yes"),
        pytest.param(
            b"User-agent: *\nAllow: /"
            + b"*a" * 9
            + b"$\n"
            + b"Crawl-delay: 1\n" * 9000
            + b"Disallow: /\n",
            id="bait for a regexp",
        ),
        pytest.param(
            b"User-agent: *\nDisallow: /" + b"*a" * 5000 + b"*b\nDisallow: /\n",
            id="a pattern of stars",
        ),
    ],
)
def test_odd_robots(site, fetch, body):
    """A no in an odd dress is a no; what cannot be read whole is no yes."""
    site.routes["/robots.txt"] = (200, body)

    assert not _is_consent(_get(fetch))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<!doctype html><title>404</title>", id="HTML"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'[{"location":"/","tdm-reservation":1}', id="cut off"),
    ],
)
def test_odd_tdmrep(site, fetch, body):
    """What is served as tdmrep.json and is none is an error of the signal."""
    site.routes["/robots.txt"] = (200, body)

    with pytest.raises(SignalError):
        parse_tdmrep(_get(fetch).body)


def test_a_second_address_is_tried(site, clock):
    """Where the first address of a name refuses, the next one may answer."""
    site.routes["/robots.txt"] = (200, NO)
    endpoint = Endpoint(
        address="127.0.0.2",  # nobody listens there on this port
        port=site.server_port,
        scheme="http",
        others=("127.0.0.1",),
    )
    fetch = HttpFetcher(resolver=lambda *_: endpoint, monotonic=clock.monotonic)

    assert NO == _get(fetch).body
