"""Shards and runs: XEV-7 to XEV-12, XEV-23 and XEV-24, each broken by one change."""

import pytest

from tests.tamper.changes import (
    ASSIGNED,
    FAILED,
    FINISHED,
    METERED,
    OTHER,
    PLANNED,
    STARTED,
    TRAINED,
    after,
    again,
    carry_out,
    change,
    started,
)
from tests.tamper.chapters import (
    BASE,
    ERASED,
    ERASURE,
    FLOP,
    RUN,
    digest,
    ident,
    passes,
)
from tests.tamper.harness import found, verify_simulated
from tests.tamper.story import Story

TRAINED_PASSES = passes("train", has_gradient=True, forwards=10, backwards=10)
KEEP = [{"shard": 0, "weights_sha256": digest("weights", RUN, 0, 1)}]


def assigned_after_erasure(story: Story) -> dict:
    """The erased record is assigned under another map."""
    other = ident("other map")
    story.repeat(story.one("shards.map_declared"), map_id=other)
    return story.repeat(
        story.one("shards.record_assigned"), record_id=ERASED, map_id=other
    )


def as_before_erasure(story: Story) -> dict:
    """The retrained slice claims the records of before the erasure."""
    before, event = story.one(TRAINED, 3), story.one(TRAINED, 4)
    event.update(records=before["records"], records_root=before["records_root"])
    return event


