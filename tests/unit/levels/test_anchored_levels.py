"""Levels L2 and L3: quorum, signers, tail, freshness, clock, independence."""

import base64
from hashlib import sha256

import pytest

from tests.tamper.anchoring import Witness
from tests.unit.levels.office import HOUR_MS, MINUTE_MS, grow, trusted

WAIVE_TIMED = ("verdict", 'waive = ["timed"]')


def test_timed(office):
    """A fresh stamp over the newest checkpoint makes L2."""
    report = office.ask_stamps().stamp().verify()

    assert ("L2", 0) == (report.verdict, report.exit_code), report.as_text()


def test_witnessed(office):
    """A quorum over the newest checkpoint makes L3, with L2 below it."""
    report = office.ask_stamps().ask_witnesses().stamp().cosign(0, 2).verify()

    assert ("L3", 0) == (report.verdict, report.exit_code), report.as_text()
    assert "w0.example.net, w2.example.net" in report.answers["witnessed"]


def test_waived_level_is_left_out(office):
    """L3 is reached without L2 where the policy waives it, and the result says so."""
    report = office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1).verify()

    assert ("L3", 0) == (report.verdict, report.exit_code)
    assert "L3 witnessed (without timed)" in report.as_text()


def test_lower_level_is_not_left_out_silently(office):
    """Without a waiver, a quorum without time stamps is L1 and exit 7."""
    report = office.ask_witnesses().cosign(0, 1).verify()

    assert ("L1", 7, ["NOT_TIMED"]) == (
        report.verdict,
        report.exit_code,
        trusted(report),
    )


@pytest.mark.parametrize(
    ("stamps", "minimum", "expected"),
    [
        ([], 1, ["NOT_TIMED"]),
        ([0], 1, []),
        ([0], 2, ["NOT_TIMED"]),
        ([0, 0], 2, ["NOT_TIMED"]),
        ([0, 1], 2, []),
    ],
    ids=["none", "one of one", "one of two", "one signer twice", "two signers"],
)
def test_minimum_of_signers(office, stamps, minimum, expected):
    """Signers are counted, not tokens."""
    office.ask_stamps(f"minimum = {minimum}")
    for by in stamps:
        office.stamp(by=by)

    assert expected == trusted(office.verify())


def test_signers_over_different_checkpoints_do_not_add_up(office):
    """The minimum is met over one checkpoint or not at all."""
    office.ask_stamps("minimum = 2").stamp(2, by=0).stamp(3, by=1)

    assert ["NOT_TIMED"] == trusted(office.verify())


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((0,), ["NOT_WITNESSED"]),
        ((0, 0), ["NOT_WITNESSED"]),
        ((1, 2), []),
        ((0, 1, 2), []),
    ],
    ids=["one", "one twice", "two", "three"],
)
def test_quorum_counts_keys(office, numbers, expected):
    """Two of three are two keys, not two lines."""
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(*numbers)

    assert expected == trusted(office.verify())


def test_quorum_over_different_checkpoints_does_not_add_up(office):
    """One witness over checkpoint 2 and one over checkpoint 3 are no quorum."""
    office.ask_witnesses().ask(*WAIVE_TIMED)
    office.cosign(0, size=2).cosign(1, size=3)

    assert ["NOT_WITNESSED"] == trusted(office.verify())


def test_quorum_none_is_no_witness(office):
    """`quorum none` asks for nobody, so it answers no level."""
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1, 2)
    office.quorum = ["quorum none"]
    report = office.verify()

    assert ("L1", ["NOT_WITNESSED"]) == (report.verdict, trusted(report))


def test_one_key_under_two_names_counts_once(office):
    """A key that signs under another name too is nobody new: the line is ignored."""
    twin = Witness("alias.example.net")
    twin.key.private, twin.key.public = (
        office.witnesses[0].key.private,
        office.witnesses[0].key.public,
    )
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0)
    newest = max(office.ledger.checkpoints)
    line = twin.line(office.ledger.checkpoints[newest], office.ledger.now_ms)
    office.anchors.cosignatures.append((newest, line))

    assert ["NOT_WITNESSED"] == trusted(office.verify())


