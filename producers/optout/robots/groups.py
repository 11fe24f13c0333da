"""The groups of a robots.txt: whom they speak to, and their allow and disallow rules.

Source: RFC 9309, section 2.2; google/robotstxt, robots.cc, for what is tolerated.
"""

import re
from dataclasses import dataclass
from typing import Final

from producers.optout.robots.lines import Line, is_star, listed_in, tokens_of
from producers.optout.robots.odd import is_everybody, is_plain_name
from producers.optout.robots.rules import Place, Rank, Rule, best_rule, rule_of
from producers.optout.robots.usage import UsageRule, signal_rules, usage_rules
from producers.optout.vocabulary.patterns import Glob, parse_glob
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
_NO_NAME = re.compile(rb"\A\Z|allow:", re.IGNORECASE)
"""A user-agent value that names nobody, or swallowed the next line."""
_EVERYBODY = frozenset({b"**", b".*"})
"""Not the star of RFC 9309, but nobody else can be meant; others are only odd."""


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
        return best_rule(self.rules, place)

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
        strays: allow and disallow lines before the first group.
        is_clear: whether no name was left out for `WILDCARDS_MAX`, and every
            user-agent line names somebody and nothing else.
    """

    def __init__(self) -> None:
        """Start before the first line."""
        self.groups: list[Group] = []
        self.preamble: list[Line] = []
        self.strays: tuple[Rule, ...] = ()
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
                self._add_unknown(line)  # `DisallowAITraining`, not a misspelling
        else:
            self._add_unknown(line)

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
        else:  # to a crawler they apply to nobody (RFC 9309, section 2.2)
            self.strays = tuple(self._rules)
        self._agents, self._rules, self._unknown = [], [], []
        self._closed = False

    def _add_unknown(self, line: Line) -> None:
        (self._unknown if self._agents else self.preamble).append(line)

    def _add_rule(self, line: Line, *, allow: bool) -> None:
        self._closed = True
        rule = rule_of(line, allow=allow)
        if rule is not None:
            self._rules.append(rule)

    def _wildcards(self, listed: frozenset[str]) -> tuple[Glob, ...]:
        names = sorted(name for name in listed if "*" in name and name.strip("*"))
        kept = names[: self._wildcards_left]
        self._wildcards_left -= len(kept)
        self.is_clear = self.is_clear and len(kept) == len(names)
        return tuple(parse_glob(name.encode() + b"$") for name in kept)
