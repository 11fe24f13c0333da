"""The field tables of what was trained and unlearned."""

from verifier.schema.patterns import (
    COUNT,
    FLAG,
    FLOP,
    FLOP_OR_EMPTY,
    ID,
    ID_OR_EMPTY,
    LABEL,
    LICENCE,
    RULE,
    SHA256,
    SHA256_OR_EMPTY,
    SHARD,
    SIGNATURE,
    SLICE,
    STREAM,
    Kind,
    integer,
    list_of,
    one_of,
    record,
    text,
)

FLOP_FIELDS = (
    "flop_forward",
    "flop_backward",
    "flop_recompute",
    "flop_reference",
    "flop_rollout",
    "flop_reward",
    "flop_auxiliary",
    "flop_evaluation",
)

PLAN_COSTS = (
    "forward_token",
    "forward_pair",
    "backward_token",
    "backward_pair",
    "recompute_token",
    "recompute_pair",
    "inference_token",
    "inference_pair",
)

PASSES = record(
    plan=integer(0, 255),
    phase=one_of("auxiliary evaluation reference reward rollout train"),
    batch=COUNT,
    sequence=COUNT,
    has_gradient=FLAG,
    forwards=COUNT,
    backwards=COUNT,
)

OPERATION = text("[A-Za-z0-9_][A-Za-z0-9_.:]{0,127}")
FAULTS = list_of(RULE, 0, 32)

OBJECTIVE = one_of("continued_pretraining preference pretraining reinforcement sft")
TECHNIQUE = one_of("full lora qlora")
ADAPTER = record(shard=SHARD, weights_sha256=SHA256)

TRAINING: dict[str, dict[str, Kind]] = {
    "training.run_key_certified.v1": {
        "run_id": ID,
        "public_key": SHA256,
        "stream": STREAM,
        "possession": SIGNATURE,
    },
    "training.run_started.v1": {
        "run_id": ID,
        "objective": OBJECTIVE,
        "technique": TECHNIQUE,
        "purpose": one_of("retrain train"),
        "erasure_id": ID_OR_EMPTY,
        "model_name": LABEL,
        "base_name": LABEL,
        "base_sha256": SHA256_OR_EMPTY,
        "base_licence": LICENCE,
        "base_flop": FLOP_OR_EMPTY,
        "base_flop_source": one_of("declared estimated measured unknown"),
        "base_flop_estimable": FLAG,
        "base_systemic_risk": FLAG,
        "map_id": ID_OR_EMPTY,
        "shards": list_of(SHARD, 0, 256),
        "slices": integer(0, 256),
        "generation": COUNT,
        "recipe_sha256": SHA256,
        "torch_version": LABEL,
        "threads": integer(1, 4096),
        "reexecutable": FLAG,
        "code_commit": text("(?:[0-9a-f]{40}|[0-9a-f]{64})?"),
        "environment_sha256": SHA256_OR_EMPTY,
        "seeds_sha256": SHA256_OR_EMPTY,
        "dataset_sha256": SHA256_OR_EMPTY,
        "device": LABEL,
        "data_parallel": integer(1, 65_536),
        "tensor_parallel": integer(1, 65_536),
        "pipeline_parallel": integer(1, 65_536),
        "resumes_run_id": ID_OR_EMPTY,
        "resumes_sha256": SHA256_OR_EMPTY,
    },
    "training.plan_registered.v1": {
        "run_id": ID,
        "plan": integer(0, 255),
        "plan_sha256": SHA256,
        "model_sha256": SHA256,
        "torch_version": LABEL,
        "closed_form": FLAG,
        **dict.fromkeys(PLAN_COSTS, FLOP),
        "shapes": list_of(record(batch=COUNT, sequence=COUNT), 3, 16),
        "unknown": list_of(OPERATION, 0, 64),
        "faults": FAULTS,
    },
    "training.steps_metered.v1": {
        "run_id": ID,
        "batch": COUNT,
        "shard": SHARD,
        "slice": SLICE,
        "step_first": COUNT,
        "steps": COUNT,
        "tokens": COUNT,
        "shapes": list_of(PASSES, 0, 128),
        "faults": FAULTS,
        **dict.fromkeys(FLOP_FIELDS, FLOP),
    },
    "training.snapshot_saved.v1": {
        "run_id": ID,
        "batches": COUNT,
        "steps": COUNT,
        "weights_sha256": SHA256,
    },
    "training.privacy_accounted.v1": {
        "run_id": ID,
        "shard": SHARD,
        "slice": SLICE,
        "mechanism": one_of("dp_sgd"),
        "unit": one_of("row"),
        "accountant": one_of("prv rdp"),
        "noise_multiplier_ppm": COUNT,
        "clip_norm_ppm": COUNT,
        "sample_rate_ppb": COUNT,
        "steps": COUNT,
        "delta_ppt": COUNT,
        "epsilon_ppm": COUNT,
    },
    "training.slice_trained.v1": {
        "run_id": ID,
        "shard": SHARD,
        "slice": SLICE,
        "generation": COUNT,
        "parent_sha256": SHA256,
        "weights_sha256": SHA256,
        "records": COUNT,
        "records_root": SHA256,
        "tokens_unique": COUNT,
        "tokens": COUNT,
        "steps": COUNT,
    },
    "training.run_finished.v1": {
        "run_id": ID,
        "batches": COUNT,
        "steps": COUNT,
        "tokens": COUNT,
        **dict.fromkeys(FLOP_FIELDS, FLOP),
        "completeness": one_of("complete incomplete"),
        "reasons": FAULTS,
        "adapters": list_of(ADAPTER, 1, 256),
        "wall_ms": COUNT,
        "memory_peak_bytes": COUNT,
        "energy_joules": COUNT,
    },
    "training.run_failed.v1": {
        "run_id": ID,
        "reason": one_of("error fenced interrupted killed out_of_space"),
        "batches": COUNT,
    },
}

