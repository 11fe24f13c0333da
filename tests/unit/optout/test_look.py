"""What a page leads to: other pages, licence documents, terms of use, lists."""

import pytest

from producers.optout.asking import look
from producers.optout.asking.lists import Lists
from producers.optout.asking.named import NAMED_MAX
from producers.optout.lists.piracy import load_piracy_list
from producers.optout.lists.registry import SnapshotRegistry
from producers.optout.readings.channels import POLICY_PATHS

URL = "http://site.test/page"
HTML = [("Content-Type", "text/html")]
PROHIBITS = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    b'<prohibits type="usage">ai-train</prohibits></license></content></rsl>'
)


def _page(site, body=b"<p>text</p>", headers=()):
    site.routes["/page"] = (200, body, [*HTML, *headers])


@pytest.fixture(autouse=True)
def page(site):
    """Unless a test says otherwise, the page is there and says nothing."""
    _page(site)


def _paths(site):
    return [path for _, path in site.requests]


@pytest.mark.parametrize(
    ("robots", "headers", "body"),
    [
        (b"License: http://site.test/l.xml\nUser-agent: *\n", (), b""),
        (b"", [("Link", '</l.xml>; rel="license"; type="application/rsl+xml"')], b""),
        (b"", (), b'<link rel="license" type="application/rsl+xml" href="/l.xml">'),
    ],
    ids=["robots", "header", "element"],
)
def test_licence_document_is_read(site, world, robots, headers, body):
    """A licence document that prohibits training reserves, however it is named."""
    if robots:
        site.routes["/robots.txt"] = (200, robots)
    _page(site, body, headers)
    site.routes["/l.xml"] = (200, PROHIBITS)
    result = world.scanner.scan(URL)

    assert ("reserved", ("rsl_prohibits",)) == (result.verdict, result.reasons)


def test_missing_licence_document_is_no_silence(site, world):
    """A site that names a licence nobody can read has said something."""
    site.routes["/robots.txt"] = (200, b"License: http://site.test/l.xml\n")

    assert "unknown" == world.scanner.scan(URL).verdict


def test_too_many_licence_documents_are_unknown(site, world):
    """More documents than are read leave the question open."""
    links = "".join(
        f'<link rel="license" type="application/rsl+xml" href="/{number}.xml">'
        for number in range(NAMED_MAX["rsl_file"] + 1)
    )
    _page(site, links.encode())
    for number in range(NAMED_MAX["rsl_file"] + 1):
        body = PROHIBITS.replace(b"prohibits", b"permits")
        site.routes[f"/{number}.xml"] = (200, body)
    result = world.scanner.scan(URL)

    assert "unreadable" in result.reasons
    assert NAMED_MAX["rsl_file"] == sum(p.endswith(".xml") for p in _paths(site))


def test_terms_wait_for_a_person(site, world):
    """Terms that speak of mining are located, and nobody but a person decides."""
    _page(site, b'<footer><a href="/terms">Terms of use</a></footer>')
    site.routes["/terms"] = (
        200,
        b"<p>Hello.</p>\n<p>Text and data mining is prohibited.</p>",
        HTML,
    )
    result = world.scanner.scan(URL)
    [read] = [r.read for r in result.readings if r.read.channel == "terms_page"]

    assert ("unknown", ("terms_of_use",)) == (result.verdict, result.reasons)
    assert result.needs_review
    assert (2, "terms_page") == (read.line, read.channel)


def test_given_terms_are_read(site, make_world):
    """Terms that no link names can be given."""
    site.routes["/conditions"] = (200, b"No machine learning on our content.")
    world = make_world(terms=("http://site.test/conditions",))

    assert ("terms_of_use",) == world.scanner.scan(URL).reasons


def test_reservation_is_not_up_for_review(site, world):
    """A scan that found a reservation needs no person, terms or not."""
    site.routes["/terms"] = (200, b"Text and data mining is prohibited.")
    body = b'<a rel="terms-of-service" href="/terms">t</a>'
    _page(site, body, [("X-Robots-Tag", "noai")])

    assert not world.scanner.scan(URL).needs_review


