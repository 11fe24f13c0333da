"""Reading the evidence of a scan again."""

import msgspec
import pytest

from ledger.errors import IntegrityError
from producers.optout.after.replay import Replay
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import AGENT_TOKEN

URL = "http://site.test/page"
HTML = [("Content-Type", "text/html")]


@pytest.fixture
def replay(world):
    """Replay the newest scan, as it is or with other values in its event."""

    def again(**changed):
        def get(digest):
            try:
                return world.evidence.get(digest)
            except KeyError:
                raise IntegrityError("gone") from None

        event = msgspec.structs.replace(world.events[-1], **changed)
        replayer = Replay(get, agent=AGENT_TOKEN, basket=load_basket().agents())
        return replayer.replay(event, world.names.urls[event.scan_id])

    return again


PROHIBITS = (
    b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
    b'<prohibits type="usage">ai-train</prohibits></license></content></rsl>'
)
ROUTES = {
    "silence": {},
    "robots": {"/robots.txt": (200, b"User-agent: *\nDisallow: /page\n")},
    "robots for another site": {
        "/page": (302, b"", [("Location", "http://cdn.test/p")]),
        "/p": (200, b"text"),
        "cdn.test/robots.txt": (200, b"User-agent: *\nDisallow: /p\n"),
    },
    "basket": {"/robots.txt": (200, b"User-agent: CCBot\nDisallow: /\n")},
    "signal": {"/robots.txt": (200, b"User-agent: *\nContent-Signal: ai-train=no\n")},
    "server error": {"/robots.txt": (503,)},
    "not whole": {"/robots.txt": (200, b"User-agent: *\n" + b"#" * 600_000)},
    "malformed": {"/.well-known/tdmrep.json": (200, b'[{"location": "/"}]')},
    "no JSON": {"/.well-known/tdmrep.json": (200, b"<html>")},
    "dialect": {"/ai.txt": (200, b"# about our AI\nHello")},
    "header": {"/page": (200, b"x", [("X-Robots-Tag", "noai")])},
    "meta": {"/page": (200, b'<meta name="tdm-reservation" content="1">', HTML)},
    "long head": {"/page": (200, b"<head>" + b" " * 1_100_000, HTML)},
    "no page": {"/page": (404,)},
    "login": {"/page": (401,)},
    "terms": {
        "/page": (200, b'<a rel="terms-of-service" href="/tos">terms</a>', HTML),
        "/tos": (200, b"<p>Text and data mining is reserved.</p>", HTML),
    },
    "licence": {
        "/robots.txt": (200, b"License: http://site.test/l.xml\nUser-agent: *\n"),
        "/l.xml": (200, PROHIBITS),
    },
    "licence that is not there": {
        "/robots.txt": (200, b"License: http://site.test/l.xml\nUser-agent: *\n"),
    },
}


@pytest.mark.parametrize("routes", ROUTES.values(), ids=ROUTES)
def test_evidence_leads_to_the_same_verdict(site, world, replay, routes):
    """By the same rules, the kept bytes give the recorded answer."""
    site.routes["/page"] = (200, b"<p>text</p>", HTML)
    site.routes.update(routes)
    world.scanner.scan(URL)

    assert [] == replay()


def test_another_verdict_is_a_difference(world, replay):
    """A verdict that the evidence does not bear out is told."""
    world.scanner.scan(URL)
    found = {
        one.where: (one.recorded, one.replayed) for one in replay(verdict="reserved")
    }

    assert ("reserved", "unknown") == found["verdict"]


def test_missing_evidence_is_a_difference(site, world, replay):
    """A digest whose bytes are gone is told, and stands as it was recorded."""
    site.routes["/robots.txt"] = (200, b"User-agent: *\nDisallow: /page\n")
    world.scanner.scan(URL)
    world.evidence.kept.clear()
    found = {one.where: one.replayed for one in replay()}

    assert "no evidence" == found["robots_txt"]
    assert "verdict" not in found


def test_changed_rules_are_told_by_channel(site, world, replay):
    """The channel whose reading changed is named."""
    site.routes["/page"] = (200, b"x", [("X-Robots-Tag", "noai")])
    world.scanner.scan(URL)
    channels = [
        msgspec.structs.replace(read, verdict="allowed", line=0)
        for read in world.events[-1].channels
    ]

    assert {"x_robots_tag", "access"} >= {
        one.where for one in replay(channels=channels) if one.where != "verdict"
    } - {"reasons", "usages", "spec_verdict"}
