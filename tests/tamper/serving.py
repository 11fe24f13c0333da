"""The chapter of the story on runs that are resumed, and on what is then served."""

from tests.simulator import LedgerSimulator
from tests.tamper.chapters import (
    BASE,
    ERASED,
    ERASURE,
    MAP,
    RETRAIN,
    RUN,
    Step,
    digest,
    ident,
    metered,
    plan_registered,
    run_finished,
    run_started,
    slice_trained,
)
from tests.tamper.rights import QUARANTINED

CUT_RUN, WHOLE_RUN = ident("cut run"), ident("whole run")
HALF_RUN, REST_RUN = ident("half run"), ident("rest run")
SNAPSHOT = digest("snapshot")
MERGED = digest("merged")
NO_MAP = {"map_id": "", "shards": [], "slices": 0}
GONE = [QUARANTINED, ERASED]


def failed(ledger: LedgerSimulator, run: str, batches: int) -> dict:
    """The end of a run that was killed."""
    return ledger.event(
        "training.run_failed.v1", run_id=run, reason="killed", batches=batches
    )


def whole_adapter(run: str) -> dict:
    """The weights that a run without a map ends with."""
    return {"shard": 0, "weights_sha256": digest("weights", run)}


def adapter(run: str, shard: int) -> dict:
    """The weights of a shard's last slice."""
    return {"shard": shard, "weights_sha256": digest("weights", run, shard, 1)}


def resume_whole(ledger: LedgerSimulator) -> list[dict]:
    """A run without a map is killed after a snapshot, and another one goes on."""
    cut = [
        run_started(ledger, CUT_RUN, **NO_MAP),
        plan_registered(ledger, CUT_RUN),
        metered(ledger, CUT_RUN, 0, 0, 0),
        ledger.event(
            "training.snapshot_saved.v1",
            run_id=CUT_RUN,
            batches=1,
            steps=10,
            weights_sha256=SNAPSHOT,
        ),
        failed(ledger, CUT_RUN, 1),
    ]
    resumes = {"resumes_run_id": CUT_RUN, "resumes_sha256": SNAPSHOT}
    end = run_finished(ledger, WHOLE_RUN, 1, [])
    return [
        *cut,
        run_started(ledger, WHOLE_RUN, **NO_MAP, **resumes),
        plan_registered(ledger, WHOLE_RUN),
        metered(ledger, WHOLE_RUN, 0, 0, 0),
        end | {"adapters": [whole_adapter(WHOLE_RUN)]},
    ]


def private(ledger: LedgerSimulator, run: str, shard: int, slice_: int) -> dict:
    """What differential privacy a slice has."""
    return ledger.event(
        "training.privacy_accounted.v1",
        run_id=run,
        shard=shard,
        slice=slice_,
        mechanism="dp_sgd",
        unit="row",
        accountant="prv",
        noise_multiplier_ppm=1_100_000,
        clip_norm_ppm=1_000_000,
        sample_rate_ppb=62_500_000,
        steps=10,
        delta_ppt=10_000_000,
        epsilon_ppm=3_000_000,
    )


def train_shard(ledger: LedgerSimulator, run: str, shard: int) -> list[dict]:
    """Both slices of a shard, from the base on, without what is gone."""
    events = []
    for slice_ in (0, 1):
        parent = digest("weights", run, shard, 0) if slice_ else BASE
        events += [
            metered(ledger, run, slice_, shard, slice_),
            private(ledger, run, shard, slice_),
            slice_trained(ledger, run, shard, slice_, gone=GONE, parent_sha256=parent),
        ]
    return events


def resume_shards(ledger: LedgerSimulator) -> list[dict]:
    """A run over two shards is killed after the first, and another trains the rest."""
    end = run_finished(ledger, REST_RUN, 2, [])
    return [
        run_started(ledger, HALF_RUN, [0, 1]),
        plan_registered(ledger, HALF_RUN),
        *train_shard(ledger, HALF_RUN, 0),
        failed(ledger, HALF_RUN, 2),
        run_started(ledger, REST_RUN, [0, 1], resumes_run_id=HALF_RUN),
        plan_registered(ledger, REST_RUN),
        *train_shard(ledger, REST_RUN, 1),
        end | {"adapters": [adapter(HALF_RUN, 0), adapter(REST_RUN, 1)]},
    ]


