"""PDF: metadata streams, raw and deflated, and what hides them."""

import zlib

import pytest

from producers.optout.documents.xml_tree import BYTES_MAX
from producers.optout.embedded.pdf import STREAMS_MAX, pdf_statement

RDF = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:tdm="http://www.w3.org/ns/tdmrep/" '
    'xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/">{}</rdf:Description></rdf:RDF>'
)
RESERVED = RDF.format("<tdm:reservation>1</tdm:reservation>").encode()
FREE = RDF.format("<tdm:reservation>0</tdm:reservation>").encode()
METADATA = b"/Type /Metadata /Subtype /XML"


def _object(data, *, names=METADATA, end=b"\n"):
    return (
        b"1 0 obj\n<< "
        + names
        + b" /Length "
        + str(len(data)).encode()
        + b" >>\nstream"
        + end
        + data
        + b"\nendstream\nendobj\n"
    )


def _pdf(*objects):
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + b"".join(objects) + b"%%EOF\n"


def _said(*objects):
    said, _ = pdf_statement(_pdf(*objects))
    return said.reservation, said.is_malformed


DEFLATED = METADATA + b" /Filter /FlateDecode"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=repr)
def test_raw(end):
    """A stream without a filter, after each end of line."""
    assert ("reserved", False) == _said(_object(RESERVED, end=end))


@pytest.mark.parametrize(
    "names", [DEFLATED, b"/Filter/FlateDecode"], ids=["named", "unnamed"]
)
def test_deflated(names):
    """A deflated packet is found, even where the dictionary does not name it."""
    assert ("reserved", False) == _said(_object(zlib.compress(RESERVED), names=names))


def test_utf_16_deflated():
    """A packet in another coding is found behind the filter."""
    data = zlib.compress(RESERVED.decode().encode("utf-16-be"))

    assert ("reserved", False) == _said(_object(data, names=DEFLATED))


def test_earlier_revision_still_reserves():
    """Every revision counts; the strictest decides."""
    assert ("reserved", False) == _said(_object(RESERVED), _object(FREE))


def test_reservation_stands_beside_a_broken_stream():
    """What one packet reserves, a broken one does not undo."""
    broken = _object(RDF.encode()[:-4], names=METADATA)

    assert (
        "reserved" == _said(_object(zlib.compress(RESERVED), names=DEFLATED), broken)[0]
    )


def test_zero():
    """A 0 by the specification is what it says."""
    assert ("not_reserved", False) == _said(_object(FREE))


def test_plus():
    """PLUS Data Mining is read from the same packets."""
    value = "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>"
    _, plus = pdf_statement(_pdf(_object(RDF.format(value).encode())))

    assert "reserved" == plus.reservation


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(_object(b"\x93\x11" * 40), id="encrypted"),
        pytest.param(
            _object(b"78da0b", names=METADATA + b"/Filter/ASCIIHexDecode"), id="filter"
        ),
        pytest.param(
            _object(zlib.compress(FREE)[:40] + b"\xff" * 40, names=DEFLATED),
            id="damaged",
        ),
        pytest.param(
            _object(zlib.compress(FREE[:-10] + b" " * 2 * BYTES_MAX), names=DEFLATED),
            id="bomb",
        ),
        pytest.param(_object(b"<?xpacket begin='' id=''?><a>"), id="no end"),
        pytest.param(_object(b"<rdf:RDF><a></rdf:RDF>"), id="crossed"),
    ],
)
def test_unreadable_metadata_is_no_silence(found):
    """Metadata that is there and cannot be read blocks, for both vocabularies."""
    for said in pdf_statement(_pdf(_object(FREE), found)):
        assert ("unset", True) == (said.reservation, said.is_malformed)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(b"", id="none"),
        pytest.param(_object(b""), id="empty"),
        pytest.param(
            _object(zlib.compress(b"BT (x) Tj ET"), names=b"/Length 9"), id="page"
        ),
        pytest.param(_object(RDF.format("").encode()), id="other properties"),
    ],
)
def test_silence(found):
    """A PDF without such properties says nothing."""
    assert ("unset", False) == _said(found)


@pytest.mark.parametrize("reservation", ["1", "0"])
@pytest.mark.parametrize("linearize", [True, False])
def test_agrees_with_a_pdf_library(tmp_path, reservation, linearize):
    """Files as a library writes them, object streams included."""
    pikepdf = pytest.importorskip("pikepdf")
    document = pikepdf.new()
    document.add_blank_page()
    data = RDF.format(f"<tdm:reservation>{reservation}</tdm:reservation>").encode()
    stream = pikepdf.Stream(document, data)
    stream["/Type"], stream["/Subtype"] = pikepdf.Name.Metadata, pikepdf.Name.XML
    document.Root.Metadata = stream
    path = tmp_path / "a.pdf"
    document.save(
        path,
        linearize=linearize,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True,
        recompress_flate=True,
    )
    said, _ = pdf_statement(path.read_bytes())

    assert ("reserved" if reservation == "1" else "not_reserved") == said.reservation


def test_encrypted_by_a_pdf_library(tmp_path):
    """Encrypted metadata is no silence."""
    pikepdf = pytest.importorskip("pikepdf")
    document = pikepdf.new()
    document.add_blank_page()
    stream = pikepdf.Stream(document, RESERVED)
    stream["/Type"], stream["/Subtype"] = pikepdf.Name.Metadata, pikepdf.Name.XML
    document.Root.Metadata = stream
    path = tmp_path / "a.pdf"
    document.save(
        path, encryption=pikepdf.Encryption(owner="o", user="", metadata=True)
    )

    assert pdf_statement(path.read_bytes())[0].is_malformed


def test_too_many_streams_are_no_silence():
    """A PDF of streams has an end."""
    said, _ = pdf_statement(_pdf(b"stream\n" * (STREAMS_MAX + 1)))

    assert said.is_malformed


def test_predicted_metadata_is_no_silence():
    """A packet with a filter byte in every row is not text, and not nothing."""
    rows = b"".join(b"\0" + RESERVED[at : at + 4] for at in range(0, len(RESERVED), 4))

    assert ("unset", True) == _said(_object(zlib.compress(rows), names=DEFLATED))
