"""PDF: the XMP packets in its streams, as they are or deflated; no object is resolved.

A metadata stream is a stream object, which no object stream can hide, so that every
one is found by the keyword `stream`. One that is there and cannot be read (encrypted,
or behind another filter) is an error: it may hold a reservation. Packets of earlier
revisions count as well; the strictest decides.

Source: ISO 32000-1, sections 7.3.8 (streams), 7.5.7 (object streams), 14.3.2 (metadata
streams); TDM Reservation Protocol, "TDM Metadata in PDF files".
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

_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
_IS_METADATA = re.compile(rb"/Type\s*/Metadata\b|/Subtype\s*/XML\b")
_DICTIONARY_BYTES = 1024
_PROBE_BYTES = 1024


def is_pdf(body: bytes) -> bool:
    """Whether the file says that it is a PDF, near its start as readers allow."""
    return b"%PDF-" in body[:1024]


def pdf_statement(body: bytes) -> tuple[Statement, Statement]:
    """What the metadata of a PDF says: by TDMRep, and by PLUS Data Mining."""
    tags = read_tags(lambda: pdf_tags(body), ("unreadable", "pdf"))
    return settle(header_statement(tags), tags), settle(plus_of(tags), tags)


def pdf_tags(body: bytes) -> Iterator[Tag]:
    """The properties in the packets of a PDF that speak of text and data mining.

    Raises:
        SignalError: a metadata stream or a packet that cannot be read, or too many.
    """
    yield from packet_tags(_packets(body))


def _packets(body: bytes) -> Iterator[bytes]:
    yield from find_xmp(body)
    for content in pdf_metadata(body):
        yield from find_xmp(content)


def pdf_metadata(body: bytes) -> Iterator[bytes]:
    """The content of the deflated metadata streams of a PDF.

    Raises:
        SignalError: at the end, a metadata stream that cannot be read or is larger than
            a packet may be; or too many streams.
    """
    unread = 0
    for count, found in enumerate(_STREAM.finditer(body), 1):
        if count > STREAMS_MAX:
            raise malformed(f"pdf: expected at most {STREAMS_MAX} streams")
        start = found.end()
        head = body[start : start + _PROBE_BYTES].partition(b"endstream")[0]
        if _is_xmp(head):
            continue  # found in the bytes of the file
        if _is_xmp(_inflate(head, _PROBE_BYTES)):
            end = body.find(b"endstream", start)
            content = _inflate(body[start : end if end >= 0 else len(body)], BYTES_MAX)
            yield content
            unread += len(content) == BYTES_MAX
        elif _is_metadata(body, found.start()) and not _is_blank(body, start):
            unread += 1
    if unread:
        raise malformed(f"pdf: expected readable metadata, found {unread} streams")


def _is_xmp(head: bytes) -> bool:
    return any(mark in head for mark in PACKET_MARKS)


def _inflate(data: bytes, size: int) -> bytes:
    """At most `size` bytes of deflated data; nothing where it is none."""
    try:
        return zlib.decompressobj().decompress(data, size)
    except zlib.error:
        return b""


def _is_metadata(body: bytes, at: int) -> bool:
    """Whether the dictionary in front of `at` is that of a metadata stream."""
    window = body[max(at - _DICTIONARY_BYTES, 0) : at]
    return _IS_METADATA.search(window.rpartition(b" obj")[2]) is not None


def _is_blank(body: bytes, start: int) -> bool:
    """Whether the stream at `start` holds nothing."""
    return body[start : start + _PROBE_BYTES].lstrip().startswith(b"endstream")
