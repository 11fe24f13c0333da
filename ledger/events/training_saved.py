"""What a run saves, and under which guarantees: `training`, its weights."""

from typing import Literal

import msgspec

from ledger.events.base import Count, Event, Id, Sha256Hex, ShardIndex, SliceIndex


class SnapshotSaved(Event, frozen=True, kw_only=True, tag="training.snapshot_saved.v1"):
    """A run without shards saved weights that it can be resumed from.

    It comes after the batches of every step that the weights rest on; so a resumed run
    repeats no step that is counted, and counts none that is lost.

    Attributes:
        run_id: the run.
        batches: how many `StepsMetered` events it wrote before.
        steps: their steps.
        weights_sha256: digest of what was saved.
    """

    run_id: Id
    batches: Count
    steps: Count
    weights_sha256: Sha256Hex


class PrivacyAccounted(
    Event, frozen=True, kw_only=True, tag="training.privacy_accounted.v1"
):
    """What differential privacy the training of one slice gives, by itself.

    Slices trained one on the other compose: their epsilons and deltas add up.

    Attributes:
        run_id: the run.
        shard: the shard.
        slice: the slice, before its `SliceTrained`.
        mechanism: DP-SGD: gradients clipped for each row, and noise on their sum
            (Abadi and others 2016, algorithm 1, arXiv:1607.00133).
        unit: what is protected: one row of packed text, not one person.
        accountant: what computed epsilon.
        noise_multiplier_ppm: standard deviation of the noise over the clip norm, 10^-6.
        clip_norm_ppm: clip norm, 10^-6.
        sample_rate_ppb: chance of a row to be in a batch, 10^-9.
        steps: optimizer steps.
        delta_ppt: delta, 10^-12.
        epsilon_ppm: epsilon, 10^-6, rounded up.
    """

    run_id: Id
    shard: ShardIndex
    slice: SliceIndex
    mechanism: Literal["dp_sgd"]
    unit: Literal["row"]
    accountant: Literal["prv", "rdp"]
    noise_multiplier_ppm: Count
    clip_norm_ppm: Count
    sample_rate_ppb: Count
    steps: Count
    delta_ppt: Count
    epsilon_ppm: Count


class SliceTrained(Event, frozen=True, kw_only=True, tag="training.slice_trained.v1"):
    """A slice is done and its weights are saved.

    Attributes:
        run_id: the run.
        shard: the shard.
        slice: the slice k.
        generation: how often this shard was trained before.
        parent_sha256: weights that it started from: slice k - 1, or the base.
        weights_sha256: digest of the saved weights.
        records: how many records of slices 0..k it was trained on.
        records_root: RFC 6962 root over the commitments of those records, as 32 bytes
            each, in ascending order of record id; so erased records cannot hide here.
        tokens_unique: tokens of those records, each counted once.
        tokens: tokens through the model, padding included.
        steps: optimizer steps.
    """

    run_id: Id
    shard: ShardIndex
    slice: SliceIndex
    generation: Count
    parent_sha256: Sha256Hex
    weights_sha256: Sha256Hex
    records: Count
    records_root: Sha256Hex
    tokens_unique: Count
    tokens: Count
    steps: Count


class Adapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weights that a shard ended with.

    Attributes:
        shard: the shard; 0 for a run without shards.
        weights_sha256: digest of the saved weights.
    """

    shard: ShardIndex
    weights_sha256: Sha256Hex
