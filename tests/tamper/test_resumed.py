"""Runs that are resumed, their snapshots and their privacy: XEV-25, each broken."""

import pytest

from tests.tamper.changes import (
    FAILED,
    OTHER,
    STARTED,
    TRAINED,
    again,
    carry_out,
    change,
)
from tests.tamper.chapters import LATE_RUN, RETRAIN, RUN, digest, ident
from tests.tamper.harness import found, verify_simulated
from tests.tamper.serving import (
    CUT_RUN,
    HALF_RUN,
    NO_MAP,
    REST_RUN,
    SNAPSHOT,
    WHOLE_RUN,
)
from tests.tamper.story import Story

SAVED, PRIVATE = "training.snapshot_saved", "training.privacy_accounted"


def start_of(story: Story, run: str) -> dict:
    """The event that a run begins with."""
    return next(one for one in story.all(STARTED) if one["run_id"] == run)


def begun(run: str, **fields):
    """The start of a run says something else."""

    def apply(story: Story) -> dict:
        event = start_of(story, run)
        event.update(fields)
        return event

    return apply


def resumed_twice(run: str, **fields):
    """Another run goes on from one that was resumed: its steps would count twice."""

    def apply(story: Story) -> dict:
        start = start_of(story, run)
        return story.repeat(start, run_id=ident("third run"), **fields)

    return apply


def fresh_run(**fields):
    """A new run begins at the end of the story."""

    def apply(story: Story) -> dict:
        start = start_of(story, CUT_RUN)
        return story.repeat(start, run_id=ident("third run"), **fields)

    return apply


def resumed_while_it_runs(story: Story) -> dict:
    """Both go on from the snapshot, and one of them is called lost."""
    failed = next(one for one in story.all(FAILED) if one["run_id"] == CUT_RUN)
    story.drop(failed)
    return start_of(story, WHOLE_RUN)


def steps_rolled_back(story: Story) -> dict:
    """A batch is metered between the snapshot and what it says it rests on."""
    event = story.one(SAVED)
    story.move_after(event, start_of(story, CUT_RUN))
    return event


def resumed_from_deleted(story: Story) -> dict:
    """The snapshot was deleted, and a copy of it is trained on."""
    deleted = story.one("erasure.weights_deleted")
    deleted["weights"] = [*deleted["weights"], SNAPSHOT]
    return start_of(story, WHOLE_RUN)


def snapshot_in_shards(story: Story) -> dict:
    """A run of shards saves a snapshot, of which no slice says what it saw."""
    event = story.one(SAVED)
    step = story.step_of(start_of(story, HALF_RUN))
    story.drop(event)
    event.update(run_id=HALF_RUN, batches=0, steps=0)
    step.events.insert(1, event)
    start_of(story, WHOLE_RUN).update(resumes_run_id="", resumes_sha256="")
    return event


def accounted_after_the_slice(story: Story) -> dict:
    """Privacy is claimed for weights that are already there."""
    event = story.one(PRIVATE)
    trained = next(one for one in story.all(TRAINED) if one["run_id"] == HALF_RUN)
    story.move_after(event, trained)
    return event


def accounted_twice(story: Story) -> dict:
    """A second account of a slice promises more."""
    first = story.one(PRIVATE)
    second = story.repeat(first, epsilon_ppm=1)
    story.move_after(second, first)
    return second


def accounted_without_shards(story: Story) -> dict:
    """A run without slices claims privacy."""
    event = story.repeat(story.one(PRIVATE), run_id=CUT_RUN)
    story.move_after(event, story.one(SAVED))
    return event


def finished_with_another(story: Story) -> dict:
    """A resumed run names weights for the shard that the failed run trained."""
    end = next(
        one for one in story.all("training.run_finished") if one["run_id"] == REST_RUN
    )
    end["adapters"][0] = {"shard": 0, "weights_sha256": digest("weights", RUN, 0, 1)}
    return end


