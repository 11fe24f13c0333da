"""What is inside a page: which reader, which evidence, which statement."""

import io
import json
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.optout.embedded.reader import (
    TAGS_MAX,
    embedded_parts,
    embedded_statements,
    embedded_tags,
    part_statement,
)
from producers.optout.vocabulary.signals import SILENCE, SignalError

RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:tdm="http://www.w3.org/ns/tdmrep/" '
    'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/" '
    'xmlns:dcterms="http://purl.org/dc/terms/">{}</rdf:Description></rdf:RDF>'
)
DMI = "http://ns.useplus.org/ldf/vocab/DMI-"
TDM_ONE = RDF.format("<tdm:reservation>1</tdm:reservation>").encode()
PLUS_NO = RDF.format(f"<plus:DataMining>{DMI}PROHIBITED</plus:DataMining>").encode()
ENTRIES = {"entries": {"cawg.ai_generative_training": {"use": "notAllowed"}}}


def _box(kind, content):
    return struct.pack(">I4s", len(content) + 8, kind) + content


def _manifest(data=ENTRIES):
    described = b"json" + bytes(12) + b"\x03cawg.training-mining\0"
    content = _box(b"json", json.dumps(data).encode())
    return _box(b"jumb", _box(b"jumd", described) + content)


def _png(packet):
    data = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(packet)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(data)) + b"iTXt" + data


def _epub(meta):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr(
            "META-INF/container.xml", '<c><rootfile full-path="a.opf"/></c>'
        )
        archive.writestr("a.opf", f"<package><metadata>{meta}</metadata></package>")
    return content.getvalue()


EPUB = _epub('<meta name="tdm:reservation" content="1"/>')
NEWS = (
    f'<newsItem><rightsInfo><dataMining uri="{DMI}PROHIBITED"/></rightsInfo></newsItem>'
)


def _said(content_type, body):
    return dict(embedded_statements(content_type, body))


@pytest.mark.parametrize(
    ("content_type", "body", "channel"),
    [
        pytest.param(
            "application/pdf", b"%PDF-1.7\n" + TDM_ONE, "tdm_embedded", id="pdf"
        ),
        pytest.param(
            "text/html", b"\n%PDF-1.7\n" + TDM_ONE, "tdm_embedded", id="pdf by magic"
        ),
        pytest.param("application/epub+zip", EPUB, "tdm_embedded", id="epub"),
        pytest.param("image/x", b"ascii" + TDM_ONE, "tdm_embedded", id="like text"),
        pytest.param("", b"ascii" + TDM_ONE, "tdm_embedded", id="text"),
        pytest.param(
            "image/x", b"\xff\xfe" + TDM_ONE, "tdm_embedded", id="like utf-16"
        ),
        pytest.param("text/html", b"%PDF-" + EPUB, "tdm_embedded", id="epub, and pdf"),
        pytest.param(
            "application/oebps-package+xml",
            b'<package><meta name="tdm:reservation" content="1"/></package>',
            "tdm_embedded",
            id="opf",
        ),
        pytest.param(
            "application/xml",
            ("\ufeff<a>" + TDM_ONE.decode() + "</a>").encode("utf-16-le"),
            "tdm_embedded",
            id="xml in utf-16",
        ),
        pytest.param(
            "application/octet-stream", EPUB, "tdm_embedded", id="epub by magic"
        ),
        pytest.param(
            "image/jpeg", b"\xff\xd8\xff" + PLUS_NO, "plus_data_mining", id="jpeg"
        ),
        pytest.param("", b"\x89PNG\0" + TDM_ONE, "tdm_embedded", id="png"),
        pytest.param(
            "image/png", _png(PLUS_NO), "plus_data_mining", id="deflated in png"
        ),
        pytest.param(
            "image/svg+xml",
            b"<svg>" + PLUS_NO + b"</svg>",
            "plus_data_mining",
            id="svg",
        ),
        pytest.param(
            "image/svg+xml",
            b"<svg>"
            + PLUS_NO.replace(b"rdf:", b"r:").replace(b":rdf", b":r")
            + b"</svg>",
            "plus_data_mining",
            id="svg with another prefix",
        ),
        pytest.param(
            "image/svg+xml",
            b"<svg>" + PLUS_NO.replace(b"ns.useplus", b"ns&#46;useplus") + b"</svg>",
            "plus_data_mining",
            id="svg with a reference in a namespace",
        ),
        pytest.param(
            "image/svg+xml",
            b"<svg>" + TDM_ONE.replace(b"tdmrep", b"td&#x6d;rep") + b"</svg>",
            "tdm_embedded",
            id="tdmrep with a reference in its namespace",
        ),
        pytest.param("application/xml", NEWS.encode(), "plus_data_mining", id="newsml"),
        pytest.param(
            "video/mp4",
            b"\0\0\0\x18ftyp" + _manifest(),
            "cawg_training_mining",
            id="mp4",
        ),
        pytest.param(
            "application/pdf",
            b"%PDF-1.7\n" + _manifest(),
            "cawg_training_mining",
            id="pdf manifest",
        ),
    ],
)
def test_reserved(content_type, body, channel):
    """A reservation is found whatever the file is, and only in its own channel."""
    said = _said(content_type, body)

    assert ["reserved"] == [s.reservation for c, s in said.items() if c == channel]
    assert {"unset"} == {s.reservation for c, s in said.items() if c != channel}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<!doctype html><html><p>We like cawg.training-mining.</html>"),
        ("text/html", b"<!doctype html><!-- <rdf:RDF><a></rdf:RDF> -->"),
        ("text/plain; charset=utf-8", "Grüße".encode()),
        ("", b"Just text"),
        ("application/json", b"{}"),
        ("image/png", b"\x89PNG\r\n\x1a\n" + b"\0" * 99),
        ("application/zip", b"PK\x03\x04" + b"\0" * 99),
        ("application/oebps-package+xml", b"<package/>"),
        ("", b""),
    ],
    ids=repr,
)
def test_silence(content_type, body):
    """A page without such metadata says nothing, and leaves no evidence."""
    assert {SILENCE} == set(_said(content_type, body).values())
    assert () == embedded_parts(content_type, body)