def test_meta_refresh_is_a_redirect(site, world):
    """The page that a refresh shows is read, under the rules of its place."""
    _page(site, b'<meta http-equiv="refresh" content="0; url=http://cdn.test/p">')
    site.routes["cdn.test/p"] = (200, b'<meta name="robots" content="noai">', HTML)
    result = world.scanner.scan(URL)

    assert ("reserved", "http://cdn.test/p") == (result.verdict, result.final_url)
    assert ("cdn.test", "/robots.txt") in site.requests


def test_refreshes_have_an_end(site, world):
    """A page that refreshes again and again is no page."""
    _page(site, b'<meta http-equiv="refresh" content="0; url=/b">')
    site.routes["/b"] = (
        200,
        b'<meta http-equiv="refresh" content="0; url=/page">',
        HTML,
    )
    result = world.scanner.scan(URL)

    assert ("unknown", ("page_unreadable",)) == (result.verdict, result.reasons)


RESERVING_HOPS = {
    "header": {"/page": (302, b"", [("Location", "/b"), ("X-Robots-Tag", "noai")])},
    "tdm header": {
        "/page": (302, b"", [("Location", "/b"), ("tdm-reservation", "1")]),
    },
    "licence": {
        "/page": (
            302,
            b"",
            [
                ("Location", "/b"),
                ("Link", '</l.xml>; rel="license"; type="application/rsl+xml"'),
            ],
        )
    },
    "site in between": {
        "/page": (302, b"", [("Location", "http://mid.test/m")]),
        "/m": (302, b"", [("Location", "http://site.test/b")]),
        "mid.test/.well-known/tdmrep.json": (
            200,
            b'[{"location": "/", "tdm-reservation": 1}]',
        ),
    },
}


@pytest.mark.parametrize("routes", RESERVING_HOPS.values(), ids=RESERVING_HOPS)
def test_reservation_on_the_way_is_no_silence(site, world, routes):
    """What a redirect says, or the site that it stands on, is not passed over."""
    site.routes["/b"] = (200, b"text")
    site.routes.update(routes)
    result = world.scanner.scan(URL)

    assert ("unknown", ("page_unreadable",)) == (result.verdict, result.reasons)


def test_rules_of_a_place_are_read_before_it_is_asked(site, world):
    """Of every hop the policy files come first, once, and then the hop."""
    site.routes["/page"] = (301, b"", [("Location", "http://mid.test/m")])
    site.routes["/m"] = (301, b"", [("Location", "http://end.test/b")])
    site.routes["/b"] = (200, b"text")
    world.scanner.scan(URL)
    files = list(POLICY_PATHS.values())
    expected = [("site.test", "/page"), ("mid.test", "/m"), ("end.test", "/b")]

    assert [
        (host, path) for host, last in expected for path in (*files, last)
    ] == site.requests


@pytest.mark.parametrize("place", ["/m", "http://mid.test/m"])
def test_disallowed_place_of_a_redirect_is_not_asked(site, world, place):
    """What robots.txt keeps us from is not fetched by way of a redirect either."""
    site.routes["/page"] = (302, b"", [("Location", place)])
    site.routes["/m"] = (302, b"", [("Location", "http://site.test/b")])
    site.routes["/b"] = (200, b"text")
    site.routes["/robots.txt"] = (200, b"User-agent: *\nDisallow: /m\n")
    result = world.scanner.scan(URL)

    assert ("reserved", ("robots_disallow",)) == (result.verdict, result.reasons)
    assert result.final_url.endswith("/m")
    assert {"/m", "/b"}.isdisjoint(_paths(site))


def test_shunned_place_of_a_redirect_is_not_asked(site, make_world, tmp_path):
    """No text of a site on the piracy list is fetched by way of a redirect."""
    path = tmp_path / "list.txt"
    path.write_text("mid.test\n")
    site.routes["/page"] = (302, b"", [("Location", "http://mid.test/m")])
    site.routes["/m"] = (200, b"text")
    world = make_world(lists=Lists(piracy=load_piracy_list(path)))
    result = world.scanner.scan(URL)

    assert ("reserved", ("piracy_site",)) == (result.verdict, result.reasons)
    assert "/m" not in _paths(site)


