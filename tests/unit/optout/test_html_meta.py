"""The elements of a page: what is found, what is left, and at what price."""

import tracemalloc

import pytest

from producers.optout.page.html_meta import (
    ANCHOR_BYTES_MAX,
    ANCHORS_MAX,
    BYTES_MAX,
    DOCUMENTS_MAX,
    LINKS_MAX,
    METAS_MAX,
    Link,
    read_page_tags,
)

NOAI = b'<meta name="robots" content="noai">'
FOUND = (("robots", "noai"),)


def _metas(page):
    return read_page_tags(page).metas


def test_one_element_under_each_of_its_names():
    """`name`, `property` and `http-equiv` count alike, a name once."""
    page = b"<meta name=A property='b' http-equiv=a content=x>"

    assert (("a", "x"), ("b", "x")) == _metas(page)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"<svg><title>" + NOAI + b"</title></svg>", id="title in SVG"),
        pytest.param(b"<math><style>" + NOAI, id="style in MathML"),
        pytest.param(b"<svg/><script></script>" + NOAI, id="script after SVG"),
        pytest.param(b"<h:" + NOAI[1:], id="element with a namespace"),
        pytest.param(b"<noscript>" + NOAI + b"</noscript>", id="without scripts"),
        pytest.param(b"<template>" + NOAI, id="template"),
        pytest.param(b"<![CDATA[ x ]]>" + NOAI, id="CDATA"),
        pytest.param(b"<svg><![CDATA[ > <!-- ]]></svg>" + NOAI, id="comment in CDATA"),
        pytest.param(b"<noscript><!-- </noscript>" + NOAI, id="comment in noscript"),
        pytest.param(b"<noscript><title></noscript>" + NOAI, id="title in noscript"),
        pytest.param(b"<noscript><a b='</noscript>" + NOAI, id="tag in noscript"),
        pytest.param(
            b"<script><!--<script></script><title>--></script>" + NOAI,
            id="script in a script",
        ),
        pytest.param(b"<script><!--> <script></script>" + NOAI, id="no escape"),
        pytest.param(b"<script><!-- --><script></script>" + NOAI, id="escape ended"),
        pytest.param(b"<dc:title>A</dc:title>" + NOAI, id="title with a prefix"),
        pytest.param(b"<dc:title>" + NOAI, id="open title with a prefix"),
        pytest.param(b"<svg:style>" + NOAI, id="style with a prefix"),
        pytest.param(b"<x:script/>" + NOAI, id="script with a prefix"),
        pytest.param(b"<script src=x />" + NOAI + b"<script></script>", id="XHTML"),
        pytest.param(
            b"<?xml version='1.0'?><title>" + NOAI + b"</title>", id="title in XHTML"
        ),
        pytest.param(
            b"<svg></math><style>" + NOAI + b"</style></svg>", id="end of another"
        ),
        pytest.param(
            b"<svg></svg:svg><style>" + NOAI + b"</style></svg>", id="end with a prefix"
        ),
        pytest.param(
            b"<svg><foreignObject><p></svg></p></foreignObject><style>"
            + NOAI
            + b"</style></svg>",
            id="end in HTML in SVG",
        ),
        pytest.param(
            b"<svg><desc a=b/><p></desc></svg></p></desc><style>" + NOAI + b"</style>",
            id="slash of an attribute",
        ),
        pytest.param(
            b"<svg><![CDATA[</svg>]]><style>" + NOAI + b"</style></svg>",
            id="end in CDATA",
        ),
        pytest.param(
            b"<noscript><svg><![CDATA[ <!-- ]]>" + NOAI + b" --></svg></noscript>",
            id="comment in CDATA in noscript",
        ),
        pytest.param(
            b"<svg><style><!-- </style></svg>" + NOAI, id="comment in style in SVG"
        ),
        pytest.param(
            b"<select><title></select>" + NOAI + b"</title>", id="title in select"
        ),
        pytest.param(
            b"<select><iframe></select>" + NOAI + b"</iframe>", id="iframe in select"
        ),
        pytest.param(NOAI.replace(b"no", b"n&#0000000000000111;"), id="zeros"),
        pytest.param(NOAI.replace(b"no", b"n&#x6F;"), id="hexadecimal"),
        pytest.param(NOAI.replace(b"=", b"\n=\t"), id="white space"),
    ],
)
def test_found(page):
    """What a browser would take for the element, or might, is found."""
    assert FOUND == _metas(page)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"<!-- " + NOAI + b" -->", id="comment"),
        pytest.param(b"<script>'" + NOAI + b"'</script>", id="script"),
        pytest.param(b"<title>" + NOAI + b"</title>", id="title"),
        pytest.param(
            b"<script><!--<script></script>" + NOAI + b"--></script>",
            id="nested script",
        ),
        pytest.param(b"<svg></svg><title>" + NOAI, id="title after SVG"),
        pytest.param(
            b"<svg><title>A</title><path d='m' /></svg><script>'"
            + NOAI
            + b"'</script>",
            id="script after a picture",
        ),
        pytest.param(b"<a title='" + NOAI + b"'>", id="attribute"),
    ],
)
def test_not_found(page):
    """What is text to a browser is no element."""
    assert () == _metas(page)


