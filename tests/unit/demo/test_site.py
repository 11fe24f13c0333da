"""producers.demo.site: many hosts on one loopback port."""

import http.client
from contextlib import closing

import pytest

from producers.demo.site import (
    POLICIES,
    _Handler,
    _Server,
    answer,
    policy_of,
    running_site,
)


@pytest.fixture(scope="module")
def site():
    with running_site({"clear.example": "Some <b>text</b>."}, slow_s=0) as running:
        yield running


def fetch(site, host, path, method="GET"):
    with closing(http.client.HTTPConnection(site.address, site.port, 10)) as connection:
        connection.request(method, path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()


def test_loopback_only(site):
    """The server listens on the loopback address, on a port that the system chose."""
    assert "127.0.0.1" == site.address
    assert site.port > 0


@pytest.mark.parametrize(
    ("policy", "path", "status", "text"),
    [
        ("clear", "/robots.txt", 404, "No such page"),
        ("clear", "/ai.txt", 404, "No such page"),
        ("clear", "/.well-known/tdmrep.json", 404, "No such page"),
        ("allow-all", "/robots.txt", 200, "Allow: /"),
        ("disallow-all", "/robots.txt", 200, "User-agent: *\nDisallow: /"),
        ("gptbot-only", "/robots.txt", 200, "User-agent: GPTBot\nDisallow: /"),
        ("tdmrep-file", "/.well-known/tdmrep.json", 200, '"tdm-reservation": 1'),
        ("noai-meta", "/page.html", 200, 'content="noai, noimageai"'),
        ("robots-503", "/robots.txt", 503, ""),
        ("robots-403", "/robots.txt", 403, ""),
        ("robots-moved", "/robots.txt", 301, ""),
        ("robots-moved", "/moved/robots.txt", 200, "Disallow: /"),
        ("robots-elsewhere", "/robots.txt", 301, ""),
        ("slow", "/robots.txt", 200, "Allow: /"),
        ("soft-404", "/ai.txt", 200, "<!doctype html>"),
        ("soft-404", "/.well-known/tdmrep.json", 200, "<!doctype html>"),
    ],
)
def test_policy_over_http(site, policy, path, status, text):
    """Each policy answers what a site of its kind answers."""
    found_status, _, body = fetch(site, f"{policy}.example", path)

    assert status == found_status
    assert text in body


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_has_a_page(site, policy):
    """A page can be fetched from every host."""
    status, headers, body = fetch(site, f"{policy}.example", "/page.html?a=b")

    assert (200, "text/html; charset=utf-8") == (status, headers["Content-Type"])
    assert body.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("policy", "name", "value"),
    [
        ("tdm-header", "tdm-reservation", "1"),
        ("noai-header", "X-Robots-Tag", "noai"),
        ("clear", "tdm-reservation", None),
    ],
)
def test_page_headers(site, policy, name, value):
    """A reservation in a header comes with the page."""
    assert value == fetch(site, f"{policy}.example", "/page.html")[1][name]


@pytest.mark.parametrize(
    ("policy", "location"),
    [
        ("robots-moved", "/moved/robots.txt"),
        ("robots-elsewhere", "http://allow-all.example/robots.txt"),
    ],
)
def test_redirect(site, policy, location):
    """A moved robots.txt names another path, or another host."""
    assert location == fetch(site, f"{policy}.example", "/robots.txt")[1]["Location"]


def test_page_text_is_escaped(site):
    """The page shows the text that the record holds, and no markup of its own."""
    body = fetch(site, "clear.example", "/page.html")[2]

    assert "Some &lt;b&gt;text&lt;/b&gt;." in body


def test_head_has_no_body(site):
    """HEAD answers the same headers without the body."""
    status, headers, body = fetch(site, "clear.example", "/page.html", "HEAD")

    assert (200, "") == (status, body)
    assert int(headers["Content-Length"]) > 0


def test_host_port_and_case_do_not_matter(site):
    """`Clear.Example:80` is clear.example."""
    assert 404 == fetch(site, "Clear.Example:80", "/robots.txt")[0]


def test_other_hosts_follow_a_policy_of_their_name():
    """A host's policy depends on its name alone, and all policies occur."""
    policies = {policy_of(f"host{number}.test") for number in range(400)}

    assert set(POLICIES) == policies
    assert policy_of("host1.test") == policy_of("HOST1.test")


def test_hash_of_a_host_is_pinned():
    """The same host follows the same policy on every machine."""
    assert "robots-403" == policy_of("www.python.test")


def test_clear_reserves_nothing():
    """The host that shows the UK difference has no signal in any place."""
    page = answer("clear.example", "/page.html", page_text="text")

    assert {} == dict(POLICIES["clear"].files)
    assert (("Content-Type", "text/html; charset=utf-8"),) == page.headers
    assert "<meta" not in page.body


@pytest.mark.parametrize(
    ("is_silent", "error"),
    [(True, ConnectionResetError), (True, BrokenPipeError), (False, ValueError)],
)
def test_client_that_hangs_up_is_no_error(capsys, is_silent, error):
    """A scanner may stop reading; any other failure of the server is reported."""

    def fail():
        raise error

    with _Server(("127.0.0.1", 0), _Handler) as server:
        try:
            fail()
        except error:
            server.handle_error(None, ("127.0.0.1", 0))

    assert is_silent == (capsys.readouterr().err == "")
