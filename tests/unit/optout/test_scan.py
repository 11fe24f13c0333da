"""The scan as a whole, against a real server on loopback."""

import gzip
from hashlib import sha256

import pytest

from ledger.errors import InputError
from ledger.events import decode_event, encode_event
from producers.optout.asking.lists import Lists
from producers.optout.asking.look import PAGE_BYTES_MAX, Look
from producers.optout.cache.cached_file import FRESH_MS, UNREADABLE_MS
from producers.optout.readings.channels import POLICY_PATHS
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.policy import ScanPolicy

URL = "http://site.test/page"
HTML = [("Content-Type", "text/html")]


def _verdict(world, url=URL):
    result = world.scanner.scan(url)
    return result.verdict, result.reasons


def _page(site, body=b"<p>text</p>", headers=()):
    site.routes["/page"] = (200, body, [*HTML, *headers])


@pytest.fixture(autouse=True)
def page(site):
    """Unless a test says otherwise, the page is there and says nothing."""
    _page(site)


def test_silence_is_recorded(world):
    """A site without any signal is allowed, and every channel is on record."""
    result = world.scanner.scan(URL)
    scanned = world.events[-1]

    assert ("allowed", (), "allow", "allowed", "open") == (
        result.verdict,
        result.reasons,
        result.robots_rfc9309,
        result.spec_verdict,
        result.access,
    )
    assert sha256(b"<p>text</p>").hexdigest() == result.body_sha256
    assert {
        "robots_txt": "absent",
        "robots_basket": "absent",
        "robots_content_usage": "absent",
        "robots_content_signal": "absent",
        "ai_txt": "absent",
        "ai_txt_well_known": "absent",
        "tdmrep_file": "absent",
        "trust_txt": "absent",
        "trust_txt_well_known": "absent",
        "tdm_header": "parsed",
        "x_robots_tag": "parsed",
        "content_usage": "parsed",
        "content_signal": "parsed",
        "tdm_meta": "parsed",
        "meta_robots": "parsed",
        "rsl_page": "absent",
        "tdm_embedded": "absent",
        "plus_data_mining": "absent",
        "cawg_training_mining": "absent",
        "access": "parsed",
    } == {read.channel: read.outcome for read in scanned.channels}


def test_events_of_a_scan(world):
    """One batch: the site, its six files, the URL; all fit the schema."""
    world.scanner.scan(URL)

    assert [8] == [len(batch) for batch in world.batches]
    for event in world.events:
        line = encode_event(event, salt="00" * 12)
        assert type(event) is type(decode_event(line))


def test_names_stay_out_of_the_events(world):
    """No event holds a host or a path."""
    world.scanner.scan("http://site.test/page?user=ann")
    lines = b"".join(encode_event(event, salt="00" * 12) for event in world.events)

    assert b"site" not in lines.replace(b"site_", b"")
    assert b"ann" not in lines.replace(b"scann", b"").replace(b"chann", b"")


@pytest.mark.parametrize(
    ("path", "body", "reason", "line"),
    [
        ("/robots.txt", b"User-agent: *\nDisallow: /page\n", "robots_disallow", 2),
        ("/robots.txt", b"User-agent: GPTBot\nDisallow: /\n", "basket", 2),
        ("/ai.txt", b"User-Agent: *\nDisallow: *.html\n", "ai_txt_disallow", 2),
        (
            "/.well-known/tdmrep.json",
            b'[\n{"location": "/", "tdm-reservation": 1}]',
            "tdm_reserved",
            2,
        ),
    ],
)
def test_policy_file_reserves(site, world, path, body, reason, line):
    """A reservation in a file of the site is found, with its line and its bytes."""
    site.routes[path] = (200, body)

    verdict, reasons = _verdict(world)
    [read] = [r for r in world.events[-1].channels if r.verdict == "reserved"]

    assert ("reserved", (reason,)) == (verdict, reasons)
    assert (line, body) == (read.line, world.evidence.kept[read.evidence_sha256])


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ([("X-Robots-Tag", "noai")], b"", "noai"),
        ([("tdm-reservation", "1")], b"", "tdm_reserved"),
        ([], b'<meta name="robots" content="noai">', "noai"),
        ([], b'<meta name="tdm-reservation" content="1">', "tdm_reserved"),
        ([], '<meta name="robots" content="noai">'.encode("utf-16"), "noai"),
    ],
)
def test_page_reserves(site, world, headers, body, reason):
    """A reservation that comes with the page is found."""
    _page(site, body, headers)

    assert ("reserved", (reason,)) == _verdict(world)


