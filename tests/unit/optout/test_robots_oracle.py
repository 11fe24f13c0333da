"""Our robots.txt parser against Google's, on generated files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.robots import parse_robots

googlebot = pytest.importorskip("jwm.robotstxt.googlebot")

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


def _google(text, agent, url):
    matcher = googlebot.RobotsMatcher()
    return matcher.OneAgentAllowedByRobots(text, agent, url)


@given(text=GROUPS, agent=st.sampled_from(AGENTS), url=PATHS, bom=st.booleans())
def test_agrees_with_google(text, agent, url, bom):
    """For tokens of RFC 9309 and no escapes both parsers give one answer."""
    text = "\ufeff" * bom + text
    decision = parse_robots(text.encode()).decide([agent], url)

    assert _google(text, agent, url) == decision.allowed


ESCAPED = st.lists(
    st.sampled_from(["/", "a", "%61", "%2A", "%24", "%E3", "*", "$", "%"]),
    max_size=5,
).map("".join)


@given(
    rules=st.lists(
        st.tuples(st.sampled_from(["Allow", "Disallow"]), ESCAPED), max_size=5
    ),
    path=ESCAPED,
)
def test_never_allows_what_google_disallows(rules, path):
    """Escapes are read in both ways, and only ever in the stricter direction."""
    text = "User-agent: FooBot\n" + "".join(
        f"{key}: /{value}\n" for key, value in rules
    )
    url = "http://e.test/" + path
    decision = parse_robots(text.encode()).decide(["FooBot"], url)

    assert _google(text, "FooBot", url) or not decision.allowed


@given(body=st.binary(max_size=300), url=st.text(max_size=30))
def test_any_bytes_are_parsed(body, url):
    """No input raises, and a line number lies inside the file."""
    decision = parse_robots(body).decide(["FooBot"], url)

    assert 0 <= decision.line <= body.count(b"\n") + body.count(b"\r") + 1
