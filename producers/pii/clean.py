"""Redaction until nothing is left to find."""

from collections.abc import Collection, Sequence
from typing import Final

from ledger.errors import InputError
from producers.pii.classes import (
    NO_HINTS,
    SENSITIVE_CLASSES,
    Detector,
    Hints,
    SensitiveClass,
)
from producers.pii.redact import redact
from producers.pii.scan import scan

ROUNDS_MAX: Final = 8
"""How often a text is scanned; two are enough unless somebody built it."""


def redact_all(
    text: str,
    classes: Collection[SensitiveClass] = SENSITIVE_CLASSES,
    *,
    detectors: Sequence[Detector] | None = None,
    hints: Hints = NO_HINTS,
) -> str:
    """Scan and redact until a scan finds nothing of the classes.

    A value may hide another one: digits that stood beside it, for example, become a
    number of their own when it is gone. `redact` alone replaces what one scan found.

    Args:
        text: any text.
        classes: which classes to replace; all of them unless told.
        detectors: see `scan`.
        hints: see `scan`.

    Returns:
        A text in which `scan` finds nothing of the classes.

    Raises:
        InputError: see `scan`; or the text still has findings after `ROUNDS_MAX` scans.
    """
    for _ in range(ROUNDS_MAX):
        findings = scan(text, detectors=detectors, hints=hints)
        if not any(span.sensitive_class in classes for span in findings.spans):
            return text
        text = redact(text, findings, classes)
    message = f"redaction: expected no finding after {ROUNDS_MAX} scans, found some"
    raise InputError(message)
