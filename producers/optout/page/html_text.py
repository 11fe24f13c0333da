"""Attributes, character references, refreshes and scripts of HTML, in linear time.

Source: HTML Living Standard, sections 4.2.5.3 (refresh), 13.2.5.4 and 13.2.5.15 to
13.2.5.31 (scripts), 13.2.5.32 to 13.2.5.40 (attributes) and 13.2.5.72 to 13.2.5.80
(character references).
"""

import html
import re

Attributes = dict[bytes, bytes]
"""Attribute names in lower case, and their values as written."""

_RAW_TEXT_END = {
    tag: re.compile(rb"</" + tag + rb"(?=[\t\n\f\r />])")
    for tag in (
        b"style",
        b"title",
        b"textarea",
        b"xmp",
        b"iframe",
        b"noembed",
        b"noframes",
    )
}
"""What ends the text of these; a script ends by finer rules."""

TEXT_ELEMENTS = frozenset({b"script", *_RAW_TEXT_END})
"""Elements whose content is text."""

_KEPT = frozenset(
    {b"content", b"href", b"http-equiv", b"name", b"property", b"rel", b"type"}
)
_BETWEEN = re.compile(rb"[\t\n\f\r /]*")
_NAME = re.compile(rb"=?[^\t\n\f\r />=]*")
_EQUALS = re.compile(rb"[\t\n\f\r ]*=[\t\n\f\r ]*")
_UNQUOTED = re.compile(rb"[^\t\n\f\r >]*")
_SCRIPT = re.compile(rb"<!---*>|<!--|-->|</?script(?=[\t\n\f\r />])")
_REFRESH = re.compile(r"[0-9.]+[\s;,]*(?:url\s*=\s*)?(.*)", re.IGNORECASE | re.DOTALL)
_LEADING_ZEROS = re.compile(r"&#([xX]?)0+(?=[0-9A-Fa-f])")
_NO_CHARACTER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9A-Fa-f]{7,});?")


def read_attributes(data: bytes, at: int, attributes: Attributes) -> int:
    """Read attributes up to `>`; the position behind it, or past the end without one.

    Those of `_KEPT` are kept, so that a tag of any length takes no room. The first of
    two attributes with one name counts, as in a browser.

    Args:
        data: the markup.
        at: where the tag's name ends.
        attributes: filled.
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
        if name in _KEPT:
            attributes.setdefault(name, value)


def text_end(lowered: bytes, tag: bytes, at: int) -> int:
    """Where the end tag of an element stands whose text starts at `at`; -1 if nowhere.

    Args:
        lowered: the markup in lower case.
        tag: one of `TEXT_ELEMENTS`.
        at: where the start tag ends.
    """
    if tag == b"script":
        return _script_end(lowered, at)
    close = _RAW_TEXT_END[tag].search(lowered, at)
    return -1 if close is None else close.start()


def _script_end(lowered: bytes, at: int) -> int:
    # Between `<!--` and `-->` a script may hold a whole script element as text.
    is_escaped = is_nested = False
    for found in _SCRIPT.finditer(lowered, at):
        match found.group():
            case b"</script":
                if not is_nested:
                    return found.start()
                is_nested = False
            case b"<script":
                is_nested = is_escaped
            case b"<!--":
                is_escaped = True
            case _:
                is_escaped = is_nested = False
    return -1


def text_of(octets: bytes | bytearray) -> str:
    """Text with its character references replaced; what is no UTF-8 becomes U+FFFD."""
    text = octets.decode("utf-8", "replace")
    if "&" not in text:
        return text
    # `html.unescape` raises ValueError for a number of more than 4,300 digits.
    text = _LEADING_ZEROS.sub(r"&#\1", text)
    return html.unescape(_NO_CHARACTER.sub("\ufffd", text))


def refresh_target(content: str) -> str:
    """The URL of a refresh; empty where it reloads the page itself."""
    found = _REFRESH.fullmatch(content.strip())
    url = found[1] if found is not None else ""
    quote = url[:1]
    return url[1:].partition(quote)[0].strip() if quote in {"'", '"'} else url.strip()


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    found = pattern.match(data, at)
    return at if found is None else found.end()
