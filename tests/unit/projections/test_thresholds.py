"""Exact comparison and the error bands."""

from fractions import Fraction

import pytest

from ledger.projections.thresholds import band, exceeds

ERROR = Fraction(3, 10)


def third_band(value: int, base: int) -> str:
    return band(value, Fraction(base, 3), value_error=ERROR, limit_error=ERROR)


@pytest.mark.parametrize(
    ("value", "base", "above"),
    [
        (1, 3, False),
        (2, 3, True),
        (1, 2, True),
        (10**24, 3 * 10**24, False),
        (10**24 + 1, 3 * 10**24, True),
        (10**24, 3 * 10**24 - 1, True),
        (10**24, 3 * 10**24 + 1, False),
    ],
    ids=["3M=B", "3M>B", "3M=B+1", "large 3M=B", "M+1", "B-1", "B+1"],
)
def test_one_third_is_strict(value, base, above):
    """Above is 3M > B in integers; exactly a third is not above."""
    assert above == exceeds(value, Fraction(base, 3)) == (3 * value > base)


@pytest.mark.parametrize(
    ("value", "base", "expected"),
    [
        (7, 39, "BELOW"),
        (7 * 10**21 + 1, 39 * 10**21, "WITHIN_ERROR_MARGIN"),
        (13, 21, "WITHIN_ERROR_MARGIN"),
        (13 * 10**21 + 1, 21 * 10**21, "ABOVE"),
        (1, 3, "WITHIN_ERROR_MARGIN"),
        (0, 0, "BELOW"),
        (1, 0, "ABOVE"),
    ],
)
def test_both_sides_have_the_error(value, base, expected):
    """BELOW ends at 7/39 = 0.1795, ABOVE begins after 13/21 = 0.6190."""
    assert expected == third_band(value, base)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (10, "BELOW"),
        (11, "WITHIN_ERROR_MARGIN"),
        (18, "WITHIN_ERROR_MARGIN"),
        (19, "ABOVE"),
    ],
)
def test_a_constant_has_no_error(value, expected):
    """Against a constant of 13 only the value moves: 1.3 * 10 = 13, 0.7 * 19 > 13."""
    limit = Fraction(13)

    assert expected == band(value, limit, value_error=ERROR, limit_error=Fraction(0))
