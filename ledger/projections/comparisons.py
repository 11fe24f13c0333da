"""One compute figure against one limit, with everything that the answer rests on."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import msgspec

from ledger.projections import lineage
from ledger.projections.compute import Base, ComputeState, Run
from ledger.projections.thresholds import Band, band, exceeds
from ledger.rules.gpai import AppliesFrom, GpaiRules, Rule

Scope = Literal["run", "model", "lineage", "result"]
Counter = Literal["direct", "cumulative"]
LimitBasis = Literal["base", "fallback", "fallback_systemic_risk", "constant", "none"]

_LOWER_BOUND: Final = frozenset(
    {
        "faulty_metering",
        "stray_events",
        "run_open",
        "no_finished_run",
        "result_base_unknown",
        "estimated_part",
    }
)
"""Flags under which the true value may be higher, so that BELOW is not shown."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one run that a figure rests on.

    Attributes:
        run_id: the run.
        started: its `RunStarted` event.
        batch_first: its first `StepsMetered` event; empty where it has none.
        batch_last: its last one; those of this run in between belong to it.
        batches: how many there are.
        ended: its `RunFinished` or `RunFailed` event; empty while open.
    """

    run_id: str
    started: str
    batch_first: str
    batch_last: str
    batches: int
    ended: str


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """The rule behind an answer.

    Attributes:
        rule_id: id in the rule pack.
        source: article, paragraph or point.
        pack_sha256: SHA-256 of the rule pack.
        applies_from: from when which effect applies.
        note: what to know before relying on the answer.
    """

    rule_id: str
    source: str
    pack_sha256: str
    applies_from: tuple[AppliesFrom, ...]
    note: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A compute figure against a limit. FLOP are decimal text.

    Attributes:
        scope: a run, all runs of a model, its whole lineage, or the resulting model
            with its base included.
        subject: run id, or model name.
        counter: the counter that was compared.
        direct_flop: compute that directly updated parameters.
        cumulative_flop: that, and what made the training data.
        base_flop: compute of the base; empty where not known.
        base_flop_source: where that comes from.
        limit: the limit as an exact fraction; empty where there is none.
        limit_basis: what the limit was made from.
        exceeds: whether the reported figure is strictly more; None where not known.
        outcome: the same with the error margins; UNKNOWN where not known,
            NOT_APPLICABLE where nothing of another provider was modified.
        flags: ids of what to know, explained in the rule pack.
        evidence: the runs that were summed.
        citation: the rule.
    """

    scope: Scope
    subject: str
    counter: Counter
    direct_flop: str
    cumulative_flop: str
    base_flop: str
    base_flop_source: str
    limit: str
    limit_basis: LimitBasis
    exceeds: bool | None
    outcome: Band | Literal["UNKNOWN", "NOT_APPLICABLE"]
    flags: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    citation: Citation


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure is held against.

    Attributes:
        value: FLOP; None where it is not known.
        error: its error as a share; 0 for a constant.
        basis: what it was made from.
    """

    value: Fraction | None
    error: Fraction
    basis: LimitBasis


@dataclass(frozen=True, slots=True)
class Reference:
    """The strictest reading of what some runs declare about their base.

    Attributes:
        flop: the smallest declared compute; None where none is known.
        source: where it comes from.
        estimable: whether any run says that it could be estimated.
        systemic_risk: whether any run says that the base has systemic risk.
        systemic_risk_agreed: whether all do; only then does the larger fallback apply.
        differ: whether the runs contradict each other.
    """

    flop: int | None
    source: str
    estimable: bool
    systemic_risk: bool
    systemic_risk_agreed: bool
    differ: bool


def strictest(bases: Collection[Base]) -> Reference:
    """Read the bases of some runs so that the limit comes out lowest."""
    known = [(int(base.flop), base.flop_source) for base in bases if base.flop]
    flop, source = min(known) if known else (None, "unknown")
    facts = {(base.flop, base.flop_estimable, base.systemic_risk) for base in bases}
    return Reference(
        flop=flop,
        source=source,
        estimable=any(base.flop_estimable for base in bases),
        systemic_risk=any(base.systemic_risk for base in bases),
        systemic_risk_agreed=all(base.systemic_risk for base in bases),
        differ=len(facts) > 1,
    )


def one_third_limit(reference: Reference, rules: GpaiRules) -> Limit:
    """The limit of a modification: a third of the base, or a fallback, or none.

    The fallback takes the place of a base whose compute can be neither known nor
    estimated, and of no other.

    Source: Commission guidelines C(2025) 5045 final, paragraphs 63 and 64.
    """
    numbers = rules.thresholds
    if reference.flop is not None:
        share = reference.flop * numbers.share
        return Limit(share, numbers.estimate_error, "base")
    if reference.estimable:
        return Limit(None, Fraction(0), "none")
    if reference.systemic_risk_agreed:
        share = int(numbers.systemic_risk_flop) * numbers.share
        return Limit(share, Fraction(0), "fallback_systemic_risk")
    share = int(numbers.gpai_indicative_flop) * numbers.share
    return Limit(share, Fraction(0), "fallback")


def cite(rule: Rule, pack_sha256: str) -> Citation:
    """The citation of a rule."""
    return Citation(
        rule_id=rule.id,
        source=rule.source,
        pack_sha256=pack_sha256,
        applies_from=rule.applies_from,
        note=rule.note,
    )


def evidence_of(state: ComputeState, run_ids: Iterable[str]) -> tuple[Evidence, ...]:
    """The events of some runs, in order of the runs' start."""
    wanted = set(run_ids)
    return tuple(
        Evidence(
            run_id=run_id,
            started=run.started,
            batch_first=run.batch_first,
            batch_last=run.batch_last,
            batches=run.batches,
            ended=run.ended,
        )
        for run_id, run in state.runs.items()
        if run_id in wanted
    )


