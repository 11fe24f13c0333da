"""The worked examples of the Commission's guidelines, Annex A.3."""

from fractions import Fraction

import pytest

from producers.flops.annex import architecture_flop, hardware_flop


def is_printed_as(printed, found):
    """The guidelines print figures cut or rounded: within 5 % of what is printed."""
    return abs(found - printed) <= Fraction(printed) / 20


@pytest.mark.parametrize(
    ("weights", "tokens", "printed"),
    [
        (3_800_000_000, 3_300_000_000_000, 75 * 10**21),
        (600_000_000, 36 * 10**12, 13 * 10**22),
        (1_540_000_000, 18 * 10**12, 1_663 * 10**20),
        (1_700_000_000, 36 * 10**12, 37 * 10**22),
        (2_500_000_000, 12 * 10**12, 18 * 10**22),
        (2_600_000_000, 10 * 10**12, 15 * 10**22),
    ],
    ids=["3.8B", "0.6B", "1.54B", "1.7B", "2.5B", "2.6B"],
)
def test_architecture_examples(weights, tokens, printed):
    """The examples by parameters and tokens come out as printed."""
    assert is_printed_as(printed, architecture_flop(weights=weights, tokens=tokens))


@pytest.mark.parametrize(
    ("unit_hours", "peak", "printed"),
    [
        (200_000, 300 * 10**12, 10**23 * 108 // 100),
        (370_000, 989 * 10**12, 65 * 10**22),
    ],
    ids=["200000-hours", "370000-hours"],
)
def test_hardware_examples(unit_hours, peak, printed):
    """The examples by units, hours, peak and utilisation come out as printed."""
    found = hardware_flop(
        unit_hours=unit_hours, peak_flop_per_s=peak, utilisation=Fraction(1, 2)
    )

    assert is_printed_as(printed, found)


def test_architecture_is_exact():
    """The product is an integer, not a float near it."""
    assert 166_320_000_000_000_000_000_006 == 6 + architecture_flop(
        weights=1_540_000_000, tokens=18 * 10**12
    )
