"""A budget: alarms once a level, a stop in front of the limit, no false comfort."""

import logging
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.metering.integrations.budget import Budget, BudgetGuard

LIMIT = Fraction(10**23, 3)


def guarded(limit=Fraction(100), **options):
    alarms = []
    return BudgetGuard(Budget(limit=limit, **options), on_alarm=alarms.append), alarms


def levels(alarms):
    return [alarm.level for alarm in alarms]


def test_each_level_once():
    """A level that is reached is told once, at the look that finds it."""
    guard, alarms = guarded()
    for used in (49, 50, 60, 79, 96, 200):
        guard.look(used, is_complete=True)

    assert [Fraction(1, 2), Fraction(4, 5), Fraction(19, 20)] == levels(alarms)
    assert [50, 96, 96] == [alarm.used for alarm in alarms]


@pytest.mark.parametrize(
    ("used", "count"),
    [(LIMIT // 2, 0), (LIMIT // 2 + 1, 1)],
    ids=["below", "reached"],
)
def test_a_third_is_exact(used, count):
    """A limit that is no integer is not rounded."""
    guard, alarms = guarded(limit=LIMIT)
    guard.look(int(used), is_complete=True)

    assert count == len(alarms)


def test_faults_are_an_alarm():
    """A count with faults says so, since no level can be relied on any more."""
    guard, alarms = guarded()
    guard.look(1, is_complete=False)
    guard.look(2, is_complete=False)

    assert [None] == levels(alarms)


def test_others_are_silent():
    """Of several ranks one gives the alarms, and all know when to stop."""
    guard, alarms = guarded(stop=True)
    guard.look(99, is_complete=True, is_heard=False)

    assert ([], True) == (alarms, guard.should_stop)


def test_a_budget_that_only_warns():
    """Without `stop`, nothing is stopped."""
    guard, _ = guarded()
    guard.look(1000, is_complete=True)

    assert not guard.should_stop


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30))
def test_stop_comes_in_front_of_the_limit(costs):
    """If no stretch is dearer than all before it by then, the limit is never passed."""
    guard, _ = guarded(stop=True)
    used = dearest = 0
    for each in costs:
        if guard.should_stop:
            break
        dearest = dearest or each
        used += min(each, dearest)
        guard.look(used, is_complete=True)

    assert used <= 100


def test_log(caplog):
    """By default an alarm is a warning in the log, in plain figures."""
    guard = BudgetGuard(Budget(limit=LIMIT))
    with caplog.at_level(logging.WARNING):
        guard.look(17 * 10**21, is_complete=True)
        guard.look(18 * 10**21, is_complete=False)

    assert [
        "FLOP budget: 51.0 % used, level 50 %: 1.7e+22 of 3.333e+22 FLOP",
        "FLOP budget: the count has faults, 1.8e+22 FLOP or more",
    ] == caplog.messages