ERASURE: dict[str, dict[str, Kind]] = {
    "erasure.requested.v1": {
        "erasure_id": ID,
        "ground": one_of(
            "child_service consent_withdrawn legal_obligation "
            "no_longer_necessary not_stated objection unlawful"
        ),
        "received_at_ms": COUNT,
        "due_at_ms": COUNT,
        "fence_commitment": SHA256,
    },
    "erasure.extended.v1": {
        "erasure_id": ID,
        "due_at_ms": COUNT,
        "reason": one_of("complexity number_of_requests"),
        "notice_commitment": SHA256,
    },
    "erasure.restricted.v1": {
        "erasure_id": ID,
        "cause": one_of(
            "accuracy_contested erasure_opposed legal_claims objection_pending"
        ),
    },
    "erasure.restriction_lifted.v1": {"erasure_id": ID, "notice_commitment": SHA256},
    "erasure.refused.v1": {
        "erasure_id": ID,
        "ground": one_of(
            "archiving_research expression legal_claims legal_obligation "
            "not_identified public_health unfounded_or_excessive"
        ),
        "notice_commitment": SHA256,
    },
    "erasure.planned.v1": {
        "erasure_id": ID,
        "records": COUNT,
        "hits": list_of(
            record(shard=SHARD, slice_first=SLICE, rollback_sha256=SHA256_OR_EMPTY),
            0,
            256,
        ),
        "whole": list_of(record(run_id=ID, weights_sha256=SHA256, tokens=COUNT), 0, 32),
        "tokens_expected": COUNT,
        "tokens_full": COUNT,
    },
    "erasure.records_erased.v1": {
        "erasure_id": ID,
        "record_ids": list_of(ID, 1, 256),
    },
    "erasure.rolled_back.v1": {
        "erasure_id": ID,
        "shard": SHARD,
        "weights_sha256": SHA256_OR_EMPTY,
    },
    "erasure.keys_destroyed.v1": {
        "erasure_id": ID,
        "keys": COUNT,
        "store": one_of("file keyring kms passphrase"),
        "blobs_deleted": COUNT,
    },
    "erasure.shard_retrained.v1": {
        "erasure_id": ID,
        "shard": SHARD,
        "run_id": ID,
        "weights_before_sha256": SHA256,
        "weights_after_sha256": SHA256,
        "tokens": COUNT,
    },
    "erasure.weights_deleted.v1": {
        "erasure_id": ID,
        "weights": list_of(SHA256, 0, 256),
        "method": one_of("file_deletion key_destruction"),
    },
    "erasure.measure_taken.v1": {
        "erasure_id": ID,
        "measure": one_of(
            "accepted_risk approximate_unlearning deferral output_filter"
        ),
        "evidence_sha256": SHA256,
        "until_ms": COUNT,
    },
    "erasure.recipients_notified.v1": {
        "erasure_id": ID,
        "recipients": COUNT,
        "notified": COUNT,
        "impossible": COUNT,
        "list_commitment": SHA256,
    },
    "erasure.verified.v1": {
        "erasure_id": ID,
        "exactness": one_of("bitwise_equal not_re_executable_here not_run"),
        "records_readable": COUNT,
        "blobs_left": COUNT,
        "residue": COUNT,
    },
    "erasure.certified.v1": {"erasure_id": ID, "certificate_sha256": SHA256},
    "erasure.lines_redacted.v1": {
        "redaction_id": ID,
        "reason": one_of("erasure retention"),
        "erasure_id": ID_OR_EMPTY,
        "entry": COUNT,
        "places": list_of(integer(0, 1023), 1, 256),
    },
}