def test_licence_behind_a_redirect_is_asked_for_by_the_rules_of_its_place(site, world):
    """A document's redirect is no way around the robots.txt of another site."""
    site.routes["/robots.txt"] = (404,)
    site.routes["site.test/robots.txt"] = (200, b"License: http://site.test/l.xml\n")
    site.routes["/l.xml"] = (302, b"", [("Location", "http://far.test/l2.xml")])
    site.routes["/l2.xml"] = (200, PROHIBITS.replace(b"prohibits", b"permits"))
    allowed = world.scanner.scan(URL).verdict
    asked = [path for host, path in site.requests if host == "far.test"]

    assert ("allowed", [*POLICY_PATHS.values(), "/l2.xml"]) == (allowed, asked)


def test_silent_redirects_are_silent(site, world):
    """Redirects that say nothing leave the verdict to where they end."""
    site.routes["/page"] = (301, b"", [("Location", "http://mid.test/m")])
    site.routes["/m"] = (301, b"", [("Location", "http://site.test/b")])
    site.routes["/b"] = (200, b"text")

    assert "allowed" == world.scanner.scan(URL).verdict


def test_refreshing_page_is_read_whole(site, world):
    """What a page names before it refreshes counts as well."""
    site.routes["/l.xml"] = (200, PROHIBITS)
    site.routes["/q"] = (200, b"text")
    _page(
        site,
        b'<link rel="license" type="application/rsl+xml" href="/l.xml">'
        b'<meta http-equiv="refresh" content="900; url=/q">',
    )

    assert "rsl_prohibits" in world.scanner.scan(URL).reasons


def test_refresh_header_is_followed(site, world):
    """Browsers follow the header as they follow the element."""
    site.routes["/q"] = (200, b"x", [("X-Robots-Tag", "noai")])
    _page(site, headers=[("Refresh", "0; url=/q")])

    assert "noai" in world.scanner.scan(URL).reasons


REFRESH = '<meta http-equiv="refresh" content="0; url={}">'


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param({}, ("unknown", ("page_unreadable",)), id="both silent"),
        pytest.param(
            {"/q": (200, b"x", [("X-Robots-Tag", "noai")])},
            ("reserved", ("noai", "page_unreadable")),
            id="the header's speaks",
        ),
    ],
)
def test_refresh_by_header_and_by_element(site, world, routes, expected):
    """Where they lead to two places, the second is unread and not passed over."""
    site.routes.update({"/q": (200, b"x"), "/r": (200, b"x"), **routes})
    _page(site, REFRESH.format("/r").encode(), headers=[("Refresh", "0; url=/q")])
    result = world.scanner.scan(URL)

    assert expected == (result.verdict, result.reasons)
    assert "redirect" == result.page_cause


def test_refresh_by_header_and_by_element_to_one_place(site, world):
    """Two ways to say the same leave nothing unread."""
    site.routes["/q"] = (200, b"x")
    body = REFRESH.format("http://site.test/q").encode()
    _page(site, body, headers=[("Refresh", "0; url=/q")])

    assert "allowed" == world.scanner.scan(URL).verdict


def test_refresh_header_to_no_url_leaves_the_element(site, world):
    """The element is followed, and what the header meant stays unread."""
    site.routes["/r"] = (200, b"x", [("X-Robots-Tag", "noai")])
    body = REFRESH.format("/r").encode()
    _page(site, body, headers=[("Refresh", "0; url=http://[")])

    assert {"noai", "page_unreadable"} == set(world.scanner.scan(URL).reasons)


def test_junk_is_no_refresh(site, world):
    """What browsers skip does not lead the scan away from what they follow."""
    site.routes["/q"] = (200, b"x", [("X-Robots-Tag", "noai")])
    _page(
        site,
        b'<meta http-equiv="refresh" content="x">'
        b'<meta http-equiv="refresh" content="0; url=/q">',
    )

    assert "noai" in world.scanner.scan(URL).reasons


