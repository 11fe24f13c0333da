"""RSL: documents, licences and links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.documents.rsl import parse_rsl
from producers.optout.documents.rsl_xml import CONTENTS_MAX, DEPTH_MAX
from producers.optout.page.html_meta import read_page_tags
from producers.optout.page.rsl_links import (
    URLS_MAX,
    header_licence_urls,
    page_licence_urls,
)
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SignalError

URL = "https://e.test/a/b"


def _document(*contents):
    return f'<rsl xmlns="https://rslstandard.org/rsl">{"".join(contents)}</rsl>'


def _content(*licences, attributes='url="/"'):
    written = "".join(f"<license>{licence}</license>" for licence in licences)
    return f"<content {attributes}>{written}</content>"


def _say(*contents, url=URL):
    return parse_rsl(_document(*contents).encode()).decide(url)


def _permits(words, kind="usage"):
    return f'<permits type="{kind}">{words}</permits>'


def _prohibits(words, kind="usage"):
    return f'<prohibits type="{kind}">{words}</prohibits>'


PAID = '<payment type="training"><standard>https://e.test/buy</standard></payment>'
FREE = '<payment type="free"/>'


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        (_permits("ai-train"), "not_reserved"),
        (_permits("ai-train search") + FREE, "not_reserved"),
        (_permits("all"), "not_reserved"),
        (_permits("search,\n AI-ALL"), "not_reserved"),
        (_permits("train-ai"), "not_reserved"),
        (_permits("search"), "reserved"),
        (_permits("search") + _permits("ai-train"), "not_reserved"),
        (_permits("ai-index ai-input"), "reserved"),
        (_permits(""), "reserved"),
        (_permits("ai-training"), "reserved"),
        (_prohibits("ai-train"), "reserved"),
        (_prohibits("ai-all") + _permits("all"), "reserved"),
        (_prohibits("ai-input, train-genai"), "reserved"),
        (_prohibits("search"), "unset"),
        (_prohibits("<!-- x -->ai-train"), "reserved"),
        (_prohibits("ai-train<x xmlns='urn:x'/>"), "reserved"),
        ("", "unset"),
    ],
)
def test_licence(licence, expected):
    """What is prohibited wins; where something is permitted nothing else is."""
    said = _say(_content(licence))

    assert (expected, False) == (said.reservation, said.licence_required)


@pytest.mark.parametrize(
    ("content", "policy"),
    [
        (_content(_permits("ai-train") + PAID), "https://e.test/buy"),
        (_content(PAID), "https://e.test/buy"),
        (_content(_permits("ai-train") + "<payment/>"), ""),
        (_content(_permits("all") + '<payment type="attribution"/>'), ""),
        (
            _content(_permits("all"), attributes='url="/" server="https://l.test"'),
            "https://l.test",
        ),
        (
            _content(FREE, attributes='url="/" server="https://l.test"'),
            "https://l.test",
        ),
        (_content(_permits("all"), attributes='url="/" encrypted="true"'), ""),
    ],
)
def test_licence_required(content, policy):
    """A payment or a licence server means that the text is not free to be used."""
    said = _say(content)

    assert ("reserved", True, policy) == (
        said.reservation,
        said.licence_required,
        said.policy,
    )
    assert ("train", "allow") not in said.stated


def test_prohibition_is_not_for_sale():
    """What is prohibited is so whatever is paid."""
    said = _say(_content(_prohibits("ai-train") + PAID))

    assert ("reserved", False) == (said.reservation, said.licence_required)


@pytest.mark.parametrize(
    ("licence", "review"),
    [
        (_permits("ai-train") + _permits("education", "user"), "linked_rights"),
        (_permits("ai-train") + _prohibits("commercial", "user"), "linked_rights"),
        (_permits("ai-train") + _permits("US", "geo"), "linked_rights"),
        (_permits("ai-train") + _prohibits("ai-training"), "unknown_preference"),
        (_prohibits(""), "unknown_preference"),
        (_permits("ai-train") + "<restricts/>", "unknown_preference"),
        (_permits("ai-train", kind="purpose"), "unknown_preference"),
        ("<permits>ai-train</permits>", "unknown_preference"),
        (
            _permits("ai-train") + '<prohibits xmlns="">x</prohibits>',
            "unknown_preference",
        ),
        (_permits("<terms>ai-train</terms> all"), "unknown_preference"),
    ],
)
def test_terms_that_a_person_reads(licence, review):
    """A yes under a condition, or beside something unknown, is no yes."""
    said = _say(_content(licence))

    assert ("unset", review) == (said.reservation, said.review)


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ((_prohibits("all"), _permits("ai-train")), ("not_reserved", False, "")),
        ((_prohibits("all"), _permits("ai-train") + PAID), ("reserved", True, "")),
        ((_permits("all", "user"), _permits("all") + PAID), ("reserved", True, "")),
        (
            (_permits("all", "user"), _prohibits("all")),
            ("unset", False, "linked_rights"),
        ),
        ((_prohibits("all"), ""), ("reserved", False, "")),
        ((_permits("ai-train"), _permits("all", "geo")), ("not_reserved", False, "")),
    ],
)
def test_licences_are_alternatives(licences, expected):
    """The best offer counts; one that is silent on training offers nothing."""
    said = _say(_content(*licences))

    assert expected == (said.reservation, said.licence_required, said.review)


def test_usages_are_stated():
    """Every usage of the vocabulary is told."""
    said = _say(_content(_permits("search ai-input") + _prohibits("ai-input")))

    assert {"train": "disallow", "ai_input": "disallow", "search": "allow"} == dict(
        said.stated
    )


NO = _prohibits("ai-train")
YES = _permits("ai-train")


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        ("/", True),
        ("*", True),
        ("/a/*", True),
        ("/a/b$", True),
        ("/a/c", False),
        ("/A", False),
        ("/%61", True),
        ("https://e.test/a", True),
        ("https://e.test", True),
        ("http://E.TEST:80/a", True),
        ("https://*.test/a", True),
        ("https://other.test/", False),
        ("https://e.test:8443/", False),
    ],
)
def test_scope(pattern, is_meant):
    """A pattern is a path of this site, or a URL of the site it names."""
    said = _say(_content(NO, attributes=f'url="{pattern}"'))

    assert ("reserved" if is_meant else "unset") == said.reservation
    assert not said.is_malformed


@pytest.mark.parametrize(
    "pattern",
    ["//e.test/", "//e.test", "*://e.test/*", "//*.test/a*", "https://e.test:*/"],
)
def test_url_without_a_scheme(pattern):
    """A host is a host without a scheme, and with any; another host is elsewhere."""
    said = _say(_content(NO, attributes=f'url="{pattern}"'))
    other = pattern.replace(".test", ".example")

    assert "reserved" == said.reservation
    assert "unset" == _say(_content(NO, attributes=f'url="{other}"')).reservation


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        ("https://e.test/proxy?u=https://a", "/proxy?u=https://*"),
        ("https://e.test/a.pdf", "*.pdf"),
    ],
)
def test_path_that_holds_a_url(url, pattern):
    """A path is a path, whatever stands in its query."""
    said = _say(_content(NO, attributes=f'url="{pattern}"'), url=url)

    assert ("reserved", False) == (said.reservation, said.is_malformed)


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        'url=""',
        'url="a/b"',
        'URL="/"',
        'url="https:///"',
        'url="https://"',
        'url="///"',
        'url="ftp://e.test/"',
        'url="http*://e.test/"',
        'url="https://[e.test]/"',
        'url="https://é.test/"',
        'url="https://e%2etest/"',
        'url="*.test/*"',
        'url="/a /b"',
        'url="https://e.test/ https://f.test/"',
        'url="https:\\\\e.test/"',
    ],
)
def test_content_without_a_place(attributes):
    """It may be about anything: a no counts, and a yes is doubtful."""
    no, yes = (_say(_content(one, attributes=attributes)) for one in (NO, YES))

    assert "reserved" == no.reservation
    assert yes.is_malformed


def test_longest_pattern_decides():
    """A part of a site may have terms of its own."""
    site = _content(NO)
    part = _content(YES, attributes='url="/a/"')

    assert "not_reserved" == _say(site, part).reservation
    assert "reserved" == _say(site, part, url="https://e.test/b").reservation


def test_content_without_a_licence_is_no_silence():
    """The format demands one."""
    assert _say(_content()).is_malformed


def test_statement_names_its_line():
    """The line is that of the licence."""
    body = _document("\n", _content("\n" + YES), "\n\n", _content(NO)).encode()

    assert 5 == parse_rsl(body).decide(URL).line


def test_feed_holds_rsl():
    """A feed may hold content elements under a prefix."""
    body = (
        '<rss xmlns:r="https://rslstandard.org/rsl"><channel><item>'
        f'<r:content url="{URL}"><r:license><r:prohibits type="usage">all'
        "</r:prohibits></r:license></r:content></item></channel></rss>"
    )

    assert "reserved" == parse_rsl(body.encode()).decide(URL).reservation


BOMB = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        pytest.param(b"", "unknown", id="empty"),
        pytest.param(b"<!doctype html><title>404</title>", "unknown", id="page"),
        pytest.param(b"<html><body/></html>", "unknown", id="XHTML"),
        pytest.param(b'<rsl><content url="/"/></rsl>', "unknown", id="no namespace"),
        pytest.param(_document().encode(), "unknown", id="no content"),
        pytest.param(_document("<content>").encode(), "unknown", id="unclosed"),
        pytest.param((BOMB + _document("&b;")).encode(), "unknown", id="entities"),
        pytest.param(_document("&lt;&nbsp;").encode(), "unknown", id="unknown entity"),
        pytest.param(
            b'<?xml version="1.0" encoding="x-none"?>' + _document().encode(),
            "unknown",
            id="unknown encoding",
        ),
        pytest.param(
            _document(_content(), f"<content>{_content()}</content>").encode(),
            "unknown",
            id="nested content",
        ),
        pytest.param(
            _document(_content("<license/>")).encode(), "unknown", id="nested licence"
        ),
        pytest.param(
            _document(f'<content url="/">{NO}</content>').encode(),
            "unknown",
            id="terms outside of a licence",
        ),
        pytest.param(
            _document("<x>" * DEPTH_MAX + "</x>" * DEPTH_MAX).encode(),
            "unknown",
            id="deep",
        ),
        pytest.param(
            _document('<content url="/"/>' * (CONTENTS_MAX + 1)).encode(),
            "unknown",
            id="too many",
        ),
        pytest.param(b" " * (POLICY_BYTES_MAX + 1), "unreadable", id="too long"),
    ],
)
def test_unreadable_documents_are_refused(body, outcome):
    """What is no RSL document is an error, never silence."""
    with pytest.raises(SignalError) as caught:
        parse_rsl(body)

    assert outcome == caught.value.outcome


@given(st.binary(max_size=80) | st.text(alphabet="<>/&;!'\"= rsl", max_size=60))
def test_any_bytes_are_parsed_or_refused(found):
    """No input raises anything else."""
    body = found if isinstance(found, bytes) else _document(found).encode()
    reason = ""
    try:
        parse_rsl(body)
    except SignalError as error:
        reason = error.reason
    assert reason in {"", "malformed_signal", "unknown_dialect"}


RSL = 'rel="license"; type="application/rsl+xml"'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"</r.xml>; {RSL}", ("/r.xml",)),
        ("</r.xml>;type=Application/RSL+xml;rel=LICENSE", ("/r.xml",)),
        (f'</a>; rel=next, <b,;"c>; {RSL}; title="x, <y>; z"', ('b,;"c',)),
        (f"<a>; {RSL}, <b>;{RSL}, <a>;{RSL}", ("a", "b")),
        (f'<a>; title="\\"; rel=next"; {RSL}', ("a",)),
        ('<a>; rel="next license"; type="application/rsl+xml; v=1"', ("a",)),
        (f"<a>; x y; {RSL}", ("a",)),
        ("<a>; rel='license'; type=\"application/rsl+xml", ("a",)),
        (f"<a>; rel=next; {RSL}", ()),
        ('<a>; rel="license"', ()),
        ('<a>; rel="licenses"; type="application/rsl+xml"', ()),
        ('<a>; rel=license; type="text/html"', ()),
        (f"a; {RSL}", ()),
        ("", ()),
    ],
)
def test_link_header(value, expected):
    """Only a licence of RSL's own media type is one."""
    assert expected == header_licence_urls([("Link", value), ("x", f"<z>; {RSL}")])


def test_licences_of_a_page():
    """Link elements and anchors count alike."""
    page = (
        b'<link rel=license href="https://creativecommons.org/licenses/by/4.0/">'
        b'<link rel=license type=application/rsl+xml href="/r.xml">'
        b'<a rel=license type=application/rsl+xml href="/s.xml">'
    )

    assert ("/r.xml", "/s.xml") == page_licence_urls(read_page_tags(page).links)


def test_number_of_links_is_bounded():
    """Nobody needs more licence documents."""
    value = ", ".join(f"<{i}>; {RSL}" for i in range(URLS_MAX + 1))

    assert URLS_MAX == len(header_licence_urls([("link", value)]))


@pytest.mark.parametrize(
    "unit", ["<", "<a>", ";", '<a>;b="', "<a>; ", ",", "\\", "=<a>"]
)
def test_hostile_link_header_is_read(unit):
    """A value of 64 KiB is read in one pass."""
    assert () == header_licence_urls([("link", unit * (65536 // len(unit)))])
