"""Content-Usage: preferences of the vocabulary that the IETF is working on.

    Content-Usage: train-ai=n, search=y             header
    Content-Usage: /path/ train-ai=n                in a group of robots.txt

The value is a dictionary of structured fields; `y` allows, `n` disallows, anything else
states nothing. By the drafts a label that is not known is ignored, and of two members
with one key the last is in force; here the first is read by a person, and so is a
contradiction, since a proxy may have added to what the site said.

Source: draft-ietf-aipref-vocab, sections "Exemplary Serialization Format" and
"Combining Preferences"; draft-ietf-aipref-attach, sections 2 and 3 (August 2026).
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from ledger.events.optout import Preference, Usage
from producers.optout.vocabulary.signals import SILENCE, Statement
from producers.optout.vocabulary.structured import (
    Member,
    StructuredFieldError,
    parse_dictionary,
)
from producers.optout.vocabulary.usage import statement_of

_LABELS: Final[dict[str, Usage]] = {
    "train-ai": "train",
    "ai-use": "ai_input",
    "search": "search",
}
_VALUES: Final[dict[str, Preference]] = {"y": "allow", "n": "disallow"}
_JOIN: Final = ", "
_AS_PARAMETER: Final = re.compile(rf";\s*(?:{'|'.join(_LABELS)})\b")
"""A label behind a semicolon: by the grammar a parameter that says nothing, but more
likely a comma was meant."""


def parse_content_usage(value: str, line: int = 1) -> Statement:
    """Read one value.

    Args:
        value: the dictionary, without a path.
        line: where it stands.
    """
    return _statement([(line, value)])


def header_content_usage(headers: Sequence[tuple[str, str]]) -> Statement:
    """Read every Content-Usage line of a response as one dictionary.

    Args:
        headers: (name, value) in order; names in any case.
    """
    lines = [
        (number, value)
        for number, (name, value) in enumerate(headers, 1)
        if name.lower() == "content-usage"
    ]
    return _statement(lines) if lines else SILENCE


def _statement(lines: Sequence[tuple[int, str]]) -> Statement:
    first_line = lines[0][0]
    text = _JOIN.join(value for _, value in lines)
    try:
        members = parse_dictionary(text)
    except StructuredFieldError:
        return Statement(reservation="unset", line=first_line, is_malformed=True)
    stated: dict[Usage, Preference] = {}
    decisive: Member | None = None
    last = {member.key: member for member in members}
    for key, member in last.items():
        if key in _LABELS and member.token in _VALUES:
            stated[_LABELS[key]] = _VALUES[member.token]
        if key == "train-ai":
            decisive = member
    is_malformed = _AS_PARAMETER.search(text) is not None or any(
        member.key in _LABELS
        and (member.token not in _VALUES or member.token != last[member.key].token)
        for member in members
    )
    is_known = last.keys() <= _LABELS.keys()
    return statement_of(
        stated,
        line=first_line if decisive is None else _line_at(lines, decisive.at),
        is_malformed=is_malformed,
        review=None if is_known else "unknown_preference",
    )


def _line_at(lines: Sequence[tuple[int, str]], at: int) -> int:
    """The line that holds character `at` of the joined value."""
    starts = [0]
    for _, value in lines:
        starts.append(starts[-1] + len(value) + len(_JOIN))
    return lines[bisect_right(starts, at) - 1][0]
