"""One erasure as events left it, and what it still owes: the state of `erasures`.

An erasure is certified when its certificate was issued, and complete when moreover
nothing is outstanding: the two are separate facts, and a certificate that was issued
too early shows.
"""

from typing import Literal

import msgspec

Phase = Literal[
    "requested",
    "extended",
    "restricted",
    "restriction_lifted",
    "refused",
    "planned",
    "records_erased",
    "rolled_back",
    "keys_destroyed",
    "retrained",
    "weights_deleted",
    "measure_taken",
    "recipients_notified",
    "verified",
    "certified",
]


class Hit(msgspec.Struct, frozen=True):
    """Where the plan says that the erasure hits a shard; see `ShardHit`."""

    shard: int
    slice_first: int
    rollback_sha256: str


class Whole(msgspec.Struct, frozen=True):
    """A model without shards that saw an erased record; see `WholeModel`."""

    run_id: str
    weights_sha256: str
    tokens: int


class Interim(msgspec.Struct, frozen=True):
    """What was done in the meantime; see `MeasureTaken`."""

    measure: str
    evidence_sha256: str
    until_ms: int


class Erasure(msgspec.Struct):
    """One erasure. Dicts as sets, since a step that was resumed may be recorded twice.

    A dict keeps the order in which its members came; a set's order would tell a state
    that was kept from one that was rebuilt.

    Attributes:
        ground: GDPR Article 17(1), its letter's meaning.
        received_at_ms: when the request was received.
        due_at_ms: one calendar month later, or as extended (GDPR Article 12(3)).
        extended: why it was extended; empty where it was not.
        restricted: GDPR Article 18(1), its letter's meaning, while restricted.
        refused: why the request was refused; empty where it was not.
        refused_at_ms: when that was recorded; 0 where it was not.
        phases: each phase that was reached, with its events in order.
        records_planned: how many records the plan names; None before the plan.
        records: the erased records.
        hits: the shards that must be retrained.
        whole: the models that only a full retrain helps.
        tokens_expected: unique tokens that the plan trains again.
        tokens_full: the same for all shards and slices.
        rolled_back: shards that serve clean weights.
        retrained: shards that were trained again.
        tokens_retrained: tokens through the model in those runs.
        keys_destroyed: keys overwritten in the vault.
        key_store: where the key that wraps them is kept; empty before that.
        blobs_deleted: encrypted record files deleted.
        weights_replaced: weights that the hit shards served before the erasure.
        weights_deleted: weights that are gone.
        deletion_methods: how they were deleted.
        measures: what was done in the meantime; none of it is erasure.
        recipients: whoever was handed data or weights, by the newest count.
        notified: how many of them were told (GDPR Article 19).
        impossible: for how many that was impossible or a disproportionate effort.
        exactness: result of the newest verification; empty before one.
        records_readable: erased records that it could still decrypt.
        blobs_left: erased record files that it still found.
        residue: files in which it found an identifier.
        certificate_sha256: digest of the certificate; empty before one.
        certified_at_ms: when it was recorded; 0 before one.
    """

    ground: str
    received_at_ms: int
    due_at_ms: int
    extended: str = ""
    restricted: str = ""
    refused: str = ""
    refused_at_ms: int = 0
    phases: dict[Phase, list[str]] = {}
    records_planned: int | None = None
    records: dict[str, None] = {}
    hits: list[Hit] = []
    whole: list[Whole] = []
    tokens_expected: int = 0
    tokens_full: int = 0
    rolled_back: dict[int, None] = {}
    retrained: dict[int, None] = {}
    tokens_retrained: int = 0
    keys_destroyed: int = 0
    key_store: str = ""
    blobs_deleted: int = 0
    weights_replaced: dict[str, None] = {}
    weights_deleted: dict[str, None] = {}
    deletion_methods: dict[str, None] = {}
    measures: list[Interim] = []
    recipients: int = 0
    notified: int = 0
    impossible: int = 0
    exactness: str = ""
    records_readable: int = 0
    blobs_left: int = 0
    residue: int = 0
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


def outstanding(erasure: Erasure) -> list[str]:
    """The steps that an erasure still owes, in their order; empty when it owes none."""
    if erasure.refused and not erasure.restricted:
        return []
    if erasure.restricted or erasure.records_planned is None:
        return owed_acts(erasure)
    steps = owed_acts(erasure)
    if not erasure.exactness:
        steps.append("verify")
    elif erasure.records_readable or erasure.blobs_left or erasure.residue:
        found = f", {erasure.residue} files with an identifier"
        steps.append(
            f"verify again: {erasure.records_readable} records readable, "
            f"{erasure.blobs_left} files left{found if erasure.residue else ''}"
        )
    return steps if erasure.certified else [*steps, "certify"]


def owed_acts(erasure: Erasure) -> list[str]:
    """What must be done before an erasure can be verified, in order."""
    if erasure.restricted:
        return [f"lift the restriction ({erasure.restricted})"]
    if erasure.records_planned is None:
        return ["plan"]
    missing = erasure.records_planned - len(erasure.records)
    hit = sorted({item.shard for item in erasure.hits})
    return [
        *([f"erase {missing} more records"] if missing > 0 else []),
        *(f"roll back shard {n}" for n in hit if n not in erasure.rolled_back),
        *([] if "keys_destroyed" in erasure.phases else ["destroy keys"]),
        *(f"retrain shard {n}" for n in hit if n not in erasure.retrained),
        *(["delete old weights"] if _keeps_old_weights(erasure) else []),
        *(_owed_of(one) for one in whole_left(erasure)),
    ]


def _owed_of(one: Whole) -> str:
    """What is owed of a model without shards; a snapshot is not trained again."""
    name = f"{one.weights_sha256[:16]} of run {one.run_id}"
    if one.tokens:
        return f"retrain the whole model {name} ({one.tokens} tokens) and delete it"
    return f"delete the weights {name}"


def whole_left(erasure: Erasure) -> list[Whole]:
    """The models without shards that saw an erased record and are not deleted."""
    gone = erasure.weights_deleted
    return [one for one in erasure.whole if one.weights_sha256 not in gone]


def _keeps_old_weights(erasure: Erasure) -> bool:
    # Where an earlier erasure had already rolled the shard back, what served before
    # this one may be clean of it.
    clean = {hit.rollback_sha256 for hit in erasure.hits}
    kept = erasure.weights_replaced.keys() - clean - erasure.weights_deleted.keys()
    never_deleted = bool(erasure.hits) and "weights_deleted" not in erasure.phases
    return never_deleted or bool(kept)


def is_overdue(erasure: Erasure, now_ms: int) -> bool:
    """Whether the request was, or by `now_ms` is, not answered in time.

    Args:
        erasure: the erasure.
        now_ms: the time now, Unix milliseconds, UTC.

    Source: GDPR Article 12(3) and (4): one month from receipt, or as extended, counted
        by the producer.
    """
    ended_ms = erasure.certified_at_ms or erasure.refused_at_ms or now_ms
    return ended_ms > erasure.due_at_ms
