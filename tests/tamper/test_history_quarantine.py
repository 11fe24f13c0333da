"""Quarantines: XEV-20, and what other rules say of quarantined records."""

import pytest

from tests.tamper.changes import (
    ASSIGNED,
    DECIDED,
    METERED,
    PLANNED,
    QUARANTINE,
    REVIEWED,
    REVIEWED_RECORD,
    REVOKED,
    SCANNED,
    STARTED,
    TRAINED,
    after,
    carry_out,
    change,
    started,
)
from tests.tamper.chapters import ERASED, RUN, Step, digest, ident
from tests.tamper.harness import found, verify_simulated
from tests.tamper.provenance import ENDED_LICENCE, UNLICENSED
from tests.tamper.rights import CLEAN_RUN, QUARANTINED, RESCANNED
from tests.tamper.story import Story


def assigned_after_quarantine(story: Story) -> dict:
    """The quarantined record is assigned under another map."""
    other = ident("other map")
    story.repeat(story.one("shards.map_declared"), map_id=other)
    return story.repeat(story.one(ASSIGNED), record_id=QUARANTINED, map_id=other)


def as_before_quarantine(story: Story) -> dict:
    """The slice that was trained later claims the records of before the quarantine."""
    before, event = story.one(TRAINED, 0), story.one(TRAINED, 5)
    event.update(records=before["records"], records_root=before["records_root"])
    return event


def erased_without_a_hit(story: Story) -> dict:
    """The quarantined record is erased, though weights saw it that no plan hits."""
    other = ident("second erasure")
    story.repeat(story.one("erasure.requested"), erasure_id=other)
    story.repeat(story.one("erasure.planned"), erasure_id=other, hits=[])
    return story.repeat(
        story.one("erasure.records_erased"), erasure_id=other, record_ids=[QUARANTINED]
    )


def decided_after_quarantine(story: Story) -> dict:
    """A record rests on the scan that quarantined records rested on."""
    return story.repeat(story.one(DECIDED), record_id=ident("new record"))


def cleared_after_quarantine(story: Story) -> dict:
    """A review clears such a scan again, and a record rests on it."""
    scan = story.one(SCANNED, 9)
    story.repeat(scan, scan_id=ident("later"))
    story.repeat(
        story.one(QUARANTINE),
        scan_id=ident("later"),
        earlier_scan_id=scan["scan_id"],
        record_ids=[ident("record", 200)],
    )
    story.repeat(story.one(REVIEWED), review_id=ident("later review"))
    decided = story.one(DECIDED, REVIEWED_RECORD)
    return story.repeat(decided, record_id=ident("new record"))


def quarantined_for_an_older_scan(story: Story) -> dict:
    """A record rests on a scan that came after the one that speaks against it."""
    newest, record = ident("newest scan"), ident("new record")
    story.repeat(story.one(SCANNED), scan_id=newest)
    story.repeat(story.one(DECIDED), record_id=record, scan_id=newest)
    event = story.one(QUARANTINE)
    return story.repeat(event, earlier_scan_id=newest, record_ids=[record])


def trained_from_quarantined(story: Story) -> dict:
    """A later run goes on from a slice that saw the quarantined record."""
    story.drop(story.one(TRAINED, 5))
    event = story.one(TRAINED, 5)
    event.update(parent_sha256=digest("weights", RUN, 0, 0))
    return event


