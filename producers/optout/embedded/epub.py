"""EPUB: TDMRep in the package document, of EPUB 2 and of EPUB 3.

    <meta name="tdm:reservation" content="1"/>            EPUB 2
    <package prefix="tdm: http://www.w3.org/ns/tdmrep#">  EPUB 3, in metadata:
      <meta property="tdm:reservation">1</meta>

Every package document of the container is read. XHTML files in it are not: by the
protocol the package document speaks for them.

Source: TDM Reservation Protocol, Final Report of 10 May 2024, "TDM Metadata in EPUB
files"; EPUB 3.3, sections 4 (container) and 5 (package document).
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from producers.optout.documents.tdmrep import header_statement
from producers.optout.documents.xml_tree import BYTES_MAX, Element, parse_xml
from producers.optout.embedded.tags import Tag, prose_tags, read_tags, settle, tdm_tag
from producers.optout.vocabulary.signals import Statement, malformed

ENTRIES_MAX = 10_000
"""Most files in a container."""

PACKAGES_MAX = 16
"""Most package documents in a container."""

_CONTAINER = "META-INF/container.xml"
_RIGHTS = "META-INF/rights.xml"
_ENTRY_MARK = b"PK\x01\x02"
_TDM = "http://www.w3.org/ns/tdmrep#"
_TDM_LIKE = re.compile(r"(?i:https?://www\.w3\.org/ns/tdmrep)[/#]?")
_TDM_PROPERTY = re.compile(
    r"https?://www\.w3\.org/ns/tdmrep[/#]?(reservation|policy)", re.IGNORECASE
)
"""A property by its whole URI, in place of a prefix."""

_PREFIX = re.compile(r"([^\s:]+):\s*(\S+)")
_RSL = "application/rsl+xml"
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    struct.error,
    ValueError,
)
"""What `zipfile` raises for what is broken, encrypted or of a later version."""


def opf_statement(opf: bytes) -> Statement:
    """What a package document says; line numbers are those of `opf_tags`.

    Raises:
        SignalError: not well-formed, or past a limit of `xml_tree`.
    """
    tags = list(opf_tags(opf))
    return settle(header_statement(tags), tags)


def epub_statement(body: bytes) -> Statement:
    """What the package documents of an EPUB file say by TDMRep."""
    tags = read_tags(lambda: epub_tags(body), ("unreadable", "epub"))
    return settle(header_statement(tags), tags)


def opf_tags(opf: bytes) -> Iterator[Tag]:
    """The properties of a package document that speak of text and data mining.

    Raises:
        SignalError: as `opf_statement`.
    """
    root = parse_xml(opf, what="package document")
    prefixes = dict(_PREFIX.findall(root.attribute("prefix")))
    for element in root.walk():
        if element.name == "meta":
            yield from _meta_tags(element, prefixes)
        if element.name == "rights":
            yield from prose_tags(element.text)
        if element.name == "link" and element.attribute("media-type") == _RSL:
            yield "linked", "rsl"


def epub_tags(body: bytes) -> Iterator[Tag]:
    """The properties of every package document in an EPUB file.

    A file with rules for rights management names rights that lie elsewhere.

    Raises:
        SignalError: no readable container, or a package document that is not readable.
    """
    if body.count(_ENTRY_MARK) > ENTRIES_MAX:
        raise malformed(f"epub: expected at most {ENTRIES_MAX} files")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for name in _packages(archive):
                yield from opf_tags(_read(archive, name))
            if _RIGHTS in archive.namelist():
                yield "linked", "rights.xml"
    except _ZIP_ERRORS as error:
        raise malformed("epub: expected a readable ZIP container") from error


def _meta_tags(element: Element, prefixes: dict[str, str]) -> Iterator[Tag]:
    """The tag of a meta element: EPUB 2 by name, EPUB 3 by property."""
    whole = _TDM_PROPERTY.fullmatch(element.attribute("property").strip())
    if whole is not None:
        yield from _property(whole[1], element.text, is_exact=False)
    prefix, colon, name = element.attribute("property").strip().partition(":")
    uri = prefixes.get(prefix, "")
    if colon and (_TDM_LIKE.fullmatch(uri) or prefix.casefold() == "tdm"):
        is_exact = uri == _TDM and not element.attribute("refines")
        yield from _property(name, element.text, is_exact=is_exact)
    prefix, colon, name = (
        element.attribute("name").strip().replace("-", ":").partition(":")
    )
    if colon and prefix.casefold() == "tdm":
        is_exact = element.attribute("name").startswith("tdm:")
        yield from _property(name, element.attribute("content"), is_exact=is_exact)


def _property(name: str, value: str, *, is_exact: bool) -> Iterator[Tag]:
    key = name.strip().casefold()
    if key in {"reservation", "policy"}:
        yield tdm_tag(key, value, is_exact=is_exact and key == name)


def _packages(archive: zipfile.ZipFile) -> list[str]:
    """The package documents that the container names, and others that are there."""
    container = parse_xml(_read(archive, _CONTAINER), what="container.xml")
    named = [
        element.attribute("full-path")
        for element in container.walk()
        if element.name == "rootfile"
    ]
    others = [name for name in archive.namelist() if name.lower().endswith(".opf")]
    packages = list(dict.fromkeys(named + others))
    if not packages or len(packages) > PACKAGES_MAX:
        raise malformed(
            f"epub: expected 1 to {PACKAGES_MAX} package documents, "
            f"found {len(packages)}"
        )
    return packages


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of the archive, decompressed up to a limit."""
    entries = [entry for entry in archive.infolist() if entry.filename == name]
    if len(entries) != 1:
        raise malformed(f"epub: expected each named file once, found {len(entries)}")
    if entries[0].compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise malformed("epub: expected stored or deflated files")
    with archive.open(entries[0]) as file:
        content = file.read(BYTES_MAX + 1)
    if len(content) > BYTES_MAX:
        raise malformed(f"epub: expected metadata of at most {BYTES_MAX} bytes")
    return content
