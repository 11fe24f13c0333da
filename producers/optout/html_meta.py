"""The meta elements of a page, found in time linear in its bytes.

`html.parser` of the standard library needs half a minute for 64 KiB of `<a <a <a ...`
(Python 3.11), so a scanned site could stop the scan. This reader knows only what it
takes not to be fooled: comments, quoted attributes, and elements whose content is text.

Source: HTML Living Standard, section 13.2.5 (tokenization).
"""

import html
import re
from dataclasses import dataclass

BYTES_MAX = 1024 * 1024
"""Bytes of a page in which meta elements are looked for."""

METAS_MAX = 256
"""Most meta elements that are read."""

_RAW_TEXT = frozenset(
    {
        b"script",
        b"style",
        b"title",
        b"textarea",
        b"xmp",
        b"iframe",
        b"noembed",
        b"noframes",
    }
)
_TAG_NAME = re.compile(rb"[a-z][^\s/>]*")
_END_TAG = re.compile(rb"</[a-z][^\s/>]*", re.IGNORECASE)
_COMMENT_END = re.compile(rb"--!?>")
_BETWEEN = re.compile(rb"[\s/]*")
_NAME = re.compile(rb"=?[^\s/>=]*")
_EQUALS = re.compile(rb"\s*=\s*")
_UNQUOTED = re.compile(rb"[^\s>]*")


@dataclass(frozen=True, slots=True)
class MetaTags:
    """The named meta elements of a page.

    Attributes:
        pairs: (name in lower case, content), in order.
        is_whole: whether the head was read to its end.
    """

    pairs: tuple[tuple[str, str], ...]
    is_whole: bool


def read_meta_tags(page: bytes) -> MetaTags:
    """Find `<meta name= content=>` in the first `BYTES_MAX` of `page`.

    Args:
        page: bytes in a superset of ASCII, such as UTF-8.
    """
    data = page[:BYTES_MAX]
    lowered = data.lower()  # ASCII only and of the same length: positions agree
    pairs: list[tuple[str, str]] = []
    is_head_over = len(page) <= BYTES_MAX
    at = 0
    while (at := data.find(b"<", at)) >= 0 and len(pairs) < METAS_MAX:
        name = _TAG_NAME.match(lowered, at + 1)
        if name is None:
            is_head_over = is_head_over or lowered.startswith(b"</head", at)
            at = _after_markup(data, at)
            continue
        tag = name.group()
        is_head_over = is_head_over or tag == b"body"
        attributes: dict[bytes, bytes] = {}
        at = _read_attributes(data, name.end(), attributes)
        if tag == b"meta" and at < len(data) + 1:
            pairs.extend(_named(attributes))
        if tag in _RAW_TEXT:
            close = re.compile(rb"</" + tag + rb"(?=[\s/>])").search(lowered, at)
            at = len(data) if close is None else close.start()
    return MetaTags(tuple(pairs), is_head_over and len(pairs) < METAS_MAX)


def _after_markup(data: bytes, at: int) -> int:
    """Where to go on after a comment, declaration, end tag or lone `<` at `at`."""
    if data.startswith(b"<!--", at):
        if data.startswith((b">", b"->"), at + 4):
            return at + 5  # `<!-->` and `<!--->` are whole comments
        end = _COMMENT_END.search(data, at + 4)
        return len(data) if end is None else end.end()
    end_tag = _END_TAG.match(data, at)
    if end_tag is not None:
        return _read_attributes(data, end_tag.end(), {})
    if data.startswith((b"<!", b"<?", b"</"), at):
        close = data.find(b">", at)
        return len(data) if close < 0 else close + 1
    return at + 1


def _read_attributes(data: bytes, at: int, attributes: dict[bytes, bytes]) -> int:
    """Read attributes up to `>`; the position behind it, or past the end without one.

    The first of two attributes with one name counts, as in a browser.
    """
    unclosed = len(data) + 1
    while True:
        at = _end(_BETWEEN, data, at)
        if at >= len(data):
            return unclosed
        if data[at : at + 1] == b">":
            return at + 1
        name_end = _end(_NAME, data, at)
        name, value = data[at:name_end].lower(), b""
        at = name_end
        equals = _EQUALS.match(data, at)
        if equals is not None:
            at = equals.end()
            quote = data[at : at + 1]
            if quote in (b'"', b"'"):
                close = data.find(quote, at + 1)
                if close < 0:
                    return unclosed
                value, at = data[at + 1 : close], close + 1
            else:
                start, at = at, _end(_UNQUOTED, data, at)
                value = data[start:at]
        attributes.setdefault(name, value)


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    return at if found is None else found.end()


def _named(attributes: dict[bytes, bytes]) -> list[tuple[str, str]]:
    name = html.unescape(attributes.get(b"name", b"").decode("utf-8", "replace"))
    content = attributes.get(b"content", b"").decode("utf-8", "replace")
    return [(name.strip().lower(), html.unescape(content))] if name.strip() else []
