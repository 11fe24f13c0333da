"""How far each erasure is, and what it still owes (GDPR Article 17).

An erasure is certified when its certificate was issued, and complete when moreover
nothing is outstanding: the two are separate facts, and a certificate that was issued
too early shows.
"""

from typing import Final, Literal

import msgspec

from ledger.events.erasure import (
    ErasureCertified,
    ErasureEvent,
    ErasurePlanned,
    ErasureRequested,
    ErasureVerified,
    KeysDestroyed,
    RecordsErased,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.projections.base import Projection, Recorded

Phase = Literal[
    "requested",
    "planned",
    "records_erased",
    "rolled_back",
    "keys_destroyed",
    "retrained",
    "weights_deleted",
    "verified",
    "certified",
]

_PHASES: Final[dict[type, Phase]] = {
    ErasureRequested: "requested",
    ErasurePlanned: "planned",
    RecordsErased: "records_erased",
    ShardRolledBack: "rolled_back",
    KeysDestroyed: "keys_destroyed",
    ShardRetrained: "retrained",
    WeightsDeleted: "weights_deleted",
    ErasureVerified: "verified",
    ErasureCertified: "certified",
}


class Hit(msgspec.Struct, frozen=True):
    """Where the plan says that the erasure hits a shard; see `ShardHit`."""

    shard: int
    slice_first: int
    rollback_sha256: str


class Erasure(msgspec.Struct):
    """One erasure. Dicts as sets, since a step that was resumed may be recorded twice.

    A dict keeps the order in which its members came; a set's order would tell a state
    that was kept from one that was rebuilt.

    Attributes:
        ground: GDPR Article 17(1), its letter's meaning.
        received_at_ms: when the request was received.
        due_at_ms: one calendar month later (GDPR Article 12(3)).
        phases: each phase that was reached, with its events in order.
        records_planned: how many records the plan names; None before the plan.
        records: the erased records.
        hits: the shards that must be retrained.
        tokens_expected: unique tokens that the plan trains again.
        tokens_full: the same for all shards and slices.
        rolled_back: shards that serve clean weights.
        retrained: shards that were trained again.
        tokens_retrained: tokens through the model in those runs.
        keys_destroyed: keys overwritten in the vault.
        blobs_deleted: encrypted record files deleted.
        weights_replaced: weights that the hit shards served before the erasure.
        weights_deleted: weights that are gone.
        exactness: result of the newest verification; empty before one.
        records_readable: erased records that it could still decrypt.
        blobs_left: erased record files that it still found.
        certificate_sha256: digest of the certificate; empty before one.
        certified_at_ms: when it was recorded; 0 before one.
    """

    ground: str
    received_at_ms: int
    due_at_ms: int
    phases: dict[Phase, list[str]] = {}
    records_planned: int | None = None
    records: dict[str, None] = {}
    hits: list[Hit] = []
    tokens_expected: int = 0
    tokens_full: int = 0
    rolled_back: dict[int, None] = {}
    retrained: dict[int, None] = {}
    tokens_retrained: int = 0
    keys_destroyed: int = 0
    blobs_deleted: int = 0
    weights_replaced: dict[str, None] = {}
    weights_deleted: dict[str, None] = {}
    exactness: str = ""
    records_readable: int = 0
    blobs_left: int = 0
    certificate_sha256: str = ""
    certified_at_ms: int = 0

    @property
    def certified(self) -> bool:
        """Whether a certificate was issued, rightly or too early."""
        return bool(self.certificate_sha256)

    @property
    def complete(self) -> bool:
        """Whether it was certified and owes nothing."""
        return self.certified and not outstanding(self)


class ErasuresState(msgspec.Struct):
    """Every erasure.

    Attributes:
        erasures: erasure id to erasure, in order of request.
        strays: events of erasures that were never requested.
    """

    erasures: dict[str, Erasure] = {}
    strays: list[str] = []


def apply(state: ErasuresState, recorded: Recorded) -> ErasuresState:
    """Fold one event in place; events of other families change nothing."""
    event = recorded.event
    if not isinstance(event, ErasureEvent):
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
    if isinstance(event, ErasureCertified):
        erasure.certificate_sha256 = event.certificate_sha256
        erasure.certified_at_ms = recorded.recorded_at_ms
    return state


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
            erasure.blobs_deleted += blobs
        case ShardRetrained(weights_before_sha256=before):
            erasure.retrained[event.shard] = None
            erasure.tokens_retrained += event.tokens
            erasure.weights_replaced[before] = None
        case WeightsDeleted(weights=weights):
            erasure.weights_deleted.update(dict.fromkeys(weights))
        case ErasureVerified():
            erasure.exactness = event.exactness
            erasure.records_readable = event.records_readable
            erasure.blobs_left = event.blobs_left
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
    erasure.tokens_expected = event.tokens_expected
    erasure.tokens_full = event.tokens_full


def outstanding(erasure: Erasure) -> list[str]:
    """The steps that an erasure still owes, in their order; empty when it owes none."""
    if erasure.records_planned is None:
        return ["plan"]
    missing = erasure.records_planned - len(erasure.records)
    hit = sorted({item.shard for item in erasure.hits})
    steps = [
        *([f"erase {missing} more records"] if missing > 0 else []),
        *(f"roll back shard {n}" for n in hit if n not in erasure.rolled_back),
        *([] if "keys_destroyed" in erasure.phases else ["destroy keys"]),
        *(f"retrain shard {n}" for n in hit if n not in erasure.retrained),
        *(["delete old weights"] if _keeps_old_weights(erasure) else []),
    ]
    if not erasure.exactness:
        steps.append("verify")
    elif erasure.records_readable or erasure.blobs_left:
        steps.append(
            f"verify again: {erasure.records_readable} records readable, "
            f"{erasure.blobs_left} files left"
        )
    return steps if erasure.certified else [*steps, "certify"]


def _keeps_old_weights(erasure: Erasure) -> bool:
    # Where an earlier erasure had already rolled the shard back, what served before
    # this one may be clean of it.
    clean = {hit.rollback_sha256 for hit in erasure.hits}
    kept = erasure.weights_replaced.keys() - clean - erasure.weights_deleted.keys()
    never_deleted = bool(erasure.hits) and "weights_deleted" not in erasure.phases
    return never_deleted or bool(kept)


def is_overdue(erasure: Erasure, now_ms: int) -> bool:
    """Whether the erasure was, or by `now_ms` is, not certified in time.

    Args:
        erasure: the erasure.
        now_ms: the time now, Unix milliseconds, UTC.

    Source: GDPR Article 12(3): one month from receipt, counted by the producer; an
        extension of two further months is not recorded in format 1.
    """
    ended_ms = erasure.certified_at_ms if erasure.certified else now_ms
    return ended_ms > erasure.due_at_ms


PROJECTION = Projection(name="erasures", version=2, state=ErasuresState, apply=apply)