def test_page_body_is_no_evidence(site, world):
    """Header lines and meta elements are kept, the page itself is not."""
    _page(site, b'<meta name="robots" content="all">secret', [("X-Robots-Tag", "all")])
    world.scanner.scan(URL)

    assert {b"x-robots-tag: all\n", b"robots: all\n"} == set(
        world.evidence.kept.values()
    )


def test_meta_in_plain_text_is_prose(site, world):
    """A text file about meta elements reserves nothing."""
    body = b'Use this: <meta name="robots" content="noai">'
    site.routes["/page"] = (200, body, [("Content-Type", "text/plain")])

    assert "allowed" == _verdict(world)[0]


def test_own_group_replaces_star(site, world):
    """A site that admits us by name is taken at its word."""
    site.routes["/robots.txt"] = (
        200,
        b"User-agent: *\nDisallow: /\nUser-agent: tuneledger\nAllow: /\n",
    )

    assert "allowed" == _verdict(world)[0]


def test_basket_can_be_relaxed(site, make_world):
    """A policy may leave a single token of the basket out."""
    site.routes["/robots.txt"] = (200, b"User-agent: GPTBot\nDisallow: /\n")

    assert "allowed" == _verdict(make_world(basket_relaxed=("GPTBot",)))[0]
    assert "reserved" == _verdict(make_world(basket_relaxed=("CCBot",)))[0]


def test_retrieval_bot_is_no_reservation(site, world):
    """Refusing a crawler for search says nothing about training."""
    site.routes["/robots.txt"] = (200, b"User-agent: PerplexityBot\nDisallow: /\n")

    assert "allowed" == _verdict(world)[0]


def test_disallowed_page_is_not_fetched(site, world):
    """What RFC 9309 forbids to crawl is not crawled."""
    site.routes["/robots.txt"] = (200, b"User-agent: *\nDisallow: /\n")
    result = world.scanner.scan(URL)

    assert "/page" not in [path for _, path in site.requests]
    assert ("disallow", "") == (result.robots_rfc9309, result.body_sha256)
    assert {"not_recorded"} == {
        read.outcome for read in world.events[-1].channels if read.channel == "tdm_meta"
    }


@pytest.mark.parametrize("path", POLICY_PATHS.values())
@pytest.mark.parametrize("status", [404, 410])
def test_absent_file(site, world, path, status):
    """404 and 410 mean that there is no such file."""
    site.routes[path] = (status, b"User-agent: *\nDisallow: /\n")

    assert "allowed" == _verdict(world)[0]


@pytest.mark.parametrize("path", POLICY_PATHS.values())
@pytest.mark.parametrize(
    "status", [202, 204, 206, 304, 400, 401, 403, 429, 451, 500, 503]
)
def test_refused_file_blocks(site, world, path, status):
    """Any other status is no answer to our question, and no consent."""
    site.routes[path] = (status,)

    assert ("unknown", "unreadable") == (
        _verdict(world)[0],
        world.events[-1].reasons[0],
    )


@pytest.mark.parametrize(
    ("status", "expected"), [(403, "allow"), (429, "allow"), (503, "disallow")]
)
def test_both_robots_verdicts_are_kept(site, world, status, expected):
    """The letter of RFC 9309 stands beside the strict verdict."""
    site.routes["/robots.txt"] = (status,)
    result = world.scanner.scan(URL)

    assert ("unknown", expected) == (result.verdict, result.robots_rfc9309)


