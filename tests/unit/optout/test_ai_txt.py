"""/ai.txt: one dialect is read, others are unknown."""

import pytest

from producers.optout.documents.ai_txt import parse_ai_txt
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SignalError

TEXT = "# Spawning AI\nUser-Agent: *\nDisallow: *.txt\nDisallow: *.html\nAllow: *.css\n"


def _say(text, path, agent="tuneledger"):
    return parse_ai_txt(text.encode()).decide(agent, "https://e.test" + path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a.txt", "reserved"),
        ("/a.TXT?x=1", "reserved"),
        ("/a", "reserved"),
        ("/", "reserved"),
        ("/a.css", "not_reserved"),
        ("/a.txt.pdf", "unset"),
        ("/a.pdf?x=.txt", "unset"),
    ],
)
def test_extension(path, expected):
    """A rule is about the file type; a path without one is a page."""
    assert expected == _say(TEXT, path).reservation


@pytest.mark.parametrize("pattern", ["*.html", "*.htm$", "/*.html", "*.php"])
@pytest.mark.parametrize("path", ["/", "/a", "/a.b/", "/v1.0", "/a.2024", "/a.aspx"])
def test_type_of_pages(pattern, path):
    """What disallows a type of page disallows pages, whose paths need not tell it."""
    no = f"User-Agent: *\nDisallow: {pattern}\n"
    yes = no.replace("Disallow", "Allow").replace("/a.b/", "/x")

    assert "reserved" == _say(no, path).reservation
    assert "unset" == _say(no, "/a.pdf").reservation
    assert "unset" == _say(yes, "/v1.0").reservation


def test_statement_names_its_line():
    """The line of the deciding rule is known."""
    assert 3 == _say(TEXT, "/a.txt").line


def test_disallow_wins_a_tie():
    """Two rules of one length: the stricter one decides."""
    text = "User-Agent: *\nAllow: /\nDisallow: /\n"

    assert "reserved" == _say(text, "/a").reservation


def test_another_agent_is_not_meant():
    """A rule for somebody else says nothing to us."""
    text = "User-Agent: Foo\nDisallow: /\n"

    assert "unset" == _say(text, "/a").reservation
    assert "reserved" == _say(text, "/a", agent="foo").reservation


YES = "Spec-Version: 1.0\nTraining: allow\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User-Agent: GPTBot\nDisallow: /\n", "reserved"),
        ("User-Agent: GPTBot\nAllow: /\n", "unset"),
        ("User-Agent: *\nAllow: /\nUser-Agent: gptbot\nDisallow: /\n", "reserved"),
        (f"{YES}Agent: GPTBot\n Training: deny\n", "reserved"),
        (f"{YES}Scraping: deny\nAgent: GPTBot\n Scraping: allow\n", "reserved"),
    ],
    ids=["no", "yes", "yes-to-all", "declared-no", "declared-yes"],
)
def test_no_to_a_crawler_of_the_basket(text, expected):
    """A no to a training crawler counts in a file about training; a yes does not."""
    file = parse_ai_txt(text.encode())
    said = file.decide("tuneledger", "https://e.test/a", ("GPTBot",))

    assert expected == said.reservation


def test_empty_file_says_nothing():
    """A file of white space is no unknown dialect."""
    assert "unset" == _say(" \n", "/a").reservation


@pytest.mark.parametrize(
    "text",
    [
        "# We do not allow AI training.\n",
        "---\nname: Acme\n---\n",
        "<!doctype html><title>Not found</title>",
        "Training: no\n",
        "User-Agent: *\n",
        "User-Agent: *\nDisallow-AI-Training: yes\n",
        "User-Agent: *\nAllow: /\nTraining: disallow\n",
        "User-Agent: *\nAllow: /\nNo part of this site may be used\n",
        "Allow: /\nUser-Agent: *\nAllow: /\n",
    ],
)
def test_other_dialects_are_unknown(text):
    """Any other file of this name is refused, not taken for consent."""
    with pytest.raises(SignalError) as caught:
        parse_ai_txt(text.encode())

    assert ("unknown", "unknown_dialect") == (caught.value.outcome, caught.value.reason)


def test_too_long_is_unreadable():
    """One byte past the limit is refused."""
    with pytest.raises(SignalError, match="expected at most"):
        parse_ai_txt(b"#" * (POLICY_BYTES_MAX + 1))


DECLARATION = "# ai.txt\nSpec-Version: 1.0\nSite-Name: A\nSite-URL: https://e.test\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Training: deny\n", ("reserved", "", 5)),
        ("training: DENY # none\n", ("reserved", "", 5)),
        ("Training: allow\n", ("not_reserved", "", 5)),
        ("Training: allow\nScraping: deny\n", ("reserved", "", 6)),
        ("Training: allow\nAttribution: none\n", ("not_reserved", "", 5)),
        ("Training: allow\nAttribution: required\n", ("unset", "linked_rights", 6)),
        ("Training: allow\nTraining-License: MIT\n", ("unset", "linked_rights", 6)),
        (
            "Training: allow\nTraining-Fee: https://e.test/$\n",
            ("unset", "linked_rights", 6),
        ),
        ("Training: conditional\nTraining-Allow: /*\n", ("unset", "linked_rights", 5)),
        ("Training: conditional\nTraining-Deny: /a*\n", ("reserved", "", 6)),
        ("Scraping: allow\n", ("reserved", "", 2)),
        ("Training: allow\nAgent: *\n  Training: deny\n", ("reserved", "", 7)),
        ("Training: allow\nAgent: TuneLedger\n\tTraining: deny\n", ("reserved", "", 7)),
        ("Training: deny\nAgent: tuneledger\n  Training: allow\n", ("reserved", "", 5)),
        ("Training: allow\nAgent: Foo\n  Training: deny\n", ("not_reserved", "", 5)),
        (
            "Training: allow\nAgent: Foo\nAgent: tuneledger\n  Training: deny\n",
            ("reserved", "", 8),
        ),
        ("Training: allow\nAgent: Foo\nTraining: deny\n", ("reserved", "", 7)),
    ],
)
def test_declaration(text, expected):
    """A no decides; a yes that is bound to something is read by a person."""
    said = _say(DECLARATION + text, "/a")

    assert expected == (said.reservation, said.review, said.line)


def test_declaration_with_another_value_is_malformed():
    """A value that the format does not have says nothing, and is no silence."""
    said = _say(DECLARATION + "Training: perhaps\n", "/a")

    assert ("unset", True) == (said.reservation, said.is_malformed)


@pytest.mark.parametrize(
    "text",
    [
        "Spec-Version: 2.0\nTraining: allow\n",
        DECLARATION + "Training: allow\nWe reserve all rights.\n",
        DECLARATION + "User-Agent: *\nAllow: /\n",
        "Training: allow\n",
    ],
)
def test_what_is_no_declaration(text):
    """Another version, prose in between, or a mixture is an unknown dialect."""
    with pytest.raises(SignalError, match="expected User-Agent"):
        parse_ai_txt(text.encode())
