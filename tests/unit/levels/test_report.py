"""What the report says of itself: what it does not prove, what to do next."""

import pytest

from tests.unit.levels.office import MINUTE_MS, grow
from verifier.report.verdict import ANCHORS_LISTED_MAX


def does_not_prove(report) -> str:
    """All lines of that kind."""
    return "\n".join(report.not_proven)


def test_nothing_from_outside(office):
    """At L1 the ledger may be shorter, of any time, and written anew."""
    text = does_not_prove(office.verify())

    assert "that this is the whole ledger: a shorter copy" in text
    assert "recorded and claimed times are the operator's clocks" in text
    assert "that nobody who holds all the keys wrote the ledger anew" in text


def test_timed(office):
    """A time stamp proves 'no later than', and nothing of what came before it."""
    text = does_not_prove(office.ask_stamps().stamp().verify())

    assert "when anything happened before 2026-09-21T14:13:23Z" in text
    assert "'no later than'" in text
    assert "wrote the ledger anew before 2026-09-21T14:13:23Z" in text


def test_witnessed(office):
    """Witnesses are named, since they may work together with the operator (T20)."""
    office.ask_witnesses().ask("verdict", 'waive = ["timed"]').cosign(0, 2)
    text = does_not_prove(office.verify())

    assert "if w0.example.net, w2.example.net work together with the operator" in text
    assert "that nothing was appended after 2026-09-21T14:13:23Z" in text
    assert "shorter copy" not in text


def test_continuous(office):
    """Continuity is with the reader's own copy, not with what others saw."""
    pins = office.folder / "pins"
    office.verify(pin=pins)
    text = does_not_prove(grow(office.ledger) and office.verify(pin=pins))

    assert "that others were shown the same ledger" in text
    assert "may go further than this copy" in text
    assert "before your kept checkpoint" in text


def test_truth_is_never_proven(office):
    """At the highest level too, what an event says may be false."""
    office.ask_stamps().ask_witnesses().ask("pin", 'store = "pins"')
    office.stamp().cosign(0, 1).verify()
    report = office.verify()

    assert "L4" == report.verdict
    assert "that what an event says was true" in does_not_prove(report)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (None, "give a trust policy (--policy) with [timestamps]"),
        ("timestamps", "ask the operator to have the newest checkpoint stamped"),
    ],
    ids=["no table", "no stamp"],
)
def test_next_step(office, table, expected):
    """Advice tells a policy that is silent from an anchor that is missing."""
    if table:
        office.ask_stamps()
    text = office.verify(level=2).as_text()

    assert f"NEXT            {expected}" in text


def test_listed_anchors_are_bounded(office):
    """The document lists the newest anchors and counts all."""
    office.ask_witnesses().ask("verdict", 'waive = ["timed"]')
    for second in range(ANCHORS_LISTED_MAX):
        office.cosign(0, 1, at_ms=office.ledger.now_ms + 10 * second)
    document = office.verify(now_ms=office.ledger.now_ms + MINUTE_MS).as_dict()

    assert ANCHORS_LISTED_MAX == len(document["anchors"])
    assert 2 * ANCHORS_LISTED_MAX == document["anchors_total"]


def test_dropped_events_are_said(office):
    """What a producer says it dropped is part of what is not proven."""
    ledger = office.ledger
    key = ledger.key("scanner")
    ledger.submit("root", [ledger.granted(key, "scanner", ["spool"], "scanner")])
    event = ledger.event("spool.events_dropped.v1", events=7, reason="spool_full")
    ledger.submit("scanner", [event])
    office.now_ms = ledger.now_ms

    assert "stream scanner dropped, as it says: 7 for spool_full" in does_not_prove(
        office.verify()
    )


def test_entries_that_were_not_read_again_are_named(office):
    """A run that goes on from an earlier one says so beside its answer."""
    pins = office.folder / "pins"
    office.verify(pin=pins)
    grow(office.ledger)
    resumed = office.verify(pin=pins)
    full = office.verify(pin=pins, full=True)

    assert "consistent      yes   entries 0..2 by their bytes" in resumed.as_text()
    assert "consistent" not in full.answers
