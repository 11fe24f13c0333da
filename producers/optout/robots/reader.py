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
- a user-agent line that lists names, quotes them or holds a wildcard (`GPT*`) disallows
  for each crawler that it may mean;
- a disallow rule is also compared with both sides percent-decoded, and unquoted;
- a disallow rule may be a whole URL: of this host it is read as its path, of another
  host a person reads it where the path matches;
- a name in a list or with a star in it says no and never yes;
- what is odd is read by a person: a path with a remark, a row that is no line, a name
  that may mean everybody, a disallow rule before any user-agent line;
- what was cut off, or is no UTF-8 text, is never silently allowed: see `is_whole`.

Source: RFC 9309; google/robotstxt, robots.cc, for what is tolerated.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter, itemgetter
from typing import Final, Literal

from ledger.events.optout import Layer, ScanReason
from producers.optout.robots.addressed import Addressed, addressed_of
from producers.optout.robots.groups import Group, GroupBuilder
from producers.optout.robots.lines import (
    Line,
    is_for_crawlers,
    is_licence,
    is_plain_text,
    odd_row,
    read_lines,
)
from producers.optout.robots.rules import (
    NO_MATCH,
    Place,
    Rank,
    Rule,
    best_rule,
    place_of,
)
from producers.optout.robots.usage import (
    UsageRule,
    decide_usage,
    is_unread,
    outside_of_groups,
    signal_rules,
    usage_rules,
    without_yes,
)
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.merge import merged
from producers.optout.vocabulary.signals import Statement

LICENCES_MAX: Final = 16
"""Most lines that name a licence document; each is fetched."""

_RULES_OF: dict[str, Callable[[Group], tuple[UsageRule, ...]]] = {
    "usage": attrgetter("usage"),
    "signals": attrgetter("signals"),
}