def test_what_a_script_may_write_leads_nowhere():
    """Of what may be text, neither base, nor refresh, nor anchors count."""
    page = (
        b"<select></select><script><base href=/b><a href=/t>terms</a>"
        b"<meta http-equiv=refresh content='0;url=/r'></script>"
    )
    tags = read_page_tags(page)

    assert ("", "", ()) == (tags.base, tags.refresh, tags.anchors)


def test_head_of_another_vocabulary_ends_no_head():
    """An element `x:body` is not the body: a page cut behind it is not whole."""
    assert not read_page_tags(b"<x:body><script>").is_whole


def test_attributes_of_no_use_take_no_room():
    """A tag of many attributes is read within a few times its own size."""
    names = b" ".join(b"a%x" % number for number in range(200_000))
    page = b"<meta " + names + b" name=robots content=noai>"
    tracemalloc.start()
    try:
        found = _metas(page)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert FOUND == found
    assert peak < 4 * len(page)


def test_number_that_is_no_character():
    """A reference to a number of 5,000 digits is no character, and no crash."""
    page = b"<meta name=robots content='&#" + b"9" * 5000 + b";noai'>"

    assert (("robots", "\ufffdnoai"),) == _metas(page)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            b'<link rel="License" type="Application/RSL+xml; a=b" href=" /r.xml ">',
            Link("license", "/r.xml", "application/rsl+xml"),
        ),
        (
            b'<a href="/tos" rel="nofollow\n terms-of-service">Terms</a>',
            Link("nofollow terms-of-service", "/tos", ""),
        ),
        (b"<area rel=license href=/l>", Link("license", "/l", "")),
    ],
)
def test_links(page, expected):
    """A relation is found on links, anchors and areas."""
    assert (expected,) == read_page_tags(page).links


def test_anchors_without_relation_are_no_links():
    """Only the address and the text of an ordinary anchor are kept."""
    tags = read_page_tags(b"<a href=/x><b>Terms</b>\n of &lt;use</a> and more")

    assert () == tags.links
    assert (("/x", "Terms of <use"),) == tags.anchors


def test_anchor_ends_where_the_next_begins():
    """An anchor that is not closed does not swallow the next."""
    tags = read_page_tags(b"<a href=/x>one<a href=/y>two")

    assert (("/x", "one"), ("/y", "two")) == tags.anchors


def test_last_anchors_are_kept():
    """Of too many anchors those at the foot remain, since terms are linked there."""
    many = b"<a href=/x>x</a>" * ANCHORS_MAX
    tags = read_page_tags(many + b"<a href=/tos>terms</a>")

    assert ANCHORS_MAX == len(tags.anchors)
    assert ("/tos", "terms") == tags.anchors[-1]


def test_anchor_text_is_bounded():
    """A long text is cut."""
    tags = read_page_tags(b"<a href=/x>" + b"y" * (ANCHOR_BYTES_MAX + 9))

    assert (("/x", "y" * ANCHOR_BYTES_MAX),) == tags.anchors


