"""Comparing an estimate with a limit, exactly and with the error of both.

Integers and fractions only: one third has no exact float, and 3 * M > B must not turn
on rounding.
"""

from fractions import Fraction
from typing import Literal

Band = Literal["BELOW", "WITHIN_ERROR_MARGIN", "ABOVE"]


def exceeds(value: int, limit: Fraction) -> bool:
    """Whether the reported value is strictly more than the limit.

    With limit = base / 3 this is 3 * value > base, so the exact third is not above.

    Source: Commission guidelines C(2025) 5045 final, paragraph 63 ("greater than").
    """
    return value > limit


def band(
    value: int, limit: Fraction, *, value_error: Fraction, limit_error: Fraction
) -> Band:
    """Where the true value can lie against the true limit.

    An estimate x with error e stands for the interval [x(1 - e), x(1 + e)]. BELOW: even
    the highest value does not exceed the lowest limit. ABOVE: even the lowest value
    exceeds the highest limit. With 3/10 on both sides and limit = base / 3, and
    r = value / base:

        BELOW  when 1.3 value <= 0.7 base / 3, 39 value <= 7 base, r <= 0.1795
        ABOVE  when 0.7 value >  1.3 base / 3, 21 value > 13 base, r >  0.6190

    Against a constant (`limit_error` 0, limit L): BELOW when 1.3 value <= L, ABOVE when
    0.7 value > L.

    Args:
        value: reported estimate, FLOP, at least 0.
        limit: reported limit, FLOP, at least 0.
        value_error: error of the value as a share of it, 0 <= e < 1.
        limit_error: error of the limit as a share of it, 0 <= e < 1; 0 for a constant.

    Source: the 30 % margin of the reported estimate, guidelines C(2025) 5045 final,
        paragraph 123; the interval arithmetic is ours.
    """
    if value * (1 + value_error) <= limit * (1 - limit_error):
        return "BELOW"
    if value * (1 - value_error) > limit * (1 + limit_error):
        return "ABOVE"
    return "WITHIN_ERROR_MARGIN"
