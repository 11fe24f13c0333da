"""Inputs made to be read as consent: none of them is."""

import pytest

from producers.optout.net.resolve import is_public

URL = "http://site.test/page"
HTML = "text/html"
NOAI = '<meta name="robots" content="noai">'


@pytest.fixture
def verdict(site, world):
    """The verdict and its reasons for a site with this robots.txt and this page."""

    def scan(robots=None, page=b"<p>text</p>", kind=HTML, headers=()):
        if robots is not None:
            body = robots if isinstance(robots, bytes) else robots.encode()
            site.routes["/robots.txt"] = (200, body)
        site.routes["/page"] = (200, page, [("Content-Type", kind), *headers])
        result = world.scanner.scan(URL)
        return result.verdict, result.reasons

    return scan


USAGE = [
    "search=yes,ai-train=no",
    "train-ai=n",
    "ai=n",
    "all=n",
    "AI-Train=No",
    'train-ai="y"',
    "train-ai",
    "/page train-ai=n",
    "train-ai=y, train-ai=n",
    "ai_train: no",
]
NOT_CLEAR = {
    "content_usage",
    "content_signal",
    "malformed_signal",
    "unknown_preference",
}


@pytest.mark.parametrize("key", ["Content-Signal", "Content-Usage"])
@pytest.mark.parametrize("value", USAGE)
def test_usage_preference_in_robots(verdict, key, value):
    """A preference against training is never consent, in whatever words it comes."""
    found, reasons = verdict(f"User-agent: *\n{key}: {value}\nAllow: /\n")

    assert "allowed" != found
    assert set(reasons) <= NOT_CLEAR


@pytest.mark.parametrize("key", ["Content-Signal", "Content-Usage"])
def test_usage_preference_for_another_crawler(verdict, key):
    """What a group says to another crawler is not said to us."""
    text = f"User-agent: Googlebot\n{key}: train-ai=n, ai-train=no\nAllow: /\n"

    assert ("allowed", ()) == verdict(text)


@pytest.mark.parametrize("key", ["Content-Signal", "Content-Usage"])
@pytest.mark.parametrize("value", USAGE)
def test_usage_preference_in_header(verdict, key, value):
    """The same holds for a header line of the page."""
    found, reasons = verdict(headers=[(key, value)])

    assert "allowed" != found
    assert set(reasons) <= NOT_CLEAR


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Content-Signal", "ai-train=yes"),
        ("Content-Signal", "search=no"),
        ("Content-Signal", "ai-input=no"),
        ("Content-Usage", "train-ai=y"),
        ("Content-Usage", "search=n"),
    ],
)
def test_usage_preference_that_grants_changes_nothing(verdict, key, value):
    """An explicit yes, and words about other uses, block nothing."""
    text = f"User-agent: *\n{key}: {value}\nAllow: /\n"

    assert ("allowed", ()) == verdict(text, headers=[(key, value)])


def test_usage_preference_does_not_hide_a_rule(verdict):
    """A disallow rule beside it is still a reservation."""
    text = "User-agent: *\nContent-Signal: ai-train=no\nDisallow: /\n"

    assert ("reserved", ("robots_disallow", "content_signal")) == verdict(text)


@pytest.mark.parametrize(
    "value", ["Bingbot, GPTBot, CCBot", "Googlebot GPTBot CCBot", "a;GPTBot/1.2"]
)
def test_user_agent_list(verdict, value):
    """Every crawler in a list of names is refused."""
    assert ("reserved", ("basket",)) == verdict(f"User-agent: {value}\nDisallow: /\n")


def test_user_agent_list_keeps_its_exceptions(verdict):
    """An allow rule of the same group still wins by length."""
    text = "User-agent: Bingbot, GPTBot\nDisallow: /\nAllow: /page\n"

    assert ("allowed", ()) == verdict(text)


def test_user_agent_list_never_grants(verdict):
    """A list neither replaces the group of a crawler nor that of everybody."""
    text = (
        "User-agent: *\nUser-agent: GPTBot\nDisallow: /\n"
        "User-agent: Bingbot, tuneledger, GPTBot\nAllow: /page\n"
    )

    assert ("reserved", ("robots_disallow", "basket")) == verdict(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('User-agent: "*"\nDisallow: /\n', id="quoted star"),
        pytest.param('User-agent: "*"\nDisallow: "/"\n', id="quoted star and path"),
        pytest.param("User-agent: Bingbot, *\nDisallow: /\n", id="star in a list"),
        pytest.param("\ufeff\ufeffUser-agent: *\nDisallow: /\n", id="doubled BOM"),
    ],
)
def test_disguised_directive_counts(verdict, text):
    """What is plainly meant as a directive is taken as one."""
    assert ("reserved", ("robots_disallow",)) == verdict(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("User-agent: *\n\u200bDisallow: /\n", id="U+200B before a key"),
        pytest.param("User-agent: *\nDisallow: \u200b/\n", id="U+200B before a path"),
        pytest.param("User-agent: *\n\ufeffDisallow: /\n", id="BOM inside"),
        pytest.param("User-agent: *\nDisallow\uff1a/\n", id="fullwidth colon"),
        pytest.param("User-agent: *\x85Disallow: /\n", id="NEL"),
        pytest.param("# rules\u2028User-agent: *\u2028Disallow: /", id="U+2028"),
        pytest.param("User-agent: *\u2029Disallow: /", id="U+2029"),
        pytest.param("User-agent: *\x0cDisallow: /", id="form feed"),
        pytest.param("Disallow: /\n", id="rule for nobody"),
    ],
)
def test_disguised_directive_is_no_silence(verdict, text):
    """What cannot be told apart from a directive is unknown."""
    assert ("unknown", ("unreadable",)) == verdict(text)


