"""Reservations in header lines and meta elements."""

import pytest

from producers.optout.documents.tdmrep import header_statement
from producers.optout.page.html_meta import read_page_tags
from producers.optout.page.page_tags import (
    canonical_lines,
    header_noai,
    meta_noai,
    relevant_headers,
    relevant_metas,
)
from producers.optout.vocabulary.signals import SILENCE

AGENTS = ["tuneledger", "GPTBot"]


@pytest.mark.parametrize(
    "value",
    [
        "noai",
        "NoAI",
        "noai;",
        "noml",
        "noindex, noai",
        "max-snippet:-1, noai",
        "unavailable_after: 25 Jun 2030 15:00:00 PST, noai",
        "unavailable_after: Saturday, 25-Jun-30 15:00:00 GMT, noai",
        "unavailable_after: 2030-06-25T15:00:00+02:00, noai",
        "noai, googlebot: noindex",
        "googlebot: nofollow, tuneledger: noai",
        "TUNELEDGER: noai",
        "gptbot: noindex, noai",
        "googlebot: noindex, *: noai",
    ],
)
def test_header_reserves(value):
    """`noai` for everybody or for one of the tokens that count is found."""
    assert "reserved" == header_noai([("X-Robots-Tag", value)], AGENTS).reservation


@pytest.mark.parametrize(
    "value",
    [
        "noimageai",
        "noindex, nofollow",
        "noaix",
        "otherbot: noindex, noai",
        "googlebot: noai",
        "",
        ":",
        "all",
    ],
)
def test_header_does_not_reserve(value):
    """Images, search, longer words and other crawlers are no reservation of text."""
    assert "unset" == header_noai([("X-Robots-Tag", value)], AGENTS).reservation


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("*=noai, nosnippet; ExampleBot=", "reserved"),
        ("ExampleBot=noai; *=noindex", "unset"),
        ("ExampleBot=; tuneledger=noml", "reserved"),
        ("noai", "reserved"),
    ],
)
def test_robots_tag(value, expected):
    """The draft's Robots-Tag is read by its own syntax."""
    assert expected == header_noai([("robots-tag", value)], AGENTS).reservation


@pytest.mark.parametrize(
    "value",
    [
        "ai: noai",
        "any: noai",
        "bots: noml",
        "everyone: noai",
        "no_ai",
        "no_ml",
        "no ai",
        "no.ai",
        "nogenai",
        "nollm",
        "no_ai_training",
        "notrain",
        "no-training",
        "notdm",
        "nodatamining",
    ],
)
def test_odd_word_is_no_silence(value):
    """A no in an odd spelling, or to no crawler of a name, is read by a person."""
    assert header_noai([("x-robots-tag", value)], AGENTS).is_malformed
    assert meta_noai([("robots", value)], AGENTS) != SILENCE


@pytest.mark.parametrize("value", ["notranslate", "nosnippet", "noimageai", "none"])
def test_word_about_something_else_is_silence(value):
    """A rule that is not about training of text leaves nothing open."""
    assert SILENCE == header_noai([("x-robots-tag", value)], AGENTS)


@pytest.mark.parametrize(
    "name", ["TDM_RESERVATION", "tdmreservation", "tdm.reservation"]
)
def test_misspelled_tdm_element(name):
    """A name that can only be that of TDMRep is kept and read."""
    page = f'<meta name="{name}" content="1">'.encode()
    pairs = relevant_metas(read_page_tags(page).metas, AGENTS)

    assert "reserved" == header_statement(pairs).reservation


def test_header_line_is_that_of_the_evidence():
    """Statements cite a line of the canonical header lines."""
    headers = relevant_headers(
        [("Date", "x"), ("X-Robots-Tag", "noindex"), ("x-robots-tag", " no\tai, noai")]
    )

    assert b"x-robots-tag: noindex\nx-robots-tag: no ai, noai\n" == canonical_lines(
        headers
    )
    assert 2 == header_noai(headers, AGENTS).line


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<meta name="robots" content="noai">', "reserved"),
        ("<META CONTENT='NoIndex, NoML' NAME=ROBOTS>", "reserved"),
        ("<meta name=robots content=noai/>", "unset"),
        ("<meta name=robots content=noai />", "reserved"),
        ('<meta\nname = "robots"\ncontent = "noindex noai"\n>', "reserved"),
        ('<meta name="rob&#111;ts" content="no&#97;i">', "reserved"),
        ('<meta name="tuneledger" content="noai">', "reserved"),
        ('<meta name="gptbot" content="noai">', "reserved"),
        ('<meta name="googlebot" content="noai">', "unset"),
        ('<meta name="robots" content="noimageai, noindex">', "unset"),
        ('<!-- <meta name="robots" content="noai"> -->', "unset"),
        ('<!--><meta name="robots" content="noai">', "reserved"),
        ('<!-- --!><meta name="robots" content="noai">', "reserved"),
        ('<script>"<meta name=robots content=noai>"</script>', "unset"),
        ('<SCRIPT></SCRIPT><meta name="robots" content="noai">', "reserved"),
        ('<title><meta name="robots" content="noai"></title>', "unset"),
        ('<a title="<meta name=robots content=noai>">', "unset"),
        ('<a title=">"><meta name="robots" content="noai">', "reserved"),
        ('<meta name="x" name="robots" content="noai">', "unset"),
        ('1 < 2 <meta name="robots" content="noai">', "reserved"),
        ('<body><meta name="robots" content="noai">', "reserved"),
        ('<meta name="robots" content="noai', "unset"),
    ],
)
def test_meta(page, expected):
    """Meta elements are found where a browser finds them, and nowhere else."""
    pairs = read_page_tags(page.encode()).metas

    assert expected == meta_noai(pairs, AGENTS).reservation


