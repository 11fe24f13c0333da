"""Epsilon of steps of DP-SGD, worked out from their noise and chance alone.

It is an upper bound by Renyi divergences of whole orders, in decimal numbers that are
the same on every machine. It needs no library and believes no stated epsilon. It holds
for a row that is added as well as for one that is taken away, and however a step was
chosen by what came of those before it.

Source: Mironov, Talwar and Zhang 2019 (arXiv:1908.10530), section 3.3, for one step
    and both directions (theorem 5); Mironov 2017 (arXiv:1702.07476), proposition 1,
    for sums over steps; Canonne, Kamath and Steinke 2020 (arXiv:2004.00010),
    proposition 12, for epsilon.
"""

from collections.abc import Mapping
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, Context, Decimal, localcontext
from functools import lru_cache
from math import comb
from typing import Final, NamedTuple

_ORDERS: Final = (*range(2, 24), 26, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 192, 256)
"""A small epsilon needs high orders: the best is near 1 + ln(1 / delta) / epsilon."""

_CONTEXT: Final = Context(prec=50, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Digits enough for a divergence of 10^-30 over 2^53 steps, rounded to 10^-6."""

_MILLIONTH: Final = Decimal("0.000001")


class Step(NamedTuple):
    """How a step was made.

    Attributes:
        noise_multiplier_ppm: standard deviation of the noise over the clip norm, 10^-6,
            at least 1.
        sample_rate_ppb: chance of a row to be in it, 10^-9, 1 .. 10^9.
    """

    noise_multiplier_ppm: int
    sample_rate_ppb: int


def epsilon(steps: Mapping[Step, int], *, delta: Decimal) -> Decimal:
    """Epsilon of all steps together, rounded up to 10^-6.

    Args:
        steps: how many there were of each kind.
        delta: above 0 and below 1.
    """
    if not any(steps.values()):
        return Decimal(0)
    with localcontext(_CONTEXT):
        lengths = [Decimal(0)] * len(_ORDERS)
        for step, count in steps.items():
            added = zip(lengths, _divergences(step), strict=True)
            lengths = [length + count * one for length, one in added]
        found: Decimal = min(
            length
            + (-delta.ln() - Decimal(order).ln()) / (order - 1)
            + (1 - 1 / Decimal(order)).ln()
            for order, length in zip(_ORDERS, lengths, strict=True)
        )
        least = max(found, Decimal(0))
        return least.quantize(_MILLIONTH, rounding=ROUND_CEILING)


@lru_cache(maxsize=1024)
def _divergences(step: Step) -> tuple[Decimal, ...]:
    """The Renyi divergence of one step at each order.

    At order a it is ln(A) / (a - 1) with A the sum over k = 0 .. a of
    C(a, k) (1 - q)^(a - k) q^k exp((k^2 - k) / (2 sigma^2)).
    """
    with localcontext(_CONTEXT):
        sigma = Decimal(step.noise_multiplier_ppm) / 10**6
        rate = Decimal(step.sample_rate_ppb) / 10**9
        growth = (1 / sigma**2).exp()
        drawn, left_out, factor = [Decimal(1)], [Decimal(1)], Decimal(1)
        for _ in range(_ORDERS[-1]):
            # q^k exp((k^2 - k) / (2 sigma^2)), from the one before.
            drawn.append(drawn[-1] * rate * factor)
            left_out.append(left_out[-1] * (1 - rate))
            factor *= growth
        return tuple(
            sum(
                (
                    comb(order, k) * left_out[order - k] * drawn[k]
                    for k in range(order + 1)
                ),
                Decimal(0),
            ).ln()
            / (order - 1)
            for order in _ORDERS
        )