def metering_flags(state: ComputeState, runs: Iterable[Run]) -> list[str]:
    """Flags that make any sum over these runs a lower bound."""
    flags = ["faulty_metering"] if any(run.faults for run in runs) else []
    return [*flags, "stray_events"] if state.strays else flags


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What is compared, before the limit is known.

    Attributes:
        scope: see `Comparison`.
        subject: see `Comparison`.
        run_ids: the runs that are summed.
        counter: which counter is held against the limit.
        added: FLOP on top of the runs: the base's, for the result.
        base_flop: see `Comparison`.
        base_flop_source: see `Comparison`.
    """

    scope: Scope
    subject: str
    run_ids: Collection[str]
    counter: Counter
    added: int
    base_flop: str
    base_flop_source: str


def compare(
    state: ComputeState,
    figure: Figure,
    limit: Limit,
    flags: Collection[str],
    *,
    rules: GpaiRules,
    citation: Citation,
    applicable: bool = True,
) -> Comparison:
    """Hold a figure against a limit.

    A figure that is only a lower bound can show ABOVE and never BELOW.
    """
    flop = lineage.contributed(state, figure.run_ids)
    direct = flop.of(rules.counters.direct.phases)
    cumulative = flop.of(rules.counters.cumulative.phases)
    value = figure.added + (direct if figure.counter == "direct" else cumulative)
    above: bool | None = None
    outcome: Band | Literal["UNKNOWN", "NOT_APPLICABLE"] = "UNKNOWN"
    if not applicable:
        outcome = "NOT_APPLICABLE"
    elif limit.value is not None:
        above = exceeds(value, limit.value)
        outcome = band(
            value,
            limit.value,
            value_error=rules.thresholds.estimate_error,
            limit_error=limit.error,
        )
        if not _LOWER_BOUND.isdisjoint(flags):
            above = above or None
            outcome = "UNKNOWN" if outcome == "BELOW" else outcome
    return Comparison(
        scope=figure.scope,
        subject=figure.subject,
        counter=figure.counter,
        direct_flop=str(direct),
        cumulative_flop=str(cumulative),
        base_flop=figure.base_flop,
        base_flop_source=figure.base_flop_source,
        limit="" if limit.value is None else str(limit.value),
        limit_basis=limit.basis,
        exceeds=above,
        outcome=outcome,
        flags=tuple(flags),
        evidence=evidence_of(state, figure.run_ids),
        citation=citation,
    )
