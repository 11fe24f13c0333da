"""Crawl-delay: how long a site asks a crawler to leave it alone between requests.

No part of RFC 9309, which keeps lines of other keys to whoever agrees on them, but as
widely used as that: a number of seconds in the group that speaks to the crawler.
"""

import math
import re
from typing import Final

from producers.optout.robots.groups import Group
from producers.optout.robots.reader import RobotsFile

_SECONDS: Final = re.compile(rb"(?:[0-9]{1,9}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_DIGITS: Final = re.compile(rb"[0-9]{10,}(?:\.[0-9]*)?")


def crawl_delay_s(robots: RobotsFile, agent: str) -> float:
    """Seconds that `agent` is asked to leave between two requests; 0 where none.

    Of several lines the largest counts. What is no number asks for nothing; a number of
    ten digits or more is infinity.

    Args:
        robots: of the site.
        agent: a product token; `*` speaks where no group names it.
    """
    token = agent.casefold()
    own = [group for group in robots.groups if token in group.tokens]
    groups = own or [group for group in robots.groups if group.is_star]
    return max((_delay_s(group) for group in groups), default=0.0)


def _delay_s(group: Group) -> float:
    values = [
        line.value for line in group.unknown if line.key.lower() == b"crawl-delay"
    ]
    return max(map(_seconds, values), default=0.0)


def _seconds(value: bytes) -> float:
    if _DIGITS.fullmatch(value):
        return math.inf
    return float(value) if _SECONDS.fullmatch(value) else 0.0
