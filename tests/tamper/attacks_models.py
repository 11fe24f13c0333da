"""T8, T10: what is said of models, and of the time of a decision."""

from tests.tamper.attack import attack
from tests.tamper.chapters import RUN, digest, ident
from tests.tamper.rights import LICENCE, RESERVED
from tests.tamper.serving import CUT_RUN, MERGED, WHOLE_RUN, adapter
from tests.tamper.story import Story
from tests.tamper.thief import rewrite

TRAINER = frozenset({"trainer", "log"})
DAY_MS = 86_400_000


def edited(scene, change) -> None:
    """The trainer's and the log's keys sign another story."""
    scene.ledger = rewrite(scene.ledger, TRAINER, change)
    scene.write()


@attack("T8", after="BROKEN", code="RESUMED")
def failed_run_resumed_twice(scene):
    """With the trainer and log keys: two models share the steps of one failed run."""

    def change(story: Story) -> None:
        starts = story.all("training.run_started")
        resumed = next(one for one in starts if one["run_id"] == WHOLE_RUN)
        story.repeat(resumed, run_id=ident("another run"))

    edited(scene, change)


@attack("T8", after="BROKEN", code="RESUMED")
def batch_after_its_snapshot(scene):
    """With the trainer and log keys: a snapshot that rests on steps not yet said."""

    def change(story: Story) -> None:
        saved = story.one("training.snapshot_saved")
        starts = story.all("training.run_started")
        cut = next(one for one in starts if one["run_id"] == CUT_RUN)
        story.move_after(saved, cut)

    edited(scene, change)


@attack("T8", after="BROKEN", code="WEIGHTS_DELETED")
def erased_weights_in_service(scene):
    """With the trainer and log keys: weights that saw an erased record serve."""

    def change(story: Story) -> None:
        story.one("model.manifest_published").update(
            adapters=[adapter(RUN, 0), adapter(RUN, 1)]
        )

    edited(scene, change)


@attack("T8", after="BROKEN", code="MANIFEST")
def merged_weights_under_other_names(scene):
    """With the trainer and log keys: old merged weights said to be merged anew."""

    def change(story: Story) -> None:
        first = story.one("model.manifest_published", 1)
        story.repeat(
            first,
            manifest_id=ident("another manifest"),
            replaces=first["manifest_id"],
            merged_sha256=MERGED,
            adapters=[adapter(RUN, 0)],
        )

    edited(scene, change)


@attack("T8", after="BROKEN", code="EVALUATION")
def memory_called_gone(scene):
    """With the trainer and log keys: a probe that differs is called equal."""

    def change(story: Story) -> None:
        story.one("model.evaluated", 1).update(value=7_000_000)

    edited(scene, change)


@attack("T8", after="L1")
def memory_measured_as_gone(scene):
    """With the trainer and log keys: a value that was never measured. It stays."""

    def change(story: Story) -> None:
        story.one("model.evaluated", 1).update(value=1, never_saw="1")

    edited(scene, change)


@attack("T8", after="L1")
def run_outside_stated_smaller(scene):
    """With the trainer and log keys: a vendor's bill of half the tokens. It stays."""

    def change(story: Story) -> None:
        story.one("model.hosted_run_recorded").update(
            tokens_billed=500, flop="21000000"
        )

    edited(scene, change)


def decide_late(scene, **lines_changed: int) -> None:
    """A record is accepted under a licence that ended a day before."""
    ledger = scene.ledger
    ledger.now_ms += 31_536_000_000 + DAY_MS
    event = ledger.event(
        "ingest.record_decided.v1",
        record_id=ident("late record"),
        dataset_id="",
        decision="accepted",
        rule="default",
        reasons=["licence_register"],
        policy_sha256=digest("policy"),
        source_kind="web",
        licence="CC-BY-4.0",
        licence_id=LICENCE,
        scan_id=RESERVED,
        eu_basis="licence",
        uk_basis="licence",
        sensitive=[],
        action="none",
        hazard="personal",
        subjects="one",
        commitment=digest("late commitment"),
        size_log2=11,
    )
    ledger.submit("ingest", [event], lines_changed=lines_changed)
    scene.now_ms = ledger.now_ms
    scene.write()


@attack("T10", after="BROKEN", code="LICENCE_USE")
def licence_used_after_its_end(scene):
    """With the ingest and log keys: a decision on a licence that ended before."""
    decide_late(scene)


@attack("T10", after="L1")
def licence_used_as_if_before_its_end(scene):
    """The same, back-dated. A policy with `delay_max_s` says how late it came."""
    decide_late(scene, claimed_at_ms=scene.ledger.now_ms)
