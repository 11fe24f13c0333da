"""What is known of trained weights beside their runs, and which serve: `model`.

Measured compute stands in the `training` family alone. What somebody states about a
training, or a vendor about one in its own house, stands here, under names that never
enter a measured sum.
"""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.base import (
    LIST_MAX,
    Count,
    Event,
    Flop,
    Id,
    LicenceExpression,
    Name,
    OptionalFlop,
    OptionalId,
    OptionalName,
    OptionalSha256Hex,
    Sha256Hex,
    ShardIndex,
    SliceIndex,
)
from ledger.events.training import Objective
from ledger.events.training_saved import Adapter

Aggregation = Literal["merged", "probability_average"]
"""How the adapters of shards become one distribution of the next token."""

Probe = Literal["exposure", "held_out_loss", "min_k", "verbatim"]
"""What an evaluation measures (docs/evaluation.md)."""

OptionalAmount = Annotated[str, Meta(pattern=r"\A(?:0|[1-9][0-9]{0,14})?\Z")]
"""A whole number below 10^15 as decimal text, or the empty string for none."""


class ManifestPublished(
    Event, frozen=True, kw_only=True, tag="model.manifest_published.v1"
):
    """From now on, these weights and no others serve under a name.

    Attributes:
        manifest_id: random id.
        replaces: the manifest of this name that it takes the place of; empty for the
            first.
        reason: why it was published.
        model_name: the name.
        map_id: the shard map; empty for a model without shards.
        base_sha256: digest of the base; empty where the weights are the whole model.
        rule: how several adapters answer together; probabilities are averaged, or one
            merged adapter stands for them behind a gate.
        adapters: the weights, one a shard, ascending; shards without any are left out.
        merged_sha256: digest of the merged adapter; empty unless that is the rule.
        data_commitment: HMAC-SHA-256 under a key in the vault of the held-out text that
            the gate was measured on; empty unless merged.
        loss_average: held-out loss of the average, 10^-6 nat a token; empty unless
            merged.
        loss_merged: held-out loss of the merged adapter, as above.
        gate: most by which the second may be above the first, as above.
    """

    manifest_id: Id
    replaces: OptionalId
    reason: Literal["erased", "requested", "retrained"]
    model_name: Name
    map_id: OptionalId
    base_sha256: OptionalSha256Hex
    rule: Aggregation
    adapters: Annotated[list[Adapter], Meta(max_length=LIST_MAX)]
    merged_sha256: OptionalSha256Hex
    data_commitment: OptionalSha256Hex
    loss_average: OptionalAmount
    loss_merged: OptionalAmount
    gate: OptionalAmount


class Evaluated(Event, frozen=True, kw_only=True, tag="model.evaluated.v1"):
    """One probe of weights, with what it is compared to.

    A value is in 10^-6 of the probe's unit: bits of exposure, nats a token, or the
    share of items continued verbatim. More of it is more memorised, but for
    `held_out_loss`.

    Attributes:
        evaluation_id: random id.
        trained_run: the run that the weights come from.
        weights: their digests, one a shard; several answer by averaged probabilities.
        erasure_id: the erasure that it is evidence for; empty for none.
        probe: what was measured.
        data_commitment: HMAC-SHA-256 under a key in the vault of the probe's texts.
        items: how many texts.
        value: what these weights gave.
        before: what the weights before the erasure gave; empty where not measured.
        never_saw: what weights gave that never saw the texts; empty where not measured.
        floor: a `before` below this proves nothing.
        outcome: `measured` where nothing is compared; `inconclusive` where `before` is
            below the floor, else whether `value` equals `never_saw`.
    """

    evaluation_id: Id
    trained_run: Id
    weights: Annotated[list[Sha256Hex], Meta(min_length=1, max_length=LIST_MAX)]
    erasure_id: OptionalId
    probe: Probe
    data_commitment: Sha256Hex
    items: Count
    value: Count
    before: OptionalAmount
    never_saw: OptionalAmount
    floor: Count
    outcome: Literal["differs", "equal_to_never_saw", "inconclusive", "measured"]