@pytest.mark.parametrize(
    ("entries_max", "verdict"), [(0, "L1"), (1, "L1"), (2, "L2")], ids=str
)
def test_tail_is_bounded(office, entries_max, verdict):
    """More entries after the newest stamp than the policy allows are not timed."""
    office.ask_stamps().ask("anchors", f"entries_max = {entries_max}").stamp()
    grow(office.ledger, 2)
    report = office.verify()

    assert verdict == report.verdict
    assert ["entries 3..4 are after the last timed checkpoint: L1 only"] == report.tails


def test_tail_of_one_entry_is_named(office):
    """The tail of the witnesses, of which the stamp covers more, is L2."""
    office.ask_stamps().ask_witnesses().cosign(0, 1)
    grow(office.ledger, 1)
    office.stamp()
    report = office.verify()

    assert (["NOT_WITNESSED"], "L2") == (trusted(report), report.verdict)
    assert ["entry 3 is after the last witnessed checkpoint: L2 only"] == report.tails


@pytest.mark.parametrize("kind", ["timestamps", "witnesses"])
@pytest.mark.parametrize(
    ("late_ms", "expected"), [(0, []), (1000, ["NOT_FRESH"])], ids=["at", "past"]
)
def test_freshness(office, kind, late_ms, expected):
    """An anchor is as old as the policy allows, and a second older is too old."""
    if kind == "timestamps":
        office.ask_stamps("max_age_hours = 2").stamp()
    else:
        office.ask_witnesses("max_age_hours = 2").ask(*WAIVE_TIMED).cosign(0, 1)
    office.now_ms = office.ledger.now_ms + 2 * HOUR_MS + late_ms

    assert expected == trusted(office.verify())


def test_old_cosignatures_do_not_make_a_quorum_fresh(office):
    """The age is that of the newest time at which a whole quorum had spoken."""
    old_ms = office.ledger.now_ms
    office.ask_witnesses("max_age_hours = 2").ask(*WAIVE_TIMED)
    office.cosign(0, at_ms=old_ms + 3 * HOUR_MS).cosign(1, at_ms=old_ms)
    office.now_ms = old_ms + 3 * HOUR_MS

    assert ["NOT_FRESH"] == trusted(office.verify())


def test_witness_may_cosign_again(office):
    """A newer line of the same witness over the same checkpoint makes it fresh."""
    later = office.ledger.now_ms + 3 * HOUR_MS
    office.ask_witnesses("max_age_hours = 2").ask(*WAIVE_TIMED).cosign(0, 1)
    office.cosign(0, 1, at_ms=later)
    office.now_ms = later

    assert [] == trusted(office.verify())


@pytest.mark.parametrize("kind", ["timestamps", "witnesses"])
@pytest.mark.parametrize(
    ("behind_s", "expected"), [(300, []), (301, ["CLOCK_SKEW"])], ids=str
)
def test_clock(office, kind, behind_s, expected):
    """An anchor older than what it covers, past the bound, contradicts the clock."""
    at_ms = office.ledger.now_ms - 1000 * behind_s
    if kind == "timestamps":
        office.ask_stamps().stamp(at_ms=at_ms)
    else:
        office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1, at_ms=at_ms)

    assert expected == trusted(office.verify())


def test_clock_of_an_older_anchor(office):
    """Also an anchor that is not the newest contradicts the clock."""
    office.ask_stamps().ask("clock", "skew_max_s = 10").stamp(2, 1_700_000_000_000)
    office.stamp()

    assert ["CLOCK_SKEW"] == trusted(office.verify())


def test_anchor_from_the_future_does_not_count(office):
    """An anchor later than the reader's clock and the skew bound is not accepted."""
    late = office.now_ms + 10 * MINUTE_MS
    report = office.ask_stamps().stamp(at_ms=late).verify()

    assert ["NOT_TIMED"] == trusted(report)
    assert any("future" in line for line in report.not_checked)


