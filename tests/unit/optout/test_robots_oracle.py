"""Our robots.txt parser against Google's, and the ten rules by which they differ."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from producers.optout.robots.reader import parse_robots
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from tests.bench.robots_differences import DIFFERENCES, explain
from tests.bench.robots_oracle import compare, google

pytest.importorskip("jwm.robotstxt.googlebot")
ORACLE = google()

AGENTS = ["FooBot", "BarBot", "Foo-Bot", "foo_bot"]
PIECES = ["/", "a", "b", "x", "*", "$", "?", "=", "index.html", "é", ".", " ", "//"]
ENDS = st.sampled_from(["\n", "\r\n", "\r", "\n\n", " # note\n", "\t\n"])
KEYS = [
    "User-agent",
    "user-agent",
    "User agent",
    "useragent",
    "Allow",
    "Disallow",
    "Dissallow",
    "disallaw",
    "Allowed",
    "Sitemap",
    "Crawl-delay",
    "Content-Signal",
    "x",
    "",
]
SEPARATORS = [":", ": ", " : ", " ", "\t", ""]
VALUES = st.one_of(
    st.sampled_from([*AGENTS, "*", "* foo", "FooBot/2.1", "FooBot x", "Foo*", ""]),
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join),
)


def _line(key, separator, value, end):
    return key + separator + value + end


LINES = st.builds(
    _line, st.sampled_from(KEYS), st.sampled_from(SEPARATORS), VALUES, ENDS
)
GROUPS = st.builds(
    "".join,
    st.lists(
        st.one_of(
            st.builds(_line, st.just("User-agent"), st.just(": "), VALUES, ENDS),
            st.builds(
                _line,
                st.sampled_from(["Allow", "Disallow"]),
                st.just(": /"),
                VALUES,
                ENDS,
            ),
            LINES,
        ),
        max_size=12,
    ),
)
PATHS = st.lists(
    st.sampled_from(["/", "a", "b", "x", "?", "=", "index.html", "*", "$", "."]),
    max_size=6,
).map(lambda parts: "http://e.test/" + "".join(parts))


@given(text=GROUPS, agent=st.sampled_from(AGENTS), url=PATHS, bom=st.booleans())
def test_agrees_with_google(text, agent, url, bom):
    """Both parsers give one answer, or a rule says why ours differs."""
    body = ("\ufeff" * bom + text).encode()
    ours = parse_robots(body).decide([agent], url).allowed

    assert ORACLE(body, agent, url) == ours or explain(body, agent, url, ours=ours)


def test_campaign(request):
    """No answer about a generated file differs without a rule; each rule is met."""
    soak = request.config.getoption("--soak")
    tally = compare(ORACLE, seed=1, files=100_000 if soak else 2_000)
    met = {rule.name for rule in DIFFERENCES if tally.stricter[rule.name]}

    assert [] == tally.unexplained
    assert {rule.name for rule in DIFFERENCES} - {"past 500 KiB"} == met


FAULTS = {
    "an end is a letter": lambda body: body.replace(b"$", b"%24"),
    "a star is a letter": lambda body: body.replace(b"*", b"%2A"),
    "no remarks": lambda body: body.replace(b"#", b"%23"),
    "a CR ends no line": lambda body: body.replace(b"\r", b" "),
    "paths in any case": bytes.lower,
    "no allow rules": lambda body: re.sub(rb"(?i)\ballow", b"x-allow", body),
    "every rule allows": lambda body: re.sub(rb"(?i)disallow", b"Allow", body),
    "every rule disallows": lambda body: re.sub(rb"(?im)^\s*allow", b"Disallow", body),
    "every group is for all": lambda body: re.sub(
        rb"(?im)^(\s*user-agent:).*", rb"\1 *", body
    ),
    "a blank line ends a group": lambda body: re.sub(
        rb"\n\n+", b"\nUser-agent: nobody\n", body
    ),
    "the rest is ignored": lambda body: body[:100],
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_faults_are_not_excused(fault):
    """With a fault in the parser the campaign finds answers that no rule explains."""
    tally = compare(
        ORACLE, seed=1, files=500, parse=lambda body: parse_robots(fault(body))
    )

    assert tally.unexplained


def test_ten_rules_at_most():
    """A list of excuses that grows is no agreement."""
    assert len(DIFFERENCES) <= 10


STAR = b"User-agent: *\nDisallow: /\n"
FILLER = b"#" * (POLICY_BYTES_MAX - 40) + b"\n"
STRICTER = [
    ("token outside the grammar", b"User-agent: AI2Bot\nDisallow: /", "AI2Bot", "/a"),
    (
        "list of tokens",
        b"User-agent: GPTBot, FooBot\nDisallow: /",
        "FooBot",
        "/a",
    ),
    ("quoted token", b'User-agent: "FooBot"\nDisallow: /', "FooBot", "/a"),
    ("wildcard in a token", b"User-agent: *bot\nDisallow: /", "FooBot", "/a"),
    ("quoted pattern", b'User-agent: *\nDisallow: "/a"', "FooBot", "/a"),
    (
        "absolute URL as a pattern",
        b"User-agent: *\nDisallow: https://e.test/a",
        "FooBot",
        "/a/b",
    ),
    ("percent-decoded disallow", b"User-agent: *\nDisallow: /%61", "FooBot", "/a"),
    ("spelling of escapes", b"User-agent: *\nDisallow: /%C3%A9", "FooBot", "/%c3%a9"),
    (
        "second byte order mark",
        b"\xef\xbb\xbf\xef\xbb\xbfUser-agent: *\nDisallow: /",
        "FooBot",
        "/a",
    ),
    (
        "past 500 KiB",
        b"User-agent: *\nDisallow: /a\n" + FILLER + b"User-agent: *\nAllow: /a/b\n",
        "FooBot",
        "/a/b",
    ),
]
LOOSER = [
    (
        "token outside the grammar",
        b"User-agent: *\nDisallow: /\n\nUser-agent: AI2Bot\nAllow: /",
        "AI2Bot",
        "/a",
    ),
    (
        "spelling of escapes",
        b"User-agent: *\nDisallow: /\nAllow: /%C3%A9",
        "FooBot",
        "/%c3%a9",
    ),
    (
        "second byte order mark",
        b"\xef\xbb\xbf" * 2
        + b"User-agent: FooBot\nAllow: /\nUser-agent: *\nDisallow: /",
        "FooBot",
        "/a",
    ),
    (
        "past 500 KiB",
        b"User-agent: *\nAllow: /\n" + FILLER + b"User-agent: *\nDisallow: /a\n",
        "FooBot",
        "/a",
    ),
]


def _both(body, agent, path):
    url = "https://e.test" + path
    return ORACLE(body, agent, url), parse_robots(body).decide([agent], url).allowed


def _names(body, agent, path, *, ours):
    rules = explain(body, agent, "https://e.test" + path, ours=ours)
    return [rule.name for rule in rules]


@pytest.mark.parametrize(
    ("name", "body", "agent", "path"), STRICTER, ids=[case[0] for case in STRICTER]
)
def test_stricter_by_rule(name, body, agent, path):
    """By this rule alone ours disallows what Google's allows."""
    assert (True, False) == _both(body, agent, path)
    assert [name] == _names(body, agent, path, ours=False)


