"""robots.txt: what is malformed or not understood is read by a person."""

import pytest

from producers.optout.readings.readers import Question, Readers
from producers.optout.readings.reading import reading_of
from producers.optout.robots.reader import parse_robots

ALL = b"User-agent: *\n"
QUESTION = Question(
    url="https://site.test/a/page", agent="tuneledger", basket=("GPTBot",)
)
CHANNELS = (
    "robots_txt",
    "robots_basket",
    "robots_content_usage",
    "robots_content_signal",
)


def _verdicts(body):
    readers = Readers()
    return {
        reading_of(
            channel, readers.read(channel, body, QUESTION), evidence_sha256=""
        ).read.verdict
        for channel in CHANNELS
    }


@pytest.mark.parametrize(
    "path",
    [
        "/ all pages",
        "/ -- no bots",
        "/,",
        "/ *",
        "/|",
        "/\\",
        "/ $",
        "//",
        "/...",
        "/!",
        "/%20",
        "/&nbsp;",
        "/(all)",
        "/[all]",
        "/{path}",
        "/.*",
        "/(.*)$",
        "/a page",
        "/\u3164",
        "/\ufe0f",
        "/\u034f",
        "/\u0301",
        "/\u200b",
        "/\u2800",
        "/*\ufe0f",
    ],
)
def test_disallowed_path(path):
    """A path with a remark, a stop or an invisible character is never consent."""
    assert "unknown" in _verdicts(ALL + f"Disallow: {path}\n".encode())


@pytest.mark.parametrize(
    "name",
    [
        "***",
        "*.*",
        "*;",
        "*/*",
        "[*]",
        '"*";',
        "(*)",
        "* *",
        "*,*",
        "all",
        "All robots",
        "everyone",
        "*\ufe0f",
        "*\u3164",
        "*\u034f",
    ],
)
def test_name_that_may_mean_everybody(name):
    """Where a star was meant, a no is never consent."""
    body = f"User-agent: {name}\nDisallow: /\n".encode()

    assert {"reserved", "unknown"} & _verdicts(body)


@pytest.mark.parametrize(
    "name",
    ["tuneledger*", "tuneledger, FooBot", "tuneledger;", "tune*", '"tuneledger"'],
)
def test_name_that_is_a_pattern_says_no_yes(name):
    """What may mean us does not lift what the star disallows."""
    body = ALL + f"Disallow: /\n\nUser-agent: {name}\nAllow: /\n".encode()

    assert not parse_robots(body).decide(["tuneledger"], QUESTION.url).allowed


@pytest.mark.parametrize(
    "name",
    ["tuneledger*", "tuneledger, FooBot", "tuneledger;", "tune*", '"tuneledger"'],
)
def test_name_that_is_a_pattern_says_no(name):
    """What may mean us is a no to us."""
    body = f"User-agent: {name}\nDisallow: /\n".encode()

    assert not parse_robots(body).decide(["tuneledger"], QUESTION.url).allowed


@pytest.mark.parametrize(
    "row",
    [
        "Disallow=/",
        "Disallow = /",
        "- Disallow: /",
        "* Disallow: /",
        '"Disallow": "/"',
        "Disalow /a b",
        "Disllow: /",
        "Dis-Disallow; /",
        "Deny: /",
        "Content-Signal search=yes, ai-train=no",
        "Content-Signal = ai-train=no",
        "Content-Usage = train-ai=n",
        "License https://site.test/rsl.xml",
        "- License: https://site.test/rsl.xml",
        "User-agent = GPTBot",
        "- User-agent: GPTBot",
        "Agent: GPTBot",
    ],
)
@pytest.mark.parametrize("first", [ALL, ALL + b"Disallow: /x\n"], ids=["bare", "rule"])
def test_row_that_is_no_line(first, row):
    """A row that breaks the format but speaks its words is not dropped in silence."""
    assert "unknown" in _verdicts(first + row.encode() + b"\n")


def test_preference_for_a_name_that_may_mean_everybody():
    """A usage preference of such a group is a no."""
    body = b"User-agent: *.*\nContent-Signal: ai-train=no\n"

    assert "reserved" in _verdicts(body)


@pytest.mark.parametrize(
    "body",
    [
        "User-agent: *\nDisallow: /private/\nDisallow: /*?q=\nAllow: /\n",
        "User-agent: *\nDisallow: /my page\nDisallow: /x;id=\n",
        "User-agent: *\nDisallow: /*;jsessionid\nDisallow: /(S(\nDisallow: /.git/\n",
        "User-agent: *\nDisallow: /*.pdf$\nCrawl-delay: 5\nHost: site.test\n",
        "User-agent: Mozilla/5.0 (compatible; FooBot/1.0)\nDisallow: /\n",
        "User-agent: FooBot-All\nDisallow: /\n",
        "User-agent: *\nAllow: /\nno colon here\nClean-param: a /b\n",
        "User-agent: *\n# Disallow = /\nSitemap: https://site.test/licence.xml\n",
        "User-agent: *\nDisallow: /\u00e9/e\u0301\nRequest-rate: 1/5\n",
        "User-agent: é\nDisallow: /\n",
        "User-agent: tuneledger/1.0\nAllow: /\n\nUser-agent: *\nDisallow: /\n",
    ],
)
def test_ordinary_file(body):
    """What ordinary sites write about other pages and crawlers holds nothing back."""
    assert {"allowed"} == _verdicts(body.encode())


@pytest.mark.parametrize(
    "body",
    [
        b"Disallow: /\n\nUser-agent: BadBot\nDisallow: /x\n",
        b"Disallow: /a/\nUser-agent: *\nAllow: /\n",
        b"Allow: /\nDisallow: /a/page\nUser-agent: *\nDisallow: /x\n",
        b"Sitemap: https://site.test/s\nDisallow: / # all\nUser-agent: *\nDisallow:\n",
        b"Disallow: https://site.test/a/\nUser-agent: *\nDisallow:\n",
        b"Disallow: a/page\nUser-agent: *\nDisallow:\n",
    ],
    ids=["root", "folder", "longest", "remark", "whole-url", "no-path"],
)
def test_disallow_before_any_user_agent(body):
    """It speaks to nobody, but was meant for somebody: a person reads it."""
    robots = parse_robots(body)

    assert {"allowed", "unknown"} == _verdicts(body)
    assert robots.decide(["tuneledger"], QUESTION.url).allowed


@pytest.mark.parametrize(
    "body",
    [
        b"Disallow: /b/\nUser-agent: *\nDisallow:\n",
        b"Disallow:\nUser-agent: *\nDisallow:\n",
        b"Disallow: /\nAllow: /a/\nUser-agent: *\nDisallow:\n",
    ],
    ids=["elsewhere", "empty", "allowed"],
)
def test_rule_before_any_user_agent_that_says_no_no(body):
    """A rule in that place that would not disallow the page asks nobody."""
    assert {"allowed"} == _verdicts(body)


@pytest.mark.parametrize(
    "row",
    [b"X-Robots-Tag: noai", b"Robots-Tag: *=noai", b"Opt-out: yes", b"OptOut: ai"],
)
def test_header_or_word_in_the_wrong_place(row):
    """A line borrowed from elsewhere that says no is read by a person."""
    assert "unknown" in _verdicts(ALL + row + b"\n")


def test_header_in_the_wrong_place_about_search():
    """A borrowed line that is not about training asks nobody."""
    assert {"allowed"} == _verdicts(ALL + b"X-Robots-Tag: noindex\n")