def test_witness_with_a_key_of_the_ledger_does_not_count(office):
    """The operator's own key is no witness (VER-4)."""
    office.witnesses[0].key = office.ledger.key("ingest1")
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1)

    assert ["NOT_WITNESSED", "WITNESS_NOT_INDEPENDENT"] == trusted(office.verify())


def test_dependent_witness_is_noted_where_others_suffice(office):
    """It is no reason to fail where the quorum is met without it."""
    office.witnesses[0].key = office.ledger.log
    report = office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1, 2).verify()

    assert ("L3", 0) == (report.verdict, report.exit_code)
    assert ["WITNESS_NOT_INDEPENDENT"] == [item.code.name for item in report.noted]


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "another"])
def test_log_lines(office, listed):
    """Where the tlog-policy lists logs, the newest checkpoint is by one of them."""
    key = office.ledger.log if listed else office.ledger.key("other")
    office.quorum.insert(0, f"log {key.vkey}")
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1)

    assert ([] if listed else ["NOT_WITNESSED"]) == trusted(office.verify())


def test_nested_groups_decide(office):
    """A quorum of groups asks for one of each."""
    office.quorum = ["group a any w0 w1", "group b any w2", "group q all a b"]
    office.quorum.append("quorum q")
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1)
    lacking = trusted(office.verify())
    office.cosign(2)

    assert (["NOT_WITNESSED"], []) == (lacking, trusted(office.verify()))


def test_ignored_anchors_are_counted(office):
    """Anchors of strangers change no verdict, and the report says how many."""
    stranger = Witness("stranger.example.net")
    note = office.ledger.checkpoints[3]
    office.anchors.cosignatures.append((3, stranger.line(note, office.ledger.now_ms)))
    report = office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0, 1).verify()

    assert "L3" == report.verdict
    assert "cosignatures: 1, not by witnesses of the policy" in report.not_checked


def test_level_that_is_not_asked_for_is_answered_all_the_same(office):
    """`--level 1` under a richer policy says no to witnesses and exits 0."""
    report = office.ask_witnesses().ask(*WAIVE_TIMED).verify(level=1)

    assert ("L1", 0, "no") == (
        report.verdict,
        report.exit_code,
        report.levels["witnessed"],
    )
    assert ["NOT_WITNESSED"] == [finding.code.name for finding in report.noted]


def test_missing_package_answers_no(office, monkeypatch):
    """Without the package for time stamps L2 is no, and the line says how to get it."""
    monkeypatch.setattr("verifier.verdict.is_available", lambda: False)
    report = office.ask_stamps().stamp().verify()

    assert (["NOT_TIMED"], 7) == (trusted(report), report.exit_code)
    assert "pip install" in report.trust[0].expected


def test_type_1_vkey_names_the_same_witness(office):
    """A witness's key written as a plain Ed25519 vkey counts as well."""
    key = office.witnesses[0].key
    material = base64.b64encode(b"\x01" + key.public).decode()
    key_id = sha256(key.name.encode() + b"\n\x01" + key.public).hexdigest()[:8]
    office.ask_witnesses().ask(*WAIVE_TIMED).cosign(0)
    office.quorum = [f"witness plain {key.name}+{key_id}+{material}", "quorum plain"]
    office.witnesses = office.witnesses[1:]

    assert [] == trusted(office.verify())


def test_accepted_anchors_are_counted(office):
    """The report says how many anchors it believed, and whose they are."""
    report = office.ask_stamps().ask_witnesses().stamp().cosign(0, 2).verify()
    said = {
        line.split()[0]: line.split()[2]
        for line in report.checked
        if " of the policy" in line
    }

    assert {"time": "1", "cosignatures": "2"} == said or "2" in " ".join(
        line for line in report.checked if "of the policy" in line
    )


def test_nothing_is_counted_where_nothing_is_believed(office):
    """Without anchors no line speaks of any."""
    report = office.ask_stamps().verify()

    assert [] == [line for line in report.checked if "of the policy" in line]