CASES = {
    "XEV-7 map twice": ("ASSIGNMENT", again("shards.map_declared")),
    "XEV-7 no map": ("ASSIGNMENT", again(ASSIGNED, map_id=ident("other"))),
    "XEV-7 twice": ("ASSIGNMENT", again(ASSIGNED, 1)),
    "XEV-7 not accepted": ("ASSIGNMENT", again(ASSIGNED, record_id=ident("record", 9))),
    "XEV-7 unknown": ("ASSIGNMENT", again(ASSIGNED, record_id=ident("record", 99))),
    "XEV-7 erased": ("ASSIGNMENT", assigned_after_erasure),
    "XEV-7 shard": ("ASSIGNMENT", change(ASSIGNED, 7, shard=2)),
    "XEV-7 slice": ("ASSIGNMENT", change(ASSIGNED, 7, slice=2)),
    "XEV-8 twice": ("RUN_LIFE", again(STARTED)),
    "XEV-8 not started": ("RUN_LIFE", again(METERED, run_id=ident("other"))),
    "XEV-8 after the end": ("RUN_LIFE", again(METERED)),
    "XEV-8 finished twice": ("RUN_LIFE", again(FINISHED)),
    "XEV-8 failed after the end": ("RUN_LIFE", again(FAILED)),
    "XEV-8 map": ("RUN_LIFE", started(map_id=ident("other"))),
    "XEV-8 shards": ("RUN_LIFE", started(shards=[2])),
    "XEV-8 slices": ("RUN_LIFE", started(slices=3)),
    "XEV-8 shards without map": ("RUN_LIFE", started(map_id="", slices=0)),
    "XEV-8 slices without map": ("RUN_LIFE", started(map_id="", shards=[])),
    "XEV-8 erasure": (
        "RUN_LIFE",
        started(purpose="retrain", erasure_id=ident("other")),
    ),
    "XEV-8 train": ("RUN_LIFE", started(erasure_id=ERASURE)),
    "XEV-9 batch": ("METERING", change(METERED, 1, batch=2)),
    "XEV-9 step_first": ("METERING", change(METERED, 1, step_first=11)),
    "XEV-9 steps": ("METERING", change(METERED, 1, steps=11)),
    "XEV-9 tokens": ("METERING", change(METERED, 1, tokens=5121)),
    "XEV-9 shard": ("METERING", change(METERED, 5, shard=0)),
    "XEV-9 shard without map": ("METERING", change(METERED, 4, shard=1)),
    "XEV-9 slice": ("METERING", change(METERED, 1, slice=2)),
    "XEV-9 slice without map": ("METERING", change(METERED, 4, slice=1)),
    "XEV-9 no shape": (
        "METERING",
        change(METERED, 1, shapes=[], **dict.fromkeys(FLOP, "0")),
    ),
    "XEV-8 plan after the end": ("RUN_LIFE", again(PLANNED)),
    "XEV-10 completeness": ("RUN_TOTALS", change(FINISHED, completeness="incomplete")),
    "XEV-10 reasons": ("RUN_TOTALS", change(FINISHED, reasons=["hook_failed"])),
    "XEV-10 faults unsaid": (
        "RUN_TOTALS",
        lambda story: (
            story.one(METERED).update(faults=["hook_failed"]),
            story.one(FINISHED),
        )[1],
    ),
    "XEV-23 number": ("PLAN", change(PLANNED, plan=1)),
    "XEV-23 cost": ("PLAN", change(PLANNED, forward_token="4")),
    "XEV-23 digest": ("PLAN", change(PLANNED, plan_sha256=OTHER)),
    "XEV-23 order": ("PLAN", change(PLANNED, unknown=["b::b", "a::a"])),
    "XEV-23 twice": ("PLAN", change(PLANNED, faults=["a", "a"])),
    "XEV-24 flop": ("METERED_FLOP", change(METERED, 1, flop_forward="1")),
    "XEV-24 phase": ("METERED_FLOP", change(METERED, 1, flop_reward="1")),
    "XEV-24 more passes": (
        "METERED_FLOP",
        change(METERED, 1, shapes=[TRAINED_PASSES | {"forwards": 11}]),
    ),
    "XEV-24 no plan": ("METERED_FLOP", after(METERED, drop=PLANNED)),
    "XEV-24 no such plan": (
        "METERED_FLOP",
        change(METERED, 1, shapes=[TRAINED_PASSES | {"plan": 1}]),
    ),
    "XEV-24 backward of nothing": (
        "METERED_FLOP",
        change(METERED, 1, shapes=[TRAINED_PASSES | {"has_gradient": False}]),
    ),
    "XEV-24 order of faults": (
        "METERED_FLOP",
        change(METERED, 1, faults=["trace_failed", "hook_failed"]),
    ),
    "XEV-10 batches": ("RUN_TOTALS", change(FINISHED, 0, batches=3)),
    "XEV-10 steps": ("RUN_TOTALS", change(FINISHED, 0, steps=39)),
    "XEV-10 tokens": ("RUN_TOTALS", change(FINISHED, 0, tokens=1)),
    "XEV-10 flop": ("RUN_TOTALS", change(FINISHED, 0, flop_evaluation="1")),
    "XEV-10 dropped batch": (
        "SLICE_TRAINED",
        after(TRAINED, 2, drop=METERED, drop_number=2),
    ),
    "XEV-10 failed": ("RUN_TOTALS", change(FAILED, 0, batches=0)),
    "XEV-11 shard": ("SLICE_TRAINED", change(TRAINED, 4, shard=0)),
    "XEV-11 slice": ("SLICE_TRAINED", change(TRAINED, 0, slice=2)),
    "XEV-11 steps": ("SLICE_TRAINED", change(TRAINED, 0, steps=9)),
    "XEV-11 tokens": ("SLICE_TRAINED", change(TRAINED, 0, tokens=0)),
    "XEV-11 records": ("SLICE_TRAINED", change(TRAINED, 0, records=3)),
    "XEV-11 root": ("SLICE_TRAINED", change(TRAINED, 0, records_root=OTHER)),
    "XEV-11 erased record": (
        "SLICE_TRAINED",
        as_before_erasure,
    ),
    "XEV-11 base": ("SLICE_TRAINED", change(TRAINED, 0, parent_sha256=OTHER)),
    "XEV-11 parent": ("SLICE_TRAINED", change(TRAINED, 1, parent_sha256=BASE)),
    "XEV-11 generation": ("SLICE_TRAINED", change(TRAINED, 0, generation=1)),
    "XEV-12 missing": ("ADAPTERS", change(FINISHED, 0, adapters=KEEP)),
    "XEV-12 twice": ("ADAPTERS", change(FINISHED, 0, adapters=KEEP * 2)),
    "XEV-12 weights": (
        "ADAPTERS",
        change(FINISHED, 1, adapters=[{"shard": 1, "weights_sha256": OTHER}]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule or name == "XEV-10 dropped batch"


def test_slice_without_records(tmp_path):
    """A slice without records is trained like any other, over the empty tree."""
    story = Story()
    for event in story.all(ASSIGNED):
        event["slice"] = 1
    for event in story.all(TRAINED):
        if event["slice"] == 0:
            empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            event.update(records=0, records_root=empty)

    assert [] == found(verify_simulated(story.build(), tmp_path))
