"""Kinds of values, each as the one regular expression that its JSON must match."""

import re
from dataclasses import dataclass

from verifier.format.wire import INT_MAX, KEY_NAME, STREAM_NAME


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        pattern: expression for the value; for text, without the quotes.
        is_text: whether the value stands in quotes.
        meaning: what a reader is told to expect.
    """

    pattern: str
    is_text: bool
    meaning: str

    def json(self, group: str = "") -> str:
        """Return the expression for the JSON, its value in a group where named."""
        inner = f"(?P<{group}>{self.pattern})" if group else f"(?:{self.pattern})"
        return f'"{inner}"' if self.is_text else inner


def text(pattern: str) -> Kind:
    """Text that matches a pattern; none of ours admits what JSON escapes."""
    return Kind(pattern, is_text=True, meaning=f"text matching {pattern}")


def one_of(listed: str) -> Kind:
    """One of a closed list of strings, here written with spaces between them."""
    names = listed.split()
    pattern = "|".join(map(re.escape, names))
    return Kind(pattern, is_text=True, meaning=f"one of {', '.join(names)}")


def or_empty(kind: Kind) -> Kind:
    """Text of a kind, or the empty string."""
    meaning = f"{kind.meaning}, or empty"
    return Kind(f"(?:{kind.pattern})?", is_text=True, meaning=meaning)


def integer(low: int, high: int) -> Kind:
    """A decimal from `low` to `high`, both included."""
    pattern = _range_pattern(low, high)
    return Kind(pattern, is_text=False, meaning=f"an integer {low}..{high}")


def list_of(item: Kind, low: int, high: int) -> Kind:
    """A list of `low` to `high` items."""
    # The item stands once, which compiles sooner: a comma must have one behind it.
    items = rf"(?:{item.json()}(?:,(?!\])|(?=\]))){{{low},{high}}}+"
    meaning = f"a list of {low} to {high} items, each {item.meaning}"
    return Kind(rf"\[{items}\]", is_text=False, meaning=meaning)


def record(**fields: Kind) -> Kind:
    """An object with exactly these fields in this order, for use in a list."""
    inner = ",".join(f'"{name}":{kind.json()}' for name, kind in fields.items())
    meaning = f"an object of {', '.join(fields)}"
    return Kind(rf"\{{{inner}\}}", is_text=False, meaning=meaning)


def _range_pattern(low: int, high: int) -> str:
    """Return an expression for the decimals of a range, without leading zeros.

    A list never goes back into an item that it has read, so 409 must not be taken where
    4095 stands: what is commonest comes first and looks ahead, then the longest.
    """
    parts: list[str] = []
    full: list[int] = []
    for digits in range(len(str(high)), len(str(low)) - 1, -1):
        first = max(low, 10 ** (digits - 1) if digits > 1 else 0)
        last = min(high, 10**digits - 1)
        if digits == 1 and (first, last) == (0, 9):
            full.append(1)  # with 0 it is every one-digit number
            parts.append("0")
        elif first == 10 ** (digits - 1) and last == 10**digits - 1:
            full.append(digits)
        else:
            parts += _same_length(str(first), str(last))
    if full:
        any_digits = f"[1-9][0-9]{{{full[-1] - 1},{full[0] - 1}}}+"
        parts.insert(0, any_digits + "(?![0-9])" * (full[0] < len(str(high))))
    return "|".join(parts)


def _same_length(first: str, last: str) -> list[str]:
    """Return expressions for the digit strings between two of one length."""
    count = len(first)
    zeros, nines = "0" * (count - 1), "9" * (count - 1)
    if count == 1:
        return [first if first == last else f"[{first}-{last}]"]
    if first[0] == last[0]:
        return [first[0] + rest for rest in _same_length(first[1:], last[1:])]
    low, high = int(first[0]), int(last[0])
    head: list[str] = []
    tail: list[str] = []
    if first[1:] != zeros:
        head = [first[0] + rest for rest in _same_length(first[1:], nines)]
        low += 1
    if last[1:] != nines:
        tail = [last[0] + rest for rest in _same_length(zeros, last[1:])]
        high -= 1
    middle = [f"[{low}-{high}][0-9]{{{count - 1}}}"] if low <= high else []
    return head + middle + tail


SALT = text("[0-9a-f]{24}")
ID = text("[0-9a-f]{32}")
ID_OR_EMPTY = or_empty(ID)
SHA256 = text("[0-9a-f]{64}")
SHA256_OR_EMPTY = or_empty(SHA256)
SIGNATURE = text("[0-9a-f]{128}")
NAME = text(KEY_NAME)
STREAM = text(STREAM_NAME)
FAMILY = text("[a-z][a-z0-9_]{0,31}")
LABEL = text("[A-Za-z0-9][A-Za-z0-9._+:/-]{0,127}")
LABEL_OR_EMPTY = or_empty(LABEL)
TOKEN = text("[A-Za-z0-9][A-Za-z0-9._/ -]{0,63}")
RULE = text("[a-z][a-z0-9_]{0,63}")
LICENCE = text("[A-Za-z0-9 .+()-]{0,256}")
FLOP = text("(?:0|[1-9][0-9]{0,39})")
FLOP_OR_EMPTY = or_empty(FLOP)
COUNT = integer(0, INT_MAX)
SHARD = integer(0, 4095)
SLICE = integer(0, 255)
FLAG = Kind("true|false", is_text=False, meaning="true or false")
