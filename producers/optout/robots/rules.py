"""The allow and disallow rules of a robots.txt, and what they match.

Source: RFC 9309, sections 2.2.2 and 2.2.3; google/robotstxt, robots.cc, for what is
tolerated.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from producers.optout.robots.lines import Line, unquoted
from producers.optout.robots.odd import odd_glob
from producers.optout.vocabulary.patterns import (
    Glob,
    canonical_escapes,
    escape_octets,
    host_of,
    parse_glob,
    path_of,
)

_ABSOLUTE = re.compile(rb"https?://[^/?#]", re.IGNORECASE)
_PLAIN = re.compile(rb"[/*$](?!/[^/]*\.)")
"""How a path or a pattern begins; not `//host.example/`, a URL without a scheme."""
_NEXT_PATH = re.compile(rb"[\s,;][\"']?/")


@dataclass(frozen=True, slots=True)
class Place:
    """What rules are compared with.

    Attributes:
        path: path and query, escapes in upper case.
        decoded: the same, percent-decoded; one object where nothing is escaped.
        host: host, and port unless it is the default one; empty where not known.
    """

    path: bytes
    decoded: bytes
    host: str


@lru_cache(maxsize=64)
def place_of(url: str) -> Place:
    """Where `url` is."""
    path = canonical_escapes(path_of(url))
    decoded = unquote_to_bytes(path) if b"%" in path else path
    return Place(path, decoded, host_of(url))


@dataclass(frozen=True, slots=True)
class Rule:
    """An allow or disallow line of a group.

    Attributes:
        line: 1-based number.
        allow: whether it allows.
        pattern: octets, percent-encoded; never empty.
        globs: the pattern as written and, for a disallow rule, decoded; one object
            where they are the same.
        host: where a disallow rule gives a whole URL, its host; else empty.
        size: octets as written, an escaped tilde counted as three; who is longer wins.
        is_odd: whether a disallow rule holds a list, or what is no path: it may have
            been meant for any page.
        odd_glob: what a disallow rule may have been meant for besides; see `odd`.
    """

    line: int
    allow: bool
    pattern: bytes
    globs: tuple[Glob, Glob | None]
    host: str
    size: int
    is_odd: bool
    odd_glob: Glob | None

    def length(self, place: Place) -> int:
        """Octets by which this rule beats others; 0 where it does not match."""
        if self.is_elsewhere(place):
            return 0
        if self.matches(place):
            return self.size
        return self._length_as_folder(place.path) if self.allow else 0

    def is_elsewhere(self, place: Place) -> bool:
        """Whether the rule names another host than that of `place`."""
        return self.host not in ("", place.host) and place.host != ""

    def may_be_meant_for(self, place: Place) -> bool:
        """Whether it may have been meant to apply, though as written it does not."""
        if self.is_odd or (self.is_elsewhere(place) and self.matches(place)):
            return True
        return self.odd_glob is not None and (
            self.odd_glob.matches(place.path) or self.odd_glob.matches(place.decoded)
        )

    def matches(self, place: Place) -> bool:
        """Whether the path matches, whatever the host."""
        literal, decoded = self.globs
        if literal.matches(place.path):
            return True
        if decoded is None or (decoded is literal and place.decoded is place.path):
            return False  # an allow rule, or nothing is escaped on either side
        return decoded.matches(place.decoded)

    def _length_as_folder(self, path: bytes) -> int:
        # "Allow: /a/index.html" allows "/a/" too (google/robotstxt).
        slash = self.pattern.rfind(b"/")
        if slash < 0 or not self.pattern.startswith(b"/index.htm", slash):
            return 0
        folder = self.pattern[: slash + 1] + b"$"
        return len(folder) if parse_glob(folder).matches(path) else 0


Rank = tuple[int, bool]
"""Octets of the matching pattern, then allow before disallow."""

NO_MATCH: Final[tuple[Rank, Rule | None]] = ((0, False), None)


def best_rule(rules: Iterable[Rule], place: Place) -> tuple[Rank, Rule | None]:
    """The first of `rules` that no other beats, and the rank of the match."""
    best = NO_MATCH
    for rule in rules:
        rank = (rule.length(place), rule.allow)
        if rank > best[0] and rank[0]:
            best = (rank, rule)
    return best


def rule_of(line: Line, *, allow: bool) -> Rule | None:
    """The rule that a line writes; None for an empty one, which matches nothing."""
    value, host = line.value, ""
    if not allow:
        value = unquoted(value)
        if _ABSOLUTE.match(value):
            url = value.decode("utf-8", "replace")
            value, host = path_of(url), host_of(url)
    pattern = escape_octets(value)
    if not pattern:
        return None
    literal = parse_glob(pattern)
    decoded = None if allow else literal
    if decoded is not None and b"%" in pattern:
        decoded = parse_glob(pattern, decode=True)
    is_odd = not allow and (
        _PLAIN.match(value) is None or _NEXT_PATH.search(value) is not None
    )
    return Rule(
        line=line.number,
        allow=allow,
        pattern=pattern,
        globs=(literal, decoded),
        host=host,
        size=len(pattern) + 2 * value.upper().count(b"%7E"),
        is_odd=is_odd,
        odd_glob=None if allow else odd_glob(value),
    )
