"""Who is a provider of what, as far as compute can tell.

A decision is a pure function of the compute projection and a rule pack. It answers
separate questions that must not be merged: the one-third rule for each run, each model
and its lineage; whether the result is itself a GPAI model; and the roles, of a model
and of a system. Every answer names its rule, the pack's digest and the events that it
rests on. What is not known stays unknown: nothing here turns a gap into a "no".

Source: Commission guidelines C(2025) 7719 final, section 3.2 and Annex A; Regulation
    (EU) 2024/1689, Articles 3, 25 and 51 to 53. Indicative and not legal advice.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ledger.projections import lineage as descent
from ledger.projections.comparisons import (
    Comparison,
    Figure,
    Limit,
    Reference,
    Scope,
    cite,
    compare,
    metering_flags,
    one_third_limit,
    strictest,
)
from ledger.projections.compute import ComputeState, Run
from ledger.projections.provider_answers import ModelStatus, ProviderStatus
from ledger.projections.provider_hosted import estimated_flop, hosted_status
from ledger.projections.provider_roles import (
    all_of,
    answer_roles,
    any_of,
    indicated,
)
from ledger.rules import RulePack
from ledger.rules.gpai import GpaiRules, Rule, gpai_rules

__all__ = ["ModelStatus", "ProviderStatus", "decide"]


def decide(state: ComputeState, pack: RulePack | None = None) -> ProviderStatus:
    """Answer every question for every run and model.

    Args:
        state: the compute projection.
        pack: the rule pack; the shipped one when None.

    Raises:
        msgspec.ValidationError: the pack has other fields than the shipped one.
    """
    rules, digest = gpai_rules(pack)
    judge = _Judge(state, rules, digest, frozenset(descent.surviving(state)))
    runs = tuple(judge.run(run_id) for run_id in state.runs)
    names = dict.fromkeys(run.model_name for run in state.runs.values())
    executed = descent.total(state, state.runs).executed()
    in_models = descent.contributed(state, judge.surviving).executed()
    return ProviderStatus(
        rules_version=rules.version,
        rules_sha256=digest,
        counters=rules.counters,
        runs=runs,
        models=tuple(judge.model(name, runs) for name in names),
        hosted=tuple(hosted_status(state, one, rules, digest) for one in state.hosted),
        executed_flop=str(executed),
        left_out_flop=str(executed - in_models),
        unfinished_runs=tuple(descent.unfinished(state)),
        flags=rules.flags,
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    state: ComputeState
    rules: GpaiRules
    digest: str
    surviving: frozenset[str]

    def run(self, run_id: str) -> Comparison:
        run = self.state.runs[run_id]
        flags = ["run_open"] if run.status == "open" else []
        if run_id not in self.surviving:
            flags.append("run_left_out")
        return self._one_third("run", run_id, [run_id], flags)

    def model(self, name: str, runs: Sequence[Comparison]) -> ModelStatus:
        own = [
            run_id
            for run_id, run in self.state.runs.items()
            if run.model_name == name and run_id in self.surviving
        ]
        lineage = descent.ancestors(self.state, own)
        hosted = descent.hosted_in(self.state, own)
        flags = [] if own else ["no_finished_run"]
        flags += ["estimated_part"] if hosted else []
        of_model = self._one_third("model", name, own, flags)
        of_lineage = self._one_third("lineage", name, lineage, flags)
        gpai_model = self._result(
            name, lineage, flags, self.rules.rules.gpai_indication
        )
        systemic = self._result(name, lineage, flags, self.rules.rules.systemic_risk)
        of_runs = [item for item in runs if item.subject in lineage]
        roles = answer_roles(
            modifications=(*of_runs, of_model, of_lineage),
            gpai_model=gpai_model,
            systemic_risk=systemic,
            base_systemic_risk=any(
                run.base.systemic_risk for run in self._runs(lineage)
            ),
            rules=self.rules,
            pack_sha256=self.digest,
        )
        provider = any_of(
            *(
                answer.indication
                for answer in roles
                if answer.role.startswith("GPAI_MODEL_PROVIDER_")
            )
        )
        return ModelStatus(
            model_name=name,
            model=of_model,
            lineage=of_lineage,
            gpai_model=gpai_model,
            systemic_risk=systemic,
            roles=roles,
            gpai_provider=all_of(provider, indicated(gpai_model)),
            estimated_from=tuple(one for one in self.state.hosted if one in hosted),
            estimated_flop=estimated_flop(self.state, hosted),
        )

    def _runs(self, run_ids: Collection[str]) -> list[Run]:
        return [self.state.runs[run_id] for run_id in run_ids]

    def _roots(self, run_ids: Collection[str]) -> list[Run]:
        """The runs whose base is no model of this ledger."""
        return [run for run in self._runs(run_ids) if not run.base_in_ledger]

    def _one_third(
        self, scope: Scope, subject: str, run_ids: Collection[str], flags: list[str]
    ) -> Comparison:
        roots = self._roots(descent.ancestors(self.state, run_ids))
        # Where everything began from scratch here, one provider's own model goes on.
        is_own = not descent.hosted_in(self.state, run_ids)
        scratch = is_own and bool(roots) and not any(run.base.sha256 for run in roots)
        declaring = self._roots(run_ids) or self._runs(run_ids)
        reference = strictest([run.base for run in declaring if run.base.sha256])
        limit = one_third_limit(reference, self.rules)
        if scratch or not run_ids:
            limit = Limit(None, Fraction(0), "none")
        found = [
            *flags,
            *metering_flags(self.state, self._runs(run_ids)),
            *(["from_scratch"] if scratch else []),
            *([] if scratch else self._open_questions(run_ids, reference)),
        ]
        figure = Figure(
            scope=scope,
            subject=subject,
            run_ids=run_ids,
            counter="cumulative" if reference.systemic_risk else "direct",
            added=0,
            base_flop="" if reference.flop is None else str(reference.flop),
            base_flop_source=reference.source,
        )
        return compare(
            self.state,
            figure,
            limit,
            found,
            rules=self.rules,
            citation=cite(self.rules.rules.one_third, self.digest),
            applicable=not scratch,
        )

    def _open_questions(
        self, run_ids: Collection[str], reference: Reference
    ) -> list[str]:
        """Flags for what the guidelines leave open and this comparison touches."""
        runs = self._runs(run_ids)
        small = int(self.rules.thresholds.gpai_indicative_flop)
        unknown = reference.flop is None and reference.estimable
        asked = {
            "base_unknown": unknown,
            # Parts of one training that was resumed are one modification.
            "Q1": sum(not run.resumed_by for run in runs) > 1,
            "Q2": any(run.base_in_ledger for run in runs),
            "Q3/Q4": reference.flop is not None and reference.flop < small,
            "Q6": reference.systemic_risk,
            "bases_differ": reference.differ,
        }
        return [flag for flag, applies in asked.items() if applies]

    def _result(
        self, name: str, lineage: Collection[str], flags: list[str], rule: Rule
    ) -> Comparison:
        """The model with its base's compute (guidelines J121) against a constant."""
        known: dict[str, int] = {}
        unknown: set[str] = set()
        for base in (run.base for run in self._roots(lineage)):
            if base.sha256 and base.flop:
                known[base.sha256] = max(int(base.flop), known.get(base.sha256, 0))
            elif base.sha256:
                unknown.add(base.sha256)
        missing = not unknown <= known.keys()
        numbers = self.rules.thresholds
        constant = (
            numbers.gpai_indicative_flop
            if rule is self.rules.rules.gpai_indication
            else numbers.systemic_risk_flop
        )
        inherited = sum(known.values())
        figure = Figure(
            scope="result",
            subject=name,
            run_ids=lineage,
            counter="cumulative",
            added=inherited,
            base_flop="" if missing else str(inherited),
            base_flop_source="unknown" if missing else "lineage",
        )
        found = [
            *flags,
            *metering_flags(self.state, self._runs(lineage)),
            *(["result_base_unknown"] if missing else []),
        ]
        return compare(
            self.state,
            figure,
            Limit(Fraction(int(constant)), Fraction(0), "constant"),
            found,
            rules=self.rules,
            citation=cite(rule, self.digest),
        )
