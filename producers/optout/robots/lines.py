"""The lines of a robots.txt: keys, values and product tokens, nothing about rules.

Source: RFC 9309, section 2.2; google/robotstxt, robots.cc, for what is tolerated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from producers.optout.robots.odd import has_invisible, is_odd_row

ASCII_SPACE = b" \t\n\v\f\r"

LICENCE_KEYS = frozenset({b"license", b"licence"})
"""Keys of a line that names a licence document."""

_LINE_BYTES_MAX = 2083 * 8 - 1
"""Bytes of a line that are read, as in google/robotstxt."""

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_TWO_WORDS = re.compile(rb"([^ \t]+)[ \t]+([^ \t]+)")
_RFC_TOKEN = re.compile(r"[A-Za-z_-]*")
_LIST_GAP = re.compile(r"[\s,;]+")
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_QUOTED = re.compile(rb"([\"'`])(.*)\1", re.DOTALL)
_USER_AGENT = (b"user-agent", b"useragent", b"user agent")
_ABSOLUTE_URL = re.compile(rb"https?://(?![/?#])[!-~]+", re.IGNORECASE)
_OTHER_LINE_END = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
_MARKUP = re.compile(r"<(?:!doctype|\?xml|html|head|body)\b", re.IGNORECASE)


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
    for number, line in enumerate(rows_of(body), 1):
        parsed = _read_line(number, line)
        if parsed is not None:
            yield parsed


def odd_row(body: bytes) -> int:
    """The first row that is no line and seems to be meant as one; 0 for none."""
    rows = enumerate(rows_of(body), 1)
    odd = (
        number
        for number, row in rows
        if _read_line(number, row) is None and is_odd_row(row.partition(b"#")[0])
    )
    return next(odd, 0)


def rows_of(body: bytes) -> list[bytes]:
    """The lines of `body` without their ends and without a byte order mark."""
    return _LINE_END.split(without_bom(body))


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
    # ASCII alone: to others a fancy space or a folded letter is another name.
    word = value.lower().split(maxsplit=1)[:1]
    if not word or is_star(value):
        return frozenset()
    text = word[0].decode("utf-8", "replace")
    letters = _RFC_TOKEN.match(text)
    readings = {text, text.partition("/")[0], letters.group() if letters else ""}
    return frozenset(filter(None, readings))


def listed_in(value: bytes) -> frozenset[str]:
    """Every name in a user-agent value that is a list, case-folded; `*` among them.

    No grammar has lists or quotes, so this is for finding a "no" only. A `*` counts
    between commas or quotes: behind a blank it is a remark to google/robotstxt.
    """
    text = value.decode("utf-8", "replace").casefold()
    words = {word.strip(_QUOTES) for word in _LIST_GAP.split(text)}
    names = {name for word in words for name in (word, word.partition("/")[0])} - {"*"}
    if not is_star(value) and "*" in (
        item.strip().strip(_QUOTES) for item in text.split(",")
    ):
        names.add("*")
    return frozenset(names)


def unquoted(value: bytes) -> bytes:
    """`value` without a pair of quotes around it."""
    quoted = _QUOTED.fullmatch(value)
    return value if quoted is None else quoted[2]


def is_star(value: bytes) -> bool:
    """Whether the value is `*`, whatever words follow it (google/robotstxt)."""
    return value[:1] == b"*" and (len(value) == 1 or value[1] in ASCII_SPACE)


def is_licence(line: Line) -> bool:
    """Whether it names a licence document by an absolute URL, as RSL demands."""
    is_url = _ABSOLUTE_URL.fullmatch(line.value) is not None
    return is_url and line.key.lower() in LICENCE_KEYS


def without_bom(body: bytes) -> bytes:
    """`body` without UTF-8 byte order marks; the last may be there in part."""
    while body.startswith(_BOM):
        body = body[len(_BOM) :]
    length = 0
    while length < len(_BOM) and body[length : length + 1] == _BOM[length : length + 1]:
        length += 1
    return body[length:]


def is_plain_text(body: bytes) -> bool:
    """Whether this can be a file of lines: UTF-8, no page of markup, no JSON.

    Outside comments a file that hides something from a reader of lines is none: a key
    outside ASCII, an invisible character, a line end of another convention, a line
    longer than is read.
    """
    if any(len(row.partition(b"#")[0]) > _LINE_BYTES_MAX for row in rows_of(body)):
        return False
    try:
        text = without_bom(body).decode("utf-8")
    except UnicodeDecodeError:
        return False
    if _OTHER_LINE_END.search(text) or text.lstrip().startswith(("<", "{", "[")):
        return False
    return "\0" not in text and all(
        _is_plain_line(line.partition("#")[0]) for line in text.splitlines()
    )


def is_for_crawlers(body: bytes) -> bool:
    """Whether it speaks to some crawler, or holds sitemaps, licences and comments only.

    Any other text is an error page, or rules that apply to nobody.
    """
    lines = list(read_lines(body))
    written = sum(1 for row in rows_of(body) if row.partition(b"#")[0].strip())
    if any(line.key.lower().startswith(_USER_AGENT) for line in lines):
        return True
    return written == len(lines) and all(
        line.key.lower().startswith(b"sitemap") or is_licence(line) for line in lines
    )


def _is_plain_line(line: str) -> bool:
    return (
        line.partition(":")[0].isascii()
        and line.replace("\t", " ").isprintable()
        and not has_invisible(line)
        and _MARKUP.search(line) is None
    )
