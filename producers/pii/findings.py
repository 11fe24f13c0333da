"""What was found: counts by class, and spans that stay in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from producers.pii.classes import SENSITIVE_CLASSES, SensitiveClass, Span

READINGS: Final[tuple[SensitiveClass, ...]] = (
    "iban",
    "payment_card",
    "health_id",
    "national_id",
    "phone",
)
"""Readings of one row of digits: it is the first of these that fits, and only that.

An IBAN has the strongest check (modulo 97), a telephone number the weakest.
"""


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """What one text holds. Neither `repr` nor `str` shows a value or a place.

    Attributes:
        spans: where, ordered by place; two of one class never overlap.
    """

    spans: tuple[Span, ...]

    @property
    def counts(self) -> dict[SensitiveClass, int]:
        """How often each class was found; classes that were not found are left out."""
        found = Counter(span.sensitive_class for span in self.spans)
        return {name: found[name] for name in SENSITIVE_CLASSES if name in found}

    def __repr__(self) -> str:
        return f"Findings({', '.join(f'{k}={n}' for k, n in self.counts.items())})"


def settle(spans: Iterable[Span]) -> Findings:
    """Findings of raw spans: one reading for each number, one span for each place."""
    numbers: list[Span] = []
    by_class: dict[SensitiveClass, list[Span]] = {}
    for span in spans:
        if span.sensitive_class in READINGS:
            numbers.append(span)
        else:
            by_class.setdefault(span.sensitive_class, []).append(span)
    settled = merge(numbers)
    for group in by_class.values():
        settled += merge(group)
    return Findings(tuple(sorted(settled)))


def merge(spans: Iterable[Span]) -> list[Span]:
    """Overlapping spans as one that covers them all, under the class that comes first.

    First is the order of `READINGS`; other classes follow in the order of the list.
    """
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            first = min(last.sensitive_class, span.sensitive_class, key=_rank)
            merged[-1] = Span(last.start, max(last.end, span.end), first)
        else:
            merged.append(span)
    return merged


def overlap(spans: Iterable[Span]) -> bool:
    """Whether any two spans share a character."""
    return any(one.end > two.start for one, two in pairwise(sorted(spans)))


_ORDER: Final = {
    name: rank
    for rank, name in enumerate(
        (*READINGS, *(name for name in SENSITIVE_CLASSES if name not in READINGS))
    )
}


def _rank(name: SensitiveClass) -> int:
    return _ORDER[name]
