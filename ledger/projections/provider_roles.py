"""The roles under the Act, each its own answer; several may hold at once.

Roles of a model (Chapter V) follow from compute as far as it goes. Roles of a system
(Article 25, Annex III) do not depend on compute at all and are never assessed here.

Source: Regulation (EU) 2024/1689, Articles 3, 25, 26, 50 to 53 and 55.
"""

from typing import Literal

import msgspec

from ledger.projections.comparisons import Citation, Comparison, cite
from ledger.rules.gpai import GpaiRules

Indication = Literal["INDICATED", "NOT_INDICATED", "UNKNOWN", "NOT_ASSESSED"]


class RoleAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a role is indicated.

    Attributes:
        role: the role, as docs/compliance.md lists it.
        chapter: of a model or of a system.
        indication: INDICATED and NOT_INDICATED by compute alone; NOT_ASSESSED where
            it takes an attestation.
        event_ids: the events that it rests on; a run's batches by their first and last.
        citation: the rule.
    """

    role: str
    chapter: Literal["model", "system"]
    indication: Indication
    event_ids: tuple[str, ...]
    citation: Citation


def indicated(comparison: Comparison) -> Indication:
    """What one comparison indicates; inside the error margin it is unknown."""
    match comparison.outcome:
        case "ABOVE":
            return "INDICATED"
        case "BELOW" | "NOT_APPLICABLE":
            return "NOT_INDICATED"
        case _:
            return "UNKNOWN"


def any_of(*answers: Indication) -> Indication:
    """Three-valued "or"; what was not assessed counts for nothing."""
    assessed = [answer for answer in answers if answer != "NOT_ASSESSED"]
    if "INDICATED" in assessed:
        return "INDICATED"
    return "UNKNOWN" if "UNKNOWN" in assessed or not assessed else "NOT_INDICATED"


def all_of(*answers: Indication) -> Indication:
    """Three-valued "and"; what was not assessed is unknown."""
    if "NOT_INDICATED" in answers:
        return "NOT_INDICATED"
    return "INDICATED" if set(answers) == {"INDICATED"} else "UNKNOWN"


def answer_roles(
    *,
    modifications: tuple[Comparison, ...],
    gpai_model: Comparison,
    systemic_risk: Comparison,
    base_systemic_risk: bool,
    rules: GpaiRules,
    pack_sha256: str,
) -> tuple[RoleAnswer, ...]:
    """Answer every role of the rule pack for one model.

    Args:
        modifications: the one-third comparisons of the runs, the model and the lineage;
            one above the limit is enough.
        gpai_model: the resulting model against 10^23 FLOP.
        systemic_risk: the resulting model against 10^25 FLOP.
        base_systemic_risk: whether the base is declared to have systemic risk.
        rules: the rule pack.
        pack_sha256: its digest.
    """
    own = all(item.outcome == "NOT_APPLICABLE" for item in modifications)
    original: Indication = indicated(gpai_model) if own else "NOT_ASSESSED"
    modifier = any_of(*map(indicated, modifications))
    high_impact: Indication = (
        "INDICATED" if base_systemic_risk else indicated(systemic_risk)
    )
    by_compute: dict[str, Indication] = {
        "GPAI_MODEL_PROVIDER_ORIGINAL": original,
        "GPAI_MODEL_PROVIDER_MODIFIER": modifier,
        "GPAI_SR_PROVIDER": all_of(any_of(original, modifier), high_impact),
    }
    event_ids = _event_ids((*modifications, gpai_model, systemic_risk))
    return tuple(
        RoleAnswer(
            role=role.role,
            chapter=role.chapter,
            indication=by_compute.get(role.role, "NOT_ASSESSED"),
            event_ids=event_ids if role.chapter == "model" else (),
            citation=cite(role, pack_sha256),
        )
        for role in rules.roles
    )


def _event_ids(comparisons: tuple[Comparison, ...]) -> tuple[str, ...]:
    ids: dict[str, None] = {}
    for comparison in comparisons:
        for item in comparison.evidence:
            named = (item.started, item.batch_first, item.batch_last, item.ended)
            ids.update(dict.fromkeys(name for name in named if name))
    return tuple(ids)
