"""The elements of a page that can hold a reservation, found in linear time.

`html.parser` of the standard library needs half a minute for 64 KiB of `<a <a <a ...`
(Python 3.11), so a scanned site could stop the scan. This reader knows only what it
takes not to be fooled: comments, quoted attributes, and elements whose content is text.
Where a browser's rules are finer than these, it finds too much and never too little:
what may be text or markup is read as markup, for its meta elements and licences.

Source: HTML Living Standard, section 13.2.5 (tokenization).
"""

import re
from collections import deque
from dataclasses import dataclass
from functools import partial

from producers.optout.page.html_context import Context, Limits
from producers.optout.page.html_text import (
    TEXT_ELEMENTS,
    Attributes,
    read_attributes,
    refresh_target,
    text_end,
    text_of,
)

BYTES_MAX = 8 * 1024 * 1024
"""Bytes of a page in which elements are looked for."""

METAS_MAX = 256
"""Most meta elements that are read."""

LINKS_MAX = 1024
"""Most links with a relation that are read."""

ANCHORS_MAX = 1024
"""Most anchors that are kept: the last ones, since terms are linked from the foot."""

ANCHOR_BYTES_MAX = 256
"""Bytes of an anchor's text that are kept."""

DOCUMENTS_MAX = 64
"""Most documents inside a page."""

_RESERVING_RELATIONS = frozenset({"license", "terms-of-service"})
_TAG_NAME = re.compile(rb"[a-z][^\t\n\f\r />]*")
_END_TAG = re.compile(rb"</([a-z][^\t\n\f\r />]*)")
_COMMENT_END = re.compile(rb"--!?>")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Link:
    """A link element, or an anchor with a relation.

    Attributes:
        rel: relations in lower case, a space between them.
        href: where it leads, as written; perhaps relative.
        type: media type in lower case, without parameters; empty where none.
    """

    rel: str
    href: str
    type: str


@dataclass(frozen=True, slots=True)
class PageTags:
    """What a page says in its elements.

    Attributes:
        metas: (name, content) of meta elements, names in lower case; an element with
            `name`, `property` and `http-equiv` counts under each.
        links: link elements and anchors with a relation, in order.
        anchors: (href, text) of the last `ANCHORS_MAX` anchors.
        rsl_documents: content of scripts of type `application/rsl+xml`.
        json_ld: content of scripts of type `application/ld+json`.
        refresh: where the first refresh with a target leads; empty where none.
        base: the URL that relative ones are relative to; empty for the page's own.
        is_whole: whether the head was read to its end, and no limit left a meta
            element, a licence or a document out.
    """

    metas: tuple[tuple[str, str], ...]
    links: tuple[Link, ...]
    anchors: tuple[tuple[str, str], ...]
    rsl_documents: tuple[bytes, ...]
    json_ld: tuple[bytes, ...]
    refresh: str
    base: str
    is_whole: bool


def read_page_tags(page: bytes) -> PageTags:
    """Read the elements in the first `BYTES_MAX` of `page`.

    Args:
        page: bytes in a superset of ASCII, such as UTF-8.
    """
    reader = _Reader(page[:BYTES_MAX])
    reader.read()
    return reader.finish(is_cut=len(page) > BYTES_MAX)


