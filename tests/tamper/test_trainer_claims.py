"""What the trainer's key alone may not claim of merged weights, privacy and itself."""

import pytest

from tests.tamper.changes import OTHER, carry_out, change, started
from tests.tamper.chapters import RETRAIN, RUN, digest, ident, run_finished
from tests.tamper.harness import found, verify_simulated
from tests.tamper.rights import CLEAN_RUN
from tests.tamper.serving import CUT_RUN, MERGED, NO_MAP, SNAPSHOT, adapter
from tests.tamper.story import Story
from tests.tamper.test_resumed import PRIVATE, start_of
from tests.tamper.test_served import EARLY, PUBLISHED, newer

THIRD_RUN = ident("third run")


def say_before(story: Story, kind: str) -> None:
    """Let the newest step come before the step of an event."""
    step = story.steps.pop()
    story.steps.insert(story.steps.index(story.step_of(story.one(kind))), step)


def merge_early(story: Story) -> None:
    """Weights that an erasure will reach are merged, and the merged ones deleted."""
    story.repeat(
        story.one(PUBLISHED, 1),
        manifest_id=ident("manifest", 9),
        replaces="",
        model_name="acme/merged",
        merged_sha256=EARLY,
        adapters=[adapter(RUN, 0), adapter(RUN, 1)],
    )
    say_before(story, "erasure.requested")
    deleted = story.one("erasure.weights_deleted")
    deleted["weights"] = [*deleted["weights"], EARLY]


def trained_from_merged(story: Story) -> dict:
    """Between erasure and deletion, a run goes on from what was merged."""
    merge_early(story)
    start = start_of(story, CUT_RUN)
    event = story.repeat(start, run_id=THIRD_RUN, base_sha256=EARLY)
    say_before(story, "erasure.weights_deleted")
    return event


def rolled_back_to_merged(story: Story) -> dict:
    """What was merged serves while its parts are trained again."""
    merge_early(story)
    event = story.one("erasure.rolled_back")
    event["weights_sha256"] = EARLY
    return event


def finished_with_merged(story: Story) -> dict:
    """A run without a map, of no step, passes the merged weights off as its own."""
    merge_early(story)
    start = story.repeat(start_of(story, CUT_RUN), run_id=THIRD_RUN)
    end = run_finished(story.ledger, THIRD_RUN, 0, [])
    end["adapters"] = [{"shard": 0, "weights_sha256": EARLY}]
    story.step_of(start).events.append(end)
    say_before(story, "erasure.weights_deleted")
    return end


CASES = {
    "XEV-17 trained from merged weights": ("WEIGHTS_DELETED", trained_from_merged),
    "XEV-17 rolled back to merged weights": (
        "WEIGHTS_DELETED",
        rolled_back_to_merged,
    ),
    "XEV-17 finished with merged weights": ("WEIGHTS_DELETED", finished_with_merged),
    "XEV-20 trained from merged weights": (
        "QUARANTINE",
        started(base_sha256=MERGED, **NO_MAP),
    ),
    "XEV-25 resumes itself": (
        "RESUMED",
        started(resumes_run_id=THIRD_RUN, resumes_sha256=SNAPSHOT, **NO_MAP),
    ),
    "XEV-25 privacy without a delta": ("PRIVACY", change(PRIVATE, delta_ppt=0)),
    "XEV-27 merged from nothing": (
        "MANIFEST",
        newer(merged_sha256=OTHER, adapters=[]),
    ),
    "XEV-27 merged from one": (
        "MANIFEST",
        newer(merged_sha256=OTHER, adapters=[adapter(RETRAIN, 1)]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule


def test_merged_weights_of_clean_parts(tmp_path):
    """What was merged of weights that saw nobody's erased text is trained from."""
    story = Story()
    clean = [adapter(CLEAN_RUN, 0), adapter(RETRAIN, 1)]
    newer(merged_sha256=digest("merged clean"), adapters=clean)(story)
    started(base_sha256=digest("merged clean"), **NO_MAP)(story)

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_merged_weights_before_the_erasure(tmp_path):
    """Merged weights may be served until an erasure reaches their parts."""
    story = Story()
    merge_early(story)

    assert [] == found(verify_simulated(story.build(), tmp_path))
