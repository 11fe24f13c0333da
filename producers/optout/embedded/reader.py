"""Reservations inside the page itself: TDMRep, PLUS Data Mining, CAWG and C2PA.

What is kept of a page is not its bytes but the properties that were found, a
`name: value` line each; a line `unreadable: where` stands for metadata that is there
and cannot be read, which is no silence.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from ledger.events.optout import Channel
from producers.optout.documents.tdmrep import header_statement
from producers.optout.documents.xml_tree import BYTES_MAX
from producers.optout.embedded.cawg import training_mining_of, training_mining_tags
from producers.optout.embedded.epub import epub_tags, opf_tags
from producers.optout.embedded.jumbf import find_assertions
from producers.optout.embedded.pdf import is_pdf, pdf_tags
from producers.optout.embedded.tags import Tag, read_tags, settle
from producers.optout.embedded.xmp import find_xmp, packet_tags, plus_of, xmp_tags
from producers.optout.page.html_text import text_of
from producers.optout.page.page_tags import canonical_lines
from producers.optout.vocabulary.signals import Statement, malformed

TAGS_MAX = 256
"""Most properties of a page that are read."""

_TDM_NAMES = frozenset(
    {"tdm-reservation", "tdm-policy", "linked", "rights-prose", "unreadable"}
)
_PLUS_NAMES = frozenset({"plus-data-mining", "unreadable"})
_CAWG_NAMES = frozenset({"training-mining", "linked-manifest", "unreadable-manifest"})

_ZIP_END = b"PK\x05\x06"
_CONTAINER = b"META-INF/container.xml"
_TEXT_TYPES = ("json", "xml", "html")
_PDF_TYPES = frozenset({"application/pdf", "application/x-pdf", "text/pdf"})
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SPEAKS = (b"ns/tdmrep", b"ns.useplus.org", b"DataMining", b"dataMining", b"tdm:")
_LINKED_MANIFEST = re.compile(rb"""rel\s*=\s*["']?c2pa-manifest\b""", re.IGNORECASE)
_NEWSML = (b"rightsInfo", b"dataMining")
_HTML = re.compile(rb"<html\b|<!doctype html\b", re.IGNORECASE)
_SVG = re.compile(rb"<(?:[\w.-]+:)?svg\b|rdf-syntax-ns")
_PNG_XMP = re.compile(
    rb"iTXtXML:com\.adobe\.xmp\x00\x01\x00[^\x00]{0,64}\x00[^\x00]{0,64}\x00"
)


@dataclass(frozen=True, slots=True)
class Part:
    """What was found inside a page for one channel.

    Attributes:
        channel: where it was looked for.
        kind: how `content` is written; always `tags`.
        content: `name: value` lines, which are the evidence.
    """

    channel: Channel
    kind: str
    content: bytes


def embedded_parts(content_type: str, body: bytes) -> tuple[Part, ...]:
    """What is found inside a page; a channel without a part was silent.

    Args:
        content_type: the header as it came; empty where there was none.
        body: the whole page.
    """
    tags = embedded_tags(content_type, body)
    parts: list[Part] = []
    for channel, (names, _) in _CHANNELS.items():
        chosen = [tag for tag in tags if tag[0] in names]
        if chosen:
            parts.append(Part(channel, "tags", canonical_lines(chosen)))
    return tuple(parts)


def part_statement(channel: Channel, kind: str, content: bytes) -> Statement:
    """What a part says; line numbers are those of its lines.

    Raises:
        SignalError: another kind, another channel, or lines that are none.
    """
    if kind != "tags" or channel not in _CHANNELS:
        raise malformed(f"embedded: expected tags of a known channel, found {kind}")
    try:
        lines = content.decode().split("\n")[:-1]
    except UnicodeDecodeError as error:
        raise malformed("embedded: expected lines in UTF-8") from error
    tags = [(name, value) for name, _, value in (s.partition(": ") for s in lines)]
    return _statement(channel, tags)


def embedded_statements(
    content_type: str, body: bytes
) -> tuple[tuple[Channel, Statement], ...]:
    """What each channel inside a page says, silence included.

    Args:
        content_type: the header as it came; empty where there was none.
        body: the whole page.
    """
    tags = embedded_tags(content_type, body)
    return tuple(
        (channel, _statement(channel, [tag for tag in tags if tag[0] in names]))
        for channel, (names, _) in _CHANNELS.items()
    )


