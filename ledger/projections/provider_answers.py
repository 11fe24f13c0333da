"""The shape of a decision on provider status."""

import msgspec

from ledger.projections.comparisons import Comparison
from ledger.projections.provider_hosted import HostedStatus
from ledger.projections.provider_roles import Indication, RoleAnswer
from ledger.rules.gpai import Counters


class ModelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The answers for one model.

    Attributes:
        model_name: the model.
        model: the one-third rule over all its runs.
        lineage: the same over all runs that it descends from in this ledger.
        gpai_model: the result, base included, against the indication of a GPAI model.
        systemic_risk: the result against the presumption of systemic risk.
        roles: each role of the rule pack.
        gpai_provider: whether the operator is indicated to be a provider of a GPAI
            model: by either role, of a result that is one.
        estimated_from: vendors' trainings in the lineage, by id; the figures above
            leave them out, and are lower bounds where there are any.
        estimated_flop: their compute as estimated, decimal text; empty where there are
            none or one is not known.
    """

    model_name: str
    model: Comparison
    lineage: Comparison
    gpai_model: Comparison
    systemic_risk: Comparison
    roles: tuple[RoleAnswer, ...]
    gpai_provider: Indication
    estimated_from: tuple[str, ...]
    estimated_flop: str


class ProviderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All answers of one decision.

    Attributes:
        rules_version: version of the rule pack.
        rules_sha256: its digest.
        counters: which phases each counter sums, and by what text.
        runs: the one-third rule for every run, those in no model included.
        models: the answers for every model.
        hosted: the one-third rule for every vendor's training, graded as estimated.
        executed_flop: all phases of all runs, as decimal text.
        left_out_flop: all phases of what is in no model: of runs that nothing went on
            from, and of steps that a resumed run computed again.
        unfinished_runs: runs that neither finished nor failed.
        flags: the text of every flag.
    """

    rules_version: str
    rules_sha256: str
    counters: Counters
    runs: tuple[Comparison, ...]
    models: tuple[ModelStatus, ...]
    hosted: tuple[HostedStatus, ...]
    executed_flop: str
    left_out_flop: str
    unfinished_runs: tuple[str, ...]
    flags: dict[str, str]

    def of_model(self, model_name: str) -> ModelStatus | None:
        """The answers for one model; None where no run names it."""
        for model in self.models:
            if model.model_name == model_name:
                return model
        return None
