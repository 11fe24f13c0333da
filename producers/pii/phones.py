"""Telephone numbers: candidates by their form, judged by the numbering plans."""

import re
from typing import Final

from producers.pii.classes import Hints, Span
from producers.pii.extras import require

_SEPARATOR: Final = r"[ \u00a0()./\u2010\u2011\u2013-]"

_ROW: Final = rf"(?<![0-9]{_SEPARATOR})(?<![0-9]{_SEPARATOR}{{2}})"
_HEAD: Final = re.compile(
    r"(?<![\w+])(?<![0-9][.,])(?<![A-Za-z][/-])"
    rf"(?:(?=(?P<plus>\(?\+[0-9]))|{_ROW}(?=(?P<zero>\(?0)|(?P<any>\(?[0-9])))"
)
"""A number may start at a plus, or at the first of a row of groups of digits."""

_BLANK: Final = "[ \u00a0]"
_JOIN: Final = (
    rf"(?:{_BLANK}?[()]{{1,2}}[ \u00a0.-]?"
    r"|[ \u00a0./\u2010\u2011\u2013-]"
    rf"|{_BLANK}[\u2013-]{_BLANK})?"
)
"""What stands between two digits of one number: ` / ` stands between two numbers."""

_BODY: Final = re.compile(rf"\(?\+?[0-9](?:{_JOIN}[0-9]){{6,17}}")
_SEVEN_DIGITS: Final = re.compile(rf"[0-9](?:{_SEPARATOR}{{0,3}}[0-9]){{6}}")
_EXTENSION: Final = re.compile(r" {0,2}(?:x|ext\.? ?)[0-9]{1,7}(?!\w)")
_GOES_ON: Final = re.compile(r"[./\u2010\u2011\u2013-]?\w")
"""After such a place the row of groups goes on, in digits or in letters."""

_GROUP_END: Final = re.compile(rf"(?<=[0-9])(?={_SEPARATOR}|\Z)")
_OTHER: Final = re.compile(
    r"[0-9]{1,20}[./][0-9]{1,20}"  # a decimal fraction
    r"|[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}(?: [0-9]{1,2})?"  # a date
    r"|[0-9]{3,5}[-\u2013][0-9]{3,5}"  # a range
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}"  # an IPv4 address, or a version
)
"""What else looks like groups of digits: it never is a number without a plus."""

_CALLED: Final = re.compile(
    r"(?i)\+[0-9]{1,3}[ (-]{1,2}\Z"
    r"|t[eé]l[eé](?:f|ph|m[oó])|\bt[eé]l\b|\bphon|\bcall\b|\bfax\b|\bmobil|\bcell\b"
    r"|\bhandy|whatsapp|\bsms\b|\bring\b|\b(?:an)?ruf(?:en|nummer)?\b|\bappel"
    r"|\bchiama|cellulare|\bllam|\bm[oó]vil|\bbel(?:t|len)?\b|\bgsm\b|\bligu?[ae]r?\b"
    r"|dzwo[nń]|\bkom[oó]rk"
)
"""The code of a country, or a word in the languages of the dictionaries, after which
digits are a telephone number."""

_CALLED_CHARS: Final = 32
"""How far before a number, on its line, such a word may stand."""

_DIGITS_MIN: Final = 7
_TRIES_MAX: Final = 4
"""How many ends of one candidate are tried, from the far one."""


class PhoneDetector:
    """Valid numbers with a country code, and national ones of the hinted countries.

    Raises:
        InputError: phonenumbers is not installed.
    """

    def __init__(self) -> None:
        self._library = require("phonenumbers", "pii")

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        if not _SEVEN_DIGITS.search(text):
            return []
        regions = hints.regions()
        spans = []
        for head in _HEAD.finditer(text):
            kind = head.lastgroup
            start = head.start()
            if kind == "plus" or regions or text.startswith("00", start):
                end = self._end(text, start, regions)
                bare = kind == "any" and text[start:end].isdigit()
                if end and not (bare and not is_called(text, start)):
                    spans.append(Span(start, end, "phone"))
        return spans

    def _end(self, text: str, start: int, regions: tuple[str, ...]) -> int:
        """Where the number that starts here ends; 0 where none does."""
        body = _BODY.match(text, start)
        if body is None:
            return 0
        ends = [start + cut.end() for cut in _GROUP_END.finditer(body.group())]
        for end in ends[: -_TRIES_MAX - 1 : -1]:
            follows = _EXTENSION.match(text, end)
            if not follows and _GOES_ON.match(text, end):
                continue
            if self._is_number(text[start:end], regions):
                return follows.end() if follows else end
        return 0

    def _is_number(self, value: str, regions: tuple[str, ...]) -> bool:
        """Whether a numbering plan has this number."""
        digits = sum(c.isdigit() for c in value)
        groups = len(_GROUP_END.findall(value))
        if digits < _DIGITS_MIN or 2 * groups > digits + 2:
            return False  # rows of single digits are a table
        if "+" in value:
            return self._is_valid(value, None)
        if _OTHER.fullmatch(value):
            return False
        if value.startswith("00") and self._is_valid(f"+{value[2:]}", None):
            return True
        return any(
            self._is_valid(value, region)
            for region in regions
            if value.lstrip("(").startswith("0") or not self._has_trunk_zero(region)
        )

    def _has_trunk_zero(self, region: str) -> bool:
        """Whether national numbers are written with a zero before them."""
        return bool(
            self._library.ndd_prefix_for_region(region, strip_non_digits=True) == "0"
        )

    def _is_valid(self, value: str, region: str | None) -> bool:
        """Whether the number is valid, not only possible, as the library says."""
        try:
            number = self._library.parse(value, region)
        except self._library.NumberParseException:
            return False
        return bool(self._library.is_valid_number(number))


def is_called(text: str, start: int) -> bool:
    """Whether a word before a place calls what starts there a telephone number.

    A bare row of digits without one is more often a count or an id.
    """
    before = text[max(0, start - _CALLED_CHARS) : start]
    return _CALLED.search(before.rpartition("\n")[2]) is not None
