"""Redirects of policy files: followed as far as the rules of where they lead let us."""

from concurrent.futures import ThreadPoolExecutor

import pytest

URL = "http://site.test/page"
TDMREP = "/.well-known/tdmrep.json"
RESERVES = b'[{"location": "/", "tdm-reservation": 1}]'


@pytest.fixture(autouse=True)
def page(site):
    """The page is there and says nothing."""
    site.routes["/page"] = (200, b"<p>text</p>", [("Content-Type", "text/html")])


@pytest.mark.parametrize(
    "place", ["http://far.test/d/t.json", "http://site.test/d/t.json"]
)
def test_disallowed_place_of_a_policy_file_is_not_asked(site, world, place):
    """A policy file's redirect is no way around the robots.txt of where it leads."""
    site.routes["/robots.txt"] = (200, b"User-agent: *\nDisallow: /d\n")
    site.routes[TDMREP] = (301, b"", [("Location", place)])
    site.routes["/d/t.json"] = (200, RESERVES)
    result = world.scanner.scan(URL)

    assert ("unknown", ("unreadable",)) == (result.verdict, result.reasons)
    assert {"tdmrep_file": "robots"} == result.causes
    assert "/d/t.json" not in [path for _, path in site.requests]


@pytest.mark.parametrize(
    "place", ["http://far.test/d/t.json", "http://site.test/d/t.json"]
)
def test_policy_file_behind_a_redirect_is_read(site, world, place):
    """Where robots.txt lets us, a policy file is read wherever it lies."""
    site.routes[TDMREP] = (301, b"", [("Location", place)])
    site.routes["/d/t.json"] = (200, RESERVES)
    result = world.scanner.scan(URL)

    assert ("reserved", ("tdm_reserved",)) == (result.verdict, result.reasons)


def test_policy_file_of_another_site_is_asked_for_as_ours_are(site, world):
    """Where a policy file lies by its name every scan asks, forbidden or not."""
    site.routes["far.test/robots.txt"] = (200, b"User-agent: *\nDisallow: /\n")
    moved = (301, b"", [("Location", f"http://far.test{TDMREP}")])
    site.routes[f"site.test{TDMREP}"] = moved
    site.routes[f"far.test{TDMREP}"] = (200, RESERVES)
    result = world.scanner.scan(URL)

    assert ("reserved", ("tdm_reserved",)) == (result.verdict, result.reasons)
    assert [TDMREP] == [path for host, path in site.requests if host == "far.test"]


def test_policy_file_that_redirects_without_end_is_unread(site, world):
    """Past the limit on redirects a policy file is no silence."""
    site.routes["/ai.txt"] = (302, b"", [("Location", "/ai.txt")])
    result = world.scanner.scan(URL)

    assert ("unknown", {"ai_txt": "redirect_limit"}) == (result.verdict, result.causes)


def test_sites_that_redirect_to_each_other_hold_back_nobody(site, make_world):
    """Two workers on two such sites read both: neither waits for the other."""
    world = make_world()
    for one, other in (("a.test", "b.test"), ("b.test", "a.test")):
        site.routes[f"{one}{TDMREP}"] = (
            302,
            b"",
            [("Location", f"http://{other}/d/t.json")],
        )
    site.routes["/d/t.json"] = (200, RESERVES)
    urls = ["http://a.test/page", "http://b.test/page"]
    with ThreadPoolExecutor(2) as pool:
        looked = list(pool.map(world.scanner.look, urls))

    results = world.scanner.commit(looked)
    assert ["reserved", "reserved"] == [one.verdict for one in results]
