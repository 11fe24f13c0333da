"""Write docs/events.md, the field table of every event type, from the classes.

    python tests/tools/make_events_page.py > docs/events.md

A test fails when the committed page is not what this prints.
"""

import inspect
import re
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec.inspect as mi

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ledger.events import AnyEvent

HEAD = """\
# Event types of format 1

Part of [spec.md](spec.md), section 3, and as normative. One table a type; a line holds
the fields in this order, after `"type"`. Patterns are regular expressions that must
match the whole value; `int a..b` is an integer in that range, `flag` is `true` or
`false`, `list of X, a..b` holds between a and b items, `one of` lists every allowed
string. An object inside a list has its own table and no `type`.
"""


def type_text(kind: Any) -> str:
    """One cell: what values a field may have."""
    match kind:
        case mi.StrType(pattern=pattern):
            return f"`{pattern[2:-2]}`" if pattern else "text"
        case mi.IntType(ge=low, le=high):
            return f"int {low}..{high}"
        case mi.BoolType():
            return "flag"
        case mi.LiteralType(values=values):
            if all(isinstance(value, int) for value in values):
                return f"int {min(values)}..{max(values)}"
            shown = [f"`{value}`" if value else "or empty" for value in sorted(values)]
            shown.sort(key="or empty".__eq__)
            return shown[0] if len(shown) == 1 else "one of " + ", ".join(shown)
        case mi.ListType(item_type=item, min_length=low, max_length=high):
            return f"list of {type_text(item)}, {low or 0}..{high}"
        case mi.StructType(cls=cls):
            return f"{cls.__name__}"
    raise TypeError(kind)


def meanings(cls: type) -> dict[str, str]:
    """Field name to its line in the class docstring."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    _, _, attributes = doc.partition("Attributes:\n")
    found = re.findall(
        r"^    (\w+): ((?:.|\n(?!    \w+: ))*)", attributes, re.MULTILINE
    )
    return {name: " ".join(text.split()) for name, text in found}


def table(cls: type, nested: list[type]) -> str:
    """The table of one class; classes of list items are added to `nested`."""
    said = meanings(cls)
    rows = ["| field | values | meaning |", "|---|---|---|"]
    for field in mi.type_info(cls).fields:
        kind = field.type
        item = kind.item_type if isinstance(kind, mi.ListType) else kind
        if isinstance(item, mi.StructType) and item.cls not in nested:
            nested.append(item.cls)
        meaning = said.get(field.name, "96 random bits")
        values = type_text(kind).replace("|", "\\|")
        rows.append(f"| `{field.name}` | {values} | {meaning} |")
    return "\n".join(rows)


def page() -> str:
    """The whole page."""
    parts, nested = [HEAD], []
    for cls in get_args(AnyEvent):
        doc = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")
        more = doc[2].partition("Attributes:\n")[0].strip()
        text = doc[0] + (f"\n\n{more}" if more else "")
        tag = cls.__struct_config__.tag
        parts.append(f"## {tag}\n\n{text}\n\n{table(cls, nested)}\n")
    parts.append("## Objects inside lists\n")
    for cls in nested:  # grows by what these classes hold
        first = inspect.cleandoc(cls.__doc__ or "").partition("\n\n")[0]
        parts.append(f"### {cls.__name__}\n\n{first}\n\n{table(cls, nested)}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
