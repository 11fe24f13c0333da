"""Numbers that a state or a health service gives to a person."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from producers.pii.classes import Hints, Span
from producers.pii.extras import require
from producers.pii.kvnr import is_kvnr
from producers.pii.phones import is_called
from producers.pii.tables import load_table

_HEAD: Final = re.compile(r"(?<![\w+])(?<![0-9][.,])(?=[A-Za-z]{0,6}[0-9])")
_AFTER: Final = r"(?!\w)(?![.,][0-9])"
_CONTEXT_CHARS: Final = 48
"""How far before a number its name may stand."""


@dataclass(frozen=True, slots=True)
class IdentityKind:
    """One kind of number.

    Attributes:
        country: whose it is, ISO 3166-1 alpha-2.
        sensitive_class: `health_id` where a health service uses it.
        pattern: its form, as it is printed.
        check: the python-stdnum module that judges it; empty where its form is all
            there is; `kvnr` for our own.
        alone: whether its form and check digits are rare enough to need nothing else;
            another number counts in its country, or after its name.
        names: what it is called, in small letters.
    """

    country: str
    sensitive_class: Literal["national_id", "health_id"]
    pattern: re.Pattern[str]
    check: str
    alone: bool
    names: tuple[str, ...]


@cache
def identity_kinds() -> tuple[IdentityKind, ...]:
    """The table of `identities.toml`."""
    return tuple(
        IdentityKind(
            country=row["country"],
            sensitive_class=row["class"],
            pattern=re.compile(f"(?:{row['pattern']}){_AFTER}"),
            check=row["check"],
            alone=row["alone"],
            names=tuple(row["names"]),
        )
        for row in load_table("identities.toml")["identity"]
    )


class IdentityDetector:
    """National and health numbers by form, check digits, and country or name.

    Raises:
        InputError: python-stdnum is not installed.
    """

    def __init__(self) -> None:
        require("stdnum", "pii")

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        heads = [head.start() for head in _HEAD.finditer(text)]
        if not heads:
            return []
        regions = hints.regions()
        lowered = text.lower()
        kinds = [
            kind
            for kind in identity_kinds()
            if kind.alone
            or kind.country in regions
            or any(name in lowered for name in kind.names)
        ]
        found = (_at(text, start, kinds, regions) for start in heads)
        return [span for spans in found for span in spans]


def _at(
    text: str, start: int, kinds: list[IdentityKind], regions: tuple[str, ...]
) -> list[Span]:
    """The numbers that start at a place."""
    spans = []
    for kind in kinds:
        found = kind.pattern.match(text, start)
        if (
            found
            and _is_expected(text, start, kind, regions)
            and _is_valid(found.group(), kind)
        ):
            spans.append(Span(start, found.end(), kind.sensitive_class))
    return spans


def _is_expected(
    text: str, start: int, kind: IdentityKind, regions: tuple[str, ...]
) -> bool:
    """Whether such a number may stand here, so that its check digits decide."""
    if kind.alone or _is_named(text, start, kind):
        return True
    return kind.country in regions and not is_called(text, start)


def _is_named(text: str, start: int, kind: IdentityKind) -> bool:
    """Whether the name of such a number stands before it."""
    before = text[max(0, start - _CONTEXT_CHARS) : start].lower()
    return any(name in before for name in kind.names)


def _is_valid(value: str, kind: IdentityKind) -> bool:
    """Whether the check digits agree."""
    if not kind.check:
        return True
    if kind.check == "kvnr":
        return is_kvnr(value)
    return bool(require(f"stdnum.{kind.check}", "pii").is_valid(value))
