"""An estimate as text and as JSON."""

from fractions import Fraction
from typing import Any, Final

from producers.flops.estimate import Estimate
from producers.flops.limits import Against

_BASIS: Final = {
    "base": "a third of the base's compute",
    "fallback": "fallback, if the base's compute can be neither known nor estimated",
    "fallback_systemic_risk": "fallback for a base with systemic risk",
}


def estimate_document(found: Estimate) -> dict[str, Any]:
    """The estimate as JSON: FLOP are decimal text, since they pass 2^53."""
    return {
        "model_type": found.model_type,
        "weights": found.weights,
        "weights_active": found.weights_active,
        "weights_trained": found.weights_trained,
        "tokens": found.tokens,
        "sequence": found.sequence,
        "flop": {phase: str(flop) for phase, flop in found.flop.items()},
        "direct_flop": str(found.direct_flop),
        "cumulative_flop": str(found.cumulative_flop),
        "causal_flop": str(found.causal_flop),
        "six_nd_flop": str(found.six_nd_flop),
        "direct_over_six_nd": _decimal(Fraction(found.direct_flop, found.six_nd_flop)),
        "limits": [
            {
                "basis": item.basis,
                "limit_flop": str(item.limit),
                "exceeds": item.exceeds,
                "outcome": item.outcome,
            }
            for item in found.limits
        ],
        "rules_sha256": found.rules_sha256,
        "notes": list(found.notes),
    }


def estimate_text(found: Estimate) -> str:
    """The estimate for a person."""
    ratio = _decimal(Fraction(found.direct_flop, found.six_nd_flop))
    model = (
        f"{found.model_type}: {found.weights:,} weights, {found.weights_trained:,} "
        f"trained, {found.weights_active:,} met by a token"
    )
    lines = [
        model,
        f"{found.tokens:,} tokens in sequences of {found.sequence:,}",
        "",
        *(
            f"  {phase:<11} {flop:>32,} FLOP"
            for phase, flop in found.flop.items()
            if flop
        ),
        f"  {'direct':<11} {found.direct_flop:>32,} FLOP  forward and backward",
        f"  {'causal':<11} {found.causal_flop:>32,} FLOP  direct without masked pairs",
        f"  {'6ND':<11} {found.six_nd_flop:>32,} FLOP  direct is {ratio} of it",
        "",
        *(_limit_line(item) for item in found.limits),
        "",
        *(f"note: {note}" for note in found.notes),
    ]
    return "\n".join(lines)


def _limit_line(item: Against) -> str:
    sign = "exceeds" if item.exceeds else "does not exceed"
    return (
        f"{item.outcome}: {sign} {_scientific(item.limit)} FLOP, {_BASIS[item.basis]}"
    )


def _decimal(value: Fraction) -> str:
    """Four decimals, rounded half to even, without a float in between."""
    scaled = round(value * 10_000)
    return f"{scaled // 10_000}.{scaled % 10_000:04d}"


def _scientific(value: Fraction) -> str:
    return f"{float(value):.4g}"
