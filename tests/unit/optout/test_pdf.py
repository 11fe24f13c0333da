"""PDF: metadata streams, raw and deflated, and what hides them."""

import zlib

import pytest

from producers.optout.documents.xml_tree import BYTES_MAX
from producers.optout.embedded.pdf import STREAMS_MAX, pdf_statement
from producers.optout.embedded.reader import embedded_statements

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


BLANKS = b" " * 1_100


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(DEFLATED + BLANKS, id="blanks"),
        pytest.param(DEFLATED + b"\0" * 1_100, id="blanks of zeros"),
        pytest.param(DEFLATED + b" %" + BLANKS + b"\n", id="remark"),
        pytest.param(DEFLATED + b" /X (1 0 obj endobj)", id="word of an object"),
        pytest.param(DEFLATED + b" /X (stream\n)", id="word of a stream"),
        pytest.param(b"/X (stream\n) " + DEFLATED, id="word of a stream before"),
        pytest.param(
            b"/Meta#64ata /Type /Meta#64ata /Subtype /XM#4c /Filter /Fl#61teDecode",
            id="escapes",
        ),
        pytest.param(b"/Filter /FlateDecode", id="unnamed"),
    ],
)
@pytest.mark.parametrize("before", [b"", BLANKS, b"\n" * 70_000], ids=len)
def test_blanks_hide_nothing(names, before):
    """What parsers skip, in the dictionary or before the packet, changes nothing."""
    said, malformed = _said(_object(zlib.compress(before + RESERVED), names=names))

    assert said == "reserved" or malformed


@pytest.mark.parametrize(
    "names",
    [
        METADATA + b"/Filter/ASCIIHexDecode" + BLANKS,
        b"/Type/Meta#64ata/Filter/ASCIIHexDecode",
        b"/Subtype %\n /XM#4c /Filter /ASCIIHexDecode",
        b"/Type 7 0 R /Filter /ASCIIHexDecode",
        METADATA + b"/X (stream\n)/Filter/ASCIIHexDecode",
        b"/X (stream\n)/Filter/ASCIIHexDecode" + METADATA,
    ],
)
def test_another_filter_is_no_silence(names):
    """Metadata behind a filter that is not read blocks, however it is named."""
    data = b"\n".join(b"%02x" % octet for octet in RESERVED)

    assert ("unset", True) == _said(_object(data, names=names))


@pytest.mark.parametrize("end", [b" \r\n", b"\t\n", b"\0\r\n", b"", b" "], ids=repr)
def test_odd_end_of_the_keyword(end):
    """Readers go on behind an odd end of line; so does this one."""
    found = _object(zlib.compress(RESERVED), names=DEFLATED, end=end)

    assert ("reserved", False) == _said(found)


def test_wrong_checksum():
    """Readers do not look at the checksum of a deflated stream."""
    data = zlib.compress(RESERVED)[:-4] + b"\0\0\0\0"

    assert ("reserved", False) == _said(_object(data, names=b"/Filter/FlateDecode"))


def test_packet_under_another_prefix():
    """A namespace has many prefixes."""
    data = RESERVED.replace(b"rdf:", b"r:").replace(b":rdf=", b":r=")

    assert ("reserved", False) == _said(_object(data))
    assert ("reserved", False) == _said(_object(zlib.compress(data), names=DEFLATED))


def test_file_that_says_late_that_it_is_one():
    """A file declared a PDF is read as one, whatever stands before its header."""
    body = b"\xff" * 2_000 + _pdf(_object(zlib.compress(RESERVED), names=DEFLATED))

    for declared in ("application/pdf", "application/octet-stream"):
        said = dict(embedded_statements(declared, body))
        assert "reserved" == said["tdm_embedded"].reservation


def test_declared_file_that_is_none_is_no_silence():
    """What cannot be read as the PDF that it is declared to be blocks."""
    said = dict(embedded_statements("application/pdf", b"\xff\xfe no such file"))

    assert said["tdm_embedded"].is_malformed
    assert said["plus_data_mining"].is_malformed


def test_deflated_blanks_have_an_end():
    """Streams of blanks are read up to a limit, and then block."""
    blanks = zlib.compress(b" " * 40 * BYTES_MAX)
    said, malformed = _said(_object(blanks, names=b"/Filter/FlateDecode"))

    assert ("unset", True) == (said, malformed)


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
