"""robots.txt: what is kept, what is tolerated, and where silence is no consent."""

import pytest

from producers.optout.robots.groups import WILDCARDS_MAX
from producers.optout.robots.reader import parse_robots
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX

URL = "https://e.test/a/page"


def _decide(text, *agents, url=URL, **how):
    body = text if isinstance(text, bytes) else text.encode()
    return parse_robots(body).decide(agents or ["FooBot"], url, **how)


def test_decision_names_its_line():
    """The decision carries the line, the pattern and the crawler."""
    decision = _decide("\n# note\nUser-agent: *\nAllow: /\nDisallow: /a\n")

    assert (False, 5, "/a", "FooBot") == (
        decision.allowed,
        decision.line,
        decision.rule,
        decision.agent,
    )


def test_unknown_lines_are_kept_with_their_group():
    """A line with an unknown key stays in its group and does not close it."""
    lines = [
        b"License: x",
        b"User-agent: A",
        b"Content-Signal: ai-train=no",
        b"User-agent: B",
        b"Disallow: /",
    ]
    robots = parse_robots(b"\n".join(lines))

    assert [b"License"] == [line.key for line in robots.unknown]
    assert [(3, b"ai-train=no")] == [
        (line.number, line.value) for line in robots.groups[0].unknown
    ]
    assert frozenset({"a", "b"}) == robots.groups[0].tokens


def test_one_no_decides():
    """Of several crawlers one that is disallowed is enough."""
    text = "User-agent: A\nAllow: /\n\nUser-agent: B\nDisallow: /\n"

    assert not _decide(text, "A", "B").allowed


def test_star_can_be_left_out():
    """Without `star` only a group that names the crawler counts."""
    assert _decide("User-agent: *\nDisallow: /\n", "GPTBot", star=False).allowed


@pytest.mark.parametrize(
    ("value", "agent"),
    [
        ("AI2Bot", "ai2bot"),
        ("AI2Bot/1.0", "AI2Bot"),
        ("bigsur.ai", "bigsur.ai"),
        ("Brightbot 1.0", "Brightbot"),
        ("iaskspider/2.0", "iaskspider"),
        ("iaskspider/2.0", "iaskspider/2.0"),
        ("GPTBot/1.2 (compatible)", "GPTBot"),
    ],
)
def test_tokens_outside_the_grammar(value, agent):
    """Tokens with digits, dots and versions are found."""
    assert not _decide(f"User-agent: {value}\nDisallow: /\n", agent).allowed


@pytest.mark.parametrize("value", ["GPTBotX", "NotGPTBot", "GPT", "GPT Bot"])
def test_no_part_of_a_token_matches(value):
    """A token is compared as a whole."""
    assert _decide(f"User-agent: {value}\nDisallow: /\n", "GPTBot").allowed


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("/%62", "/b"),
        ("/b", "/%62"),
        ("/x%2Ay", "/x*y"),
        ("/x%24", "/x$"),
        ("/%e3%83%84", "/ツ"),
        ("/ツ", "/%e3%83%84"),
    ],
)
def test_disallow_sees_through_escapes(rule, path):
    """A disallow rule matches whichever way rule and URL are escaped."""
    text = f"User-agent: *\nDisallow: {rule}\n"

    assert not _decide(text, url="https://e.test" + path).allowed


def test_allow_does_not_see_through_escapes():
    """An allow rule is read as written: `%62` is not `b`."""
    text = "User-agent: *\nDisallow: /\nAllow: /%62\n"

    assert not _decide(text, url="https://e.test/b").allowed


def test_robots_txt_itself_is_allowed():
    """`/robots.txt` may always be fetched."""
    text = "User-agent: *\nDisallow: /\n"

    assert _decide(text, url="https://e.test/robots.txt").allowed


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b"\xef\xbb", b"\xef"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_and_line_ends(bom, end):
    """A byte order mark, whole or cut, and any line end are understood."""
    body = bom + b"User-agent: *" + end + b"Disallow: /" + end

    assert 2 == _decide(body).line


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("User-agent: *\nAllow: /\n".encode("utf-16"), id="utf-16"),
        pytest.param("User-agent: *\nAllow: /\n".encode("utf-16-le"), id="no BOM"),
        pytest.param(b"User-agent: *\nAllow: /caf\xe9\n", id="latin-1"),
        pytest.param(b"\n <!doctype html><p>Not found", id="page of markup"),
    ],
)
def test_no_text_is_not_whole(body):
    """What is no UTF-8 text of lines proves nothing by its silence."""
    assert not parse_robots(body).is_whole


