"""The lines of a robots.txt: keys, values and product tokens, nothing about rules.

Source: RFC 9309, section 2.2; google/robotstxt, robots.cc, for what is tolerated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

ASCII_SPACE = b" \t\n\v\f\r"

_LINE_BYTES_MAX = 2083 * 8 - 1
"""Bytes of a line that are read, as in google/robotstxt."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_TWO_WORDS = re.compile(rb"([^ \t]+)[ \t]+([^ \t]+)")
_RFC_TOKEN = re.compile(r"[A-Za-z_-]*")


@dataclass(frozen=True, slots=True)
class Line:
    """A `key: value` line.

    Attributes:
        number: 1-based.
        key: as written.
        value: as written, without the white space around it.
    """

    number: int
    key: bytes
    value: bytes


def read_lines(body: bytes) -> Iterator[Line]:
    """Every `key: value` line of `body`; comments and other lines are left out."""
    for number, line in enumerate(_LINE_END.split(without_bom(body)), 1):
        parsed = _read_line(number, line)
        if parsed is not None:
            yield parsed


def _read_line(number: int, line: bytes) -> Line | None:
    line = line[:_LINE_BYTES_MAX].partition(b"\0")[0]
    line = line.partition(b"#")[0].strip(ASCII_SPACE)
    key, colon, value = line.partition(b":")
    if not colon:
        # A missing colon is tolerated between exactly two words.
        words = _TWO_WORDS.fullmatch(line)
        if words is None:
            return None
        key, value = words.groups()
    key = key.strip(ASCII_SPACE)
    return Line(number, key, value.strip(ASCII_SPACE)) if key else None


def tokens_of(value: bytes) -> frozenset[str]:
    """The product tokens that a user-agent value may mean, case-folded.

    The run of letters that RFC 9309 allows, the first word, and that word without a
    `/version`: tokens such as `AI2Bot` and `bigsur.ai` are in use, though the grammar
    of section 2.2.1 has no digits and no dots.
    """
    word = value.decode("utf-8", "replace").split(maxsplit=1)[:1]
    if not word or is_star(value):
        return frozenset()
    letters = _RFC_TOKEN.match(word[0])
    readings = {word[0], word[0].partition("/")[0], letters.group() if letters else ""}
    return frozenset(reading.casefold() for reading in readings if reading)


def is_star(value: bytes) -> bool:
    """Whether the value is `*`, whatever words follow it (google/robotstxt)."""
    return value[:1] == b"*" and (len(value) == 1 or value[1] in ASCII_SPACE)


def without_bom(body: bytes) -> bytes:
    """`body` without a UTF-8 byte order mark, whole or in part."""
    length = 0
    while length < len(_BOM) and body[length : length + 1] == _BOM[length : length + 1]:
        length += 1
    return body[length:]


def is_plain_text(body: bytes) -> bool:
    """Whether this can be a file of lines: UTF-8, no NUL, and no page of markup."""
    body = without_bom(body)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body and not body.lstrip(ASCII_SPACE).startswith(b"<")
