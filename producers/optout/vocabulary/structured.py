"""Dictionaries of structured fields, as far as usage preferences need them.

    a=y, b;p=1, c=(1 "x"), d="text"     a is the token y; b, c and d are something else

The whole value is checked against the grammar, since one fault anywhere makes all of it
fail; of the values only tokens are kept.

Source: RFC 9651, sections 3 and 4.2.
"""

import re
from dataclasses import dataclass

CHARS_MAX = 64 * 1024
"""Longest value that is read."""

_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_TOKEN = re.compile(r"[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*")
_BARE = re.compile(
    r"""-?[0-9]{1,12}\.[0-9]{1,3}           # decimal
      | -?[0-9]{1,15}                       # integer
      | "(?:[ !#-\[\]-~]|\\["\\])*"         # string
      | :[A-Za-z0-9+/]*={0,2}:              # byte sequence
      | \?[01]                              # boolean
      | @-?[0-9]{1,15}                      # date
      | %"(?:[ !#$&-~]|%[0-9a-f]{2})*"      # display string
    """,
    re.VERBOSE,
)
_SPACES = re.compile(r" *")
_OWS = re.compile(r"[ \t]*")


class StructuredFieldError(ValueError):
    """The value breaks the grammar; by RFC 9651 it is to be ignored as a whole."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a dictionary.

    Attributes:
        key: its key.
        token: its value where that is a token; empty for every other type.
        at: where the key starts.
    """

    key: str
    token: str
    at: int


def parse_dictionary(text: str) -> list[Member]:
    """Every member in order; of two with one key the last is in force.

    Raises:
        StructuredFieldError: `text` is too long or no dictionary.
    """
    if len(text) > CHARS_MAX:
        raise StructuredFieldError(f"expected at most {CHARS_MAX} characters")
    text = text.rstrip(" ")
    at = _skip(_SPACES, text, 0)
    members: list[Member] = []
    while at < len(text):
        start, at = at, _expect(_KEY, text, at, "a key")
        token, end = "", at
        if text.startswith("=(", at):
            end = _inner_list(text, at + 2)
        elif text.startswith("=", at):
            end = _item(text, at + 1)
            found = _TOKEN.match(text, at + 1)
            token = found.group() if found is not None else ""
        members.append(Member(text[start:at], token, start))
        at = _skip(_OWS, text, _parameters(text, end))
        if at == len(text):
            break
        if text[at] != ",":
            raise StructuredFieldError(f"character {at + 1}: expected a comma")
        at = _skip(_OWS, text, at + 1)
        if at == len(text):
            raise StructuredFieldError("a comma ends the value")
    return members


def _item(text: str, at: int) -> int:
    """Skip a bare item."""
    found = _TOKEN.match(text, at) or _BARE.match(text, at)
    if found is None:
        raise StructuredFieldError(f"character {at + 1}: expected a value")
    return found.end()


def _inner_list(text: str, at: int) -> int:
    """Skip the rest of an inner list, its parenthesis included."""
    at = _skip(_SPACES, text, at)
    while not text.startswith(")", at):
        at = _parameters(text, _item(text, at))
        if not text.startswith((" ", ")"), at):
            raise StructuredFieldError(f"character {at + 1}: expected a space")
        at = _skip(_SPACES, text, at)
    return at + 1


def _parameters(text: str, at: int) -> int:
    """Skip parameters: they have no meaning here."""
    while text.startswith(";", at):
        at = _expect(_KEY, text, _skip(_SPACES, text, at + 1), "a parameter")
        if text.startswith("=", at):
            at = _item(text, at + 1)
    return at


def _expect(pattern: re.Pattern[str], text: str, at: int, what: str) -> int:
    found = pattern.match(text, at)
    if found is None:
        raise StructuredFieldError(f"character {at + 1}: expected {what}")
    return found.end()


def _skip(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return at if found is None else found.end()
