"""PDF: the XMP packets in its streams, as they are or deflated; no object is resolved.

A metadata stream is a stream object, which no object stream can hide, so that every
one is found by the keyword `stream`. One that is there and cannot be read (encrypted,
or behind another filter) is an error: it may hold a reservation. Packets of earlier
revisions count as well; the strictest decides.

Source: ISO 32000-1, sections 7.2.2 (white space), 7.2.3 (comments), 7.3.5 (names),
7.3.8 (streams), 7.5.7 (object streams), 14.3.2 (metadata streams); TDM Reservation
Protocol, "TDM Metadata in PDF files".
"""

import re
import zlib
from collections.abc import Iterator

from producers.optout.documents.tdmrep import header_statement
from producers.optout.documents.xml_tree import BYTES_MAX
from producers.optout.embedded.tags import Tag, read_tags, settle
from producers.optout.embedded.xmp import PACKET_MARKS, find_xmp, packet_tags, plus_of
from producers.optout.vocabulary.signals import Statement, malformed

STREAMS_MAX = 50_000
"""Most streams of a file that are looked into."""

PROBED_BYTES_MAX = 32 * BYTES_MAX
"""Most inflated bytes of a file that are read to see whether they hold a packet."""

_STREAM = re.compile(
    rb">>[\s\0]*stream(?:[ \t\f\0]*(?:\r\n|\n|\r))?"
    rb"|(?<!end)stream[ \t\f\0]*(?:\r\n|\n|\r)"
)
_IS_METADATA = re.compile(
    rb"/Type[\s\0]*/Metadata|/Subtype[\s\0]*/XML"
    rb"|/(?:Type|Subtype)[\s\0]+[0-9]+[\s\0]+[0-9]+[\s\0]+R"
)
"""Either name, or a reference that may be to it."""

_COMMENT = re.compile(rb"%[^\r\n]*")
_NOT_BLANK = re.compile(rb"[^\s\0]")
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_BLANKS = b" \t\r\n\f\0"
_MARKS = b"\xef\xbb\xbf\xfe\xff"
_PROBE_BYTES = 1024
_CHUNK_BYTES = 64 * 1024


def is_pdf(body: bytes) -> bool:
    """Whether the file says that it is a PDF, near its start as readers allow.

    Some look further: what holds objects, too, is taken for one from any place on.
    """
    return b"%PDF-" in body[:1024] or (b"%PDF-" in body and b"endobj" in body)


def pdf_statement(body: bytes) -> tuple[Statement, Statement]:
    """What the metadata of a PDF says: by TDMRep, and by PLUS Data Mining."""
    tags = read_tags(lambda: pdf_tags(body), ("unreadable", "pdf"))
    return settle(header_statement(tags), tags), settle(plus_of(tags), tags)


def pdf_tags(body: bytes) -> Iterator[Tag]:
    """The properties in the packets of a PDF that speak of text and data mining.

    Raises:
        SignalError: no PDF; a metadata stream or a packet that cannot be read, or too
            many.
    """
    yield from packet_tags(_packets(body))
    if b"%PDF-" not in body:
        raise malformed("pdf: expected a file that says so")


def _packets(body: bytes) -> Iterator[bytes]:
    yield from find_xmp(body)
    for content in pdf_metadata(body):
        yield from find_xmp(content) or (content,)


def pdf_metadata(body: bytes) -> Iterator[bytes]:
    """The content of the metadata streams of a PDF that are no packets as they stand.

    Raises:
        SignalError: at the end, a metadata stream that cannot be inflated to its end or
            is larger than a packet may be; or too many streams.
    """
    room = PROBED_BYTES_MAX
    unread = 0
    for count, (dictionary, data) in enumerate(_streams(body), 1):
        if count > STREAMS_MAX:
            raise malformed(f"pdf: expected at most {STREAMS_MAX} streams")
        is_metadata = _is_metadata(dictionary)
        content, cost, is_read = _named(data) if is_metadata else _unnamed(data, room)
        room -= cost
        unread += not is_read
        if content:
            yield content
        if room <= 0:
            raise malformed(f"pdf: expected less to read than {PROBED_BYTES_MAX} bytes")
    if unread:
        raise malformed(f"pdf: expected readable metadata, found {unread} streams")


def _named(data: memoryview) -> tuple[bytes, int, bool]:
    """What a metadata stream holds, the bytes that were read, whether it was whole."""
    content, is_read = _inflate(data, BYTES_MAX)
    if content:
        return content if content.strip(_BLANKS) else b"", len(content), is_read
    if is_read or not _NOT_BLANK.search(data):
        return b"", 0, True
    # Found in the bytes of the file, or behind another filter, or in an odd spelling.
    return b"" if _is_xmp(data) else bytes(data), len(data), True


def _unnamed(data: memoryview, room: int) -> tuple[bytes, int, bool]:
    """As `_named`, of a stream that is metadata only if it holds a packet."""
    begin = _begin(data, room)
    if begin.strip(_BLANKS + _MARKS)[:1] != b"<":
        return b"", len(begin) if len(begin) > _PROBE_BYTES else 0, True
    content, is_read = _inflate(data, BYTES_MAX)
    is_packet = _is_xmp(content)
    return content if is_packet else b"", len(content), is_read or not is_packet


def _streams(body: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """What stands before each stream since the last one, and its data."""
    start = end = 0
    for found in _STREAM.finditer(body):
        # The last one goes on behind the keyword where that was in its data, or where
        # it was no stream but a word.
        read_to = end if end <= found.start() else start
        before = body[read_to : found.start() + 2]
        start = found.end()
        if end < start:
            end = body.find(b"endstream", start)
            end = len(body) if end < 0 else end
        yield before, memoryview(body)[start:end]


def _is_xmp(data: bytes | memoryview) -> bool:
    return any(mark in bytes(data) for mark in PACKET_MARKS)


def _is_metadata(dictionary: bytes) -> bool:
    """Whether this may be the dictionary of a metadata stream."""
    names = _NAME_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), dictionary)
    readings = (names, _COMMENT.sub(b" ", names))
    return any(_IS_METADATA.search(reading) for reading in readings)


def _begin(data: memoryview, size: int) -> bytes:
    """The first inflated bytes of a stream; more than a few while all are blank."""
    found, is_all = _inflate(data[:_CHUNK_BYTES], _PROBE_BYTES)
    while not is_all and len(found) < size and found and not found.strip(_BLANKS):
        more, is_all = _inflate(data, min(16 * len(found), size))
        if len(more) == len(found):
            break
        found = more
    return found


def _inflate(data: memoryview, size: int) -> tuple[bytes, bool]:
    """At most `size` bytes of deflated data, and whether that is all of them.

    The checksum behind them is not looked at: readers go on without it.
    """
    found = _NOT_BLANK.search(data)
    start = 0 if found is None else found.start()
    header = bytes(data[start : start + 2])
    if len(header) < 2 or header[0] & 15 != 8 or int.from_bytes(header, "big") % 31:
        return b"", False
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    content = bytearray()
    at = start + 2
    try:
        while at < len(data) and len(content) < size and not inflater.eof:
            content += inflater.decompress(
                inflater.unconsumed_tail or data[at : at + _CHUNK_BYTES],
                size - len(content),
            )
            at += _CHUNK_BYTES * (not inflater.unconsumed_tail)
    except zlib.error:
        return bytes(content), False
    return bytes(content), inflater.eof