def test_link_header_knows_no_base(site, world):
    """A header's link is relative to the page, whatever the page calls its base."""
    site.routes["/l.xml"] = (200, PROHIBITS)
    permits = PROHIBITS.replace(b"prohibits", b"permits")
    site.routes["cdn.test/l.xml"] = (200, permits)
    _page(
        site,
        b'<base href="http://cdn.test/">',
        [("Link", '</l.xml>; rel="license"; type="application/rsl+xml"')],
    )

    assert "rsl_prohibits" in world.scanner.scan(URL).reasons


def test_refresh_behind_a_redirect_is_not_followed(site, world):
    """An event holds two URLs; what leads on from the second is not read."""
    site.routes["/page"] = (302, b"", [("Location", "/b")])
    site.routes["/b"] = (200, b'<meta http-equiv="refresh" content="0; url=/c">', HTML)
    result = world.scanner.scan(URL)

    assert ("unknown", ("page_unreadable",)) == (result.verdict, result.reasons)
    assert "/c" not in _paths(site)


def test_redirect_behind_a_refresh_is_not_read(site, world):
    """The same the other way round."""
    _page(site, b'<meta http-equiv="refresh" content="0; url=/b">')
    site.routes["/b"] = (302, b"", [("Location", "/c")])
    site.routes["/c"] = (200, b"text")

    assert ("page_unreadable",) == world.scanner.scan(URL).reasons


def test_refresh_to_no_url_is_no_page(site, world):
    """A refresh that cannot be followed leaves the text unread."""
    _page(site, b'<meta http-equiv="refresh" content="0; url=http://[">')

    assert ("page_unreadable",) == world.scanner.scan(URL).reasons


def test_refresh_to_a_shunned_site_is_not_followed(site, make_world, tmp_path):
    """The lists are asked about every place that shows the text."""
    path = tmp_path / "list.txt"
    path.write_text("cdn.test\n")
    _page(site, b'<meta http-equiv="refresh" content="0; url=http://cdn.test/p">')
    world = make_world(lists=Lists(piracy=load_piracy_list(path)))
    result = world.scanner.scan(URL)

    assert "piracy_site" in result.reasons
    assert "/p" not in _paths(site)


def test_readings_are_bounded_and_their_verdict_stays(monkeypatch, site, world):
    """Past the limit silent channels go first; the same reading twice counts twice."""
    monkeypatch.setattr(look, "READINGS_MAX", 5)
    site.routes["/page"] = (302, b"", [("Location", "http://cdn.test/p")])
    site.routes["cdn.test/p"] = (200, b"x", [("X-Robots-Tag", "noai")])
    result = world.scanner.scan(URL)

    assert (5, "reserved") == (len(result.readings), result.verdict)


@pytest.mark.parametrize(("status", "access"), [(401, "login"), (402, "paywall")])
def test_closed_page_blocks(site, world, status, access):
    """What is not open to us is not used (lawful access)."""
    site.routes["/page"] = (status,)
    result = world.scanner.scan(URL)

    assert ("reserved", access) == (result.verdict, result.access)
    assert "not_open" in result.reasons


def test_shunned_site_is_not_asked(site, make_world, tmp_path):
    """A page of a site on the piracy list is not even fetched."""
    path = tmp_path / "list.txt"
    path.write_text("site.test\n")
    world = make_world(lists=Lists(piracy=load_piracy_list(path)))
    result = world.scanner.scan(URL)

    assert ("reserved", ("piracy_site",)) == (result.verdict, result.reasons)
    assert "/page" not in _paths(site)
    assert world.events[-1].piracy_list_sha256


def test_registry_reserves(make_world, tmp_path):
    """What is entered in a registry reserves, and names its snapshot."""
    path = tmp_path / "registry.txt"
    path.write_text(f"{URL}\n")
    registry = SnapshotRegistry(path)
    world = make_world(lists=Lists(registries=(registry,)))
    result = world.scanner.scan(URL)
    [read] = [r.read for r in result.readings if r.read.channel == "registry"]

    assert ("reserved", ("registry_listed",)) == (result.verdict, result.reasons)
    assert registry.snapshot_sha256 == read.evidence_sha256
