"""Typed placeholders instead of values."""

import re
from collections.abc import Collection
from typing import Final

from ledger.errors import InputError
from producers.pii.classes import SENSITIVE_CLASSES, SensitiveClass, Span
from producers.pii.findings import Findings, merge

PLACEHOLDERS: Final[dict[SensitiveClass, str]] = {
    name: f"[{name.upper()}]" for name in SENSITIVE_CLASSES
}
"""What stands for a value: `[EMAIL]`, `[PAYMENT_CARD]`, and so on."""

_PLACEHOLDER: Final = re.compile(
    "|".join(re.escape(word) for word in PLACEHOLDERS.values())
)


def placeholder_spans(text: str) -> list[tuple[int, int]]:
    """Where placeholders stand: no finding lies inside one, so that redaction ends."""
    if "[" not in text:
        return []
    return [found.span() for found in _PLACEHOLDER.finditer(text)]


def redact(
    text: str,
    findings: Findings,
    classes: Collection[SensitiveClass] = SENSITIVE_CLASSES,
) -> str:
    """Replace the findings of some classes by placeholders.

    Findings that overlap become one placeholder, so that no part of either is left.

    Args:
        text: the text that was scanned.
        findings: what `scan` found in it.
        classes: which classes to replace; all of them unless told.

    Raises:
        InputError: a finding lies outside the text: it is of another text.
    """
    chosen = merge(s for s in findings.spans if s.sensitive_class in classes)
    if chosen and chosen[-1].end > len(text):
        message = (
            f"redaction: expected findings within {len(text)} characters, "
            f"found one that ends at {chosen[-1].end}"
        )
        raise InputError(message)
    return "".join(_pieces(text, chosen))


def _pieces(text: str, spans: list[Span]) -> list[str]:
    """The kept text and the placeholders, in turn."""
    pieces: list[str] = []
    position = 0
    for span in spans:
        pieces += (text[position : span.start], PLACEHOLDERS[span.sensitive_class])
        position = span.end
    return [*pieces, text[position:]]
