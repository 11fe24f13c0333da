"""The patterns of integers at their bounds, alone and as items of a list."""

import re

import pytest

from verifier.format.wire import INT_MAX
from verifier.schema.patterns import integer, list_of

RANGES = [
    (0, 0),
    (0, 1),
    (0, 9),
    (1, 9),
    (0, 10),
    (1, 16),
    (7, 71),
    (7, 123),
    (10, 99),
    (95, 1005),
    (0, 255),
    (0, 4095),
    (16384, 16384),
    (1, INT_MAX),
    (0, INT_MAX),
]


def values(low, high):
    """Both bounds, their neighbours, their prefixes, and every power of ten."""
    found = {low, low + 1, high, high - 1, high + 1, max(low - 1, 0)}
    found |= {int(str(high)[:length]) for length in range(1, len(str(high)) + 1)}
    found |= {10**digits - rest for digits in range(18) for rest in (0, 1)}
    return sorted(found)


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_an_integer_is_in_its_range(low, high):
    """Exactly the decimals from low to high match."""
    pattern = re.compile(integer(low, high).json())

    matched = [n for n in values(low, high) if pattern.fullmatch(str(n))]

    assert [n for n in values(low, high) if low <= n <= high] == matched


@pytest.mark.parametrize(("low", "high"), RANGES)
@pytest.mark.parametrize("text", ["[{n}]", "[{n},{n}]", "[{low},{n}]", "[{n},{high}]"])
def test_an_item_is_in_its_range(low, high, text):
    """In a list too, wherever it stands: 4095 is not read as 409."""
    pattern = re.compile(list_of(integer(low, high), 0, 256).json())

    def fits(n):
        return pattern.fullmatch(text.format(n=n, low=low, high=high)) is not None

    assert [n for n in values(low, high) if low <= n <= high] == [
        n for n in values(low, high) if fits(n)
    ]


@pytest.mark.parametrize("text", ["", "-1", "+1", "01", "00", "1.0", "1e0", " 1", "1 "])
def test_another_spelling(text):
    """An integer has one spelling (CON-2)."""
    assert re.compile(integer(0, INT_MAX).json()).fullmatch(text) is None