@pytest.mark.parametrize(
    ("name", "body", "agent", "path"), LOOSER, ids=[case[0] for case in LOOSER]
)
def test_looser_by_rule(name, body, agent, path):
    """By this rule alone ours allows what Google's disallows; the rule says why."""
    assert (False, True) == _both(body, agent, path)
    assert [name] == _names(body, agent, path, ours=True)


def test_looser_past_the_limit_is_never_consent():
    """A file that is not read to its end is not whole, so its silence blocks."""
    _, body, _, _ = LOOSER[-1]

    assert not parse_robots(body).is_whole


def test_every_rule_has_a_case():
    """Each rule has a case in which ours is stricter, and one for `may_allow`."""
    assert [rule.name for rule in DIFFERENCES] == [case[0] for case in STRICTER]
    assert [rule.name for rule in DIFFERENCES if rule.may_allow] == [
        case[0] for case in LOOSER
    ]


@pytest.mark.parametrize(
    ("rule", "path", "allowed"),
    [
        pytest.param("Disallow: /%61", "/b", True, id="another letter"),
        pytest.param("Disallow: /%2A", "/ab", True, id="an escaped star is no star"),
        pytest.param("Disallow: /a%24", "/a", True, id="an escaped end is no end"),
        pytest.param("Disallow: /a$", "/a%24", True, id="an end is no escaped one"),
        pytest.param("Allow: /%61\nDisallow: /", "/a", False, id="allow, not decoded"),
    ],
)
def test_decoding_stops_there(rule, path, allowed):
    """Decoding adds no match beyond the resource that the rule names."""
    body = f"User-agent: *\n{rule}\n".encode()

    assert (allowed, allowed) == _both(body, "FooBot", path)


@given(body=st.binary(max_size=300), url=st.text(max_size=30))
@example(body=b"License: https://\x85", url="")
def test_any_bytes_are_parsed(body, url):
    """No input raises, and a line number lies inside the file."""
    decision = parse_robots(body).decide(["FooBot"], url)

    assert 0 <= decision.line <= body.count(b"\n") + body.count(b"\r") + 1
