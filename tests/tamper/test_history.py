"""The story as a whole: it keeps every rule across events, and each is broken once."""

from tests.tamper import (
    test_history_decisions,
    test_history_erasure,
    test_history_quarantine,
    test_history_scans,
    test_history_training,
    test_resumed,
    test_served,
)
from tests.tamper.harness import found, verify_simulated
from tests.tamper.story import Story

PARTS = (
    test_history_scans,
    test_history_decisions,
    test_history_training,
    test_history_erasure,
    test_history_quarantine,
    test_resumed,
    test_served,
)


def test_the_story_keeps_every_rule(tmp_path):
    """The unchanged story is authentic."""
    report = verify_simulated(Story().build(), tmp_path)

    assert ([], "L1", 0) == (found(report), report.verdict, report.exit_code)


def test_every_rule_has_a_case():
    """All are each broken at least once; XEV-22 is in `test_redacted`."""
    broken = {name.split()[0] for part in PARTS for name in part.CASES}

    assert {f"XEV-{n}" for n in (*range(1, 22), *range(23, 29))} == broken
