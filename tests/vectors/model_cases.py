"""Vectors of event lines: EVT-2 to EVT-6 on what is saved, served and measured."""

from ledger.events.model import Evaluated, HostedRunRecorded, ManifestPublished
from ledger.events.training_saved import Adapter, PrivacyAccounted, SnapshotSaved
from tests.vectors.book import line

MANIFEST = line(
    ManifestPublished(
        manifest_id="0" * 32,
        replaces="",
        reason="requested",
        model_name="acme/assistant",
        map_id="1" * 32,
        base_sha256="",
        rule="merged",
        adapters=[Adapter(shard=3, weights_sha256="22" * 32)],
        merged_sha256="33" * 32,
        data_commitment="44" * 32,
        loss_average="1500000",
        loss_merged="999999999999999",
        gate="0",
    )
)
EVALUATION = line(
    Evaluated(
        evaluation_id="0" * 32,
        trained_run="1" * 32,
        weights=["22" * 32],
        erasure_id="",
        probe="exposure",
        data_commitment="33" * 32,
        items=7,
        value=900_000,
        before="9000000",
        never_saw="900000",
        floor=5_000_000,
        outcome="equal_to_never_saw",
    )
)
HOSTED = line(
    HostedRunRecorded(
        hosted_id="0" * 32,
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
        terms_sha256="22" * 32,
        region="",
        tenancy="not_stated",
        tokens_billed=1000,
        flop="42000000",
        estimate="six_n_d",
        parameters="7000",
        dataset_sha256="",
    )
)
SNAPSHOT = line(
    SnapshotSaved(run_id="0" * 32, batches=1, steps=10, weights_sha256="22" * 32)
)
PRIVACY = line(
    PrivacyAccounted(
        run_id="0" * 32,
        shard=0,
        slice=0,
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
)


def model_cases():
    """Rule, expect, slug, bytes."""
    yield "EVT-4", "accept", "manifest", MANIFEST
    yield "EVT-4", "accept", "evaluation", EVALUATION
    yield "EVT-4", "accept", "hosted-run", HOSTED
    yield "EVT-4", "accept", "snapshot", SNAPSHOT
    yield "EVT-4", "accept", "privacy", PRIVACY
    for rule, slug, content, old, new in _changes():
        if content.count(old) != 1:
            raise ValueError(slug)
        yield rule, "refuse", slug, content.replace(old, new)


def _changes():
    """What breaks one rule in one of these lines: rule, slug, line, old, new."""
    yield "EVT-2", "manifest-without-rule", MANIFEST, b'"rule":"merged",', b""
    yield "EVT-2", "evaluation-with-a-note", EVALUATION, b"}", b',"note":""}'
    yield "EVT-4", "manifest-of-another-rule", MANIFEST, b'"merged"', b'"subtracted"'
    yield "EVT-4", "manifest-of-no-name", MANIFEST, b"acme/assistant", b""
    yield "EVT-4", "amount-of-16-digits", MANIFEST, b'"1500000"', b'"1500000000000000"'
    yield "EVT-4", "amount-with-a-leading-zero", MANIFEST, b'"1500000"', b'"01500000"'
    yield "EVT-4", "amount-below-zero", MANIFEST, b'"gate":"0"', b'"gate":"-1"'
    yield "EVT-4", "evaluation-of-no-weights", EVALUATION, b'"' + b"2" * 64 + b'"', b""
    yield "EVT-4", "evaluation-without-a-run", EVALUATION, b"1" * 32, b""
    yield "EVT-4", "evaluation-of-another-probe", EVALUATION, b"exposure", b"feeling"
    yield "EVT-4", "hosted-as-measured", HOSTED, b'"six_n_d"', b'"measured"'
    yield "EVT-4", "hosted-without-terms", HOSTED, b"2" * 64, b""
    yield "EVT-4", "snapshot-without-weights", SNAPSHOT, b"2" * 64, b""
    yield "EVT-4", "privacy-of-a-person", PRIVACY, b'"row"', b'"person"'
    yield "EVT-5", "amount-that-is-a-number", EVALUATION, b'"9000000"', b"9000000"
    yield "EVT-5", "epsilon-as-a-fraction", PRIVACY, b"3000000", b"3.0"
    yield (
        "EVT-6",
        "adapter-without-its-weights",
        MANIFEST,
        b',"weights_sha256":"' + b"2" * 64 + b'"',
        b"",
    )