def test_rules_before_the_cut_hold():
    """A file past the limit is read up to the last whole line and is not whole."""
    filler = b"#" * (POLICY_BYTES_MAX - 40) + b"\n"
    robots = parse_robots(b"User-agent: *\nDisallow: /a\n" + filler + b"Allow: /a/page")

    assert not robots.is_whole
    assert not robots.decide(["x"], URL).allowed


def test_cut_line_is_not_read():
    """A line that the limit cuts in two says nothing."""
    robots = parse_robots(b"User-agent: *\nDisallow: /b\nDisallow: /a", truncated=True)

    assert [b"/b"] == [rule.pattern for rule in robots.groups[0].rules]


def test_exactly_the_limit_is_whole():
    """500 KiB are read whole."""
    assert parse_robots(b"#" * POLICY_BYTES_MAX).is_whole
    assert not parse_robots(b"#" * (POLICY_BYTES_MAX + 1)).is_whole


def test_stars_do_not_explode():
    """Matching does not go back; a matcher that does would need years for this."""
    line = "Disallow: /" + "*a" * 4000 + "b\n"
    text = "User-agent: *\n" + line * 60

    assert _decide(text, url="https://e.test/" + "a" * 4000).allowed


@pytest.mark.parametrize(
    ("text", "how", "expected"),
    [
        ("User-agent: FooBot\nDisallow: /\n", {}, "own"),
        ("User-agent: *\nDisallow: /\n", {}, "star"),
        ("User-agent: *\nAllow: /\n", {}, "star"),
        ("User-agent: FooBot\nDisallow: /\n", {"star": False}, "basket"),
        ("User-agent: FooBot\nDisallow: /x\n", {}, ""),
        ("User-agent: x, FooBot\nDisallow: /\n", {}, "star"),
    ],
)
def test_layer(text, how, expected):
    """The decision tells whom its rule spoke to."""
    assert expected == _decide(text, **how).layer


@pytest.mark.parametrize(
    "value", ["Foo*", "*bot", "*oBo*", "F*t", "foo*bot", "x, *bot"]
)
def test_wildcard_in_a_token_disallows(value):
    """A site that writes a wildcard means every crawler of that form."""
    assert not _decide(f"User-agent: {value}\nDisallow: /\n").allowed


@pytest.mark.parametrize("value", ["Bar*", "*bots", "F*x", "**x"])
def test_wildcard_that_does_not_match(value):
    """Other crawlers are not meant."""
    assert _decide(f"User-agent: {value}\nDisallow: /\n").allowed


def test_wildcard_never_allows():
    """It does not replace the group of everybody."""
    text = "User-agent: *bot\nAllow: /\n\nUser-agent: *\nDisallow: /\n"

    assert not _decide(text).allowed


def test_number_of_wildcards_is_bounded():
    """A file with more of them is not whole, and is read at once."""
    text = "".join(f"User-agent: a{i}*\n" for i in range(WILDCARDS_MAX + 1))

    assert not parse_robots(text.encode()).is_whole


@pytest.mark.parametrize(
    "rule",
    [
        "https://e.test/a",
        "http://E.test:80/a/*",
        "HTTPS://e.test",
        '"https://e.test/a"',
        "https://e.test/%61/",
    ],
)
def test_disallow_with_our_url(rule):
    """A whole URL of this host is read as its path."""
    decision = _decide(f"User-agent: *\nDisallow: {rule}\n")

    assert (False, 2) == (decision.allowed, decision.line)


@pytest.mark.parametrize(
    ("rule", "review"),
    [
        ("https://other.test/a", "malformed_signal"),
        ("https://e.test:8443/", "malformed_signal"),
        ("https://other.test/b", ""),
        ("https://e.test/b", ""),
    ],
)
def test_disallow_with_another_url(rule, review):
    """A rule for another host is no silence where its path matches."""
    decision = _decide(f"User-agent: *\nDisallow: {rule}\n")

    assert (True, review) == (decision.allowed, decision.review)


def test_allow_with_a_url_allows_nothing():
    """An allow rule is read as written."""
    text = "User-agent: *\nDisallow: /\nAllow: https://e.test/a/page\n"

    assert not _decide(text).allowed
