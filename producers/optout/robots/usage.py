"""Usage preferences in the groups of a robots.txt.

    User-agent: *
    Content-Usage: train-ai=n
    Content-Usage: /open/ train-ai=y
    Content-Signal: search=yes, ai-train=no

They belong to their group; of those whose path matches the longest decides. One that
stands outside of every group speaks to nobody and is read by a person.

Source: draft-ietf-aipref-attach, section 3; contentsignals.org.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from producers.optout.robots.content_signal import parse_content_signal
from producers.optout.robots.content_usage import parse_content_usage
from producers.optout.robots.lines import (
    ASCII_SPACE,
    LICENCE_KEYS,
    Line,
    is_licence,
)
from producers.optout.robots.odd import is_odd_key
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.patterns import Glob, escape_octets, parse_glob
from producers.optout.vocabulary.signals import SILENCE, Statement
from producers.optout.vocabulary.usage import (
    is_usage_key,
    leaves_training_open,
    most_specific,
    names_training,
)

_USAGE_KEY = b"content-usage"
_SIGNAL_KEY = b"content-signal"
_RUN_ON = re.compile(rb"[,;][^/]*=")
"""A preference that is written on behind a path."""
_VOCABULARIES = frozenset({"permits", "prohibits"})
"""Keys that some sites borrow from RSL, which has them in its own documents only."""

_HEADERS = frozenset({"robots-tag", "x-robots-tag"})
"""Keys that some sites borrow from the header of a page."""


@dataclass(frozen=True, slots=True)
class UsageRule:
    """A line with usage preferences.

    Attributes:
        pattern: octets of the path, percent-encoded; empty where none is written.
        globs: the pattern as written and decoded.
        statement: what it says, with its line.
    """

    pattern: bytes
    globs: tuple[Glob, Glob]
    statement: Statement

    def matches(self, path: bytes, decoded: bytes) -> bool:
        """Whether it speaks of this path; only a yes is bound to the exact escapes."""
        is_yes = self.statement.reservation == "not_reserved"
        return self.globs[0].matches(path) or (
            not is_yes and self.globs[1].matches(decoded)
        )


def usage_rules(lines: Iterable[Line]) -> tuple[UsageRule, ...]:
    """The Content-Usage lines among `lines`."""
    return _rules(lines, _USAGE_KEY, parse_content_usage)


def signal_rules(lines: Iterable[Line]) -> tuple[UsageRule, ...]:
    """The Content-Signal lines among `lines`."""
    return _rules(lines, _SIGNAL_KEY, parse_content_signal)


def decide_usage(rules: Iterable[UsageRule], path: bytes, decoded: bytes) -> Statement:
    """What the rules of one crawler's groups say of a path."""
    return most_specific(
        [
            (len(rule.pattern), rule.statement)
            for rule in rules
            if rule.matches(path, decoded)
        ]
    )


def without_yes(said: Statement) -> Statement:
    """What is left of a statement that may be meant for somebody else: its no."""
    stated = tuple(one for one in said.stated if one[1] == "disallow")
    if said.reservation == "not_reserved":
        return replace(said, reservation="unset", stated=stated)
    return replace(said, stated=stated)


def outside_of_groups(rules: Sequence[UsageRule]) -> Statement:
    """Lines before the first group: never a yes, and a no is in an odd place."""
    said = merged(rule.statement for rule in rules)
    is_no = said.reservation == "reserved"
    if not (is_no or said.is_malformed or said.review):
        return SILENCE
    return Statement(reservation="unset", line=said.line, is_malformed=True)


def is_unread(line: Line) -> bool:
    """Whether the line restricts, or speaks of training, in a way not read here."""
    name = line.key.lower()
    if name in {_USAGE_KEY, _SIGNAL_KEY}:
        return False
    if name in LICENCE_KEYS:
        return not is_licence(line)
    key, value = (text.decode("utf-8", "replace") for text in (line.key, line.value))
    if is_usage_key(key) or key.lower() in _VOCABULARIES:
        return leaves_training_open(value)
    if key.lower() in _HEADERS:
        return leaves_training_open(value.replace("*", " "))
    if names_training(key):
        return leaves_training_open(f"{key}={value}")
    return is_odd_key(line.key)


def _rules(
    lines: Iterable[Line], key: bytes, parse: Callable[[str, int], Statement]
) -> tuple[UsageRule, ...]:
    return tuple(_rule(line, parse) for line in lines if line.key.lower() == key)


def _rule(line: Line, parse: Callable[[str, int], Statement]) -> UsageRule:
    value, pattern = line.value, b""
    first = value.split(maxsplit=1)[0] if value else b""
    has_path = first.startswith(b"/") or (first.startswith(b"*") and b"=" not in first)
    run_on = _RUN_ON.search(first)
    if has_path:
        pattern, value = first, value[len(first) :].strip(ASCII_SPACE)
        pattern = pattern if run_on is None else pattern[: run_on.start()]
    said = parse(value.decode("utf-8", "replace"), line.number)
    if has_path and (not value or run_on is not None):
        said = replace(said, is_malformed=True)  # a path, and nothing said of it
    pattern = escape_octets(pattern)
    globs = (parse_glob(pattern), parse_glob(pattern, decode=True))
    return UsageRule(pattern, globs, said)