ROBOTS_OK = b"User-agent: *\nAllow: /\n"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/robots.txt", b"<html>Not found", id="markup as robots.txt"),
        pytest.param("/robots.txt", b"\xff\xfeU\0s\0e\0r\0", id="utf-16"),
        pytest.param("/robots.txt", ROBOTS_OK + b"#\xff\n", id="invalid UTF-8"),
        pytest.param("/robots.txt", ROBOTS_OK + b"#" * 600_000, id="600 kB"),
        pytest.param("/ai.txt", b"<html>Not found", id="markup as ai.txt"),
        pytest.param("/ai.txt", b"# no objection to AI\n", id="prose"),
        pytest.param("/ai.txt", b"#" * 600_000, id="600 kB of ai.txt"),
        pytest.param("/.well-known/tdmrep.json", b"<html>", id="markup as tdmrep"),
        pytest.param("/.well-known/tdmrep.json", b"[" * 9999, id="deep tdmrep"),
        pytest.param("/.well-known/tdmrep.json", b" " * 600_000, id="long tdmrep"),
        pytest.param(
            "/.well-known/tdmrep.json",
            b'[{"location": "/", "tdm-reservation": "yes"}]',
            id="tdmrep with another value",
        ),
    ],
)
def test_unreadable_file_blocks(site, world, path, body):
    """A file that cannot be understood is kept as evidence and is no consent."""
    site.routes[path] = (200, body)

    assert "unknown" == _verdict(world)[0]
    assert body[:POLICY_BYTES_MAX] in world.evidence.kept.values()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xef\xbb\xbfUser-agent: *\nDisallow: /\n", id="BOM"),
        pytest.param(b"User-agent: *\rDisallow: /\r", id="CR only"),
        pytest.param(b"User-agent: *\nDisallow: /\n#\xff", id="invalid UTF-8"),
        pytest.param(b"User-agent: *\nDisallow: /\n" + b"#" * 600_000, id="600 kB"),
        pytest.param(b"<!-- -->\nUser-agent: *\nDisallow: /\n", id="behind markup"),
    ],
)
def test_rules_in_a_bad_file_hold(site, world, body):
    """A reservation is found in a file that is otherwise beyond repair."""
    site.routes["/robots.txt"] = (200, body)

    assert "reserved" == _verdict(world)[0]


@pytest.mark.parametrize("status", [301, 403, 404, 429, 500])
def test_page_that_cannot_be_had(site, world, status):
    """Without the page its headers and elements are unknown."""
    site.routes["/page"] = (status,)

    assert ("unknown", ("page_unreadable",)) == _verdict(world)


def test_page_past_the_limit_is_unreadable(site, world):
    """A page that is too long is not scanned in part."""
    bomb = gzip.compress(bytes(PAGE_BYTES_MAX + 1))
    _page(site, bomb, [("Content-Encoding", "gzip")])

    assert ("unknown", ("page_unreadable",)) == _verdict(world)


def test_long_head_is_read(site, world):
    """A reservation behind megabytes of head is found."""
    _page(site, b"<head>" + b" " * 4_000_000 + b'<meta name="robots" content="noai">')

    assert ("reserved", ("noai",)) == _verdict(world)


def test_redirected_robots_speaks_for_its_first_host(site, world):
    """Rules that were fetched by way of a redirect apply to the site that was asked."""
    site.routes["site.test/robots.txt"] = (
        301,
        b"",
        [("Location", "http://cdn.test/r.txt")],
    )
    site.routes["cdn.test/r.txt"] = (200, b"User-agent: *\nDisallow: /\n")
    site.routes["cdn.test/robots.txt"] = (404,)

    assert "reserved" == _verdict(world)[0]
    assert "allowed" == _verdict(world, "http://cdn.test/page")[0]


def test_redirected_page_obeys_where_it_came_from(site, world):
    """A page that was found elsewhere is under the rules of that place too."""
    site.routes["site.test/page"] = (302, b"", [("Location", "http://cdn.test/p")])
    site.routes["cdn.test/p"] = (200, b"text")
    site.routes["cdn.test/robots.txt"] = (200, b"User-agent: *\nDisallow: /p\n")
    result = world.scanner.scan(URL)

    assert ("reserved", "http://cdn.test/p") == (result.verdict, result.final_url)
    assert 2 == [one.read.channel for one in result.readings].count("robots_txt")
    assert {"http://site.test", "http://cdn.test"} == set(world.names.sites)