@dataclass(frozen=True, slots=True)
class RobotsDecision:
    """What one file says to some crawlers about one URL.

    Attributes:
        allowed: false where any of them is disallowed.
        line: 1-based line of the deciding rule; 0 where no rule matched.
        rule: the pattern of that rule.
        agent: the crawler it was decided for; empty where no rule matched.
        layer: whom that rule spoke to: `own` the crawler by name, `star` everybody,
            `basket` where the caller left `*` out; empty where no rule matched.
        review: why a person must read the file though it allows; empty where none needs
            to.
    """

    allowed: bool
    line: int = 0
    rule: str = ""
    agent: str = ""
    layer: Layer = ""
    review: ScanReason | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class RobotsFile:
    """A parsed robots.txt. May be shared by threads.

    Attributes:
        groups: in order of appearance, not merged.
        unknown: lines with an unknown key before the first group.
        strays: allow and disallow rules before the first group; they speak to nobody,
            and a no of theirs is read by a person.
        is_whole: whether all of it could be read: not cut off, plain UTF-8 text, and
            meant for crawlers. Without it the absence of a rule proves nothing.
        licence_urls: URLs of the licence documents that it names for every crawler, as
            RSL 1.0 has it.
        unread_line: the first line that restricts, or speaks of training, in a way not
            read here; 0 for none.
        outside: what Content-Usage and Content-Signal lines before the first group say.
    """

    groups: tuple[Group, ...]
    unknown: tuple[Line, ...]
    strays: tuple[Rule, ...]
    is_whole: bool
    licence_urls: tuple[str, ...]
    unread_line: int
    outside: tuple[Statement, Statement]
    _known: dict[tuple[str, bool], Addressed] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _speaks: dict[str, bool] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _firsts: dict[tuple[tuple[str, ...], bool], tuple[str, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def decide(
        self, agents: Sequence[str], url: str, *, star: bool = True
    ) -> RobotsDecision:
        """Whether every one of `agents` may fetch `url`; a single no decides.

        Args:
            agents: product tokens, compared without regard to case.
            url: absolute or relative; percent-encoded by the caller.
            star: whether a token without a group of its own falls under `*`.
        """
        place = place_of(url)
        decision = RobotsDecision(allowed=True)
        if place.path == b"/robots.txt":
            return decision
        review = self._review_of_strays(place) if star else ""
        # Each group is searched once, however many crawlers it names.
        known: dict[int, tuple[Rank, Rule | None]] = {}

        def best_of(index: int) -> tuple[Rank, Rule | None]:
            if index not in known:
                known[index] = self.groups[index].best(place)
            return known[index]

        for agent in self._distinct(agents, star=star):
            addressed = self._addressed(agent, star=star)
            found = map(best_of, addressed.groups)
            _, rule = max(found, key=itemgetter(0), default=NO_MATCH)
            for index in addressed.doubtful:
                _, other = best_of(index)
                rule = other if other is not None and not other.allow else rule
            if rule is not None:
                pattern = rule.pattern.decode("ascii")
                decision = RobotsDecision(
                    rule.allow, rule.line, pattern, agent, addressed.layer
                )
            if not decision.allowed:
                return decision
            odd = (best_of(index)[1] for index in addressed.odd)
            if any(rule.may_be_meant_for(place) for rule in addressed.unclear) or any(
                rule is not None and not rule.allow for rule in odd
            ):
                review = "malformed_signal"
        return replace(decision, review=review) if review else decision

    def _review_of_strays(self, place: Place) -> ScanReason | Literal[""]:
        """Why a person must read the rules before the first group, if one must."""
        _, rule = best_rule(self.strays, place)
        is_no = rule is not None and not rule.allow
        is_odd = any(rule.may_be_meant_for(place) for rule in self.strays)
        return "malformed_signal" if is_no or is_odd else ""

    def content_usage(self, agents: Sequence[str], url: str) -> Statement:
        """What its Content-Usage lines say about `url`; any no decides.

        A path that a crawler may not fetch has no preferences for it.

        Args:
            agents: our own product token; then those of other crawlers, which count
                where a group names them.
            url: absolute or relative; percent-encoded by the caller.
        """
        return self._preferences(agents, url, "usage")

    def content_signal(self, agents: Sequence[str], url: str) -> Statement:
        """What its Content-Signal lines say about `url`; any no decides.

        Args:
            agents: our own product token; then those of other crawlers, which count
                where a group names them.
            url: absolute or relative; percent-encoded by the caller.
        """
        return self._preferences(agents, url, "signals")

    def _preferences(
        self, agents: Sequence[str], url: str, kind: Literal["usage", "signals"]
    ) -> Statement:
        rules_of = _RULES_OF[kind]
        outside = self.outside[kind == "signals"]
        if kind not in self._speaks:
            self._speaks[kind] = any(map(rules_of, self.groups))
        if not self._speaks[kind]:  # most files hold no such line
            return outside
        place = place_of(url)
        said = [outside]
        scoped = [(agent, True) for agent in agents[:1]]
        scoped += [(agent, False) for agent in self._distinct(agents[1:], star=False)]
        for agent, star in scoped:
            addressed = self._addressed(agent, star=star)
            own = [rule for i in addressed.groups for rule in rules_of(self.groups[i])]
            doubtful = (*addressed.doubtful, *addressed.odd)
            others = [rules_of(self.groups[i]) for i in doubtful]
            if not own and not any(others):
                continue
            if kind == "usage" and not self.decide([agent], url, star=star).allowed:
                continue
            said.append(decide_usage(own, place.path, place.decoded))
            said += [
                without_yes(decide_usage(rules, place.path, place.decoded))
                for rules in others
            ]
        return merged(said)

    def _distinct(self, agents: Sequence[str], *, star: bool) -> tuple[str, ...]:
        """Of crawlers to whom the very same groups speak, the first one each."""
        key = (tuple(agents), star)
        distinct = self._firsts.get(key)
        if distinct is None:
            first: dict[object, str] = {}
            for agent in agents:
                said = self._addressed(agent, star=star)
                key_of = (said.groups, said.doubtful, said.odd, said.layer)
                first.setdefault(key_of, agent)
            distinct = self._firsts[key] = tuple(first.values())
        return distinct

    def _addressed(self, agent: str, *, star: bool) -> Addressed:
        found = self._known.get((agent, star))
        if found is None:
            found = self._known[(agent, star)] = addressed_of(
                self.groups, agent.casefold(), star=star
            )
        return found


def parse_robots(body: bytes, *, truncated: bool = False) -> RobotsFile:
    """Parse the bytes of a robots.txt; no input is refused.

    Beyond `POLICY_BYTES_MAX` nothing is read, the last, cut line included: rules found
    before it hold, and `is_whole` is false.

    Args:
        body: the exact bytes.
        truncated: whether `body` itself is only the first part of the file.
    """
    kept = body
    if len(body) > POLICY_BYTES_MAX or truncated:
        kept = body[:POLICY_BYTES_MAX]
        kept = kept[: max(kept.rfind(b"\n"), kept.rfind(b"\r")) + 1]
    is_uncut = len(body) <= POLICY_BYTES_MAX and not truncated
    builder = GroupBuilder()
    for line in read_lines(kept):
        builder.add(line)
    builder.close_group()
    is_read = is_uncut and builder.is_clear
    is_whole = is_read and is_plain_text(kept) and is_for_crawlers(kept)
    groups, preamble = tuple(builder.groups), tuple(builder.preamble)
    unknown = [*preamble, *(line for group in groups for line in group.unknown)]
    licences = [line for line in unknown if is_licence(line)]
    unread = [line.number for line in unknown if is_unread(line)]
    unread += [line.number for line in licences[LICENCES_MAX:]]
    unread += filter(None, (odd_row(kept),))
    urls = (line.value.decode("ascii") for line in licences[:LICENCES_MAX])
    return RobotsFile(
        groups,
        preamble,
        builder.strays,
        is_whole,
        licence_urls=tuple(dict.fromkeys(urls)),
        unread_line=min(unread, default=0),
        outside=(
            outside_of_groups(usage_rules(preamble)),
            outside_of_groups(signal_rules(preamble)),
        ),
    )
