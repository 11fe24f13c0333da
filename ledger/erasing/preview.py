"""What an erasure would touch, by a look that changes no file."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from ledger.disk.places import ledger_file
from ledger.erasing.condemned import condemned, condemned_document, merged_of
from ledger.erasing.plan import draft
from ledger.errors import InputError
from ledger.log.ledger import Ledger
from ledger.log.projector import project
from ledger.projections.compute import ComputeState
from ledger.projections.shards import ShardsState
from ledger.vault.rows import Subject
from ledger.vault.vault import Vault

SCHEMA = "tuneledger.erasure-preview/1"


def preview(folder: Path, texts: Sequence[str]) -> dict[str, Any]:
    """What the erasure of some subjects would touch, as plain values.

    Args:
        folder: the workspace.
        texts: an alias or an identifier each.

    Raises:
        InputError: nobody of that alias or identifier is in the vault.
        NotALedgerError: the folder is no workspace.
    """
    path = ledger_file(folder)
    with contextlib.ExitStack() as stack:
        # A file by itself is read without its views being written.
        ledger = stack.enter_context(Ledger.open(path))
        vault = Vault(path.with_suffix(".vault"), is_writable=False)
        stack.callback(vault.close)
        states = project(ledger)
        subjects = {find_subject(vault, text).subject_id for text in texts}
        plan = draft(vault, states, sorted(subjects))
    shards: ShardsState = states["shards"]
    compute: ComputeState = states["compute"]
    current = shards.current()
    slices = 0 if current is None else current.slices
    return {
        "schema": SCHEMA,
        "people": len(subjects),
        "records": plan.record_ids,
        "shards": [
            {
                "shard": hit.shard,
                "slice_first": hit.slice_first,
                "slice_last": slices - 1,
                "rollback_sha256": hit.rollback_sha256,
            }
            for hit in plan.hits
        ],
        "runs": [
            {"run_id": run, "model": compute.runs[run].model_name} for run in plan.runs
        ],
        "models": plan.models,
        "open_runs": plan.open_runs,
        "whole": msgspec.to_builtins(plan.whole),
        "weights": condemned_document(
            condemned(
                states,
                path.parent,
                whole=[*plan.whole, *plan.snapshots],
                merged=merged_of(states, plan.hits),
            )
        ),
        # What a vendor's training read is not on record: neither clean nor hit.
        "hosted_not_known": sorted({one.model_name for one in compute.hosted.values()}),
        "tokens_expected": plan.tokens_expected,
        "tokens_full": plan.tokens_full,
    }


def find_subject(vault: Vault, text: str) -> Subject:
    """The subject of an alias or an identifier.

    Raises:
        InputError: there is none, or there are two.
    """
    subject, other = vault.find_alias(text), vault.find_identifier(text)
    if subject is not None and other is not None:
        message = "two subjects: the alias of one is the identifier of another"
        raise InputError(message)
    found = subject or other
    if found is None:
        message = (
            "unknown subject: expected an alias such as s-1 (see `status --subjects`) "
            "or an identifier"
        )
        raise InputError(message)
    return found
