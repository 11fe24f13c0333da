"""What was trained, on what, at what cost: the `training` family.

FLOP are model FLOP (a multiply-accumulate is 2), split by phase, since the law counts
some phases and not others (Commission guidelines C(2025) 7719, Annex A.1).
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
    OptionalSha256Hex,
    PublicKeyHex,
    Sha256Hex,
    ShardIndex,
    SignatureHex,
    SliceIndex,
    StreamName,
)
from ledger.events.training_plan import (
    SHAPES_MAX,
    CountedPasses,
    Faults,
    PlanRegistered,
)
from ledger.events.training_saved import (
    Adapter,
    PrivacyAccounted,
    SliceTrained,
    SnapshotSaved,
)

Objective = Literal[
    "pretraining", "continued_pretraining", "sft", "preference", "reinforcement"
]
"""What is learnt."""

Technique = Literal["full", "lora", "qlora"]
"""Which weights change, and whether the frozen ones are quantised."""

OptionalCommit = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{40}|[0-9a-f]{64})?\Z")]
"""A commit of the training code: git's SHA-1 or SHA-256 name, or empty for none."""

Ranks = Annotated[int, Meta(ge=1, le=65_536)]
"""How many ways work is split."""


class RunKeyCertified(
    Event, frozen=True, kw_only=True, tag="training.run_key_certified.v1"
):
    """The trainer certified a fresh key for one run, which is destroyed at its end.

    Its name is the certifying key's, a slash and the run's id. So a key stolen later
    cannot extend or rewrite a run that is over (docs/spec.md, KEY-11).

    Attributes:
        run_id: the run, not yet started.
        public_key: Ed25519 public key; unique in the ledger, not of low order.
        stream: the one stream that the key may sign, below the certifying key's.
        possession: the key's own signature over the text of docs/spec.md, KEY-5, with
            the role `run`.
    """

    run_id: Id
    public_key: PublicKeyHex
    stream: StreamName
    possession: SignatureHex


class RunStarted(Event, frozen=True, kw_only=True, tag="training.run_started.v1"):
    """A training run began.

    Attributes:
        run_id: random id.
        objective: what is learnt.
        technique: which weights change.
        purpose: a first training, or the retraining that an erasure asked for.
        erasure_id: that erasure; empty for a first training.
        model_name: name of the model that results.
        base_name: name of the model that it starts from; its own where from scratch.
        base_sha256: digest of the starting weights; empty where from scratch.
        base_licence: SPDX expression of the starting weights.
        base_flop: training compute of the base; empty where not known.
        base_flop_source: where `base_flop` comes from.
        base_flop_estimable: whether it could be estimated if it is not known.
        base_systemic_risk: whether the base is a GPAI model with systemic risk.
        map_id: the shard map; empty for a run without shards.
        shards: the shards that this run trains.
        slices: slices in each shard; 0 for a run without shards.
        generation: how often these shards were trained before, 0 the first time.
        recipe_sha256: digest of everything that decides the bits: hyperparameters,
            architecture, threads, instruction set and library builds.
        torch_version: build of the tensor library.
        threads: intra-op threads.
        reexecutable: whether the recipe is one that this program trains again; else it
            is the configuration of a trainer outside, kept in evidence/.
        code_commit: commit of that trainer's code; empty where not stated.
        environment_sha256: digest of the environment's description; empty where not
            stated.
        seeds_sha256: digest of the seeds that a trainer outside states; empty where
            they are derived and secret (docs/shards.md).
        dataset_sha256: digest of the manifest of what a trainer outside reads; empty
            where slices commit to their records.
        device: the processor or accelerator.
        data_parallel: replicas of the model.
        tensor_parallel: ways in which matrices are split.
        pipeline_parallel: ways in which layers are split.
        resumes_run_id: the failed run that this one goes on from; empty for none.
        resumes_sha256: the snapshot of that run that it starts from; empty for a run
            of shards, which goes on from every slice that was trained.
    """

    run_id: Id
    objective: Objective
    technique: Technique
    purpose: Literal["train", "retrain"]
    erasure_id: OptionalId
    model_name: Name
    base_name: Name
    base_sha256: OptionalSha256Hex
    base_licence: LicenceExpression
    base_flop: OptionalFlop
    base_flop_source: Literal["measured", "declared", "estimated", "unknown"]
    base_flop_estimable: bool
    base_systemic_risk: bool
    map_id: OptionalId
    shards: Annotated[list[ShardIndex], Meta(max_length=LIST_MAX)]
    slices: Annotated[int, Meta(ge=0, le=256)]
    generation: Count
    recipe_sha256: Sha256Hex
    torch_version: Name
    threads: Annotated[int, Meta(ge=1, le=4096)]
    reexecutable: bool
    code_commit: OptionalCommit
    environment_sha256: OptionalSha256Hex
    seeds_sha256: OptionalSha256Hex
    dataset_sha256: OptionalSha256Hex
    device: Name
    data_parallel: Ranks
    tensor_parallel: Ranks
    pipeline_parallel: Ranks
    resumes_run_id: OptionalId
    resumes_sha256: OptionalSha256Hex


