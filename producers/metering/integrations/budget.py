"""Says when a training nears a threshold of FLOP, and can end it in front of one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

_LOG: Final = logging.getLogger(__name__)

LEVELS: Final = (Fraction(1, 2), Fraction(4, 5), Fraction(19, 20))
"""Shares of a threshold at which an alarm is given."""

DIRECT: Final = ("forward", "backward")
"""Counters of compute that directly contributes to updates of weights.

Source: Commission guidelines C(2025) 5045 final, paragraph 118.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A threshold and what is held against it.

    Attributes:
        limit: FLOP, above 0; a third of a base's compute is a fraction.
        counters: the counters that are added up.
        levels: shares of the limit at which an alarm is given, ascending.
        stop: whether training should end in front of the limit.
    """

    limit: Fraction
    counters: tuple[str, ...] = DIRECT
    levels: tuple[Fraction, ...] = LEVELS
    stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A level that was reached, or a count that cannot be relied on.

    Attributes:
        level: share of the limit; None where the count has faults, so that no level
            can be relied on from here on.
        used: FLOP counted, on all ranks.
        limit: the budget's.
    """

    level: Fraction | None
    used: int
    limit: Fraction


def log_alarm(alarm: Alarm) -> None:
    """Write an alarm to the log, as a warning."""
    if alarm.level is None:
        _LOG.warning("FLOP budget: the count has faults, %.4g FLOP or more", alarm.used)
        return
    share, level = Fraction(alarm.used) / alarm.limit, alarm.level
    _LOG.warning(
        "FLOP budget: %.1f %% used, level %.0f %%: %.4g of %.4g FLOP",
        *(float(100 * share), float(100 * level), alarm.used, float(alarm.limit)),
    )


class BudgetGuard:
    """Holds what was used against a budget, again and again.

    Attributes:
        budget: the budget.
        should_stop: whether the next stretch, if it costs what the dearest one up to
            now did, would pass the limit. Only if the budget says so.
    """

    def __init__(
        self, budget: Budget, *, on_alarm: Callable[[Alarm], None] = log_alarm
    ) -> None:
        """Watch a budget.

        Args:
            budget: the budget.
            on_alarm: told of each level once; by default it is a warning in the log.
        """
        self.budget = budget
        self.should_stop = False
        self._on_alarm = on_alarm
        self._levels = list(budget.levels)
        self._used = self._dearest = 0
        self._is_complete = True

    def look(self, used: int, *, is_complete: bool, is_heard: bool = True) -> None:
        """Take a new sum, and give the alarms that it asks for.

        Args:
            used: FLOP by now, on all ranks; never less than the last time.
            is_complete: whether nothing is missing from it.
            is_heard: whether this process gives the alarms; one of many does.
        """
        self._dearest = max(self._dearest, used - self._used)
        self._used = used
        due: list[Fraction | None] = []
        if self._is_complete and not is_complete:
            due.append(None)
        self._is_complete = is_complete
        while self._levels and used >= self._levels[0] * self.budget.limit:
            due.append(self._levels.pop(0))
        would_be = used + self._dearest
        self.should_stop = self.budget.stop and would_be > self.budget.limit
        for level in due if is_heard else ():
            self._on_alarm(Alarm(level=level, used=used, limit=self.budget.limit))
