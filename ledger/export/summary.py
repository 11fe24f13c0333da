"""The training summary with the names that the vault adds."""

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ledger.disk.places import vault_beside
from ledger.errors import InputError
from ledger.export.privacy_status import maps_with_privacy
from ledger.projections import States
from ledger.projections.provider_status import decide
from ledger.projections.training_sources import SourcesState
from ledger.projections.training_summary import Summary, draft, with_domains
from ledger.vault.names import Names
from ledger.vault.vault import Vault

SCHEMA = "tuneledger.training-summary/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateNames:
    """What only the vault knows.

    Attributes:
        origins: site id to origin.
        sizes: record id to the exact bytes of its text.
    """

    origins: Mapping[str, str]
    sizes: Mapping[str, int]


def private_names(path: Path) -> PrivateNames | None:
    """What the vault beside a ledger knows, or None where there is none.

    Raises:
        NotALedgerError: `path` is neither a workspace nor a ledger file.
    """
    vault_path = vault_beside(path)
    if not vault_path.exists():
        return None
    with contextlib.closing(Vault(vault_path, is_writable=False)) as vault:
        sizes = {record.record_id: record.bytes for record in vault.records()}
        return PrivateNames(origins=Names(vault).origins(), sizes=sizes)


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
    states: States, *, private: PrivateNames | None, sme: bool | None
) -> SummaryDocument:
    """Draft the summary of the newest fine-tuned model.

    Args:
        states: the projections.
        private: what the vault knows; None without a vault.
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
        privacy=maps_with_privacy(states),
    )
    if private is not None:
        sizes = _bytes_by_host(states["training_sources"], private)
        summary = with_domains(summary, sizes, sme=sme)
    return SummaryDocument(summary)


def _bytes_by_host(sources: SourcesState, private: PrivateNames) -> Counter[str]:
    """Bytes of accepted, scanned records by host name.

    A host stands for its registrable domain: no list of public suffixes is kept here.
    """
    sizes: Counter[str] = Counter()
    for record_id, accepted in sources.accepted.items():
        scan = sources.scans.get(accepted.scan_id)
        origin = private.origins.get(scan.site_id) if scan else None
        if origin and accepted.maps:
            sizes[urlsplit(origin).hostname or origin] += private.sizes.get(
                record_id, 0
            )
    return sizes
