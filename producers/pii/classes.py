"""What counts as sensitive, and what may be known of a text before it is read."""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, get_args

from ledger.errors import InputError
from ledger.events import ingest

SensitiveClass = ingest.SensitiveClass
"""The closed list of classes. `health` to `sex_life` are the special categories.

Source: Regulation (EU) 2016/679, Article 9(1).
"""

SENSITIVE_CLASSES: Final[tuple[SensitiveClass, ...]] = get_args(SensitiveClass)

ARTICLE_9_CLASSES: Final[tuple[SensitiveClass, ...]] = (
    "health",
    "genetic",
    "biometric",
    "origin",
    "political",
    "religion",
    "trade_union",
    "sex_life",
)
"""Classes that are special categories of personal data."""

REACH_CHARS: Final = 4096
"""A detector looks at most this far to either side of the place where a span starts."""

SUBJECTS_MAX: Final = 64
"""Most subjects of one record."""

_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")

_COUNTRIES_OF: Final[dict[str, tuple[str, ...]]] = {
    "cs": ("CZ",),
    "da": ("DK",),
    "de": ("DE", "AT", "CH"),
    "el": ("GR",),
    "es": ("ES", "MX"),
    "et": ("EE",),
    "fi": ("FI",),
    "fr": ("FR", "BE", "CH"),
    "hr": ("HR",),
    "it": ("IT", "CH"),
    "ja": ("JP",),
    "ko": ("KR",),
    "lt": ("LT",),
    "nb": ("NO",),
    "nl": ("NL", "BE"),
    "pl": ("PL",),
    "pt": ("PT", "BR"),
    "ro": ("RO",),
    "sk": ("SK",),
    "sv": ("SE", "FI"),
    "tr": ("TR",),
    "zh": ("CN",),
}
"""Where a language is spoken. English says nothing: it is written everywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What is known of a record. More hints find more; none of them is needed.

    Attributes:
        countries: ISO 3166-1 alpha-2 codes, capital letters: whose national numbers
            and whose way of writing telephone numbers to expect.
        languages: ISO 639-1 codes, small letters; they imply countries where none is
            named.
        subjects: identifiers that the record declares as its subjects, at most 64.

    Raises:
        InputError: a code is not of that form, or there are too many subjects.
    """

    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    subjects: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not all(_COUNTRY.fullmatch(code) for code in self.countries):
            message = "hints: expected countries of two capital letters"
            raise InputError(message)
        if not all(_LANGUAGE.fullmatch(code) for code in self.languages):
            message = "hints: expected languages of two small letters"
            raise InputError(message)
        if len(self.subjects) > SUBJECTS_MAX:
            message = (
                f"hints: expected at most {SUBJECTS_MAX} subjects, "
                f"found {len(self.subjects)}"
            )
            raise InputError(message)

    def regions(self) -> tuple[str, ...]:
        """The countries, or else those where the languages are spoken; each once."""
        if self.countries:
            return tuple(dict.fromkeys(self.countries))
        found = (
            code for name in self.languages for code in _COUNTRIES_OF.get(name, ())
        )
        return tuple(dict.fromkeys(found))


NO_HINTS: Final = Hints()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Where one finding lies; the value itself stays in the text.

    Attributes:
        start: index of its first character.
        end: index after its last character, above `start`.
        sensitive_class: what it is.
    """

    start: int
    end: int
    sensitive_class: SensitiveClass


class Detector(Protocol):
    """One way to find sensitive data in a text.

    Whether a span is found depends only on the `REACH_CHARS` characters before its
    start and after it, never on other spans: then a text that is read in windows has
    the findings of the whole text. A statistical model cannot promise that.
    """

    def find(self, text: str, hints: Hints) -> list[Span]:
        """The spans of `text`, in any order; they may overlap."""
        ...
