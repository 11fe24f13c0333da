"""The groups of a robots.txt: whom they speak to, and their allow and disallow rules.

Source: RFC 9309, section 2.2; google/robotstxt, robots.cc, for what is tolerated.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from producers.optout.robots.lines import (
    Line,
    is_star,
    listed_in,
    tokens_of,
    unquoted,
)
from producers.optout.robots.odd import (
    is_everybody,
    is_plain_name,
    odd_glob,
)
from producers.optout.robots.usage import UsageRule, signal_rules, usage_rules
from producers.optout.vocabulary.patterns import (
    Glob,
    canonical_escapes,
    escape_octets,
    host_of,
    parse_glob,
    path_of,
)
from producers.optout.vocabulary.usage import names_training

WILDCARDS_MAX: Final = 1000
"""Most names with a star in one file; each is compared with every crawler."""

_USER_AGENT = (b"user-agent", b"useragent", b"user agent")
_DISALLOW = (
    b"disallow",
    b"dissallow",
    b"dissalow",
    b"disalow",
    b"diasllow",
    b"disallaw",
)
_ABSOLUTE = re.compile(rb"https?://[^/?#]", re.IGNORECASE)
_PLAIN = re.compile(rb"[/*$](?!/[^/]*\.)")
"""How a path or a pattern begins; not `//host.example/`, a URL without a scheme."""
_NEXT_PATH = re.compile(rb"[\s,;][\"']?/")
_NO_NAME = re.compile(rb"\A\Z|allow:", re.IGNORECASE)
"""A user-agent value that names nobody, or swallowed the next line."""
_EVERYBODY = frozenset({b"**", b".*"})
"""Not the star of RFC 9309, but nobody else can be meant; others are only odd."""


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


@dataclass(frozen=True, slots=True)
class Group:
    """User-agent lines and the rules that follow them.

    Attributes:
        agents: its user-agent lines.
        tokens: every product token that it names, case-folded.
        listed: names in lists and quotes besides `tokens`, perhaps `*`; they say no,
            and never yes.
        wildcards: names with a star among them; they say no, and never yes.
        is_star: whether it speaks to every crawler.
        is_odd_star: whether it may, by a name that is no star.
        rules: allow and disallow lines with a pattern.
        usage: Content-Usage lines.
        signals: Content-Signal lines.
        unknown: lines with another key than those of `rules`, in order.
    """

    agents: tuple[Line, ...]
    tokens: frozenset[str]
    listed: frozenset[str]
    wildcards: tuple[Glob, ...]
    is_star: bool
    is_odd_star: bool
    rules: tuple[Rule, ...]
    usage: tuple[UsageRule, ...]
    signals: tuple[UsageRule, ...]
    unknown: tuple[Line, ...]

    def best(self, place: Place) -> tuple[Rank, Rule | None]:
        """The first of its rules that no other beats, and the rank of the match."""
        best = NO_MATCH
        for rule in self.rules:
            rank = (rule.length(place), rule.allow)
            if rank > best[0] and rank[0]:
                best = (rank, rule)
        return best

    def may_mean(self, token: str) -> bool:
        """Whether it names `token` in a list, in quotes or by a wildcard."""
        return token in self.listed or any(
            glob.matches(token.encode()) for glob in self.wildcards
        )


class GroupBuilder:
    """Collects lines into groups.

    Attributes:
        groups: those that are closed.
        preamble: lines with an unknown key before the first group.
        is_clear: whether no name was left out for `WILDCARDS_MAX`, and every
            user-agent line names somebody and nothing else.
    """

    def __init__(self) -> None:
        """Start before the first line."""
        self.groups: list[Group] = []
        self.preamble: list[Line] = []
        self.is_clear = True
        self._wildcards_left = WILDCARDS_MAX
        self._agents: list[Line] = []
        self._rules: list[Rule] = []
        self._unknown: list[Line] = []
        self._closed = False

    def add(self, line: Line) -> None:
        """Take the next line."""
        key = line.key.lower()
        if key.startswith(_USER_AGENT):
            if self._closed:
                self.close_group()
            self._agents.append(line)
            self.is_clear = self.is_clear and _NO_NAME.search(line.value) is None
        elif key.startswith(b"allow") or key.startswith(_DISALLOW):
            self._add_rule(line, allow=key.startswith(b"allow"))
            if names_training(key.decode("utf-8", "replace")):
                self._unknown.append(line)  # `DisallowAITraining`, not a misspelling
        elif self._agents:
            self._unknown.append(line)
        else:
            self.preamble.append(line)

    def close_group(self) -> None:
        """End the group that is being collected, if there is one."""
        if self._agents:
            values = [line.value for line in self._agents]
            plain = filter(is_plain_name, values)
            tokens = frozenset[str]().union(*map(tokens_of, plain))
            listed = frozenset[str]().union(*map(listed_in, values))
            listed = listed.union(*map(tokens_of, values))
            if not _EVERYBODY.isdisjoint(values):
                listed |= {"*"}
            self.groups.append(
                Group(
                    tuple(self._agents),
                    tokens,
                    listed - tokens,
                    self._wildcards(listed),
                    any(map(is_star, values)),
                    any(map(is_everybody, values)),
                    tuple(self._rules),
                    usage_rules(self._unknown),
                    signal_rules(self._unknown),
                    tuple(self._unknown),
                )
            )
        self._agents, self._rules, self._unknown = [], [], []
        self._closed = False

    def _add_rule(self, line: Line, *, allow: bool) -> None:
        if not self._agents:
            return  # a rule before the first user-agent line applies to nobody
        self._closed = True
        value, host = line.value, ""
        if not allow:
            value = unquoted(value)
            if _ABSOLUTE.match(value):
                url = value.decode("utf-8", "replace")
                value, host = path_of(url), host_of(url)
        pattern = escape_octets(value)
        if not pattern:
            return  # an empty rule matches nothing
        literal = parse_glob(pattern)
        decoded = None if allow else literal
        if decoded is not None and b"%" in pattern:
            decoded = parse_glob(pattern, decode=True)
        size = len(pattern) + 2 * value.upper().count(b"%7E")
        globs = (literal, decoded)
        is_odd = not allow and (
            _PLAIN.match(value) is None or _NEXT_PATH.search(value) is not None
        )
        odd = None if allow else odd_glob(value)
        self._rules.append(
            Rule(line.number, allow, pattern, globs, host, size, is_odd, odd)
        )

    def _wildcards(self, listed: frozenset[str]) -> tuple[Glob, ...]:
        names = sorted(name for name in listed if "*" in name and name.strip("*"))
        kept = names[: self._wildcards_left]
        self._wildcards_left -= len(kept)
        self.is_clear = self.is_clear and len(kept) == len(names)
        return tuple(parse_glob(name.encode() + b"$") for name in kept)
