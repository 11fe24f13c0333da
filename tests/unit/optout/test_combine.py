"""Readings to one verdict, and RFC 9309 beside it."""

import pytest

from producers.optout.readings.combine import (
    combine,
    contradictions,
    robots_rfc9309,
    spec_verdict,
    usage_verdicts,
)
from producers.optout.readings.readers import Answer
from producers.optout.readings.reading import reading_of
from producers.optout.robots.reader import parse_robots
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.signals import Statement

RESERVED = Statement(reservation="reserved", line=3)
FREE = Statement(reservation="not_reserved", line=3)
SILENT = Statement(reservation="unset")
BROKEN = Statement(reservation="unset", is_malformed=True)


def _reading(channel="ai_txt", statement=SILENT, **how):
    return reading_of(channel, Answer(statement), evidence_sha256="", **how)


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


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "disallow"),
        (302, "allow"),
        (401, "allow"),
        (403, "allow"),
        (404, "allow"),
        (410, "allow"),
        (429, "allow"),
        (451, "allow"),
        (500, "disallow"),
        (503, "disallow"),
        (0, "disallow"),
    ],
)
def test_rfc9309_to_the_letter(status, expected):
    """Refusals allow, errors disallow, and rules are obeyed (section 2.3.1).

    Too many redirects leave the status of the last one; no answer leaves 0.
    """
    robots = parse_robots(b"User-agent: *\nDisallow: /\n")

    assert expected == robots_rfc9309(status, robots, "x", "https://e.test/a")


def test_usages_are_told_apart():
    """A no to one usage closes that usage alone."""
    said = Statement(
        reservation="not_reserved",
        stated=(("search", "disallow"), ("train", "allow")),
    )
    found = dict(usage_verdicts([_reading("content_usage", said)]))

    assert {
        "tdm": "allowed",
        "train": "allowed",
        "ai_input": "allowed",
        "search": "reserved",
    } == found


def test_a_closed_page_is_closed_to_every_usage():
    """What robots.txt forbids to fetch may not be used at all."""
    found = usage_verdicts([_reading("robots_txt", RESERVED)])

    assert {"reserved"} == {verdict for _, verdict in found}


def test_doubt_is_doubt_about_every_usage():
    """Where a channel could not be read no usage is allowed."""
    readings = [_reading(outcome="unreadable", unreadable="unreadable")]

    assert {"unknown"} == {verdict for _, verdict in usage_verdicts(readings)}


def test_stated_disallow_for_training_reserves():
    """A stated no to training counts, whatever else the source says."""
    said = Statement(reservation="unset", stated=(("train", "disallow"),))

    assert "reserved" == _reading("content_signal", said).read.verdict


def test_later_tdm_layer_supersedes_by_specification():
    """TDMRep lets the header override the file; the strictest verdict does not."""
    readings = [_reading("tdmrep_file", RESERVED), _reading("tdm_header", FREE)]

    assert ("allowed", "reserved") == (
        spec_verdict(readings, "allow"),
        combine(readings)[0],
    )


@pytest.mark.parametrize("channel", ["robots_basket", "piracy_list", "access"])
def test_own_caution_is_no_word_of_the_site(channel):
    """What only we hold against a page is not in the specifications' verdict."""
    assert "allowed" == spec_verdict([_reading(channel, RESERVED)], "allow")


def test_contradiction_names_both_channels():
    """One channel allows, another reserves: both are named."""
    readings = [_reading("ai_txt", FREE), _reading("tdm_meta", RESERVED)]

    assert (("ai_txt", "tdm_meta"),) == contradictions(readings)


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