def published(ledger: LedgerSimulator, number: int, **more) -> dict:
    """A manifest of the retrained shards; the second one merges them."""
    merged = {
        "rule": "merged",
        "merged_sha256": MERGED,
        "data_commitment": digest("held out"),
        "loss_average": "1500000",
        "loss_merged": "1540000",
        "gate": "50000",
    }
    fields = {
        "manifest_id": ident("manifest", number),
        "replaces": ident("manifest", number - 1) if number else "",
        "reason": "requested",
        "model_name": "acme/assistant",
        "map_id": MAP,
        "base_sha256": BASE,
        "rule": "probability_average",
        "adapters": [adapter(RUN, 0), adapter(RETRAIN, 1)],
        **dict.fromkeys([*merged][1:], ""),
    }
    return ledger.event(
        "model.manifest_published.v1",
        **fields | (merged if number else {}) | more,
    )


def evaluated(ledger: LedgerSimulator, number: int, **more) -> dict:
    """An evaluation of the model of both shards."""
    fields = {
        "evaluation_id": ident("evaluation", number),
        "trained_run": RETRAIN,
        "weights": [
            digest("weights", RUN, 0, 1),
            digest("weights", RETRAIN, 1, 1),
        ],
        "erasure_id": "",
        "probe": "held_out_loss",
        "data_commitment": digest("held out"),
        "items": 40,
        "value": 1_500_000,
        "before": "",
        "never_saw": "",
        "floor": 0,
        "outcome": "measured",
    }
    return ledger.event("model.evaluated.v1", **fields | more)


def tell(ledger: LedgerSimulator) -> list[dict]:
    """What is measured, replayed and stated."""
    exposure = {
        "erasure_id": ERASURE,
        "probe": "exposure",
        "value": 900_000,
        "before": "9000000",
        "never_saw": "900000",
        "floor": 5_000_000,
        "outcome": "equal_to_never_saw",
    }
    whole = {"trained_run": WHOLE_RUN, "weights": [digest("weights", WHOLE_RUN)]}
    return [
        evaluated(ledger, 0),
        evaluated(ledger, 1, **exposure),
        evaluated(ledger, 2, **whole),
        ledger.event(
            "model.replayed.v1",
            replay_id=ident("replay"),
            trained_run=RETRAIN,
            shard=1,
            slice=1,
            weights_sha256=digest("weights", RETRAIN, 1, 1),
            environment_sha256=digest("environment"),
            outcome="bitwise_equal",
        ),
        ledger.event(
            "model.compute_attested.v1",
            attestation_id=ident("attestation"),
            model_name="acme/assistant",
            trained_run=RUN,
            source="transformers_trainer_state",
            file_sha256=digest("trainer state"),
            flop="1000000",
            recomputed="",
            steps="40",
            tokens="",
        ),
        hosted(ledger),
    ]


def hosted(ledger: LedgerSimulator) -> dict:
    """A vendor's run, its compute estimated from parameters and tokens."""
    return ledger.event(
        "model.hosted_run_recorded.v1",
        hosted_id=ident("hosted"),
        model_name="acme/hosted",
        vendor="vendor",
        vendor_base="vendor/base",
        vendor_model="vendor/base:acme",
        base_licence="",
        base_flop="",
        base_flop_source="unknown",
        base_systemic_risk=False,
        objective="sft",
        technique="",
        terms_sha256=digest("terms"),
        region="eu-west-1",
        tenancy="not_stated",
        tokens_billed=1000,
        flop="42000000",
        estimate="six_n_d",
        parameters="7000",
        dataset_sha256="",
    )


def serve(ledger: LedgerSimulator) -> list[Step]:
    """Two runs are resumed; what came of others is measured and put in service."""
    without_shards = published(
        ledger,
        0,
        manifest_id=ident("whole manifest"),
        model_name="acme/whole",
        map_id="",
        base_sha256="",
        adapters=[whole_adapter(WHOLE_RUN)],
    )
    return [
        Step("trainer", resume_whole(ledger)),
        Step("trainer", resume_shards(ledger)),
        Step("trainer", tell(ledger)),
        Step("trainer", [published(ledger, 0), published(ledger, 1), without_shards]),
    ]
