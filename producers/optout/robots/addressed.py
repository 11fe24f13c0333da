"""Which groups of a robots.txt speak to one crawler, and which may.

Source: RFC 9309, section 2.2.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.events.optout import Layer
from producers.optout.robots.groups import Group
from producers.optout.robots.rules import Rule


@dataclass(frozen=True, slots=True)
class Addressed:
    """What speaks to one crawler; groups by index.

    Attributes:
        groups: those that RFC 9309 selects.
        doubtful: those that may mean it besides; only a no of theirs counts.
        odd: those besides that may mean everybody; their no is read by a person.
        layer: whom `groups` speak to.
        unclear: their rules that name a host, or are odd.
    """

    groups: tuple[int, ...]
    doubtful: tuple[int, ...]
    odd: tuple[int, ...]
    layer: Layer
    unclear: tuple[Rule, ...]


def addressed_of(groups: Sequence[Group], token: str, *, star: bool) -> Addressed:
    """The groups of a file that speak to one crawler.

    Args:
        groups: of the file, in order.
        token: the crawler's product token, case-folded.
        star: whether it falls under `*` where no group names it.
    """
    own = [i for i, group in enumerate(groups) if token in group.tokens]
    layer: Layer = "own" if star else "basket"
    chosen, has_star = own, star and not own
    if has_star:
        chosen = [i for i, group in enumerate(groups) if group.is_star]
        layer = "star"
    doubtful = [
        i
        for i, group in enumerate(groups)
        if token not in group.tokens
        and (group.may_mean(token) or (has_star and "*" in group.listed))
    ]
    others = set(range(len(groups))).difference(chosen, doubtful) if has_star else ()
    odd = tuple(i for i in sorted(others) if groups[i].is_odd_star)
    rules = (rule for i in (*chosen, *doubtful, *odd) for rule in groups[i].rules)
    unclear = tuple(rule for rule in rules if rule.host or rule.is_odd or rule.odd_glob)
    return Addressed(tuple(chosen), tuple(doubtful), odd, layer, unclear)
