"""One text in, findings out; a long text is read in windows that overlap."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

from ledger.errors import InputError
from producers.pii.classes import NO_HINTS, REACH_CHARS, Detector, Hints, Span
from producers.pii.credentials import SecretDetector
from producers.pii.findings import Findings, settle
from producers.pii.identity import IdentityDetector
from producers.pii.network import EmailDetector, IpDetector
from producers.pii.payments import CardDetector, IbanDetector
from producers.pii.phones import PhoneDetector
from producers.pii.phrases import shipped_phrases
from producers.pii.redact import placeholder_spans
from producers.pii.subjects import SubjectDetector

TEXT_CHARS_MAX: Final = 2**24
"""Longest text of one call."""

WINDOW_CHARS: Final = 2**16
"""What one window adds; a detector is shown `REACH_CHARS` more on both sides."""


class _Window(NamedTuple):
    """Which spans a window answers for, and which part of the text it is shown."""

    start: int
    end: int
    shown_start: int
    shown_end: int


@cache
def default_detectors() -> tuple[Detector, ...]:
    """All detectors that need no model, built once.

    Raises:
        InputError: the libraries of the extra `pii` are not installed.
    """
    return (
        EmailDetector(),
        IpDetector(),
        IbanDetector(),
        CardDetector(),
        IdentityDetector(),
        PhoneDetector(),
        SecretDetector(),
        SubjectDetector(),
        shipped_phrases(),
    )


def scan(
    text: str,
    *,
    detectors: Sequence[Detector] | None = None,
    hints: Hints = NO_HINTS,
    window_chars: int = WINDOW_CHARS,
) -> Findings:
    """Find sensitive data in one text.

    Args:
        text: any text, lone surrogates included.
        detectors: what looks; all that need no model unless told.
        hints: what is known of the record.
        window_chars: how much of the text is read at a time, at least 1. The findings
            are the same for any size.

    Raises:
        InputError: the text is longer than `TEXT_CHARS_MAX`, a window is empty, or a
            library is not installed.
    """
    if len(text) > TEXT_CHARS_MAX:
        message = (
            f"text: expected at most {TEXT_CHARS_MAX} characters, found {len(text)}"
        )
        raise InputError(message)
    if window_chars < 1:
        message = f"window: expected at least 1 character, found {window_chars}"
        raise InputError(message)
    looking = default_detectors() if detectors is None else detectors
    found: set[Span] = set()
    for window in _windows(len(text), window_chars):
        found.update(_look(text, window, looking, hints))
    return settle(found)


def _windows(size: int, window_chars: int) -> Iterator[_Window]:
    """The windows of a text: each start of a span lies in exactly one of them."""
    for start in range(0, size, window_chars):
        end = min(start + window_chars, size)
        yield _Window(
            start, end, max(0, start - REACH_CHARS), min(size, end + REACH_CHARS)
        )


def _look(
    text: str, window: _Window, detectors: Sequence[Detector], hints: Hints
) -> Iterator[Span]:
    """The spans that start in a window, by their place in the whole text."""
    shown = text[window.shown_start : window.shown_end]
    holes = placeholder_spans(shown)
    for detector in detectors:
        for span in detector.find(shown, hints):
            start = span.start + window.shown_start
            if not window.start <= start < window.end:
                continue
            hole = bisect_right(holes, (span.start, len(shown))) - 1
            if hole >= 0 and span.end <= holes[hole][1]:
                continue
            yield Span(start, span.end + window.shown_start, span.sensitive_class)