CASES = {
    "XEV-25 snapshot of other steps": ("RESUMED", change(SAVED, steps=11)),
    "XEV-25 snapshot of other batches": ("RESUMED", change(SAVED, batches=2)),
    "XEV-25 snapshot before its batch": ("RESUMED", steps_rolled_back),
    "XEV-25 snapshot in shards": ("RESUMED", snapshot_in_shards),
    "XEV-25 resumes nothing": (
        "RESUMED",
        begun(WHOLE_RUN, resumes_run_id=ident("other")),
    ),
    "XEV-25 resumes a finished run": (
        "RESUMED",
        begun(WHOLE_RUN, resumes_run_id=RUN),
    ),
    "XEV-25 resumes a run that goes on": ("RESUMED", resumed_while_it_runs),
    "XEV-25 resumed twice": ("RESUMED", resumed_twice(WHOLE_RUN)),
    "XEV-25 shards resumed twice": ("RESUMED", resumed_twice(REST_RUN)),
    "XEV-25 another base": ("RESUMED", begun(WHOLE_RUN, base_sha256=OTHER)),
    "XEV-25 other shards": ("RESUMED", begun(REST_RUN, shards=[1])),
    "XEV-25 another map": ("RESUMED", begun(REST_RUN, **NO_MAP)),
    "XEV-25 no snapshot": ("RESUMED", begun(WHOLE_RUN, resumes_sha256="")),
    "XEV-25 another snapshot": (
        "RESUMED",
        begun(WHOLE_RUN, resumes_sha256=OTHER),
    ),
    "XEV-25 snapshot of another run": (
        "RESUMED",
        fresh_run(resumes_run_id=LATE_RUN, resumes_sha256=SNAPSHOT),
    ),
    "XEV-25 snapshot for shards": (
        "RESUMED",
        begun(REST_RUN, resumes_sha256=SNAPSHOT),
    ),
    "XEV-25 snapshot of no run": ("RESUMED", fresh_run(resumes_sha256=SNAPSHOT)),
    "XEV-25 shards not executable again": (
        "RESUMED",
        begun(HALF_RUN, reexecutable=False),
    ),
    "XEV-25 privacy of another shard": ("PRIVACY", change(PRIVATE, shard=2)),
    "XEV-25 privacy of another slice": ("PRIVACY", change(PRIVATE, slice=2)),
    "XEV-25 privacy without shards": ("PRIVACY", accounted_without_shards),
    "XEV-25 privacy after the slice": ("PRIVACY", accounted_after_the_slice),
    "XEV-25 privacy twice": ("PRIVACY", accounted_twice),
    "XEV-25 privacy of fewer steps": ("PRIVACY", change(PRIVATE, steps=9)),
    "XEV-25 privacy without noise": (
        "PRIVACY",
        change(PRIVATE, noise_multiplier_ppm=0),
    ),
    "XEV-25 privacy without clipping": ("PRIVACY", change(PRIVATE, clip_norm_ppm=0)),
    "XEV-25 privacy without sampling": ("PRIVACY", change(PRIVATE, sample_rate_ppb=0)),
    "XEV-25 chance above one": ("PRIVACY", change(PRIVATE, sample_rate_ppb=10**9 + 1)),
    "XEV-25 delta above one": ("PRIVACY", change(PRIVATE, delta_ppt=10**12 + 1)),
    "XEV-17 resumed from a deleted snapshot": ("WEIGHTS_DELETED", resumed_from_deleted),
    "XEV-12 resumed with another's weights": ("ADAPTERS", finished_with_another),
    "XEV-8 snapshot after the end": ("RUN_LIFE", again(SAVED)),
    "XEV-8 privacy after the end": ("RUN_LIFE", again(PRIVATE, run_id=RETRAIN)),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule


def test_chance_of_one(tmp_path):
    """Whoever trains on all rows each step, or promises nothing, may say so."""
    story = Story()
    story.one(PRIVATE).update(sample_rate_ppb=10**9, delta_ppt=10**12)

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_run_outside_need_not_be_executable_again(tmp_path):
    """A run without a map may be another program's."""
    story = Story()
    start_of(story, CUT_RUN).update(reexecutable=False)

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_snapshot_of_nothing_yet(tmp_path):
    """A run that resumes may save what it starts from, to be resumed itself."""
    story = Story()
    first = story.repeat(story.one(SAVED), run_id=WHOLE_RUN, batches=0, steps=0)
    story.move_after(first, start_of(story, WHOLE_RUN))

    assert [] == found(verify_simulated(story.build(), tmp_path))
