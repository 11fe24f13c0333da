"""Why something is unread: what a scan tells whoever made it."""

import re
from typing import get_args

import pytest

from producers.optout.net.resolve import RefusedError
from producers.optout.vocabulary.causes import CAUSES, FailureKind, UnreadKind
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX

URL = "http://site.test/page"
HTML = [("Content-Type", "text/html")]


@pytest.fixture(autouse=True)
def page(site):
    """Unless a test says otherwise, the page is there and says nothing."""
    site.routes["/page"] = (200, b"<p>text</p>", HTML)


def test_every_word_has_a_meaning():
    """The vocabulary is closed, and each word of it is explained."""
    assert {*get_args(FailureKind), *get_args(UnreadKind)} == set(CAUSES)


def test_nothing_is_unread(world):
    """A scan that could read everything names no cause."""
    result = world.scanner.scan(URL)

    assert ({}, "") == (result.causes, result.page_cause)
    assert {""} == {reading.cause for reading in result.readings}


def _broken(handler):
    handler.wfile.write(b"no HTTP\r\n\r\n")
    handler.close_connection = True


FILES = {
    "status": ((503,), "http_503"),
    "wall": ((403,), "http_403"),
    "no answer": (_broken, "protocol"),
    "coding": ((200, b"x", [("Content-Encoding", "br")]), "encoding"),
    "too large": ((200, b"#" * (POLICY_BYTES_MAX + 1)), "too_large"),
    "markup": ((200, b"<html>Not found"), "content"),
    "redirects": ((301, b"", [("Location", "/robots.txt")]), "redirect_limit"),
    "bad redirect": ((301, b"", [("Location", "ftp://e.test/")]), "refused_url"),
}


@pytest.mark.parametrize(("route", "cause"), FILES.values(), ids=FILES)
def test_cause_of_a_policy_file(site, world, route, cause):
    """Each failure has a name; robots.txt is named once for its four channels."""
    site.routes["/robots.txt"] = route
    result = world.scanner.scan(URL)

    assert {"robots_txt": cause} == result.causes
    assert {cause} == {
        reading.cause
        for reading in result.readings
        if reading.read.channel.startswith("robots_")
    }


def test_cause_is_remembered_with_the_file(site, world):
    """A page whose site was asked before is told the same."""
    site.routes["/ai.txt"] = (500,)
    world.scanner.scan(URL)
    site.routes["/ai.txt"] = (404,)

    assert {"ai_txt": "http_500"} == world.scanner.scan(URL).causes


PAGES = {
    "status": ((429,), "http_429"),
    "no answer": (_broken, "protocol"),
    "too large": ((200, bytes(8 * 1024 * 1024 + 1)), "too_large"),
    "too large once decoded": (
        (200, ("\u4e2d" * 3_900_000).encode("utf-16"), HTML),
        "too_large",
    ),
    "redirects": ((301, b"", [("Location", "/page")]), "redirect_limit"),
    "bad redirect": ((301, b"", [("Location", "ftp://e.test/")]), "refused_url"),
    "hidden": (
        (200, b"+ADw-", [("Content-Type", "text/html;charset=utf-7")]),
        "content",
    ),
    "redirect that speaks": (
        (302, b"", [("Location", "/b"), ("X-Robots-Tag", "noai")]),
        "redirect",
    ),
    "refresh to nowhere": ((200, b"", [("Refresh", "0; url=http://[")]), "redirect"),
}


@pytest.mark.parametrize(("route", "cause"), PAGES.values(), ids=PAGES)
def test_cause_of_a_page(site, world, route, cause):
    """A page that is unread says why, and no policy file does."""
    site.routes["/b"] = (200, b"text")
    site.routes["/page"] = route
    result = world.scanner.scan(URL)

    assert "page_unreadable" in result.reasons
    assert ({}, cause) == (result.causes, result.page_cause)


def test_page_that_was_not_asked_for_has_no_cause(site, world):
    """It is unread by the site's own word, which is the verdict's reason."""
    site.routes["/robots.txt"] = (200, b"User-agent: *\nDisallow: /\n")
    result = world.scanner.scan(URL)

    assert ("reserved", "") == (result.verdict, result.page_cause)


def _unresolved(*_):
    raise OSError("no such name")


def _refused(*_):
    raise RefusedError("private")


@pytest.mark.parametrize(
    ("resolve", "cause"),
    [
        pytest.param(_unresolved, "dns", id="no such name"),
        pytest.param(_refused, "refused_address", id="private address"),
    ],
)
def test_cause_of_a_host_that_cannot_be_reached(fetch, make_world, resolve, cause):
    """The name service is told from what must not be reached."""
    fetch._resolver = resolve
    result = make_world().scanner.scan(URL)

    assert {cause} == set(result.causes.values())
    assert 6 == len(result.causes)


@pytest.mark.parametrize(
    ("routes", "causes"),
    [
        pytest.param({}, {"rsl_file": "http_404"}, id="absent"),
        pytest.param({"/l.xml": (500,)}, {"rsl_file": "http_500"}, id="status"),
        pytest.param(
            {"/robots.txt": (200, b"User-agent: *\nDisallow: /l.xml\n")},
            {"rsl_file": "robots"},
            id="disallowed",
        ),
        pytest.param(
            {
                "/l.xml": (302, b"", [("Location", "/private/l.xml")]),
                "/robots.txt": (200, b"User-agent: *\nDisallow: /private\n"),
            },
            {"rsl_file": "robots"},
            id="redirected to what is disallowed",
        ),
    ],
)
def test_cause_of_a_licence(site, world, routes, causes):
    """A licence that nobody can read says why."""
    link = '</l.xml>; rel="license"; type="application/rsl+xml"'
    site.routes["/page"] = (200, b"<p>text</p>", [*HTML, ("Link", link)])
    site.routes.update(routes)

    assert causes == world.scanner.scan(URL).causes


def test_too_many_documents_say_so(site, world):
    """What was left out by number is told as such."""
    body = b"".join(
        b'<a rel="terms-of-service" href="/terms/%d">t</a>' % n for n in range(9)
    )
    site.routes["/page"] = (200, body, HTML)

    assert {"terms_page": "too_many"} == world.scanner.scan(URL).causes


@pytest.mark.parametrize("status", [200, 302, 418, 599])
def test_causes_are_of_the_vocabulary(site, world, status):
    """Whatever a site does, its words do not become ours."""
    for path in ("/robots.txt", "/ai.txt", "/trust.txt"):
        site.routes[path] = (status, b"<html>", [("Location", "ftp://e.test/")])
    site.routes["/robots.txt"] = (404,)
    result = world.scanner.scan(URL)
    causes = {*result.causes.values(), *filter(None, [result.page_cause])}
    words = {cause for cause in causes if not re.fullmatch("http_[0-9]{3}", cause)}

    assert causes
    assert words <= set(CAUSES)