@pytest.mark.parametrize(
    "value",
    [
        "page",
        "./",
        "all",
        ".html",
        "site.test/page",
        "\\page",
        '"/page","/b"',
        "//site.test/page",
        "/b, /page",
        "/b /page",
        "/b;/page",
    ],
)
def test_disallow_that_is_no_path(verdict, value):
    """A rule that holds a list, or no path, may have been meant for this page."""
    found = verdict(f"User-agent: *\nDisallow: {value}\n")

    assert ("unknown", ("malformed_signal",)) == found


@pytest.mark.parametrize("agent", ["**", ".*"])
def test_another_name_for_everybody(verdict, agent):
    """A star in the way of other languages is a star."""
    found = verdict(f"User-agent: {agent}\nDisallow: /\n")

    assert ("reserved", ("robots_disallow",)) == found


@pytest.mark.parametrize(
    "text", ["User-agent: * Disallow: /\n", "User-agent:\nDisallow: /\n"]
)
def test_user_agent_line_without_a_name(verdict, text):
    """Where a line break or a name was lost, the file proves nothing."""
    assert ("unknown", ("unreadable",)) == verdict(text)


@pytest.mark.parametrize(
    "line", ["Content-Usage: /page,train-ai=n", "Content-Usage= train-ai=n"]
)
def test_usage_line_that_ran_together(verdict, line):
    """A preference behind a path without a blank is no silence."""
    assert "unknown" == verdict(f"User-agent: *\n{line}\n")[0]


def test_label_behind_a_semicolon(verdict):
    """A label as a parameter says nothing by the grammar, and was meant to."""
    header = ("Content-Usage", "search=y;train-ai=n")

    assert ("unknown", ("malformed_signal",)) == verdict(headers=[header])


@pytest.mark.parametrize(
    "line",
    ["DisallowAITraining: /", "NoAI: /", "DisallowTraining: /", "AITrain: no"],
)
def test_key_that_names_training(verdict, line):
    """A key that plainly speaks of training is no misspelling of another."""
    text = f"User-agent: *\nAllow: /\n{line}\n"

    assert "allowed" != verdict(text)[0]


@pytest.mark.parametrize(
    "page",
    [
        '<meta name="robots" content="DisallowAITraining">',
        '<meta name="robots" content="noaitraining">',
        '<meta name="robots" content="no-ai-training">',
        '<meta name="robots, googlebot" content="noai">',
        "<meta x=a\x0bcontent=index name=robots content=noai>",
        f"<style></style\x0b>{NOAI}</style>{NOAI}",
        f"<svg><svg></svg><style>{NOAI}</style></svg>",
        "x" * 2_000_000 + NOAI,
    ],
)
def test_meta_that_browsers_see(verdict, page):
    """Odd names, blanks and nesting hide nothing that a browser reads."""
    assert "allowed" != verdict(page=("<html><head>" + page).encode())[0]


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        ("text/html; charset=iso-2022-jp", "\x1b$B3C21\x1b(B" + NOAI),
        ("text/html", "\x1b$B3C21\x1b(B" + NOAI),
        ("text/html; charset=utf-7", "+ADw-meta name=robots content=noai+AD4-"),
        ("text/html; charset=cp037", "x"),
        ("text/html; charset=utf-32", "x"),
    ],
)
def test_coding_that_hides_markup(verdict, kind, page):
    """In a coding that is no superset of ASCII nothing can be said to be silent."""
    found = verdict(page=page.encode("latin-1"), kind=kind)

    assert ("unknown", ("page_unreadable",)) == found


@pytest.mark.parametrize("mark", [b"\xff\xfe\0\0", b"\0\0\xfe\xff"])
def test_utf_32(verdict, mark):
    """UTF-32 is not read by browsers, nor here."""
    assert ("unknown", ("page_unreadable",)) == verdict(page=mark + b"x\0\0\0")


def test_ucs_2_by_header(verdict):
    """A declaration in the header counts where the first character is not ASCII."""
    page = ("\u6b21" + NOAI).encode("utf-16-le")

    assert "reserved" == verdict(page=page, kind="text/html; charset=ucs-2")[0]


def test_second_content_type(verdict):
    """Of two types the one that makes it markup counts."""
    found = verdict(
        page=b"x " + NOAI.encode(),
        kind="text/plain",
        headers=[("Content-Type", "text/html")],
    )

    assert "reserved" == found[0]