CASES = {
    "XEV-6 after a quarantine": ("DECISION_BASIS", decided_after_quarantine),
    "XEV-6 cleared after a quarantine": ("DECISION_BASIS", cleared_after_quarantine),
    "XEV-20 scan of another record": (
        "QUARANTINE",
        change(QUARANTINE, earlier_scan_id=ident("scan", 2)),
    ),
    "XEV-20 licence of another record": (
        "QUARANTINE",
        change(QUARANTINE, 1, record_ids=[ident("record", 1)]),
    ),
    "XEV-20 not later": ("QUARANTINE", quarantined_for_an_older_scan),
    "XEV-20 parent": ("QUARANTINE", trained_from_quarantined),
    "XEV-20 base": ("QUARANTINE", started(base_sha256=digest("weights", RUN, 0, 1))),
    "XEV-20 no scan": ("QUARANTINE", change(QUARANTINE, scan_id=ident("other"))),
    "XEV-20 allowed": ("QUARANTINE", change(QUARANTINE, scan_id=ident("scan", 1))),
    "XEV-20 same scan": (
        "QUARANTINE",
        change(QUARANTINE, earlier_scan_id=ident("scan", RESCANNED)),
    ),
    "XEV-20 no earlier scan": (
        "QUARANTINE",
        change(QUARANTINE, earlier_scan_id=ident("other")),
    ),
    "XEV-20 another site": (
        "QUARANTINE",
        change(QUARANTINE, earlier_scan_id=ident("scan", 1)),
    ),
    "XEV-20 not accepted": (
        "QUARANTINE",
        change(QUARANTINE, record_ids=[ident("record", 9)]),
    ),
    "XEV-20 unknown": (
        "QUARANTINE",
        change(QUARANTINE, record_ids=[ident("other")]),
    ),
    "XEV-20 erased": ("QUARANTINE", change(QUARANTINE, record_ids=[ERASED])),
    "XEV-20 twice": (
        "QUARANTINE",
        change(QUARANTINE, record_ids=[QUARANTINED, QUARANTINED]),
    ),
    "XEV-20 licence in force": (
        "QUARANTINE",
        after(QUARANTINE, 1, drop=REVOKED, drop_number=1),
    ),
    "XEV-20 unknown licence": (
        "QUARANTINE",
        change(QUARANTINE, 1, licence_id=ident("other")),
    ),
    "XEV-20 two causes": (
        "QUARANTINE",
        change(QUARANTINE, licence_id=ENDED_LICENCE),
    ),
    "XEV-20 no cause": ("QUARANTINE", change(QUARANTINE, 1, licence_id="")),
    "XEV-20 licence twice": (
        "QUARANTINE",
        change(QUARANTINE, 1, record_ids=[UNLICENSED, UNLICENSED]),
    ),
    "XEV-20 assigned": ("QUARANTINE", assigned_after_quarantine),
    "XEV-11 quarantined record": ("SLICE_TRAINED", as_before_quarantine),
    "XEV-14 of a quarantined record": ("RECORDS_ERASED", erased_without_a_hit),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_across_events(tmp_path, name):
    """A signed, chained history that breaks the rule is BROKEN at the event."""
    expected, report = carry_out(CASES[name], tmp_path)

    assert expected == found(report)[0]
    assert name.split()[0] == report.first.rule


def test_quarantined_record_is_erased(tmp_path):
    """A record that was quarantined may be erased, under a plan with its hits."""
    story = Story()
    other = ident("second erasure")
    hits = [{"shard": 0, "slice_first": 0, "rollback_sha256": ""}]
    story.repeat(story.one("erasure.requested"), erasure_id=other)
    story.repeat(story.one("erasure.planned"), erasure_id=other, hits=hits)
    story.repeat(
        story.one("erasure.records_erased"), erasure_id=other, record_ids=[QUARANTINED]
    )
    story.repeat(story.one("erasure.keys_destroyed"), erasure_id=other)

    assert [] == found(verify_simulated(story.build(), tmp_path))


def test_quarantine_during_a_run(tmp_path):
    """A slice that is trained after a quarantine leaves the record out, though its run
    started before."""
    story = Story()
    quarantine = story.one(QUARANTINE)
    started, plan = (
        next(one for one in story.all(kind) if one["run_id"] == CLEAN_RUN)
        for kind in (STARTED, PLANNED)
    )
    step = story.step_of(started)
    story.steps.insert(story.steps.index(story.step_of(quarantine)), Step("trainer"))
    story.drop(started)
    story.drop(plan)
    next(s for s in story.steps if not s.events).events += [started, plan]

    assert step.events[0]["type"] == METERED + ".v1"
    assert [] == found(verify_simulated(story.build(), tmp_path))