def test_redirect_inside_a_site_is_checked_too(site, world):
    """A redirect to a disallowed path of the same site is found."""
    site.routes["/page"] = (302, b"", [("Location", "/private/p")])
    site.routes["/private/p"] = (200, b"text")
    site.routes["/robots.txt"] = (200, b"User-agent: *\nDisallow: /private\n")

    assert ("reserved", ("robots_disallow",)) == _verdict(world)


def test_schemes_and_ports_are_sites_of_their_own(world):
    """Policy files are asked for at each scheme, host and port."""
    for url in (URL, "https://site.test/page", "http://site.test:8080/page"):
        world.scanner.scan(url)

    assert 3 == len(world.names.sites)


def test_spelling_does_not_split_a_site(site, world):
    """Case, default port, a final dot and a fragment make no other site."""
    for url in (URL, "HTTP://SITE.test:80/page#x", "http://site.test./page"):
        world.scanner.scan(url)

    assert 1 == [path for _, path in site.requests].count("/robots.txt")


def test_policy_files_are_fetched_once_a_day(site, world, clock):
    """The files of a site are asked for again after 24 hours, not before."""
    world.scanner.scan(URL)
    clock.now += FRESH_MS / 1000 - 1
    world.scanner.scan(URL)
    before = [path for _, path in site.requests].count("/robots.txt")
    clock.now += 1
    world.scanner.scan(URL)

    assert (1, 2) == (before, [path for _, path in site.requests].count("/robots.txt"))
    assert [8, 1, 7] == [len(batch) for batch in world.batches]


def test_unreadable_files_are_asked_for_again_sooner(site, world, clock):
    """An hour after a failure the site gets another chance."""
    site.routes["/robots.txt"] = (503,)
    before = _verdict(world)[0]
    site.routes["/robots.txt"] = (404,)
    clock.now += UNREADABLE_MS / 1000

    assert ("unknown", "allowed") == (before, _verdict(world)[0])


def test_files_are_remembered_only_once_on_record(site, fetch, clock, world):
    """When the events of a scan are lost, the next scan fetches and records again."""

    def lose(events):
        raise OSError("disk full")

    emit, world.scanner._emit = world.scanner._emit, lose
    with pytest.raises(OSError, match="disk full"):
        world.scanner.scan(URL)
    world.scanner._emit = emit
    world.scanner.scan(URL)

    assert 6 == sum(type(e).__name__ == "PolicyFileFetched" for e in world.events)


def test_digest_of_a_policy_file_is_of_its_exact_bytes(site, world):
    """The event names the raw bytes, byte order mark and all."""
    body = b"\xef\xbb\xbfUser-agent: *\r\nAllow: /\r\n"
    site.routes["/robots.txt"] = (200, body)
    world.scanner.scan(URL)

    assert (sha256(body).hexdigest(), len(body)) == (
        world.events[1].body_sha256,
        world.events[1].body_bytes,
    )


def test_tdmrep_precedence_is_told_beside_the_verdict(site, world):
    """By TDMRep the header overrides the file; the verdict stays the strictest."""
    site.routes["/.well-known/tdmrep.json"] = (
        200,
        b'[{"location": "/", "tdm-reservation": 1}]',
    )
    _page(site, headers=[("tdm-reservation", "0")])
    result = world.scanner.scan(URL)

    assert ("reserved", "allowed") == (result.verdict, result.spec_verdict)
    assert (("tdm_header", "tdmrep_file"),) == result.contradictions


def test_bad_url_is_refused(world):
    """A URL that may not be fetched is an error of the caller; nothing is emitted."""
    with pytest.raises(InputError):
        world.scanner.scan("http://user@site.test/")

    assert [] == world.batches


def test_policy_of_another_basket_is_refused(world):
    """The policy and the basket in use must be of one date."""
    policy = ScanPolicy(policy_sha256="ab" * 32, basket_version="2020-01-01")
    with pytest.raises(InputError, match="expected basket"):
        Look(
            fetch=None,
            evidence=world.evidence,
            policy=policy,
            clock_ms=None,
            files=None,
            lists=Lists(),
        )