ERROR_PAGES = [
    pytest.param("Warning: mysql\n<!DOCTYPE html><p>", id="text before the doctype"),
    pytest.param("Oops <html><body>", id="text before html"),
    pytest.param("\u00a0<html>error</html>", id="NBSP before html"),
    pytest.param('{"error": "temporarily unavailable"}', id="JSON object"),
    pytest.param('{\n"Sitemap": "x",\n"error": 1\n}', id="JSON on many lines"),
    pytest.param("Internal Server Error", id="plain text"),
]


@pytest.mark.parametrize("text", ERROR_PAGES)
def test_error_page_as_robots(verdict, text):
    """An error page that comes with status 200 proves nothing by its silence."""
    assert ("unknown", ("unreadable",)) == verdict(text)


@pytest.mark.parametrize("text", ERROR_PAGES)
def test_rules_in_an_error_page_hold(verdict, text):
    """Rules that stand in it are found all the same."""
    rules = "\nUser-agent: *\nDisallow: /\n"

    assert "reserved" == verdict(text + rules)[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# none\r# at all\n",
        "Sitemap: http://site.test/m.xml\n",
        "User-agent: *\n\t\n",
    ],
)
def test_ordinary_robots_without_rules_is_silence(verdict, text):
    """A file that says nothing to crawlers, in good form, blocks nothing."""
    assert ("allowed", ()) == verdict(text)


@pytest.mark.parametrize(
    ("kind", "codec"),
    [
        ("text/html; charset=utf-16be", "utf-16-be"),
        ("text/html; charset=UTF-16LE", "utf-16-le"),
        ("text/html; charset=utf-16", "utf-16-be"),
        ("text/html; charset=utf-16", "utf-16-le"),
        ("text/html", "utf-16-be"),
        ("text/html", "utf-16-le"),
    ],
)
def test_utf_16_without_a_mark(verdict, kind, codec):
    """Meta elements are found in either order of octets."""
    assert ("reserved", ("noai",)) == verdict(page=NOAI.encode(codec), kind=kind)


@pytest.mark.parametrize(
    "before",
    [
        '</a x="><script>">',
        "</a x='><!--'>",
        '<script></scriptx y="</script>',
        "</ x='>",
    ],
)
def test_end_tag_with_quoted_attributes(verdict, before):
    """An end tag ends where a browser ends it, and hides nothing behind it."""
    assert ("reserved", ("noai",)) == verdict(page=(before + NOAI).encode())


ODD_RULES = [
    '"noai"',
    "noindex|noai",
    "noai=1",
    "index, (noml)",
]


@pytest.mark.parametrize(
    "value",
    [
        *ODD_RULES,
        "noai:",
        "all: noai",
        "noarchive: noai",
        'googlebot: "noai"',
        "unavailable_after: Mon, 2030-01-01T15:00:00, noai",
    ],
)
def test_noai_that_does_not_parse(verdict, value):
    """`noai` in a place where no rule can stand is unknown."""
    assert ("unknown", ("malformed_signal",)) == verdict(
        headers=[("X-Robots-Tag", value)]
    )


@pytest.mark.parametrize("value", ['"*"=noai', "=noai", "noai=", '*="noai"'])
def test_noai_that_does_not_parse_in_robots_tag(verdict, value):
    """The same holds for the draft's own header."""
    assert ("unknown", ("malformed_signal",)) == verdict(
        headers=[("Robots-Tag", value)]
    )


@pytest.mark.parametrize("value", [r.replace('"', "'") for r in ODD_RULES])
def test_noai_that_does_not_parse_in_meta(verdict, value):
    """The same holds for the meta element."""
    page = f'<meta name="robots" content="{value}">'.encode()

    assert ("unknown", ("malformed_signal",)) == verdict(page=page)


def test_noai_that_does_not_parse_hides_no_other(verdict):
    """A later line that reserves decides."""
    lines = [("X-Robots-Tag", "noai:"), ("X-Robots-Tag", "noai")]

    assert ("reserved", ("noai",)) == verdict(headers=lines)


@pytest.mark.parametrize("value", ["googlebot: noai", "noaix", "noimageai"])
def test_rules_for_others_block_nothing(verdict, value):
    """What is plainly addressed to another crawler, or another word, is silence."""
    assert ("allowed", ()) == verdict(headers=[("X-Robots-Tag", value)])


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("fec0::1", id="site-local"),
        pytest.param("3fff::1", id="documentation of RFC 9637"),
        pytest.param("2001:db8::1", id="documentation"),
        pytest.param("192.0.2.1", id="documentation in IPv4"),
        pytest.param("::ffff:10.0.0.1", id="mapped"),
        pytest.param("::10.0.0.1", id="compatible"),
        pytest.param("2002:a00:1::", id="6to4"),
        pytest.param("2001:0:a00:1::", id="Teredo"),
        pytest.param("64:ff9b::a00:1", id="NAT64"),
        pytest.param("64:ff9b:1::a00:1", id="local NAT64"),
    ],
)
def test_private_address_in_disguise(address):
    """Addresses set aside, and forms that carry a private one, are refused."""
    assert not is_public(address)
