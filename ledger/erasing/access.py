"""What is known of one person: the answer to a request for access (GDPR Article 15)."""

from typing import Any

import msgspec

from ledger.erasing.plan import draft
from ledger.events.ingest import RecordDecided
from ledger.projections.compute import ComputeState
from ledger.vault import record_keys
from ledger.vault.papers import Papers
from ledger.vault.recipients import Recipients
from ledger.vault.record_keys import StoredRecord
from ledger.vault.rows import UNPLACED, Record, Subject
from ledger.workspace.workspace import Workspace

SCHEMA = "tuneledger.subject/1"


def subject_document(workspace: Workspace, subject: Subject) -> dict[str, Any]:
    """Everything about a subject, texts in clear: for that person and nobody else.

    A record of several persons is given whole; what it says of the others is for the
    controller to take out (GDPR Article 15(4)).

    Raises:
        IntegrityError: a record's file is missing or was altered.
    """
    states = workspace.states()
    compute: ComputeState = states["compute"]
    plan = draft(workspace.vault, states, [subject.subject_id])
    records = workspace.vault.records_of(subject.subject_id)
    decisions = _decisions(workspace, {one.record_id for one in records})
    fence = workspace.fences.of_subject(subject.subject_id)
    return {
        "schema": SCHEMA,
        "alias": subject.alias,
        "identifier": subject.name,
        "records": [
            _record(workspace, one, decisions.get(one.record_id)) for one in records
        ],
        "runs": [
            {
                "run_id": run_id,
                "model": compute.runs[run_id].model_name,
                "purpose": compute.runs[run_id].purpose,
                "status": compute.runs[run_id].status,
            }
            for run_id in plan.runs
        ],
        "recipients": [
            {"name": one.name, "handed": one.handed}
            for one in Recipients(workspace.vault).of(plan.runs)
        ],
        "erasure": "" if fence is None else fence.erasure_id,
        "requests": (
            []
            if fence is None
            else Papers(workspace.vault).references(fence.erasure_id)
        ),
    }


def _record(
    workspace: Workspace, record: Record, decided: RecordDecided | None
) -> dict[str, Any]:
    """One record with its text, where it came from, and what was decided on it."""
    content = record_keys.unseal(
        workspace.vault.keys_of(record.record_id),
        record.record_id,
        workspace.corpus.get(record.record_id),
        context=workspace.ledger.genesis,
    )
    stored = msgspec.json.decode(content, type=StoredRecord)
    is_placed = record.shard != UNPLACED
    return {
        "record_id": record.record_id,
        "your_id": stored.id,
        "text": stored.text,
        "url": stored.url,
        "licence": stored.licence,
        "persons": len(record.subjects),
        "shard": record.shard if is_placed else None,
        "slice": record.slice if is_placed else None,
        "quarantined": record.quarantined,
        "decision": None if decided is None else msgspec.to_builtins(decided),
    }


def _decisions(workspace: Workspace, record_ids: set[str]) -> dict[str, RecordDecided]:
    """The decisions on some records."""
    return {
        recorded.event.record_id: recorded.event
        for recorded in workspace.ledger.events(stream="ingest")
        if isinstance(recorded.event, RecordDecided)
        and recorded.event.record_id in record_ids
    }