def test_only_relevant_metas_are_kept():
    """Evidence holds no description and no author."""
    page = b'<meta name=author content=Ann><meta name=Robots content="a\nb">'
    pairs = relevant_metas(read_page_tags(page).metas, AGENTS)

    assert b"robots: a b\n" == canonical_lines(pairs)


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ('<meta property="robots" content="noai">', "reserved"),
        ('<meta http-equiv="X-Robots-Tag" content="noai">', "reserved"),
        ('<meta http-equiv="X-Robots-Tag" content="tuneledger: noml">', "reserved"),
        ('<meta http-equiv="X-Robots-Tag" content="googlebot: noai">', "unset"),
        ('<meta property="og:title" name="robots" content="noai">', "reserved"),
    ],
)
def test_meta_by_another_name(element, expected):
    """An element with `property` or `http-equiv` counts as one with `name`."""
    pairs = relevant_metas(read_page_tags(element.encode()).metas, AGENTS)

    assert expected == meta_noai(pairs, AGENTS).reservation


@pytest.mark.parametrize("name", ["content-usage", "Content-Signal", "content_usage"])
def test_usage_preference_in_an_element_is_no_silence(name):
    """No standard has such an element, so a person must read it."""
    element = f'<meta name="{name}" content="train-ai=n">'.encode()
    pairs = relevant_metas(read_page_tags(element).metas, AGENTS)

    assert meta_noai(pairs, AGENTS).is_unread


@pytest.mark.parametrize(
    ("name", "is_unread"),
    [("Content-Usages", True), ("content_signal", True), ("Content-Usage", False)],
)
def test_header_that_looks_like_a_usage_preference(name, is_unread):
    """A misspelt name is no silence; the right one has a reader of its own."""
    said = header_noai([(name, "train-ai=n")], AGENTS)

    assert ("unset", is_unread) == (said.reservation, said.is_unread)


def test_link_lines_are_kept_for_a_licence_only():
    """Evidence holds Link lines where one of them names a licence."""
    preload = ("Link", "</a.css>; rel=preload")
    licence = ("Link", '</rsl.xml>; rel="license"')

    assert () == relevant_headers([preload])
    assert 2 == len(relevant_headers([preload, licence]))


def test_noai_states_a_no_to_training():
    """What is reserved is training, not search."""
    said = header_noai([("X-Robots-Tag", "noai")], AGENTS)

    assert (("train", "disallow"),) == said.stated


@pytest.mark.parametrize(
    "element",
    [
        'name="ai" content="no"',
        'name="ai-training" content="disallow"',
        'name="noai" content="true"',
        'property="machine-learning" content="prohibited"',
        'http-equiv="AI-Train" content="n"',
    ],
)
def test_element_of_another_vocabulary_is_no_silence(element):
    """An element that is named for training and says no yes is read by a person."""
    pairs = relevant_metas(read_page_tags(f"<meta {element}>".encode()).metas, AGENTS)

    assert meta_noai(pairs, AGENTS).is_unread


@pytest.mark.parametrize(
    "element",
    [
        'name="ai-training" content="yes"',
        'name="ai-generated" content="false"',
        'name="tdm-reservation" content="0"',
        'name="robots" content="all"',
        'name="description" content="no AI"',
    ],
)
def test_element_about_something_else_is_silence(element):
    """A yes, or how a page was made, leaves nothing open."""
    pairs = relevant_metas(read_page_tags(f"<meta {element}>".encode()).metas, AGENTS)

    assert SILENCE == meta_noai(pairs, AGENTS)
