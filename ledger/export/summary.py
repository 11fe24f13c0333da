"""The training summary with the names that the vault adds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ledger.errors import InputError
from ledger.projections import States
from ledger.projections.provider_status import decide
from ledger.projections.training_summary import Summary, draft, with_domains

SCHEMA = "tuneledger.training-summary/1"


@dataclass(frozen=True, slots=True)
class SummaryDocument:
    """A draft and its plain form.

    Attributes:
        summary: the draft.
    """

    summary: Summary

    def as_dict(self) -> dict[str, Any]:
        """The draft as plain values; site ids stay inside."""
        plain: dict[str, Any] = msgspec.to_builtins(self.summary)
        plain.pop("sites")
        return {"schema": SCHEMA, **plain}


def summary_document(
    states: States, *, names: Mapping[str, str], sme: bool | None
) -> SummaryDocument:
    """Draft the summary of the newest fine-tuned model.

    Args:
        states: the projections.
        names: site id to origin, from the vault; empty without one.
        sme: whether the provider is an SME; None where not stated.

    Raises:
        InputError: nothing was fine-tuned yet.
    """
    runs = states["compute"].runs.values()
    models = [run.model_name for run in runs if run.objective != "pretraining"]
    if not models:
        message = "summary: expected a fine-tuned model, found none; run train first"
        raise InputError(message)
    summary = draft(
        models[-1],
        sources=states["training_sources"],
        shards=states["shards"],
        compute=states["compute"],
        optout=states["optout"],
        status=decide(states["compute"]),
    )
    sizes: Counter[str] = Counter()
    for site_id, records in summary.sites.items():
        if site_id in names:
            sizes[urlsplit(names[site_id]).hostname or names[site_id]] += records
    if sizes:
        summary = with_domains(summary, sizes, sme=sme)
    return SummaryDocument(summary)
