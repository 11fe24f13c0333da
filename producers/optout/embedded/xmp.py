"""XMP: TDMRep's two properties and PLUS Data Mining, in any file that carries XMP.

    <rdf:Description rdf:about="" xmlns:tdm="http://www.w3.org/ns/tdmrep/">
      <tdm:reservation>1</tdm:reservation>
    </rdf:Description>
    <rdf:Description plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/>

A property may be an attribute, an element with text, or an element with a resource; all
are read, and several values of one property count one by one.

Source: TDM Reservation Protocol, Final Report of 10 May 2024, "TDM Metadata in PDF
files"; ISO 16684-1 (XMP); PLUS LDF, Data Mining; IPTC Photo Metadata 2023.1.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from ledger.events.optout import Preference, Usage
from producers.optout.documents.tdmrep import header_statement
from producers.optout.documents.xml_tree import Element, parse_xml
from producers.optout.embedded.tags import Tag, one_line, prose_tags, settle, tdm_tag
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import (
    SILENCE,
    SignalError,
    Statement,
    malformed,
)

PACKETS_MAX = 64
"""Most packets of a file that are read."""

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TDM = "http://www.w3.org/ns/tdmrep/"
_TDM_LIKE = re.compile(r"(?i:https?://www\.w3\.org/ns/tdmrep)[/#]?")
_PLUS = re.compile(r"(?i:https?://ns\.useplus\.org/ldf/xmp)/.*")
_PROVENANCE = ("http://purl.org/dc/terms/", "provenance")
_NEWSML = "dataMining"
_RIGHTS = frozenset(
    {
        ("http://purl.org/dc/elements/1.1/", "rights"),
        ("http://ns.adobe.com/xap/1.0/rights/", "UsageTerms"),
    }
)
"""Where rights are stated in prose, and a reservation may be among them."""

_STARTS = ("<?xpacket begin=", "<x:xmpmeta", "<rdf:RDF")
_ENDS = ("<?xpacket end=", "</x:xmpmeta>", "</rdf:RDF>")
_CODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")

PACKET_MARKS = tuple(start.encode(coding) for coding in _CODINGS for start in _STARTS)
"""What a packet starts with, in each coding; `find_xmp` finds every one of them."""

_DMI = re.compile(r"(?i:https?://ns\.useplus\.org/ldf/vocab/)?DMI-([A-Z-]{1,64})")
_ALL: tuple[Usage, ...] = ("tdm", "train", "search")
_DMI_STATED: dict[str, tuple[tuple[Usage, Preference], ...]] = {
    "UNSPECIFIED": (),
    "ALLOWED": tuple((usage, "allow") for usage in _ALL),
    "PROHIBITED": tuple((usage, "disallow") for usage in _ALL),
    "PROHIBITED-AIMLTRAINING": (("train", "disallow"),),
    "PROHIBITED-GENAIMLTRAINING": (("train", "disallow"),),
    "PROHIBITED-EXCEPTSEARCHENGINEINDEXING": (
        ("tdm", "disallow"),
        ("train", "disallow"),
        ("search", "allow"),
    ),
    "PROHIBITED-SEECONSTRAINT": (("tdm", "disallow"), ("train", "disallow")),
    "PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": (("tdm", "disallow"), ("train", "disallow")),
    "PROHIBITED-SEELINKEDRIGHTSEXPR": (("tdm", "disallow"), ("train", "disallow")),
}


def find_xmp(body: bytes) -> tuple[bytes, ...]:
    """The XMP packets in the bytes of any file, in UTF-8.

    A packet without an end reaches to the end of the file, and then does not parse.

    Raises:
        SignalError: more than `PACKETS_MAX` packets, or one in a broken coding.
    """
    packets: list[bytes] = []
    read_to = 0
    spans = (span for coding in _CODINGS for span in _spans(body, coding))
    for start, end, coding in sorted(islice(spans, len(_CODINGS) * PACKETS_MAX)):
        if start < read_to:
            continue  # one byte on, UTF-16 reads much the same the other way round
        read_to = end
        if len(packets) == PACKETS_MAX:
            raise malformed(f"xmp: expected at most {PACKETS_MAX} packets")
        try:
            text = body[start:end].decode(coding)
        except UnicodeDecodeError as error:
            raise malformed(f"xmp: expected a packet in {coding}") from error
        packets.append(text.strip("\0 \t\r\n\ufeff").encode())
    return tuple(packets)


def xmp_tags(packet: bytes) -> list[Tag]:
    """The properties in a packet that speak of text and data mining, in order.

    Raises:
        SignalError: not well-formed, or past a limit of `xml_tree`.
    """
    root = parse_xml(packet, what="xmp")
    return [tag for element in root.walk() for tag in _element_tags(element)]


def packet_tags(packets: Iterable[bytes]) -> Iterator[Tag]:
    """The properties in every packet that can be read.

    Raises:
        SignalError: at the end, where some packet could not; or too many of them.
    """
    broken: SignalError | None = None
    for count, packet in enumerate(packets, 1):
        if count > PACKETS_MAX:
            raise malformed(f"xmp: expected at most {PACKETS_MAX} packets")
        try:
            yield from xmp_tags(packet)
        except SignalError as error:
            broken = error
    if broken is not None:
        raise broken


def tdm_statement(packet: bytes) -> Statement:
    """What a packet says by TDMRep; line numbers are those of `xmp_tags`.

    Raises:
        SignalError: as `xmp_tags`.
    """
    tags = xmp_tags(packet)
    return settle(header_statement(tags), tags)


def plus_statement(source: bytes | str) -> Statement:
    """What PLUS Data Mining says, in a packet or as a value of its vocabulary.

    Raises:
        SignalError: as `xmp_tags`, for a packet.
    """
    text = source if isinstance(source, str) else source.decode("utf-8", "replace")
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return plus_of([("plus-data-mining", text)])
    return plus_of(xmp_tags(source if isinstance(source, bytes) else source.encode()))


def plus_of(tags: Sequence[Tag]) -> Statement:
    """What the `plus-data-mining` tags say together; the line is the tag's number."""
    return merged(
        _plus_value(number, value)
        for number, (name, value) in enumerate(tags, 1)
        if name == "plus-data-mining"
    )