def test_documents():
    """Scripts that hold RSL or JSON-LD are kept as they are, others are not."""
    page = (
        b'<script type="application/rsl+xml"><rsl>&amp;</rsl></script>'
        b'<SCRIPT TYPE="Application/LD+JSON; charset=utf-8">{}</SCRIPT>'
        b"<script>var x</script>"
    )
    tags = read_page_tags(page)

    assert ((b"<rsl>&amp;</rsl>",), (b"{}",)) == (tags.rsl_documents, tags.json_ld)


def test_document_inside_svg_hides_nothing():
    """There a browser reads the content as markup, so both readings count."""
    page = b"<svg><script type=application/rsl+xml><rsl/>" + NOAI + b"</script>"
    tags = read_page_tags(page)

    assert FOUND == tags.metas
    assert (b"<rsl/>" + NOAI,) == tags.rsl_documents


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("0; url=/x", "/x"),
        ("0;URL='/x y' z", "/x y"),
        ("5,/x", "/x"),
        ("0.5 url = /x", "/x"),
        ('0; url="/x', "/x"),
        ("5", ""),
        ("0; url=", ""),
        ("", ""),
    ],
)
def test_refresh(content, expected):
    """The target of a refresh is where a browser would go."""
    content = content.replace('"', "&quot;")
    page = f'<meta http-equiv="Refresh" content="{content}">'.encode()

    assert expected == read_page_tags(page).refresh


def test_first_refresh_and_base_count():
    """Of two the first decides, as in a browser; one without a target is none."""
    page = (
        b"<base href=https://a.test/><base href=https://b.test/>"
        b"<meta http-equiv=refresh content=9>"
        b"<meta http-equiv=refresh content=0;url=/a>"
        b"<meta http-equiv=refresh content=0;url=/b>"
    )
    tags = read_page_tags(page)

    assert ("https://a.test/", "/a") == (tags.base, tags.refresh)


@pytest.mark.parametrize(
    ("page", "is_whole"),
    [
        pytest.param(b"x" * BYTES_MAX, True, id="limit"),
        pytest.param(b"x" * (BYTES_MAX + 1), False, id="past the limit"),
        pytest.param(b"</head>" + b"x" * BYTES_MAX, True, id="head ended"),
        pytest.param(b"<body>" + b"x" * BYTES_MAX, True, id="body began"),
        pytest.param(b"<meta name=a>" * METAS_MAX, False, id="too many metas"),
        pytest.param(b"<a rel=x href=y>" * (LINKS_MAX + 1), True, id="other links"),
        pytest.param(
            b"<a rel=x href=y>" * LINKS_MAX + b"<link rel=license>",
            False,
            id="licence past the limit",
        ),
        pytest.param(
            b"<script type=application/rsl+xml></script>" * (DOCUMENTS_MAX + 1),
            False,
            id="too many documents",
        ),
        pytest.param(b"<head><meta name='", False, id="cut in a tag"),
        pytest.param(b"<head><!-- ", False, id="cut in a comment"),
        pytest.param(b"<head><script>", False, id="cut in a script"),
        pytest.param(b"<body></a b='", True, id="cut after the head"),
    ],
)
def test_whole(page, is_whole):
    """A head that was not read to its end is not whole."""
    assert is_whole == read_page_tags(page).is_whole


@pytest.mark.parametrize(
    "unit",
    [
        b"<",
        b"<a ",
        b"<!--",
        b'<a b="',
        b"<a b='",
        b"<?",
        b"</",
        b"<a/=",
        b"<script>",
        b"</a b='",
        b"</a ",
        b"<a href=x>",
        b"<svg><script type=application/rsl+xml>",
        b"<meta content=&#0",
        b"<noscript><!--",
        b"<![CDATA[<title>",
        b"<script><!--<script></script>",
        b"<noscript></noscript",
    ],
    ids=bytes.decode,
)
def test_hostile_markup_is_read(unit):
    """A megabyte of unfinished markup is read in one pass; html.parser takes hours."""
    assert () == read_page_tags(unit * (BYTES_MAX // len(unit))).metas
