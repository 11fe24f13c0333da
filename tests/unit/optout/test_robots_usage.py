"""Content-Usage, Content-Signal and licences in robots.txt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.robots.reader import LICENCES_MAX, parse_robots
from producers.optout.vocabulary.signals import SILENCE

URL = "https://e.test/a/b"
KEYS = ["Content-Usage", "content-signal"]
WORDS = {
    "Content-Usage": ("train-ai=n", "train-ai=y", "search=y"),
    "content-signal": ("ai-train=no", "ai-train=yes", "search=yes"),
}


def _say(key, text, *agents, url=URL):
    """What the lines with `key` say; NO, YES and OTHER stand for preferences."""
    for word, value in zip(("NO", "YES", "OTHER"), WORDS[key], strict=True):
        text = text.replace(word, value)
    robots = parse_robots(text.replace("KEY", key).encode())
    ask = robots.content_usage if key == "Content-Usage" else robots.content_signal
    return ask(agents or ("FooBot",), url)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User-agent: *\nKEY: NO\n", ("reserved", 2)),
        ("User-agent: *\n KEY : NO # x\n", ("reserved", 2)),
        ("User-agent: *\nKEY: YES\n", ("not_reserved", 2)),
        ("User-agent: *\nKEY: OTHER\n", ("unset", 2)),
        ("User-agent: FooBot\nKEY: YES\nUser-agent: *\nKEY: NO\n", ("reserved", 4)),
        (
            "User-agent: FooBot\nKEY: YES\nAllow: /\nUser-agent: *\nKEY: NO\n",
            ("not_reserved", 2),
        ),
        ("User-agent: Googlebot\nKEY: NO\n", ("unset", 0)),
        ("User-agent: A\nKEY: NO\nUser-agent: FooBot\nAllow: /\n", ("reserved", 2)),
        ("User-agent: *\nKEY: NO\nUser-agent: *\nKEY: YES\n", ("reserved", 2)),
        ("User-agent: *\nKEY: NO\nKEY: /a YES\n", ("not_reserved", 3)),
        ("User-agent: *\nKEY: /a/ YES\nKEY: /a NO\n", ("not_reserved", 2)),
        ("User-agent: *\nKEY: / NO\nKEY: YES\n", ("reserved", 2)),
        ("User-agent: *\nKEY: /A NO\n", ("unset", 0)),
        ("User-agent: *\nKEY: /*b$\tNO\n", ("reserved", 2)),
        ("User-agent: *\nKEY: *b NO\n", ("reserved", 2)),
        ("User-agent: *\nKEY: /%61 NO\n", ("reserved", 2)),
        ("User-agent: *\nKEY: /%61 YES\n", ("unset", 0)),
        ("# KEY: NO\nUser-agent: *\nAllow: /\n", ("unset", 0)),
        ("User-agent: *\nUser-agent: x\nKEY: NO\n", ("reserved", 3)),
    ],
)
def test_preference(key, text, expected):
    """A line belongs to its group; of those whose path matches the longest decides."""
    said = _say(key, text)

    assert expected == (said.reservation, said.line)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("text", "review", "is_malformed"),
    [
        ("User-agent: *\nKEY: / NO\nKEY: /a OTHER\n", "unknown_preference", False),
        ("User-agent: *\nKEY: NO\nKEY: /a\n", "unknown_preference", True),
        ("User-agent: *\nKEY: /a =x\nKEY: YES\n", "", True),
        ("User-agent: *\nKEY: https://e.test/ NO\n", None, None),
        ("KEY: NO\nUser-agent: *\nAllow: /\n", "", True),
        ("KEY: ???\nUser-agent: *\nAllow: /\n", "", True),
        ("User-agent: *\nKEY: YES, foo=yes\n", None, None),
    ],
)
def test_odd_preference_is_no_silence(key, text, review, is_malformed):
    """What is malformed, misplaced or overridden by silence is read by a person."""
    said = _say(key, text)

    if review is None:
        assert said.is_malformed or said.review
        return
    assert (review, is_malformed) == (said.review, said.is_malformed)


@pytest.mark.parametrize("key", KEYS)
def test_yes_before_the_first_group_is_silence(key):
    """It speaks to nobody and reserves nothing."""
    assert SILENCE == _say(key, "KEY: YES\nUser-agent: *\nAllow: /\n")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "value", ["Bingbot, FooBot", '"FooBot"', "Foo*", "*bot", "a, *"]
)
def test_doubtful_name_says_no_and_never_yes(key, value):
    """A list, quotes or a wildcard may mean us: a no counts, a yes does not."""
    no = _say(key, f"User-agent: {value}\nKEY: NO\n", "FooBots", "foobot")
    text = f"User-agent: {value}\nKEY: YES\nAllow: /\nUser-agent: *\nKEY: NO\n"

    assert "reserved" == _say(key, f"User-agent: {value}\nKEY: NO\n").reservation
    assert "reserved" == no.reservation
    assert "reserved" == _say(key, text).reservation or value == "Foo*"


@pytest.mark.parametrize("key", KEYS)
def test_star_is_read_for_the_first_crawler_only(key):
    """Our own group replaces `*`; others count where a group names them."""
    own = "User-agent: FooBot\nKEY: YES\nAllow: /\n"

    text = own + "User-agent: *\nKEY: NO\n"
    assert "not_reserved" == _say(key, text, "FooBot", "GPTBot").reservation
    text = own + "User-agent: GPTBot\nKEY: NO\n"
    assert "reserved" == _say(key, text, "FooBot", "GPTBot").reservation


def test_path_that_may_not_be_fetched_has_no_usage_preference():
    """By the draft it has none; a content signal is not bound to that."""
    text = "User-agent: *\nDisallow: /a\nKEY: NO\n"

    assert SILENCE == _say("Content-Usage", text)
    assert "reserved" == _say("content-signal", text).reservation


def test_licences():
    """A License line speaks to everybody, wherever it stands; each URL counts once."""
    text = (
        "License: https://e.test/a.xml\nUser-agent: Googlebot\nAllow: /\n"
        "license: HTTP://e.test/b.xml?x=1\nLicense: https://e.test/a.xml\n"
    )
    robots = parse_robots(text.encode())

    assert ("https://e.test/a.xml", "HTTP://e.test/b.xml?x=1") == robots.licence_urls
    assert 0 == robots.unread_line


@pytest.mark.parametrize(
    "value",
    [
        "/license.xml",
        "//e.test/l.xml",
        "ftp://e.test/l",
        "https:///l",
        "CC-BY",
        "",
        "https://ü.test/l",
    ],
)
def test_licence_without_an_absolute_url_is_not_read(value):
    """The line is no silence."""
    robots = parse_robots(f"User-agent: *\nLicense: {value}\n".encode())

    assert ((), 2) == (robots.licence_urls, robots.unread_line)


def test_number_of_licences_is_bounded():
    """One more than the limit is not read, and no silence."""
    lines = [f"License: https://e.test/{i}\n" for i in range(LICENCES_MAX + 1)]
    robots = parse_robots("".join(lines).encode())

    assert (LICENCES_MAX, LICENCES_MAX + 1) == (
        len(robots.licence_urls),
        robots.unread_line,
    )


def test_file_with_a_licence_only_is_meant_for_crawlers():
    """It needs no group."""
    assert parse_robots(b"License: https://e.test/l.xml\n").is_whole
    assert not parse_robots(b"License: expired, see your provider\n").is_whole


@pytest.mark.parametrize(
    ("line", "is_unread"),
    [
        ("Content-Usages: train-ai=n", True),
        ("content_signal: ai-train=no", True),
        ("content_signal: ai-train=yes", False),
        ("TDM-Reservation: 1", True),
        ("AI-Training: no", True),
        ("AI-Training: yes", False),
        ("Prohibits: ai-train, ai-input", True),
        ("Prohibits: search", False),
        ("Sitemap: https://e.test/ai-train.xml", False),
        ("Crawl-delay: 1", False),
        ("Content-Signal: ai-train=no", False),
    ],
)
def test_line_about_training_that_is_not_read(line, is_unread):
    """A line of no format that speaks of training is found, whatever its group."""
    robots = parse_robots(f"User-agent: Googlebot\n{line}\n".encode())

    assert 2 * is_unread == robots.unread_line


@given(
    st.lists(
        st.sampled_from(["NO", "YES", "OTHER", "/a NO", "/a YES", "x"]), max_size=4
    )
)
@pytest.mark.parametrize("key", KEYS)
def test_comments_and_blank_lines_change_nothing(key, values):
    """Bytes that a reader of lines ignores do not change what is said."""
    lines = [f"KEY: {value}" for value in values]
    plain = _say(key, "\n".join(["User-agent: *", *lines]))
    padded = _say(key, " # x\r\n\t".join(["User-agent: *", *lines, ""]))

    assert (plain.reservation, plain.stated) == (padded.reservation, padded.stated)
