"""The one-third rule for a training in a vendor's house. Its compute is an estimate.

What was measured here below it, where a vendor tuned a model of this ledger, is not
added: the two figures are of different grades and stand side by side.
"""

from collections.abc import Collection
from typing import Literal

import msgspec

from ledger.projections import lineage
from ledger.projections.comparisons import Citation, Reference, cite, one_third_limit
from ledger.projections.compute_state import ComputeState
from ledger.projections.thresholds import Band, band
from ledger.rules.gpai import GpaiRules


class HostedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's training against a third of its base. FLOP are decimal text.

    Attributes:
        hosted_id: the training.
        model_name: what the result is called here.
        grade: how the compute is known.
        flop: the estimate; empty where there is none.
        estimate: how it was made.
        base_flop: compute of the base; empty where not known.
        limit: the limit as an exact fraction; empty where there is none.
        outcome: with the error margins; UNKNOWN where either is not known, and where
            parts below it are left out and the rest is below the limit.
        measured_runs: runs of this ledger that it goes on from; not in `flop`.
        estimated_from: vendors' trainings that it goes on from; not in `flop`.
        event_id: the event that it rests on.
        citation: the rule.
    """

    hosted_id: str
    model_name: str
    grade: Literal["estimated"]
    flop: str
    estimate: str
    base_flop: str
    limit: str
    outcome: Band | Literal["UNKNOWN"]
    measured_runs: tuple[str, ...]
    estimated_from: tuple[str, ...]
    event_id: str
    citation: Citation


def hosted_status(
    state: ComputeState, hosted_id: str, rules: GpaiRules, pack_sha256: str
) -> HostedStatus:
    """Hold the estimate of one training against the limit of its base.

    A base whose compute is not known is taken to be one that could be estimated, so
    that the fallback of the guidelines is never used for it.
    """
    one = state.hosted[hosted_id]
    reference = Reference(
        flop=int(one.base_flop) if one.base_flop else None,
        source=one.base_flop_source,
        estimable=True,
        systemic_risk=one.base_systemic_risk,
        systemic_risk_agreed=one.base_systemic_risk,
        differ=False,
    )
    limit = one_third_limit(reference, rules)
    runs, hosted = lineage.below_hosted(state, hosted_id)
    outcome: Band | Literal["UNKNOWN"] = "UNKNOWN"
    if one.flop and limit.value is not None:
        outcome = band(
            int(one.flop),
            limit.value,
            value_error=rules.thresholds.estimate_error,
            limit_error=limit.error,
        )
        if outcome == "BELOW" and (runs or hosted):
            outcome = "UNKNOWN"
    return HostedStatus(
        hosted_id=hosted_id,
        model_name=one.model_name,
        grade="estimated",
        flop=one.flop,
        estimate=one.estimate,
        base_flop=one.base_flop,
        limit="" if limit.value is None else str(limit.value),
        outcome=outcome,
        measured_runs=tuple(run_id for run_id in state.runs if run_id in runs),
        estimated_from=tuple(other for other in state.hosted if other in hosted),
        event_id=one.event_id,
        citation=cite(rules.rules.one_third, pack_sha256),
    )


def estimated_flop(state: ComputeState, hosted_ids: Collection[str]) -> str:
    """Sum of estimates as decimal text; empty where there is none or one is missing."""
    stated = [state.hosted[one].flop for one in hosted_ids]
    return str(sum(map(int, stated))) if stated and all(stated) else ""
