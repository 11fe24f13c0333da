"""How a person was forgotten: the `erasure` family (GDPR Article 17).

No event names the person: `erasure_id` is random, and only the vault ever knew whose
it is. The events come in the order of the classes below; the last stands by itself.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import (
    LIST_MAX,
    Count,
    Event,
    Id,
    OptionalId,
    OptionalSha256Hex,
    Sha256Hex,
    ShardIndex,
    SliceIndex,
    UnixMs,
)
from ledger.events.erasure_request import (
    ErasureExtended,
    ErasureRefused,
    ErasureRequested,
    ErasureRestricted,
    RestrictionLifted,
)

Measure = Literal[
    "approximate_unlearning", "output_filter", "deferral", "accepted_risk"
]
"""What is done in the meantime. None of it is erasure."""

KeyStore = Literal["file", "passphrase", "keyring", "kms"]
"""Where the key that wraps subjects' keys is kept; docs/threat-model.md says what each
can promise."""

Exactness = Literal["bitwise_equal", "not_re_executable_here", "not_run"]

RedactionReason = Literal["erasure", "retention"]
"""Why a line need not be kept any longer."""

Place = Annotated[int, Meta(ge=0, le=1023)]
"""0-based place of an event in its submission (EVT-9)."""


class ShardHit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where an erasure hits a shard.

    Attributes:
        shard: the shard.
        slice_first: its first slice that holds an erased record.
        rollback_sha256: weights of its last clean slice; empty where nothing of the
            shard is clean, so that only the base is left.
    """

    shard: ShardIndex
    slice_first: SliceIndex
    rollback_sha256: OptionalSha256Hex


class WholeModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run without shards that saw an erased record: only a full retrain helps.

    Attributes:
        run_id: the run.
        weights_sha256: the weights that it made.
        tokens: tokens that a full retrain takes.
    """

    run_id: Id
    weights_sha256: Sha256Hex
    tokens: Count


class ErasurePlanned(Event, frozen=True, kw_only=True, tag="erasure.planned.v1"):
    """What the erasure will touch, fixed before anything is destroyed.

    Attributes:
        erasure_id: the erasure.
        records: how many records, over all `RecordsErased` events.
        hits: the shards whose weights saw an erased record and must be retrained.
        whole: runs without shards that saw one.
        tokens_expected: unique tokens of the slices to train again, each slice counted
            with those below it.
        tokens_full: the same for all shards and slices.
    """

    erasure_id: Id
    records: Count
    hits: Annotated[list[ShardHit], Meta(max_length=LIST_MAX)]
    whole: Annotated[list[WholeModel], Meta(max_length=32)]
    tokens_expected: Count
    tokens_full: Count


class RecordsErased(Event, frozen=True, kw_only=True, tag="erasure.records_erased.v1"):
    """These records may not be used after this event.

    Attributes:
        erasure_id: the erasure.
        record_ids: the records, at most 256; a larger erasure takes several events.
    """

    erasure_id: Id
    record_ids: Annotated[list[Id], Meta(min_length=1, max_length=LIST_MAX)]


class ShardRolledBack(Event, frozen=True, kw_only=True, tag="erasure.rolled_back.v1"):
    """A hit shard serves its last clean slice until it is retrained.

    Attributes:
        erasure_id: the erasure.
        shard: the shard.
        weights_sha256: what it serves now; empty where nothing clean is left.
    """

    erasure_id: Id
    shard: ShardIndex
    weights_sha256: OptionalSha256Hex


class KeysDestroyed(Event, frozen=True, kw_only=True, tag="erasure.keys_destroyed.v1"):
    """The subject's key is gone from the vault, and with it all keys derived from it.

    Without them the commitments say nothing.

    Attributes:
        erasure_id: the erasure.
        keys: how many records' keys can no longer be derived.
        store: where the wrapping key was kept; see `KeyStore`.
        blobs_deleted: how many encrypted record files were deleted.
    """

    erasure_id: Id
    keys: Count
    store: KeyStore
    blobs_deleted: Count


class ShardRetrained(
    Event, frozen=True, kw_only=True, tag="erasure.shard_retrained.v1"
):
    """A hit shard was trained again without the erased records.

    Attributes:
        erasure_id: the erasure.
        shard: the shard.
        run_id: the run that did it.
        weights_before_sha256: what it served before the erasure.
        weights_after_sha256: what it serves now.
        tokens: tokens through the model in that run.
    """

    erasure_id: Id
    shard: ShardIndex
    run_id: Id
    weights_before_sha256: Sha256Hex
    weights_after_sha256: Sha256Hex
    tokens: Count


class WeightsDeleted(
    Event, frozen=True, kw_only=True, tag="erasure.weights_deleted.v1"
):
    """Weights that saw an erased record are gone.

    Attributes:
        erasure_id: the erasure.
        weights: their digests.
        method: a file deletion leaves copies and disk remnants out of reach; with the
            key of encrypted weights these are gone too.
    """

    erasure_id: Id
    weights: Annotated[list[Sha256Hex], Meta(max_length=LIST_MAX)]
    method: Literal["file_deletion", "key_destruction"]


class MeasureTaken(Event, frozen=True, kw_only=True, tag="erasure.measure_taken.v1"):
    """Something was done until the weights are retrained. It is not erasure.

    Attributes:
        erasure_id: the erasure.
        measure: what was done.
        evidence_sha256: the document that says how, and what was measured; it is kept
            in evidence/.
        until_ms: when it must have been replaced by a retrain.
    """

    erasure_id: Id
    measure: Measure
    evidence_sha256: Sha256Hex
    until_ms: UnixMs


class RecipientsNotified(
    Event, frozen=True, kw_only=True, tag="erasure.recipients_notified.v1"
):
    """Recipients of the data or of the weights were told (GDPR Article 19).

    Attributes:
        erasure_id: the erasure.
        recipients: how many there are; the vault knows them.
        notified: how many were told.
        impossible: for how many it was impossible or a disproportionate effort.
        list_commitment: HMAC-SHA-256 of the list under a key in the vault.
    """

    erasure_id: Id
    recipients: Count
    notified: Count
    impossible: Count
    list_commitment: Sha256Hex


class ErasureVerified(Event, frozen=True, kw_only=True, tag="erasure.verified.v1"):
    """What was checked afterwards.

    Attributes:
        erasure_id: the erasure.
        exactness: whether the retrained weights equal a clean-room training bit for
            bit, or this machine cannot repeat the recipe, or it was not asked for.
        records_readable: erased records that could still be decrypted; must be 0.
        blobs_left: erased record files still there; must be 0.
        residue: files of the workspace in which a byte scan found one of the person's
            identifiers; must be 0.
    """

    erasure_id: Id
    exactness: Exactness
    records_readable: Count
    blobs_left: Count
    residue: Count


class ErasureCertified(Event, frozen=True, kw_only=True, tag="erasure.certified.v1"):
    """The certificate was issued; it names no person.

    Attributes:
        erasure_id: the erasure.
        certificate_sha256: SHA-256 of the certificate's bytes.
    """

    erasure_id: Id
    certificate_sha256: Sha256Hex


class LinesRedacted(Event, frozen=True, kw_only=True, tag="erasure.lines_redacted.v1"):
    """Event lines give way to their leaf hashes; every proof stays what it was.

    The event comes first, and the lines are replaced after it (docs/spec.md, STO-5
    and XEV-22).

    Attributes:
        redaction_id: random id.
        reason: an erasure that the lines fall under, or the end of their retention.
        erasure_id: that erasure; empty where the reason is another one.
        entry: seq of the entry that carries the lines.
        places: their places in it, ascending.
    """

    redaction_id: Id
    reason: RedactionReason
    erasure_id: OptionalId
    entry: Count
    places: Annotated[list[Place], Meta(min_length=1, max_length=LIST_MAX)]


ErasureEvent = (
    ErasureRequested
    | ErasureExtended
    | ErasureRestricted
    | RestrictionLifted
    | ErasureRefused
    | ErasurePlanned
    | RecordsErased
    | ShardRolledBack
    | KeysDestroyed
    | ShardRetrained
    | WeightsDeleted
    | MeasureTaken
    | RecipientsNotified
    | ErasureVerified
    | ErasureCertified
    | LinesRedacted
)
