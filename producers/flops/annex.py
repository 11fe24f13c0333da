"""The two approximations that the Commission's guidelines offer, for comparison.

Source: guidelines C(2025) 5045 final, Annex A.2, paragraphs 126 to 132.
"""

from fractions import Fraction


def architecture_flop(*, weights: int, tokens: int) -> int:
    """About 6 P D: good for a large dense model that is trained as a whole.

    It leaves out attention's products of tokens with tokens, counts an embedding as if
    it were multiplied, and knows neither experts nor frozen weights.

    Args:
        weights: P, parameters.
        tokens: D, positions trained on, repetitions included.

    Source: guidelines, paragraph 132; Kaplan and others, section 2.1
        (arXiv:2001.08361).
    """
    return 6 * weights * tokens


def hardware_flop(
    *, unit_hours: int, peak_flop_per_s: int, utilisation: Fraction
) -> Fraction:
    """C = N L H U: what the hardware can have done.

    Args:
        unit_hours: N times L, hours of all units together.
        peak_flop_per_s: H, theoretical peak of one unit, FLOP/s.
        utilisation: U, the average share of the peak, 0 .. 1.

    Source: guidelines, paragraphs 126 to 128.
    """
    return unit_hours * 3600 * peak_flop_per_s * utilisation