class Replayed(Event, frozen=True, kw_only=True, tag="model.replayed.v1"):
    """A shard was trained again from its records in a clean process, as a check.

    Attributes:
        replay_id: random id.
        trained_run: the run that saved the weights in question.
        shard: the shard.
        slice: the slice.
        weights_sha256: the weights in question.
        environment_sha256: digest of the environment of the check.
        outcome: whether the weights came out equal to the bit, came out as others, or
            this machine cannot repeat the recipe, which says nothing about them.
    """

    replay_id: Id
    trained_run: Id
    shard: ShardIndex
    slice: SliceIndex
    weights_sha256: Sha256Hex
    environment_sha256: Sha256Hex
    outcome: Literal["bitwise_equal", "differs", "not_re_executable_here"]


class ComputeAttested(
    Event, frozen=True, kw_only=True, tag="model.compute_attested.v1"
):
    """Somebody's file states the compute of a training. It is not a measurement.

    Attributes:
        attestation_id: random id.
        model_name: the model that resulted.
        trained_run: the run of this ledger that the file is about; empty for none.
        source: what wrote the file.
        file_sha256: digest of the file, which is kept in evidence/.
        flop: as stated, rounded to an integer.
        recomputed: by the writer's own formula from the file's other figures; empty
            where the file does not hold them.
        steps: optimizer steps; empty where not stated.
        tokens: tokens; empty where not stated.
    """

    attestation_id: Id
    model_name: Name
    trained_run: OptionalId
    source: Literal["sagemaker_flops_meter", "transformers_trainer_state"]
    file_sha256: Sha256Hex
    flop: Flop
    recomputed: OptionalFlop
    steps: OptionalAmount
    tokens: OptionalAmount


class HostedRunRecorded(
    Event, frozen=True, kw_only=True, tag="model.hosted_run_recorded.v1"
):
    """A vendor fine-tuned a model in its own house, and gave no weights.

    Attributes:
        hosted_id: random id.
        model_name: what the result is called here.
        vendor: the vendor.
        vendor_base: the vendor's name of the model that was tuned.
        vendor_model: the vendor's id of the result.
        base_licence: SPDX expression; empty where not stated.
        base_flop: training compute of the base; empty where not known.
        base_flop_source: where `base_flop` comes from.
        base_systemic_risk: whether the base is a GPAI model with systemic risk.
        objective: what was learnt.
        technique: which weights changed, as the vendor says; empty where it does not.
        terms_sha256: digest of the terms in force, which are kept in evidence/.
        region: where the vendor computed; empty where not stated.
        tenancy: whether others' jobs shared the machines, as the vendor says.
        tokens_billed: tokens on the bill.
        flop: estimated compute; empty where it could not be estimated.
        estimate: how: by 6 N D, N the base's parameters and D the tokens billed, or as
            the vendor states.
        parameters: N; empty where not known.
        dataset_sha256: digest of the training file that was handed over; empty where
            not kept.
    """

    hosted_id: Id
    model_name: Name
    vendor: Name
    vendor_base: Name
    vendor_model: Name
    base_licence: LicenceExpression
    base_flop: OptionalFlop
    base_flop_source: Literal["declared", "estimated", "unknown"]
    base_systemic_risk: bool
    objective: Objective
    technique: Literal["", "full", "lora", "qlora"]
    terms_sha256: Sha256Hex
    region: OptionalName
    tenancy: Literal["dedicated", "not_stated", "shared"]
    tokens_billed: Count
    flop: OptionalFlop
    estimate: Literal["none", "six_n_d", "vendor_stated"]
    parameters: OptionalAmount
    dataset_sha256: OptionalSha256Hex


ModelEvent = (
    ManifestPublished | Evaluated | Replayed | ComputeAttested | HostedRunRecorded
)