class _Reader:
    """Walks over the markup once and collects."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._lowered = data.lower()  # ASCII only and of the same length
        self._context = Context(is_xml=self._lowered.lstrip().startswith(b"<?xml"))
        self._limits = Limits()
        self._text_end = 0  # of what may be text as well
        self._room = BYTES_MAX
        self._is_head_over = False
        self._is_cut = False
        self._is_full = False
        self._metas: list[tuple[str, str]] = []
        self._links: list[Link] = []
        self._anchors: deque[tuple[str, str]] = deque(maxlen=ANCHORS_MAX)
        self._anchor: tuple[str, bytearray] | None = None
        self._rsl: list[bytes] = []
        self._json_ld: list[bytes] = []
        self._refresh = ""
        self._base = ""

    def read(self) -> None:
        data, at = self._data, 0
        while (start := data.find(b"<", at)) >= 0:
            self._add_text(at, start)
            at = self._limits.clip(start, self._markup(start))
        self._is_cut = self._is_cut or at > len(data)
        self._add_text(at, len(data))
        self._close_anchor()

    def _markup(self, start: int) -> int:
        """Read what the `<` at `start` begins; where to go on."""
        name = _TAG_NAME.match(self._lowered, start + 1)
        if name is None:
            return self._after_markup(start)
        attributes: Attributes = {}
        at = read_attributes(self._data, name.end(), attributes)
        if at > len(self._data):
            return at  # a tag without an end is no element
        return self._element(name.group(), attributes, at)

    def finish(self, *, is_cut: bool) -> PageTags:
        is_cut = is_cut or self._is_cut
        return PageTags(
            metas=tuple(self._metas[:METAS_MAX]),
            links=tuple(self._links[:LINKS_MAX]),
            anchors=tuple(self._anchors),
            rsl_documents=tuple(self._rsl),
            json_ld=tuple(self._json_ld),
            refresh=self._refresh,
            base=self._base,
            is_whole=(self._is_head_over or not is_cut) and not self._is_full,
        )

    def _element(self, tag: bytes, attributes: Attributes, at: int) -> int:
        """Take in the element whose start tag ends at `at`; where to go on."""
        is_closed = self._data.endswith(b"/>", 0, at)
        is_sure = self._context.is_sure and not is_closed
        self._context.start(tag, is_closed=is_closed)
        if tag == b"body":
            self._is_head_over = True
        elif tag == b"noscript":
            self._end_by(b"</noscript", at)
        self._take(tag.rpartition(b":")[2], attributes, at)  # XHTML has prefixes
        if tag not in TEXT_ELEMENTS:
            return at
        return self._raw_text(tag, attributes, at, is_sure=is_sure)

    def _take(self, tag: bytes, attributes: Attributes, at: int) -> None:
        is_text = (
            at <= self._text_end
        )  # perhaps: a script may write elements of its own
        if tag == b"meta":
            self._add_meta(attributes, is_text=is_text)
        elif tag == b"link" or (tag in {b"a", b"area"} and not is_text):
            self._add_link(tag, attributes)
        elif tag == b"base" and not is_text:
            self._base = self._base or text_of(attributes.get(b"href", b"")).strip()

    def _end_by(self, mark: bytes, at: int) -> None:
        """Let nothing that begins before the next `mark` reach beyond it."""
        find = partial(self._lowered.find, mark)
        self._limits.add(mark, at, find, len(self._data))

    def _raw_text(
        self, tag: bytes, attributes: Attributes, at: int, *, is_sure: bool
    ) -> int:
        """Skip the text of this element, but for documents; where to go on."""
        documents = self._documents_of(tag, attributes)
        find = partial(text_end, self._lowered, tag)
        if not is_sure and documents is None:
            end = self._limits.add(tag, at, find, len(self._data))
            self._text_end = max(self._text_end, end)
            return at
        end = find(at)
        self._is_cut = self._is_cut or end < 0
        end = len(self._data) if end < 0 else end
        if documents is not None:
            self._room -= end - at  # where markup is read in them they may overlap
            self._is_full = self._is_full or self._room < 0
            documents.extend([self._data[at:end]] if self._room >= 0 else [])
        return end if is_sure else at

    def _documents_of(self, tag: bytes, attributes: Attributes) -> list[bytes] | None:
        """Where the content of this element goes; None where it is not kept."""
        kind = _media_type(attributes) if tag == b"script" else ""
        documents = {
            "application/rsl+xml": self._rsl,
            "application/ld+json": self._json_ld,
        }.get(kind)
        is_full = self._room < 0 or len(self._rsl) + len(self._json_ld) >= DOCUMENTS_MAX
        if documents is not None and is_full:
            self._is_full = True
            return None
        return documents

    def _add_meta(self, attributes: Attributes, *, is_text: bool) -> None:
        content = text_of(attributes.get(b"content", b""))
        keys = (b"name", b"property", b"http-equiv")
        names = [text_of(attributes.get(key, b"")).strip().lower() for key in keys]
        if names[2] == "refresh" and not is_text:
            self._refresh = self._refresh or refresh_target(content)
        self._metas.extend((name, content) for name in dict.fromkeys(names) if name)
        if len(self._metas) >= METAS_MAX:
            self._is_full = True
            del self._metas[METAS_MAX:]

    def _add_link(self, tag: bytes, attributes: Attributes) -> None:
        href = text_of(attributes.get(b"href", b"")).strip()
        rel = _BLANKS.sub(" ", text_of(attributes.get(b"rel", b""))).strip().lower()
        if len(self._links) >= LINKS_MAX:
            is_left_out = not _RESERVING_RELATIONS.isdisjoint(rel.split())
            self._is_full = self._is_full or is_left_out
        elif rel:
            self._links.append(Link(rel, href, _media_type(attributes)))
        if tag == b"a":
            self._close_anchor()
            self._anchor = (href, bytearray()) if href else None

    def _add_text(self, start: int, end: int) -> None:
        if self._anchor is not None:
            _, text = self._anchor
            room = ANCHOR_BYTES_MAX - len(text)
            text += self._data[start : min(end, start + max(room, 0))]

    def _close_anchor(self) -> None:
        if self._anchor is not None:
            href, text = self._anchor
            self._anchors.append((href, _BLANKS.sub(" ", text_of(text)).strip()))
        self._anchor = None

    def _after_markup(self, at: int) -> int:
        """Where to go on after a comment, declaration, end tag or lone `<` at `at`."""
        data = self._data
        if data.startswith(b"<!--", at):
            if data.startswith((b">", b"->"), at + 4):
                return at + 5  # `<!-->` and `<!--->` are whole comments
            end = _COMMENT_END.search(data, at + 4)
            return len(data) + 1 if end is None else end.end()
        if data.startswith(b"<![CDATA[", at):
            self._end_by(b"]]>", at)
            self._context.cdata()
            return at + 9
        end_tag = _END_TAG.match(self._lowered, at)
        if end_tag is not None:
            self._end_tag(end_tag[1])
            return read_attributes(data, end_tag.end(), {})
        if data.startswith((b"<!", b"<?", b"</"), at):
            close = data.find(b">", at)
            return len(data) + 1 if close < 0 else close + 1
        return at + 1

    def _end_tag(self, tag: bytes) -> None:
        self._context.end(tag)
        if tag == b"head":
            self._is_head_over = True
        elif tag.rpartition(b":")[2] == b"a":
            self._close_anchor()


def _media_type(attributes: Attributes) -> str:
    return text_of(attributes.get(b"type", b"")).partition(";")[0].strip().lower()
