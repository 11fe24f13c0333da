"""How far each erasure is, and what it still owes (GDPR Article 17).

The state itself, and what it says, is in `erasure_state`.
"""

from typing import Final

from ledger.events.erasure import (
    ErasureCertified,
    ErasureEvent,
    ErasurePlanned,
    ErasureVerified,
    KeysDestroyed,
    LinesRedacted,
    MeasureTaken,
    RecipientsNotified,
    RecordsErased,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.events.erasure_request import (
    ErasureExtended,
    ErasureRefused,
    ErasureRequested,
    ErasureRestricted,
    RestrictionLifted,
)
from ledger.projections.base import Projection, Recorded
from ledger.projections.erasure_state import (
    Erasure,
    ErasuresState,
    Hit,
    Interim,
    Phase,
    Whole,
    is_overdue,
    outstanding,
    owed_acts,
    whole_left,
)

__all__ = [
    "PROJECTION",
    "Erasure",
    "ErasuresState",
    "Hit",
    "Interim",
    "Whole",
    "is_overdue",
    "outstanding",
    "owed_acts",
    "whole_left",
]

_PHASES: Final[dict[type, Phase]] = {
    ErasureRequested: "requested",
    ErasureExtended: "extended",
    ErasureRestricted: "restricted",
    RestrictionLifted: "restriction_lifted",
    ErasureRefused: "refused",
    ErasurePlanned: "planned",
    RecordsErased: "records_erased",
    ShardRolledBack: "rolled_back",
    KeysDestroyed: "keys_destroyed",
    ShardRetrained: "retrained",
    WeightsDeleted: "weights_deleted",
    MeasureTaken: "measure_taken",
    RecipientsNotified: "recipients_notified",
    ErasureVerified: "verified",
    ErasureCertified: "certified",
}


def apply(state: ErasuresState, recorded: Recorded) -> ErasuresState:
    """Fold one event in place; events of other families change nothing."""
    event = recorded.event
    if not isinstance(event, ErasureEvent) or isinstance(event, LinesRedacted):
        return state
    if isinstance(event, ErasureRequested):
        state.erasures.setdefault(
            event.erasure_id,
            Erasure(
                ground=event.ground,
                received_at_ms=event.received_at_ms,
                due_at_ms=event.due_at_ms,
            ),
        )
    erasure = state.erasures.get(event.erasure_id)
    if erasure is None:
        state.strays.append(recorded.event_id)
        return state
    erasure.phases.setdefault(_PHASES[type(event)], []).append(recorded.event_id)
    _advance(erasure, event)
    _answer(erasure, event)
    if isinstance(event, ErasureCertified):
        erasure.certificate_sha256 = event.certificate_sha256
        erasure.certified_at_ms = recorded.recorded_at_ms
    if isinstance(event, ErasureRefused):
        erasure.refused_at_ms = recorded.recorded_at_ms
    return state


def _answer(erasure: Erasure, event: ErasureEvent) -> None:
    """Fold how the request is answered, and what is done beside the steps."""
    match event:
        case ErasureExtended(due_at_ms=due_at_ms, reason=reason):
            erasure.due_at_ms = due_at_ms
            erasure.extended = reason
        case ErasureRestricted(cause=cause):
            erasure.restricted = cause
        case RestrictionLifted():
            erasure.restricted = ""
        case ErasureRefused(ground=ground):
            erasure.refused = ground
        case MeasureTaken():
            erasure.measures.append(
                Interim(
                    measure=event.measure,
                    evidence_sha256=event.evidence_sha256,
                    until_ms=event.until_ms,
                )
            )
        case RecipientsNotified():
            erasure.recipients = event.recipients
            erasure.notified = event.notified
            erasure.impossible = event.impossible
        case _:
            pass


def _advance(erasure: Erasure, event: ErasureEvent) -> None:
    match event:
        case ErasurePlanned():
            _plan(erasure, event)
        case RecordsErased(record_ids=record_ids):
            erasure.records.update(dict.fromkeys(record_ids))
        case ShardRolledBack(shard=shard):
            erasure.rolled_back[shard] = None
        case KeysDestroyed(keys=keys, blobs_deleted=blobs):
            erasure.keys_destroyed += keys
            erasure.key_store = event.store
            erasure.blobs_deleted += blobs
        case ShardRetrained(weights_before_sha256=before):
            erasure.retrained[event.shard] = None
            erasure.tokens_retrained += event.tokens
            erasure.weights_replaced[before] = None
        case WeightsDeleted(weights=weights):
            erasure.weights_deleted.update(dict.fromkeys(weights))
            erasure.deletion_methods[event.method] = None
        case ErasureVerified():
            erasure.exactness = event.exactness
            erasure.records_readable = event.records_readable
            erasure.blobs_left = event.blobs_left
            erasure.residue = event.residue
        case _:
            pass


def _plan(erasure: Erasure, event: ErasurePlanned) -> None:
    erasure.records_planned = event.records
    erasure.hits = [
        Hit(
            shard=hit.shard,
            slice_first=hit.slice_first,
            rollback_sha256=hit.rollback_sha256,
        )
        for hit in event.hits
    ]
    erasure.whole = [
        Whole(
            run_id=model.run_id,
            weights_sha256=model.weights_sha256,
            tokens=model.tokens,
        )
        for model in event.whole
    ]
    erasure.tokens_expected = event.tokens_expected
    erasure.tokens_full = event.tokens_full


PROJECTION = Projection(name="erasures", version=3, state=ErasuresState, apply=apply)