class StepsMetered(Event, frozen=True, kw_only=True, tag="training.steps_metered.v1"):
    """A run's compute over some steps, as it happened.

    Attributes:
        run_id: the run.
        batch: 0-based number of this event in the run; no gaps.
        shard: the shard in training.
        slice: the slice in training.
        step_first: 0-based first step covered, counted over the run.
        steps: how many steps.
        tokens: tokens through the model in training, padding included.
        shapes: the passes that the FLOP follow from; none only where `faults` say why.
        faults: what was not counted or is in doubt; the FLOP are then a lower bound.
        flop_forward: training forward passes.
        flop_backward: training backward passes.
        flop_recompute: activations computed again to save memory.
        flop_reference: forward passes of a frozen reference model.
        flop_rollout: generation for reinforcement learning or synthetic data.
        flop_reward: forward passes of reward or value models.
        flop_auxiliary: training of auxiliary models.
        flop_evaluation: evaluation.
    """

    run_id: Id
    batch: Count
    shard: ShardIndex
    slice: SliceIndex
    step_first: Count
    steps: Count
    tokens: Count
    shapes: Annotated[list[CountedPasses], Meta(max_length=SHAPES_MAX)]
    faults: Faults
    flop_forward: Flop
    flop_backward: Flop
    flop_recompute: Flop
    flop_reference: Flop
    flop_rollout: Flop
    flop_reward: Flop
    flop_auxiliary: Flop
    flop_evaluation: Flop


class RunFinished(Event, frozen=True, kw_only=True, tag="training.run_finished.v1"):
    """A run ended well; its totals must equal the sum of its metered batches.

    Attributes:
        run_id: the run.
        batches: how many `StepsMetered` events it wrote.
        steps: their steps.
        tokens: their tokens.
        flop_forward: their sum, as are the seven below.
        flop_backward: see `StepsMetered`.
        flop_recompute: see `StepsMetered`.
        flop_reference: see `StepsMetered`.
        flop_rollout: see `StepsMetered`.
        flop_reward: see `StepsMetered`.
        flop_auxiliary: see `StepsMetered`.
        flop_evaluation: see `StepsMetered`.
        completeness: whether every pass was counted; `incomplete` exactly where a batch
            had faults, and the FLOP are then a lower bound.
        reasons: the faults of all batches.
        adapters: the weights that result.
        wall_ms: time from the run's start to its end by the trainer's clock.
        memory_peak_bytes: most memory of the device that was in use; 0 where not
            measured.
        energy_joules: energy of the devices; 0 where not measured.
    """

    run_id: Id
    batches: Count
    steps: Count
    tokens: Count
    flop_forward: Flop
    flop_backward: Flop
    flop_recompute: Flop
    flop_reference: Flop
    flop_rollout: Flop
    flop_reward: Flop
    flop_auxiliary: Flop
    flop_evaluation: Flop
    completeness: Literal["complete", "incomplete"]
    reasons: Faults
    adapters: Annotated[list[Adapter], Meta(min_length=1, max_length=LIST_MAX)]
    wall_ms: Count
    memory_peak_bytes: Count
    energy_joules: Count


class RunFailed(Event, frozen=True, kw_only=True, tag="training.run_failed.v1"):
    """A run ended without a model. Its compute stays on record.

    Attributes:
        run_id: the run.
        reason: why.
        batches: how many `StepsMetered` events it wrote.
    """

    run_id: Id
    reason: Literal["interrupted", "killed", "error", "out_of_space", "fenced"]
    batches: Count


TrainingEvent = (
    RunKeyCertified
    | RunStarted
    | PlanRegistered
    | StepsMetered
    | SnapshotSaved
    | PrivacyAccounted
    | SliceTrained
    | RunFinished
    | RunFailed
)
