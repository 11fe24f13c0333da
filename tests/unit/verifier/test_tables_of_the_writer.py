"""The verifier's tables and the writer's types: near every bound, the same answer.

The two were written apart from one another: regular expressions here, msgspec types
there. The lines are made from the types alone.
"""

import re
from collections.abc import Iterator
from typing import get_args

import msgspec
import pytest
from msgspec.inspect import (
    BoolType,
    IntType,
    ListType,
    LiteralType,
    StrType,
    StructType,
    type_info,
)

from ledger.events import AnyEvent
from verifier.schema.lines import event_type
from verifier.schema.patterns import (
    FLAG,
    SALT,
    Kind,
    integer,
    list_of,
    one_of,
    or_empty,
    record,
    text,
)
from verifier.schema.tables import EVENT_TYPES

TYPES = {info.tag: info for info in map(type_info, get_args(AnyEvent))}

LENGTHS = {0, 1, 24, 32, 33, 40, 64, 128, 256}
TEXTS = [
    *(letter * (n + more) for n in LENGTHS for more in (0, 1) for letter in "01aA"),
    *(f"a{letter}" for letter in "zZ9fg_-.~/:+ ()!é\\\n"),
    *"zZ9fg_-.~/:+ ()!é\\\n",
    *("/".join(["a" * length] * parts) for length in (32, 33) for parts in range(2, 6)),
    "0" * 23,
    "A" * 32,
    "f" * 63 + "g",
]
"""Each pattern admits some of them; those beside them are one character away."""

OF_ANOTHER_KIND = ["null", "true", "0", "-1", "01", "1.0", '""', '"1"', "[]", "{}", ""]


def sample(kind) -> str:
    """The JSON of a value that the writer's type admits."""
    match kind:
        case StrType(pattern=pattern):
            return next(f'"{one}"' for one in TEXTS if re.search(pattern, one))
        case IntType(ge=low):
            return str(low)
        case LiteralType(values=values):
            return written(values[0])
        case BoolType():
            return "true"
        case ListType(item_type=item, min_length=low):
            return listed([sample(item)] * (low or 0))
        case StructType():
            return structure(kind)
    raise AssertionError(kind)


def near(kind) -> Iterator[str]:  # noqa: C901 (a table)
    """The JSON of values at the bounds of a type, on both sides of each."""
    yield from OF_ANOTHER_KIND
    match kind:
        case StrType():
            yield from (f'"{one}"' for one in TEXTS)
        case IntType(ge=low, le=high):
            yield from map(str, (low - 1, low, low + 1, high - 1, high, high + 1))
        case LiteralType(values=values):
            for value in values:
                more = value + ("x" if isinstance(value, str) else 1)
                yield from (written(value), written(more))
        case BoolType():
            yield from ("false", "True")
        case ListType(item_type=item, min_length=low, max_length=high):
            one = sample(item)
            for count in {0, 1, low or 0, high, high + 1}:
                yield listed([one] * count)
            for other in near(item):
                yield from map(listed, ([other], [one, other], [other, one]))
        case StructType(fields=fields):
            for field in fields:
                yield structure(kind, without=field.name)
                for value in near(field.type):
                    yield structure(kind, **{field.encode_name: value})


def written(value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def listed(items) -> str:
    return f"[{','.join(items)}]"


def structure(kind, /, without: str = "", **changes: str) -> str:
    """A structure of samples with some of its values changed, or one left out."""
    values = {"type": f'"{kind.tag}"'} if kind.tag else {}
    values |= {field.encode_name: sample(field.type) for field in kind.fields} | changes
    values.pop(without, None)
    return "{" + ",".join(f'"{name}":{value}' for name, value in values.items()) + "}"


def is_written(line: bytes) -> bool:
    """Whether the writer reads the line, and would write it in the same way."""
    try:
        return msgspec.json.encode(msgspec.json.decode(line, type=AnyEvent)) == line
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def kind_of(kind) -> Kind:
    """The verifier's kind for a type of the writer."""
    match kind:
        case StrType(pattern=pattern):
            return text(pattern.removeprefix(r"\A").removesuffix(r"\Z"))
        case IntType(ge=low, le=high):
            return integer(low, high)
        case LiteralType(values=(int() as only,)):
            return integer(only, only)
        case LiteralType(values=values):
            closed = one_of(" ".join(sorted(values)))
            return or_empty(closed) if "" in values else closed
        case ListType(item_type=item, min_length=low, max_length=high):
            return list_of(kind_of(item), low or 0, high)
        case StructType(fields=fields):
            return record(**{field.name: kind_of(field.type) for field in fields})
    return FLAG


def test_tables_are_those_of_the_writer():
    """Each type that is written has a table, with its very bounds, and no other has."""
    assert {
        name: {field.name: kind_of(field.type).json() for field in info.fields}
        for name, info in TYPES.items()
    } == {
        name: {field: kind.json() for field, kind in {"salt": SALT, **table}.items()}
        for name, table in EVENT_TYPES.items()
    }


@pytest.mark.parametrize("name", TYPES)
def test_same_lines_are_accepted(name):
    """Both accept a line, or both refuse it (EVT-4)."""
    pattern = event_type(b'{"type":"' + name.encode()).pattern
    lines = {line.encode() for line in near(TYPES[name])}
    accepted = {line for line in lines if is_written(line)}

    assert structure(TYPES[name]).encode() in accepted
    assert accepted == {line for line in lines if pattern.fullmatch(line)}
