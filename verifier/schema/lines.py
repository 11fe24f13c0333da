"""Event lines against their tables: one regular expression a type.

Each value has one spelling, so a line either matches its type's expression as a
whole or breaks a rule. Values are then taken from the match's groups; no JSON
parser sees the line, so none can disagree about it.
"""

import json
import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from verifier.findings import Code, Violation
from verifier.format.strict_json import parse_json
from verifier.schema.patterns import SALT, Kind
from verifier.schema.tables import EVENT_TYPES

LINE_BYTES_MAX = 16_384
LIST_ITEMS_MAX = 256

TYPE_PREFIX = b'{"type":"'

_TYPE = re.compile(r"([a-z][a-z0-9_]{0,31})\.[a-z][a-z0-9_]{0,63}\.v[1-9][0-9]{0,3}")

Narrower = tuple[tuple[str, Kind], ...]
"""Fields, each with a kind of which every value is one of the field's own kind."""

# The prefix, the longest name that _TYPE allows, and its quote.
_HEAD_BYTES_MAX = len(TYPE_PREFIX) + 32 + 1 + 64 + 6 + 1


class Event(Protocol):
    """An event's fields by name, each the bytes that stand for it, without quotes."""

    def __getitem__(self, name: str, /) -> Any:
        """Return one field."""


@dataclass(frozen=True, slots=True)
class EventType:
    """A type that this reader knows.

    Attributes:
        name: `family.past_tense.vN`.
        family: the part before the first dot.
        pattern: what a whole line must match; a group for each field.
    """

    name: str
    family: str
    pattern: re.Pattern[bytes]


def line_type(line: bytes) -> EventType | None:
    """Return the type that a line begins with, None where this reader knows none."""
    end = line.find(b'"', len(TYPE_PREFIX), _HEAD_BYTES_MAX)
    # Without a quote there, it is no type; nothing of such a line may be cached.
    return None if end < 0 else event_type(line[:end])


@lru_cache(maxsize=256)
def event_type(head: bytes) -> EventType | None:
    """Return the type for a line's bytes up to its second value's quote."""
    if not head.startswith(TYPE_PREFIX):
        return None
    name = head[len(TYPE_PREFIX) :].decode("ascii", "replace")
    if name not in EVENT_TYPES:
        return None
    pattern = re.compile(_line(name, _fields(name)).encode())
    return EventType(name, name.partition(".")[0], pattern)


@lru_cache(maxsize=256)
def bulk_pattern(
    name: str, fields: tuple[str, ...], narrower: Narrower = ()
) -> re.Pattern[bytes]:
    """Return what each line of many must match, from its beginning to its newline.

    No value admits a newline, so no match goes over the end of a line.

    Args:
        name: a type that this reader knows.
        fields: those that get a group, in the order of their table.
        narrower: for some of them a kind that is tried first. It has a group of its
            own before the field's; of the two, one is empty.
    """
    return re.compile(rf"(?m)^{_line(name, fields, narrower)}\n".encode())


def _line(name: str, grouped: Container[str], narrower: Narrower = ()) -> str:
    """Return the expression for a line, with groups for some of its fields."""
    values = {
        field: kind.json(field if field in grouped else "")
        for field, kind in _fields(name).items()
    }
    for field, kind in narrower:
        values[field] = f"(?:{kind.json(f'narrow_{field}')}|{values[field]})"
    fields = "".join(f',"{field}":{value}' for field, value in values.items())
    return rf'\{{"type":"{re.escape(name)}"{fields}\}}'


def refuse(line: bytes, name: str) -> Violation:
    """Return which field of a line of a known type is the first wrong one."""
    at = len(TYPE_PREFIX) + len(name) + 1
    for field, kind in _fields(name).items():
        match = _field_pattern(field, kind).match(line, at)
        if match is None:
            return Violation(
                Code.EVENT_FIELD,
                "EVT-4",
                expected=f"{field}: {kind.meaning}",
                found=line[at + 1 : at + 200],
            )
        at = match.end()
    return Violation(
        Code.EVENT_MALFORMED,
        "EVT-2",
        expected="the end of the object",
        found=line[at : at + 200],
    )


def unknown_type(line: bytes) -> tuple[str, str]:
    """Return family and name of a well-formed event of an unknown type.

    Raises:
        Violation: EVT-2, EVT-3, EVT-5, EVT-6 or EVT-7: not even well formed.
    """
    try:
        event = parse_json(line)
        compact = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        well_formed = compact.encode() == line and b"\\" not in line
    except (ValueError, RecursionError) as error:
        raise _malformed(str(error)) from None
    name = next(iter(event.items())) if isinstance(event, dict) and event else ("", "")
    match = _TYPE.fullmatch(str(name[1]))
    salt = event.get("salt") if isinstance(event, dict) else None
    salted = isinstance(salt, str) and re.fullmatch(SALT.pattern, salt) is not None
    shaped = well_formed and salted and _is_shallow(event)
    if not shaped or name[0] != "type" or match is None:
        raise _malformed(line)
    return match[1], match[0]


def _is_shallow(event: Any, depth: int = 0) -> bool:
    """Whether values nest as EVT-6 allows: at most a list in an object of a list."""
    if isinstance(event, dict) and depth in (0, 2, 4):
        return all(_is_shallow(value, depth + 1) for value in event.values())
    if isinstance(event, list) and depth in (1, 3):
        items = (_is_shallow(value, depth + 1) for value in event)
        return len(event) <= LIST_ITEMS_MAX and all(items)
    return isinstance(event, str | int)


def _malformed(found: object) -> Violation:
    return Violation(
        Code.EVENT_MALFORMED,
        "EVT-2",
        expected="one compact JSON object that begins with its type and has a salt",
        found=found,
    )


def _fields(name: str) -> dict[str, Kind]:
    return {"salt": SALT, **EVENT_TYPES[name]}


@lru_cache(maxsize=1024)
def _field_pattern(field: str, kind: Kind) -> re.Pattern[bytes]:
    return re.compile(rf',"{field}":{kind.json()}(?=[,}}])'.encode())
