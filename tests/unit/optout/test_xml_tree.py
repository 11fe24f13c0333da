"""XML from strangers: what is read, and what is refused."""

import pytest

from producers.optout.documents.xml_tree import (
    BYTES_MAX,
    DEPTH_MAX,
    ELEMENTS_MAX,
    NAMESPACE_CHARS_MAX,
    parse_xml,
)
from producers.optout.vocabulary.signals import SignalError

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'
)
FILE = b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def test_elements_have_namespaces_lines_and_text():
    """Names are resolved, lines are those of start tags, text is that of an element."""
    root = parse_xml(
        b'<a xmlns:x="urn:x" b="1">\n<x:c x:d="2">t<!-- -->u</x:c>v</a>', what="t"
    )
    child = root.children[0]

    assert ("", "a", 1) == (root.namespace, root.name, root.line)
    assert ("urn:x", "c", 2) == (child.namespace, child.name, child.line)
    assert ({("urn:x", "d"): "2"}, "tu") == (child.attributes, child.text)
    assert "1" == root.attribute("b")
    assert "\nv" == root.text


def test_walk_is_in_document_order():
    """Every element comes before what is in it and behind it."""
    root = parse_xml(b"<a><b><c/></b><d/></a>", what="t")

    assert ["a", "b", "c", "d"] == [element.name for element in root.walk()]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BOMB, id="entity bomb"),
        pytest.param(FILE, id="external entity"),
        pytest.param(b"<!DOCTYPE a><a/>", id="document type"),
        pytest.param(b"", id="empty"),
        pytest.param(b"<a>", id="unclosed"),
        pytest.param(b"<a></b>", id="crossed"),
        pytest.param(b"<a/><b/>", id="two roots"),
        pytest.param(b"<x:a/>", id="unbound prefix"),
        pytest.param(b"<a>\xff</a>", id="not UTF-8"),
        pytest.param(b"<a>&nbsp;</a>", id="undefined entity"),
        pytest.param(b'<?xml version="1.0" encoding="x-no"?><a/>', id="unknown coding"),
        pytest.param(b'<?xml version="1.0" encoding="gb18030"?><a/>', id="wide coding"),
        pytest.param(b"<a>" * (DEPTH_MAX + 1), id="too deep"),
        pytest.param(b"<a>" + b"<b/>" * ELEMENTS_MAX + b"</a>", id="too many"),
        pytest.param(b"<a>" + b" " * BYTES_MAX + b"</a>", id="too long"),
        pytest.param(
            b'<a xmlns="' + b"n" * (NAMESPACE_CHARS_MAX + 1) + b'"/>',
            id="long namespace",
        ),
    ],
)
def test_refused(body):
    """What is no plain, bounded document is an error, never an empty one."""
    with pytest.raises(SignalError):
        parse_xml(body, what="t")


@pytest.mark.parametrize(
    "coding", ["utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"]
)
def test_codings(coding):
    """A document is read in the coding that it declares or marks."""
    name = "utf-8" if coding == "utf-8-sig" else coding
    text = f'<?xml version="1.0" encoding="{name}"?><a>é</a>'

    assert "é" == parse_xml(text.encode(coding), what="t").text
