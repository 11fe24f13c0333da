"""Content-Signal: search, ai-input and ai-train, each yes or no.

    Content-Signal: search=yes, ai-train=no      in a group of robots.txt, or a header

A signal that is left out neither grants nor restricts. `ai-train=yes` is no licence: it
is recorded as what the site says, and cancels nothing that another source reserves. The
policy has no rule for a signal that is given twice; here a no decides.

Source: contentsignals.org, Content Signals Policy (September 2025).
"""

from collections.abc import Sequence
from typing import Final

from ledger.events.optout import Preference, ScanReason, Usage
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import Statement
from producers.optout.vocabulary.usage import statement_of

CHARS_MAX: Final = 64 * 1024
"""Longest value that is read."""

_LABELS: Final[dict[str, Usage]] = {
    "ai-train": "train",
    "ai-input": "ai_input",
    "search": "search",
}
_VALUES: Final[dict[str, Preference]] = {"yes": "allow", "no": "disallow"}


def parse_content_signal(value: str, line: int = 1) -> Statement:
    """Read one value.

    Args:
        value: signals, separated by commas, without a path.
        line: where it stands.
    """
    if len(value) > CHARS_MAX:
        return Statement(reservation="unset", line=line, is_malformed=True)
    stated: dict[Usage, Preference] = {}
    is_malformed = False
    review: ScanReason | None = None
    for signal in filter(None, (part.strip() for part in value.split(","))):
        label, _, said = (part.strip().casefold() for part in signal.partition("="))
        usage, preference = _LABELS.get(label), _VALUES.get(said)
        if preference is None:
            is_malformed = True
        elif usage is None:
            review = "unknown_preference"
        elif stated.get(usage) != "disallow":
            stated[usage] = preference
    return statement_of(stated, line=line, is_malformed=is_malformed, review=review)


def header_content_signal(headers: Sequence[tuple[str, str]]) -> Statement:
    """Read the Content-Signal lines of a response; any no decides.

    Args:
        headers: (name, value) in order; names in any case.
    """
    said = [
        parse_content_signal(value, number)
        for number, (name, value) in enumerate(headers, 1)
        if name.lower() == "content-signal"
    ]
    return merged(said)
