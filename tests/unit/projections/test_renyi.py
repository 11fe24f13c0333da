"""Epsilon from noise, chance and steps: never below the truth, and close to it."""

import math
from decimal import Decimal
from statistics import NormalDist

import pytest

from ledger.projections.renyi import Step, epsilon

DELTA = Decimal("0.00001")
WHOLE = 10**9


def exact(noise: float, steps: int, delta: float) -> float:
    """Epsilon where every row is in every step, by bisection.

    Source: Balle and Wang 2018, theorem 8 (arXiv:1805.06530).
    """
    normal, mu = NormalDist(), math.sqrt(steps) / noise

    def delta_at(one: float) -> float:
        return normal.cdf(mu / 2 - one / mu) - math.exp(one) * normal.cdf(
            -mu / 2 - one / mu
        )

    low, high = 0.0, 200.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if delta_at(middle) > delta else (low, middle)
    return high


def once(noise: float, rate: float, delta: float) -> float:
    """Epsilon of one step, the larger of both directions, by bisection.

    Source: Balle, Barthe and Gaboardi 2018, theorem 8 (arXiv:1807.01647): sampling by
    a chance of q takes e^epsilon - 1 and delta down by q.
    """
    return math.log1p(rate * math.expm1(exact(noise, 1, delta / rate)))


@pytest.mark.parametrize(
    ("noise", "steps"), [(1.1, 1), (2.0, 10), (4.0, 100), (30.0, 1), (100.0, 1000)]
)
def test_bound_holds_where_every_row_is_drawn(noise, steps):
    """It is above what the closed form says, by less than a fifth."""
    found = epsilon({Step(round(noise * 10**6), WHOLE): steps}, delta=DELTA)

    assert exact(noise, steps, 1e-5) <= found <= 1.2 * exact(noise, steps, 1e-5)


@pytest.mark.parametrize(("noise", "rate"), [(1.0, 0.5), (0.8, 0.1), (2.0, 0.9)])
def test_bound_holds_for_a_step_with_drawn_rows(noise, rate):
    """One step has a closed form whatever the chance."""
    step = Step(round(noise * 10**6), round(rate * WHOLE))

    assert once(noise, rate, 1e-5) <= epsilon({step: 1}, delta=DELTA)


def test_known_figure():
    """It does not change with machines or versions: all of it is decimal."""
    found = epsilon({Step(1_100_000, 10**7): 1000}, delta=DELTA)

    assert Decimal("1.725291") == found


def test_steps_of_several_kinds_add_up():
    """Together they cost less than each by itself, and more than one of them."""
    one, other = Step(2 * 10**6, 10**8), Step(4 * 10**6, WHOLE)
    both = epsilon({one: 10, other: 1}, delta=DELTA)
    apart = [epsilon({one: 10}, delta=DELTA), epsilon({other: 1}, delta=DELTA)]

    assert max(apart) < both < sum(apart)


def test_no_step_shows_nothing():
    """Epsilon is 0 where nothing was trained."""
    assert 0 == epsilon({}, delta=DELTA)
    assert 0 == epsilon({Step(10**6, WHOLE): 0}, delta=DELTA)


@pytest.mark.parametrize(
    ("step", "count", "delta"),
    [
        (Step(1, WHOLE), 2**53 - 1, "0.000000000001"),
        (Step(2**53 - 1, 1), 2**53 - 1, "0.999999999999"),
        (Step(1, 1), 1, "0.5"),
    ],
    ids=["least noise", "most noise", "rarest"],
)
def test_extreme_numbers_of_an_event_have_a_bound(step, count, delta):
    """Whatever an event may hold gives a number, and no error."""
    found = epsilon({step: count}, delta=Decimal(delta))

    assert found.is_finite()
    assert found >= 0