def embedded_tags(content_type: str, body: bytes) -> tuple[Tag, ...]:
    """The properties inside a page, in order, and what of it cannot be read.

    Args:
        content_type: the header as it came; empty where there was none.
        body: the whole page.
    """
    tags = _tags_of(content_type, body)
    if body.startswith(_UTF_16):
        narrow = body.decode("utf-16", "replace").encode("utf-8", "replace")
        tags += _tags_of(content_type, narrow)
    found = list(dict.fromkeys(tags))
    if len(found) > TAGS_MAX:
        found[TAGS_MAX:] = [("unreadable", "rest"), ("unreadable-manifest", "rest")]
    return tuple(found)


def _tags_of(content_type: str, body: bytes) -> list[Tag]:
    kinds = _kinds(content_type, body)
    tags: list[Tag] = []
    for kind in kinds:
        tags += read_tags(partial(_READERS[kind], body), ("unreadable", kind))
    unreadable = ("unreadable-manifest", kinds[0])
    return tags + read_tags(lambda: _manifest_tags(kinds, body), unreadable)


def _statement(channel: Channel, tags: Sequence[Tag]) -> Statement:
    return settle(_CHANNELS[channel][1](tags), tags)


_CHANNELS: dict[
    Channel, tuple[frozenset[str], Callable[[Sequence[Tag]], Statement]]
] = {
    "tdm_embedded": (_TDM_NAMES, header_statement),
    "plus_data_mining": (_PLUS_NAMES, plus_of),
    "cawg_training_mining": (_CAWG_NAMES, training_mining_of),
}


def _kinds(content_type: str, body: bytes) -> tuple[str, ...]:
    """Everything that the page may be taken for, by its bytes and by its type.

    A file can be two things at once; a reservation in either counts.
    """
    declared = content_type.partition(";")[0].strip().lower()
    kinds: list[str] = ["pdf"] if declared in _PDF_TYPES or is_pdf(body) else []
    is_epub = _ZIP_END in body and _CONTAINER in body
    if is_epub or declared == "application/epub+zip":
        kinds.append("epub")
    if declared == "application/oebps-package+xml":
        kinds.append("opf")
    is_text = declared.startswith("text/") or declared.endswith(_TEXT_TYPES)
    if not declared and not kinds:
        is_text = _is_utf8(body[:1024])
    if is_text or body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\f").startswith(b"<"):
        kinds.append("markup")
    return tuple(kinds) or ("binary",)


def _is_utf8(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # cut inside a character
    return True


def _binary_tags(body: bytes) -> Iterator[Tag]:
    yield from packet_tags(chain(find_xmp(body), _png_packets(body)))


def _markup_tags(body: bytes) -> Iterator[Tag]:
    """Packets in text, such as SVG, and NewsML-G2; prose may quote other packets."""
    is_xml = _HTML.search(body[:4096]) is None
    if not _speaks(body, is_xml=is_xml):
        return
    packets = [one for one in find_xmp(body) if _speaks(one, is_xml=True)]
    yield from packet_tags(packets)
    is_newsml = all(mark in body for mark in _NEWSML)
    if is_xml and (is_newsml or (not packets and _SVG.search(body))):
        yield from xmp_tags(body)  # which may give RDF any prefix


def _speaks(markup: bytes, *, is_xml: bool) -> bool:
    if is_xml and b"&#" in markup:
        markup = text_of(markup).encode("utf-8", "replace")
    return any(mark in markup for mark in _SPEAKS)


def _manifest_tags(kinds: Sequence[str], body: bytes) -> Iterator[Tag]:
    is_text = {"markup", "opf"}.issuperset(kinds)
    for assertion in find_assertions(body, is_text=is_text):
        yield from training_mining_tags(assertion)
    is_named = "markup" in kinds and b"c2pa-manifest" in body.lower()
    if is_named and _LINKED_MANIFEST.search(body):
        yield "linked-manifest", "link"
    if "pdf" in kinds and b"/C2PA_Manifest" in body and b"jumd" not in body:
        yield "unreadable-manifest", "pdf"  # an embedded file behind a filter
    if "binary" in kinds and b"C2PA_GIF" in body:
        yield "unreadable-manifest", "gif"  # cut into sub-blocks


def _png_packets(body: bytes) -> Iterator[bytes]:
    """XMP in compressed text chunks of a PNG."""
    for found in _PNG_XMP.finditer(body):
        size = int.from_bytes(body[max(found.start() - 4, 0) : found.start()], "big")
        data = body[found.end() : found.start() + 4 + size]
        try:
            content = zlib.decompressobj().decompress(data, BYTES_MAX)
        except zlib.error as error:
            raise malformed("png: expected a deflated packet") from error
        yield content


_READERS: dict[str, Callable[[bytes], Iterable[Tag]]] = {
    "pdf": pdf_tags,
    "epub": epub_tags,
    "opf": opf_tags,
    "markup": _markup_tags,
    "binary": _binary_tags,
}
