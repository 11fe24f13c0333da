"""Readings to one verdict, and RFC 9309 beside it."""

import pytest

from producers.optout.basket import load_basket
from producers.optout.combine import combine, reading_of, robots_rfc9309
from producers.optout.response import Failure, Response
from producers.optout.robots import parse_robots
from producers.optout.signals import Statement

RESERVED = Statement(reservation="reserved", line=3)
FREE = Statement(reservation="not_reserved", line=3)
SILENT = Statement(reservation="unset")
BROKEN = Statement(reservation="unset", is_malformed=True)


def _reading(channel="ai_txt", statement=SILENT, **how):
    return reading_of(channel, statement, evidence_sha256="", **how)


def test_nothing_asked_is_unknown():
    """Without a single reading nobody consented."""
    assert "unknown" == combine([])[0]


def test_silence_everywhere_is_allowed():
    """Channels that were all read and do not reserve allow."""
    assert ("allowed", ()) == combine([_reading(), _reading("tdm_meta")])


@pytest.mark.parametrize(
    ("channel", "reason"),
    [
        ("robots_txt", "robots_disallow"),
        ("robots_basket", "basket"),
        ("ai_txt", "ai_txt_disallow"),
        ("tdmrep_file", "tdm_reserved"),
        ("tdm_header", "tdm_reserved"),
        ("tdm_meta", "tdm_reserved"),
        ("x_robots_tag", "noai"),
        ("meta_robots", "noai"),
    ],
)
def test_any_channel_reserves(channel, reason):
    """One reservation is enough, whatever other channels allow."""
    readings = [_reading(statement=FREE), _reading(channel, RESERVED), _reading()]

    assert ("reserved", (reason,)) == combine(readings)


def test_unreadable_blocks():
    """What could not be read is no consent."""
    readings = [_reading(), _reading(outcome="unreadable", unreadable="unreadable")]

    assert ("unknown", ("unreadable",)) == combine(readings)


def test_malformed_signal_blocks():
    """Somebody meant to say something."""
    assert ("unknown", ("malformed_signal",)) == combine([_reading(statement=BROKEN)])


def test_reservation_in_a_part_holds():
    """A reservation that was found counts, though the rest could not be read."""
    reading = _reading(
        statement=RESERVED, outcome="unreadable", unreadable="unreadable"
    )

    assert ("reserved", 3) == (reading.read.verdict, reading.read.line)


def test_reasons_are_given_once():
    """Every reason appears once, in the order of the readings."""
    unreadable = _reading(outcome="unreadable", unreadable="unreadable")
    readings = [unreadable, _reading("x_robots_tag", RESERVED), unreadable]

    assert ("reserved", ("unreadable", "noai")) == combine(readings)


def _answer(status):
    return Response(
        status=status,
        headers=(),
        body=b"",
        truncated=False,
        redirects=0,
        final_url="https://e.test/robots.txt",
    )


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (_answer(200), "disallow"),
        (_answer(401), "allow"),
        (_answer(403), "allow"),
        (_answer(404), "allow"),
        (_answer(410), "allow"),
        (_answer(429), "allow"),
        (_answer(451), "allow"),
        (_answer(500), "disallow"),
        (_answer(503), "disallow"),
        (Failure(kind="redirects", redirects=5), "allow"),
        (Failure(kind="timeout"), "disallow"),
        (Failure(kind="network"), "disallow"),
        (Failure(kind="refused"), "disallow"),
    ],
    ids=lambda value: str(getattr(value, "status", getattr(value, "kind", value))),
)
def test_rfc9309_to_the_letter(result, expected):
    """Refusals allow, errors disallow, and rules are obeyed (section 2.3.1)."""
    robots = parse_robots(b"User-agent: *\nDisallow: /\n")

    assert expected == robots_rfc9309(result, robots, "x", "https://e.test/a")


def test_basket_holds_training_crawlers_only():
    """Crawlers for search or for a user's request are not in the basket."""
    agents = {agent.casefold() for agent in load_basket().agents()}

    assert {"gptbot", "ccbot", "google-extended", "ai2bot", "deepseekbot"} <= agents
    assert agents.isdisjoint({"chatgpt-user", "oai-searchbot", "perplexitybot"})


def test_basket_tokens_are_whole():
    """Each token has a source and a date, once, and is for training."""
    basket = load_basket()
    tokens = [entry.token.casefold() for entry in basket.tokens]

    assert len(tokens) == len(set(tokens))
    assert {"training"} == {entry.purpose for entry in basket.tokens}
    assert all(entry.source.startswith("https://") for entry in basket.tokens)
    assert 3 == len(basket.version.split("-"))


def test_relaxed_tokens_are_left_out():
    """A policy may relax single tokens, however it spells them."""
    assert "GPTBot" not in load_basket().agents(["gptbot"])
