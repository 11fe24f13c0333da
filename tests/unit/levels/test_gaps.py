"""What a report says of each thing that was asked for and is missing."""

from tests.unit.levels.office import HOUR_MS, MINUTE_MS
from verifier.findings import Code

WAIVE_TIMED = ("verdict", 'waive = ["timed"]')


def gap(report, code):
    """Rule, expected and found of one thing that is missing."""
    [found] = [one for one in report.trust if one.code is code]
    return found.rule, found.expected, found.found


def test_words_of_a_missing_quorum(office):
    """What the quorum asks for, and who counts towards it."""
    report = office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0).verify()

    assert (
        "L3",
        "cosignatures over one checkpoint that meet quorum two (2 of w0, w1, w2)",
        "1 by w0.example.net",
    ) == gap(report, Code.NOT_WITNESSED)


def test_words_of_a_quorum_that_asks_for_nobody(office):
    """`quorum none` is no quorum of witnesses."""
    office.quorum = ["quorum none"]
    report = office.ask_witnesses().ask(*WAIVE_TIMED).verify()

    assert (
        "L3",
        "a quorum of witnesses in the policy",
        "0 by nobody that it names",
    ) == gap(report, Code.NOT_WITNESSED)


def test_words_of_a_missing_stamp(office):
    """How many signers are due, and how many tokens there are."""
    report = office.ask_stamps("minimum = 2").stamp().verify()

    assert (
        "L2",
        "time stamps of 2 signers over one checkpoint",
        "1 by CN=TSA one",
    ) == gap(report, Code.NOT_TIMED)


def test_words_of_anchors_from_the_future(office):
    """A stamp from the future is not counted, and the gap says that there is one."""
    late = office.now_ms + HOUR_MS
    report = office.ask_stamps().stamp(at_ms=late).verify()

    assert (
        "0 by nobody that it names; others have a time in the future"
        == (gap(report, Code.NOT_TIMED)[2])
    )


def test_words_of_a_tail(office):
    """How many entries come after the newest stamp, and which they are."""
    office.ask_stamps().ask("anchors", "entries_max = 1").stamp(1)

    assert (
        "VER-2",
        "at most 1 entries after checkpoint 1",
        "2: entries 1 to 2",
    ) == gap(office.verify(), Code.NOT_TIMED)


def test_words_of_an_old_anchor(office):
    """When it was made, and how old it is in whole hours."""
    office.ask_stamps("max_age_hours = 2").stamp()
    office.now_ms = office.ledger.now_ms + 3 * HOUR_MS + MINUTE_MS

    assert (
        "POL-7",
        "an anchor of the last 2 hours",
        "2026-09-21T14:13:23Z, 3 hours old",
    ) == gap(office.verify(), Code.NOT_FRESH)


def test_the_row_that_contradicts_the_clock(office):
    """Of two anchors over a checkpoint the older one is named with its row."""
    office.ask_stamps().stamp().stamp(2).stamp(2, 1_700_000_000_000, by=1)
    report = office.verify()
    [found] = [one for one in report.trust if one.code is Code.CLOCK_SKEW]

    assert ("timestamp 3", "2023-11-14T22:13:20Z") == (found.where, found.found)
    assert "when entry 1 was recorded" in found.expected


def test_the_log_of_the_newest_checkpoint(office):
    """Where another log is listed, the gap names both keys."""
    key = office.ledger.key("other")
    office.quorum.insert(0, f"log {key.vkey}")
    report = office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1).verify()

    assert (
        "POL-5",
        f"log key {key.public.hex()}",
        office.ledger.log.public.hex(),
    ) == gap(report, Code.NOT_WITNESSED)


def test_the_first_of_two_rows_that_contradict_the_clock(office):
    """Of two anchors of one time over a checkpoint the first is named."""
    old_ms = 1_700_000_000_000
    office.ask_stamps().stamp(2, old_ms).stamp(2, old_ms, by=1)
    report = office.verify()
    [found] = [one for one in report.trust if one.code is Code.CLOCK_SKEW]

    assert "timestamp 1" == found.where


def test_the_line_that_contradicts_the_clock(office):
    """A witness's line is named by its table."""
    office.ask_witnesses().ask(*WAIVE_TIMED)
    office.cosign(0, 1).cosign(2, at_ms=1_700_000_000_000)
    report = office.verify()
    [found] = [one for one in report.trust if one.code is Code.CLOCK_SKEW]

    assert "cosignature 3" == found.where
