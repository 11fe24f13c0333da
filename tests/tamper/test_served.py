"""What is said of models, and which serve: XEV-26 to XEV-28, each broken."""

import pytest

from tests.tamper.changes import OTHER, again, carry_out, change
from tests.tamper.chapters import RETRAIN, RUN, digest, ident
from tests.tamper.harness import found, verify_simulated
from tests.tamper.rights import CLEAN_RUN
from tests.tamper.serving import MERGED, SNAPSHOT, WHOLE_RUN, adapter, whole_adapter
from tests.tamper.story import Story

PUBLISHED, EVALUATED = "model.manifest_published", "model.evaluated"
REPLAYED, ATTESTED = "model.replayed", "model.compute_attested"
HOSTED = "model.hosted_run_recorded"
COMPARED, WHOLE = 1, 2
NEWEST = ident("manifest", 1)
OLD = digest("weights", RUN, 1, 1)
EARLY = digest("merged early")


def newer(**fields):
    """Another manifest takes the place of the newest."""

    def apply(story: Story) -> dict:
        fresh = {"manifest_id": ident("manifest", 2), "replaces": NEWEST}
        return story.repeat(story.one(PUBLISHED, 1), **fresh | fields)

    return apply


def average(**fields):
    """Another manifest whose rule is to average."""
    merged = "merged_sha256 data_commitment loss_average loss_merged gate"
    return newer(
        rule="probability_average", **dict.fromkeys(merged.split(), ""), **fields
    )


def merged_from_others(story: Story) -> dict:
    """Merged weights of before an erasure come back under clean adapters' names."""
    return newer(adapters=[adapter(CLEAN_RUN, 0), adapter(RETRAIN, 1)])(story)


def merged_after_deletion(story: Story) -> dict:
    """Merged weights were deleted, and serve again."""
    deleted = story.one("erasure.weights_deleted")
    deleted["weights"] = [*deleted["weights"], MERGED]
    return story.one(PUBLISHED, 1)


def merged_before_the_erasure(story: Story) -> dict:
    """What was merged of weights that saw the person outlives their erasure."""
    early = story.repeat(
        story.one(PUBLISHED, 1),
        manifest_id=ident("manifest", 9),
        replaces="",
        model_name="acme/merged",
        merged_sha256=EARLY,
        adapters=[adapter(RUN, 0), adapter(RUN, 1)],
    )
    step = story.steps.pop()
    trained = story.steps.index(story.step_of(story.one("training.run_finished")))
    story.steps.insert(trained + 1, step)
    assert step.events == [early]
    return story.one("erasure.certified")