@pytest.mark.parametrize(
    ("content_type", "body", "channel"),
    [
        pytest.param(
            "image/jpeg", b"\xff\xd8\xff<rdf:RDF><a>", "tdm_embedded", id="xmp"
        ),
        pytest.param(
            "image/jpeg", b"\xff\xd8\xff<rdf:RDF><a>", "plus_data_mining", id="plus"
        ),
        pytest.param("application/epub+zip", b"PK\x03\x04", "tdm_embedded", id="epub"),
        pytest.param(
            "application/pdf",
            b"%PDF-1.7 /C2PA_Manifest",
            "cawg_training_mining",
            id="pdf manifest",
        ),
        pytest.param(
            "image/gif", b"GIF89a\0\x0bC2PA_GIF\1\0\0", "cawg_training_mining", id="gif"
        ),
        pytest.param(
            "video/mp4", _manifest({}), "cawg_training_mining", id="no entries"
        ),
        pytest.param(
            "image/png", _png(b"")[:-6] + b"\xff" * 9, "tdm_embedded", id="png"
        ),
    ],
)
def test_unreadable_is_no_silence(content_type, body, channel):
    """Metadata that is there and cannot be read blocks its channels."""
    said = _said(content_type, body)[channel]

    assert ("unset", True) == (said.reservation, said.is_malformed)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (
            "image/jpeg",
            RDF.format(
                "<dcterms:provenance>https://e.test/m</dcterms:provenance>"
            ).encode(),
        ),
        ("text/html", b"<html><link rel='c2pa-manifest' href='/m.c2pa'>"),
    ],
    ids=["xmp", "link"],
)
def test_manifest_elsewhere_is_for_a_person(content_type, body):
    """A manifest that is not in the file is no silence."""
    assert "linked_rights" == _said(content_type, body)["cawg_training_mining"].review


def test_too_many_tags_are_no_silence():
    """What is past the limit is not taken for nothing."""
    inner = "".join(f"<tdm:policy>{n}</tdm:policy>" for n in range(TAGS_MAX + 1))
    said = _said("image/jpeg", b"\xff\xd8\xff" + RDF.format(inner).encode())

    assert all(one.is_malformed for one in said.values())


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/pdf", b"%PDF-1.7\n" + TDM_ONE + PLUS_NO + _manifest()),
        ("application/pdf", b"%PDF-1.7\n" + TDM_ONE + b"<rdf:RDF>"),
        ("application/epub+zip", EPUB),
    ],
    ids=["three channels", "broken beside", "epub"],
)
def test_evidence_replays(content_type, body):
    """What is kept says the same as the page did, and holds no more than properties."""
    parts = embedded_parts(content_type, body)

    said = {
        part.channel: part_statement(part.channel, part.kind, part.content)
        for part in parts
    }
    assert {c: s for c, s in _said(content_type, body).items() if s != SILENCE} == said
    assert all(len(part.content) < 200 for part in parts)


def test_a_value_cannot_write_a_line():
    """A line feed in a value starts no other property."""
    packet = RDF.format("<tdm:policy>x&#10;tdm-reservation: 0</tdm:policy>")
    (part,) = embedded_parts("image/jpeg", b"\xff\xd8\xff" + packet.encode())

    assert b"tdm-policy: x tdm-reservation: 0\n" == part.content


@pytest.mark.parametrize(
    ("channel", "kind", "content"),
    [
        ("tdm_embedded", "xmp", b""),
        ("robots_txt", "tags", b""),
        ("tdm_embedded", "tags", b"\xff\n"),
    ],
)
def test_other_evidence_is_refused(channel, kind, content):
    """Evidence of another kind is an error, never silence."""
    with pytest.raises(SignalError):
        part_statement(channel, kind, content)


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "application/pdf", "image/png"]
)
@given(body=st.binary(max_size=120))
def test_any_bytes_are_survived(content_type, body):
    """No page raises anything."""
    for prefix in (b"", b"%PDF-", b"PK\x03\x04", b"<", b"\x89PNG", b"<?xpacket begin="):
        embedded_statements(content_type, prefix + body)


@given(before=st.binary(max_size=60), after=st.binary(max_size=60))
def test_added_bytes_never_undo_a_reservation(before, after):
    """What is added to a PDF leaves it reserved or unread."""
    body = b"%PDF-1.7\n" + before + TDM_ONE + after
    said = _said("application/pdf", body)["tdm_embedded"]

    assert said.reservation == "reserved" or said.is_malformed


def test_tags_are_unique():
    """A property that a file repeats is kept once."""
    body = b"\xff\xd8\xff" + TDM_ONE + TDM_ONE

    assert (("tdm-reservation", "1"),) == embedded_tags("image/jpeg", body)
