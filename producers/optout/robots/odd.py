"""What is odd in a robots.txt: not read as it was meant, so never taken for consent.

Of everything here a person must say what was meant; nothing here decides.

Source: RFC 9309, section 2.2, for what is not odd.
"""

import re
import unicodedata
from itertools import pairwise

from producers.optout.vocabulary.patterns import Glob, escape_octets, parse_glob

_KEY = re.compile(
    r"(?:^|[^a-z])"
    r"(?:d[aeiou]{0,2}s{0,2}[aeiou]{0,2}l{1,3}[aeiou]{0,2}[vw]+(?:ed|s)?"
    r"|us?er[\s_.-]*ag[a-z]{2,5}|content[\s_.-]*(?:usage|signal)s?|licen[cs]e)"
    r"(?![a-z])"
)
"""A key of this format, though it may be misspelled, wrapped or run into its value."""

_OTHER_KEYS = frozenset(
    {
        "agent",
        "block",
        "crawler",
        "deny",
        "forbid",
        "opt-out",
        "optout",
        "robot",
        "user",
    }
)
"""What no version of the format has, and yet can only be meant in one way."""

_EVERYBODY = re.compile(
    r"[\W_]*(?:(?:all|any(?:one|body)?|every(?:one|body|thing)?)\b[^*]*)?"
)
_NAME = re.compile(r"[a-z0-9_.-]+(?:/[!-)+-~]*)?")
_END = re.compile(rb"[\s\"'`<>|\\^]|,(?=$|\s|[\"'`/*])")
_REGEXP = re.compile(rb"/\(?\.[*+]\)?\$?")
_ROOT = re.compile(
    rb"/(?:/+|\.{3,}|!+|&nbsp;?|(?:%20|%09)+|\(\w*\)|\[\w*\]|\{\w*\})", re.IGNORECASE
)
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""What a reader does not see, printable to Python or not.

Source: Unicode 15.0, DerivedCoreProperties, Default_Ignorable_Code_Point; U+2800 is a
blank too.
"""


def is_odd_row(row: bytes) -> bool:
    """Whether a row that is no `key: value` seems to be meant as one.

    Args:
        row: without its remark.
    """
    return _KEY.search(row.decode("utf-8", "replace").lower()) is not None


def is_odd_key(key: bytes) -> bool:
    """Whether a key that is not known seems to be meant as one that is."""
    name = key.decode("utf-8", "replace").strip().lower()
    return _KEY.search(name) is not None or name.removesuffix("s") in _OTHER_KEYS


def is_everybody(value: bytes) -> bool:
    """Whether a user-agent value may stand for all, though it is no star."""
    text = value.decode("utf-8", "replace").lower()
    is_word = any(char.isalnum() for char in text)
    return _EVERYBODY.fullmatch(text) is not None and ("*" in text or is_word)


def is_plain_name(value: bytes) -> bool:
    """Whether a user-agent value names one crawler, and no pattern or list of them."""
    word = value.decode("utf-8", "replace").lower().split(maxsplit=1)[:1]
    return bool(word) and _NAME.fullmatch(word[0]) is not None


def odd_glob(value: bytes) -> Glob | None:
    """What a disallow rule may be meant for besides; None where it is not odd.

    A path ends at a blank, a quote or a stop: what stands behind is a remark or another
    path. `//`, `/.*` and `/(all)` mean all, to those who write no patterns of RFC 9309.
    """
    if _ROOT.fullmatch(value) or _REGEXP.fullmatch(value):
        return parse_glob(b"/")
    end = _END.search(value)
    return None if end is None else parse_glob(escape_octets(value[: end.start()]))


def has_invisible(text: str) -> bool:
    """Whether `text` holds a character that nobody sees, or a mark on no letter."""
    if text.isascii():
        return False
    marked = pairwise(text)
    return _INVISIBLE.search(text) is not None or any(
        unicodedata.category(mark).startswith("M") and not base.isalnum()
        for base, mark in marked
        if not mark.isascii() and not unicodedata.category(base).startswith("M")
    )
