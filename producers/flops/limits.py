"""An estimate against the limits of a modification."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from ledger.projections.thresholds import Band, band, exceeds
from ledger.rules.gpai import GpaiRules

Basis = Literal["base", "fallback", "fallback_systemic_risk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """One limit, and where the estimate stands.

    Attributes:
        basis: a third of the base's compute, or of a constant that takes its place
            where that can be neither known nor estimated.
        limit: FLOP.
        exceeds: whether the estimate is strictly more than the limit.
        outcome: where the true value can lie, with the error of both.
    """

    basis: Basis
    limit: Fraction
    exceeds: bool
    outcome: Band


def against(
    flop: int, rules: GpaiRules, *, base_flop: int | None, systemic_risk: bool
) -> tuple[Against, ...]:
    """Hold an estimate against a third of its base, or against the fallback.

    Args:
        flop: compute of the modification, FLOP.
        rules: thresholds of the rule pack.
        base_flop: training compute of the base, FLOP; None where not known.
        systemic_risk: whether the base is a GPAI model with systemic risk.

    Source: Commission guidelines C(2025) 5045 final, paragraphs 63 and 64.
    """
    numbers = rules.thresholds
    basis: Basis
    if base_flop is not None:
        basis, whole, error = "base", base_flop, numbers.estimate_error
    elif systemic_risk:
        basis, whole = "fallback_systemic_risk", int(numbers.systemic_risk_flop)
        error = Fraction(0)
    else:
        basis, whole = "fallback", int(numbers.gpai_indicative_flop)
        error = Fraction(0)
    limit = whole * numbers.share
    return (
        Against(
            basis=basis,
            limit=limit,
            exceeds=exceeds(flop, limit),
            outcome=band(
                flop, limit, value_error=numbers.estimate_error, limit_error=error
            ),
        ),
    )