CASES = {
    "XEV-15 merged weights outlive their parts": (
        "CERTIFICATE",
        merged_before_the_erasure,
    ),
    "XEV-26 evaluation twice": ("MODEL_SAID", again(EVALUATED)),
    "XEV-26 replay twice": ("MODEL_SAID", again(REPLAYED)),
    "XEV-26 attestation twice": ("MODEL_SAID", again(ATTESTED)),
    "XEV-26 hosted twice": ("MODEL_SAID", again(HOSTED)),
    "XEV-26 manifest twice": ("MODEL_SAID", again(PUBLISHED)),
    "XEV-26 evaluation of no run": (
        "MODEL_SAID",
        change(EVALUATED, trained_run=ident("other")),
    ),
    "XEV-26 replay of no run": (
        "MODEL_SAID",
        change(REPLAYED, trained_run=ident("other")),
    ),
    "XEV-26 attestation of no run": (
        "MODEL_SAID",
        change(ATTESTED, trained_run=ident("other")),
    ),
    "XEV-26 evaluation of unknown weights": (
        "MODEL_SAID",
        change(EVALUATED, weights=[digest("weights", RETRAIN, 1, 1), OTHER]),
    ),
    "XEV-26 evaluation of another run's weights": (
        "MODEL_SAID",
        change(EVALUATED, weights=[digest("weights", RUN, 0, 1)]),
    ),
    "XEV-26 evaluation across maps": (
        "MODEL_SAID",
        change(EVALUATED, WHOLE, weights=[digest("weights", WHOLE_RUN), OLD]),
    ),
    "XEV-26 replay of another slice": ("MODEL_SAID", change(REPLAYED, slice=0)),
    "XEV-26 replay of another shard": ("MODEL_SAID", change(REPLAYED, shard=0)),
    "XEV-26 replay of other weights": (
        "MODEL_SAID",
        change(REPLAYED, weights_sha256=OLD),
    ),
    "XEV-26 hosted without an estimate": (
        "MODEL_SAID",
        change(HOSTED, estimate="none"),
    ),
    "XEV-26 hosted without a figure": ("MODEL_SAID", change(HOSTED, flop="")),
    "XEV-26 hosted by another formula": ("MODEL_SAID", change(HOSTED, flop="1")),
    "XEV-26 hosted without parameters": ("MODEL_SAID", change(HOSTED, parameters="")),
    "XEV-26 base of unknown source": ("MODEL_SAID", change(HOSTED, base_flop="1")),
    "XEV-26 base without a figure": (
        "MODEL_SAID",
        change(HOSTED, base_flop_source="declared"),
    ),
    "XEV-27 replaces nothing": ("MANIFEST", newer(replaces="")),
    "XEV-27 replaces an older one": ("MANIFEST", newer(replaces=ident("manifest", 0))),
    "XEV-27 replaces another model's": (
        "MANIFEST",
        change(PUBLISHED, 2, replaces=NEWEST),
    ),
    "XEV-27 unknown map": ("MANIFEST", change(PUBLISHED, map_id=ident("other"))),
    "XEV-27 unknown shard": ("MANIFEST", average(adapters=[adapter(RUN, 2)])),
    "XEV-27 shard twice": ("MANIFEST", average(adapters=[adapter(RUN, 0)] * 2)),
    "XEV-27 not ascending": (
        "MANIFEST",
        average(adapters=[adapter(RETRAIN, 1), adapter(RUN, 0)]),
    ),
    "XEV-27 weights of nobody": (
        "MANIFEST",
        average(adapters=[{"shard": 0, "weights_sha256": OTHER}]),
    ),
    "XEV-27 weights of another shard": (
        "MANIFEST",
        average(adapters=[adapter(RUN, 0) | {"shard": 1}]),
    ),
    "XEV-27 whole weights for a shard": (
        "MANIFEST",
        average(adapters=[whole_adapter(WHOLE_RUN)]),
    ),
    "XEV-27 weights of a shard without a map": (
        "MANIFEST",
        change(PUBLISHED, 2, adapters=[adapter(RUN, 0)]),
    ),
    "XEV-27 snapshot": (
        "MANIFEST",
        change(PUBLISHED, 2, adapters=[{"shard": 0, "weights_sha256": SNAPSHOT}]),
    ),
    "XEV-27 two without a map": (
        "MANIFEST",
        change(PUBLISHED, 2, adapters=[whole_adapter(WHOLE_RUN)] * 2),
    ),
    "XEV-27 merged without a gate": ("MANIFEST", change(PUBLISHED, 1, gate="")),
    "XEV-27 merged without weights": (
        "MANIFEST",
        change(PUBLISHED, 1, merged_sha256=""),
    ),
    "XEV-27 average with a gate": ("MANIFEST", change(PUBLISHED, gate="1")),
    "XEV-27 gate not passed": (
        "MANIFEST",
        change(PUBLISHED, 1, loss_merged="1550001"),
    ),
    "XEV-27 merged from others": ("MANIFEST", merged_from_others),
    "XEV-17 erased weights in service": (
        "WEIGHTS_DELETED",
        average(adapters=[adapter(RUN, 0), adapter(RUN, 1)]),
    ),
    "XEV-17 deleted merged weights": ("WEIGHTS_DELETED", merged_after_deletion),
    "XEV-28 nothing measured": ("EVALUATION", change(EVALUATED, items=0)),
    "XEV-28 no erasure": (
        "EVALUATION",
        change(EVALUATED, COMPARED, erasure_id=ident("other")),
    ),
    "XEV-28 compared with one side": (
        "EVALUATION",
        change(EVALUATED, COMPARED, never_saw=""),
    ),
    "XEV-28 without a value before": (
        "EVALUATION",
        change(EVALUATED, COMPARED, before=""),
    ),
    "XEV-28 measured and compared": (
        "EVALUATION",
        change(EVALUATED, COMPARED, outcome="measured"),
    ),
    "XEV-28 nothing to compare": (
        "EVALUATION",
        change(EVALUATED, outcome="equal_to_never_saw"),
    ),
    "XEV-28 not equal": ("EVALUATION", change(EVALUATED, COMPARED, value=900_001)),
    "XEV-28 equal after all": (
        "EVALUATION",
        change(EVALUATED, COMPARED, outcome="differs"),
    ),
    "XEV-28 below the floor": (
        "EVALUATION",
        change(EVALUATED, COMPARED, before="4999999"),
    ),
    "XEV-28 above the floor": (
        "EVALUATION",
        change(EVALUATED, COMPARED, outcome="inconclusive"),
    ),
    "XEV-28 floor of chance": (
        "EVALUATION",
        change(EVALUATED, COMPARED, floor=4_999_999),
    ),
    "XEV-28 loss that is compared": (
        "EVALUATION",
        change(EVALUATED, COMPARED, probe="held_out_loss"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule


@pytest.mark.parametrize(
    "fields",
    [
        {"before": "4999999", "outcome": "inconclusive"},
        {"before": "4999999", "value": 0, "outcome": "inconclusive"},
        {"value": 0, "outcome": "differs"},
        {"probe": "min_k", "floor": 0},
    ],
    ids=["inconclusive", "inconclusive and other", "differs", "no floor"],
)
def test_outcomes(tmp_path, fields):
    """An outcome may be any that follows from the values."""
    story = Story()
    story.one(EVALUATED, COMPARED).update(fields)

    assert [] == found(verify_simulated(story.build(), tmp_path))


@pytest.mark.parametrize(
    "fields",
    [
        {"adapters": []},
        {"adapters": [adapter(RETRAIN, 1)]},
        {"adapters": [{"shard": 1, "weights_sha256": digest("weights", RUN, 1, 0)}]},
    ],
    ids=["base alone", "one shard", "rolled back"],
)
def test_adapters_that_may_serve(tmp_path, fields):
    """Shards may be left out, and a clean slice below the last may serve."""
    story = Story()
    average(**fields)(story)

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_gate_passed_to_the_point(tmp_path):
    """The merged loss may be above the average's by the gate, and no more."""
    story = Story()
    story.one(PUBLISHED, 1).update(loss_merged="1550000")

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_merged_weights_go_with_their_parts(tmp_path):
    """A certificate stands where what was merged of old weights is deleted too."""
    story = Story()
    merged_before_the_erasure(story)
    deleted = story.one("erasure.weights_deleted")
    deleted["weights"] = [*deleted["weights"], EARLY]

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_snapshot_is_evaluated(tmp_path):
    """Weights that a run saved to be resumed from are its own."""
    story = Story()
    story.one(EVALUATED, WHOLE).update(trained_run=ident("cut run"), weights=[SNAPSHOT])

    assert [] == found(verify_simulated(story.build(), tmp_path))


@pytest.mark.parametrize(
    "fields",
    [
        {"flop": "", "estimate": "none"},
        {"flop": "5", "estimate": "vendor_stated", "parameters": ""},
        {"base_flop": "9", "base_flop_source": "estimated"},
    ],
    ids=["no estimate", "vendor's word", "base"],
)
def test_hosted_runs(tmp_path, fields):
    """A vendor may say less, or more."""
    story = Story()
    story.one(HOSTED).update(fields)

    assert [] == found(verify_simulated(story.build(), tmp_path))
