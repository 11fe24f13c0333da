"""robots.txt: a parser that keeps line numbers, and the rules of RFC 9309.

    file   = *( group / unknown line )
    group  = 1*user-agent  *( allow / disallow / unknown line )

Groups of one token are merged; `*` counts only where no group names the token; the
longest matching rule wins and allow wins a tie; `/robots.txt` is always allowed. Lines
that are not understood are kept and never close a group.

Where a site's intent is plain this reader follows it, as google/robotstxt does: common
misspellings, a missing colon, a byte order mark. It goes further in these places, since
it looks for reservations and not for permission to crawl:

- a token may hold digits, dots and slashes (`AI2Bot`, `bigsur.ai`), which the grammar
  of RFC 9309 leaves out: the first word of the value is compared as well;
- a user-agent line that lists names, or quotes them, disallows for each of them;
- a disallow rule is also compared with both sides percent-decoded, and unquoted;
- what was cut off, or is no UTF-8 text, is never silently allowed: see `is_whole`.

Source: RFC 9309; google/robotstxt, robots.cc, for what is tolerated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from producers.optout.patterns import (
    Glob,
    canonical_escapes,
    escape_octets,
    parse_glob,
    path_of,
)
from producers.optout.robots_lines import (
    Line,
    is_for_crawlers,
    is_plain_text,
    is_star,
    listed_in,
    read_lines,
    tokens_of,
    unquoted,
)
from producers.optout.usage import is_usage_key, leaves_training_open

BYTES_MAX = 500 * 1024
"""Bytes that are parsed; RFC 9309, section 2.5 asks for at least 500 KiB."""

_USER_AGENT = (b"user-agent", b"useragent", b"user agent")
_DISALLOW = (
    b"disallow",
    b"dissallow",
    b"dissalow",
    b"disalow",
    b"diasllow",
    b"disallaw",
)


@dataclass(frozen=True, slots=True)
class Rule:
    """An allow or disallow line of a group.

    Attributes:
        line: 1-based number.
        allow: whether it allows.
        pattern: octets, percent-encoded; never empty.
        globs: the pattern as written and, for a disallow rule with escapes, decoded.
    """

    line: int
    allow: bool
    pattern: bytes
    globs: tuple[Glob, Glob | None]

    def length(self, path: bytes, decoded_path: bytes) -> int:
        """Octets by which this rule beats others; 0 where it does not match."""
        literal, decoded = self.globs
        if literal.matches(path):
            return len(self.pattern)
        if decoded is not None and decoded.matches(decoded_path):
            return len(self.pattern)
        if self.allow:
            return self._length_as_folder(path)
        return 0

    def _length_as_folder(self, path: bytes) -> int:
        # "Allow: /a/index.html" allows "/a/" too (google/robotstxt).
        slash = self.pattern.rfind(b"/")
        if slash < 0 or not self.pattern.startswith(b"/index.htm", slash):
            return 0
        folder = self.pattern[: slash + 1] + b"$"
        return len(folder) if parse_glob(folder).matches(path) else 0


Rank = tuple[int, bool]
"""Octets of the matching pattern, then allow before disallow."""

_NO_MATCH: tuple[Rank, Rule | None] = ((0, False), None)


@dataclass(frozen=True, slots=True)
class Group:
    """User-agent lines and the rules that follow them.

    Attributes:
        agents: its user-agent lines.
        tokens: every product token that it names, case-folded.
        listed: names in lists and quotes besides `tokens`, perhaps `*`; they say no,
            and never yes.
        is_star: whether it speaks to every crawler.
        rules: allow and disallow lines with a pattern.
        unknown: lines with another key, in order.
    """

    agents: tuple[Line, ...]
    tokens: frozenset[str]
    listed: frozenset[str]
    is_star: bool
    rules: tuple[Rule, ...]
    unknown: tuple[Line, ...]

    def best(self, path: bytes, decoded_path: bytes) -> tuple[Rank, Rule | None]:
        """The first of its rules that no other beats, and the rank of the match."""
        best = _NO_MATCH
        for rule in self.rules:
            rank = (rule.length(path, decoded_path), rule.allow)
            if rank > best[0] and rank[0]:
                best = (rank, rule)
        return best


@dataclass(frozen=True, slots=True)
class RobotsDecision:
    """What one file says to some crawlers about one URL.

    Attributes:
        allowed: false where any of them is disallowed.
        line: 1-based line of the deciding rule; 0 where no rule matched.
        rule: the pattern of that rule.
        agent: the crawler it was decided for; empty where no rule matched.
    """

    allowed: bool
    line: int = 0
    rule: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """A parsed robots.txt.

    Attributes:
        groups: in order of appearance, not merged.
        unknown: lines with an unknown key before the first group.
        is_whole: whether all of it could be read: not cut off, plain UTF-8 text, and
            meant for crawlers. Without it the absence of a rule proves nothing.
    """

    groups: tuple[Group, ...]
    unknown: tuple[Line, ...]
    is_whole: bool

    @property
    def unread_line(self) -> int:
        """The first line that speaks of training in a way not read here; 0 for none."""
        lines = [*self.unknown, *(line for g in self.groups for line in g.unknown)]
        return next((line.number for line in lines if _is_unread(line)), 0)

    def decide(
        self, agents: Sequence[str], url: str, *, star: bool = True
    ) -> RobotsDecision:
        """Whether every one of `agents` may fetch `url`; a single no decides.

        Args:
            agents: product tokens, compared without regard to case.
            url: absolute or relative; percent-encoded by the caller.
            star: whether a token without a group of its own falls under `*`.
        """
        path = canonical_escapes(path_of(url))
        decision = RobotsDecision(allowed=True)
        if path == b"/robots.txt":
            return decision
        decoded_path = unquote_to_bytes(path)
        # Each group is searched once, however many crawlers it names.
        best_of = cache(lambda index: self.groups[index].best(path, decoded_path))
        for agent in agents:
            found = [best_of(index) for index in self._groups_of(agent, star=star)]
            _, rule = max(found, key=itemgetter(0), default=_NO_MATCH)
            for index in self._groups_listing(agent, star=star):
                _, other = best_of(index)
                rule = other if other is not None and not other.allow else rule
            if rule is None:
                continue
            pattern = rule.pattern.decode("ascii")
            decision = RobotsDecision(rule.allow, rule.line, pattern, agent)
            if not rule.allow:
                break
        return decision

    def _groups_of(self, agent: str, *, star: bool) -> list[int]:
        token = agent.casefold()
        own = [i for i, group in enumerate(self.groups) if token in group.tokens]
        if own or not star:
            return own
        return [i for i, group in enumerate(self.groups) if group.is_star]

    def _groups_listing(self, agent: str, *, star: bool) -> list[int]:
        names = {agent.casefold()}
        if star and not self._groups_of(agent, star=False):
            names.add("*")
        return [i for i, g in enumerate(self.groups) if not names.isdisjoint(g.listed)]


def parse_robots(body: bytes, *, truncated: bool = False) -> RobotsFile:
    """Parse the bytes of a robots.txt; no input is refused.

    Beyond `BYTES_MAX` nothing is read, the last, cut line included: rules found before
    it hold, and `is_whole` is false.

    Args:
        body: the exact bytes.
        truncated: whether `body` itself is only the first part of the file.
    """
    kept = body
    if len(body) > BYTES_MAX or truncated:
        kept = body[:BYTES_MAX]
        kept = kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1]
    is_uncut = len(body) <= BYTES_MAX and not truncated
    is_whole = is_uncut and is_plain_text(kept) and is_for_crawlers(kept)
    builder = _Builder()
    for line in read_lines(kept):
        builder.add(line)
    return builder.finish(is_whole=is_whole)


def _is_unread(line: Line) -> bool:
    key, value = (text.decode("utf-8", "replace") for text in (line.key, line.value))
    return is_usage_key(key) and leaves_training_open(value)


class _Builder:
    """Collects lines into groups."""

    def __init__(self) -> None:
        self._groups: list[Group] = []
        self._preamble: list[Line] = []
        self._agents: list[Line] = []
        self._rules: list[Rule] = []
        self._unknown: list[Line] = []
        self._closed = False

    def add(self, line: Line) -> None:
        key = line.key.lower()
        if key.startswith(_USER_AGENT):
            if self._closed:
                self._close_group()
            self._agents.append(line)
        elif key.startswith(b"allow") or key.startswith(_DISALLOW):
            self._add_rule(line, allow=key.startswith(b"allow"))
        elif self._agents:
            self._unknown.append(line)
        else:
            self._preamble.append(line)

    def finish(self, *, is_whole: bool) -> RobotsFile:
        self._close_group()
        return RobotsFile(tuple(self._groups), tuple(self._preamble), is_whole)

    def _add_rule(self, line: Line, *, allow: bool) -> None:
        if not self._agents:
            return  # a rule before the first user-agent line applies to nobody
        self._closed = True
        pattern = escape_octets(line.value if allow else unquoted(line.value))
        if not pattern:
            return  # an empty rule matches nothing
        decoded = None if allow else parse_glob(pattern, decode=True)
        globs = (parse_glob(pattern), decoded)
        self._rules.append(Rule(line.number, allow, pattern, globs))

    def _close_group(self) -> None:
        if self._agents:
            values = [line.value for line in self._agents]
            tokens = frozenset[str]().union(*map(tokens_of, values))
            self._groups.append(
                Group(
                    tuple(self._agents),
                    tokens,
                    frozenset[str]().union(*map(listed_in, values)) - tokens,
                    any(map(is_star, values)),
                    tuple(self._rules),
                    tuple(self._unknown),
                )
            )
        self._agents, self._rules, self._unknown = [], [], []
        self._closed = False