def _plus_value(number: int, value: str) -> Statement:
    """What one value says; a value that is not known is no silence."""
    found = _DMI.fullmatch(value.strip().upper())
    label = "" if found is None else found[1]
    stated = _DMI_STATED.get(label)
    if stated is None:
        is_no = "PROHIBIT" in value.upper()
        return Statement(
            reservation="reserved" if is_no else "unset",
            line=number,
            review="unknown_preference",
        )
    if not stated:
        return SILENCE
    return Statement(
        reservation="reserved" if ("train", "disallow") in stated else "not_reserved",
        stated=stated,
        line=number,
        review="linked_rights" if "-SEE" in label else "",
    )


def _spans(body: bytes, coding: str) -> Iterator[tuple[int, int, str]]:
    """Where packets start and end; one inside another counts as part of it."""
    starts = [start.encode(coding) for start in _STARTS]
    ends = [end.encode(coding) for end in _ENDS]
    width = len("<".encode(coding))
    found = [body.find(start) for start in starts]
    while any(place >= 0 for place in found):
        start, index = min((p, i) for i, p in enumerate(found) if p >= 0)
        end = body.find(ends[index], start)
        if end < 0:
            yield start, len(body) - (len(body) - start) % width, coding
            return
        # An element has its end tag; what wraps a packet ends with a trailer.
        at = end if index == 0 else end + len(ends[index])
        yield start, at, coding
        found = [
            body.find(mark, at) if 0 <= place < at else place
            for mark, place in zip(starts, found, strict=True)
        ]


def _element_tags(element: Element) -> Iterator[Tag]:
    for value in _values(element) or [""]:
        yield from _property(element.namespace, element.name, value)
    for (namespace, name), value in element.attributes.items():
        yield from _property(namespace, name, value)
    if element.name == _NEWSML and element.attribute("uri"):
        yield "plus-data-mining", one_line(element.attribute("uri"))


def _property(namespace: str, name: str, value: str) -> Iterator[Tag]:
    """The tag of a property, if it speaks of text and data mining."""
    key = name.casefold()
    if _TDM_LIKE.fullmatch(namespace) and key in {"reservation", "policy"}:
        is_exact = namespace == _TDM and key == name
        yield tdm_tag(key, value, is_exact=is_exact)
    if _PLUS.fullmatch(namespace) and key == "datamining":
        yield "plus-data-mining", one_line(value)
    if (namespace, name) in _RIGHTS:
        yield from prose_tags(value)
    if (namespace, name) == _PROVENANCE:
        yield "linked-manifest", "provenance"


def _values(element: Element) -> list[str]:
    """The values of a property: text and resources, in it and in its containers."""
    values: list[str] = []
    for part in element.walk():
        resources = (
            part.attributes.get((_RDF, key), "") for key in ("resource", "value")
        )
        values += [text for text in (part.text, *resources) if text.strip()]
    return values
