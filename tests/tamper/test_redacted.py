"""Lines of which only the leaf hash is left: when that is told, and when it is found.

Each test is named after what somebody does who can write the file; where it says so
they hold the eraser's key as well.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator import encode
from tests.tamper.chapters import ERASURE, ident
from tests.tamper.harness import found, verify_simulated
from tests.tamper.redacting import (
    hide,
    lines_of,
    name,
    place_of,
    put,
    unnamed_ledger,
)

REDACTABLE = (
    "erasure.measure_taken.v1",
    "erasure.recipients_notified.v1",
    "optout.policy_file_fetched.v1",
)


@pytest.mark.parametrize("kind", REDACTABLE)
def test_a_named_line_is_redacted_by_its_event(tmp_path, kind):
    """The verdict is what it was; the report says which event redacted it."""
    ledger = unnamed_ledger()
    seq, place = place_of(kind)
    at = name(ledger, seq, place).removeprefix("event ")
    hide(ledger, seq, place)
    report = verify_simulated(ledger, tmp_path)

    assert ("L1", 0, []) == (report.verdict, report.exit_code, found(report))
    event = {"event": f"{seq}.{place}", "by": at, "state": "redacted"}
    assert ([event], 1) == (report.redacted, report.redacted_total)
    assert f"REDACTED_BY     {at}   event {seq}.{place}\n" in report.as_text()


def test_the_report_says_what_was_not_judged(tmp_path):
    """Counts, a line on the rules, and what is not proven."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    sound = verify_simulated(ledger, tmp_path)
    name(ledger, seq, place)
    hide(ledger, seq, place)
    report = verify_simulated(ledger, tmp_path)

    assert (1, 1) == (report.counts["redacted"], report.counts["redactions"])
    assert sound.counts["events_judged"] == report.counts["events_judged"]
    text = report.as_text()
    assert "; 1 redacted lines not judged\n" in text
    assert "DOES NOT PROVE  what 1 redacted lines said" in text
    assert "redacted" not in sound.as_text()


def test_a_named_line_that_is_not_yet_redacted_is_noted(tmp_path):
    """A kill between event and act is no tampering."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    at = name(ledger, seq, place).removeprefix("event ")
    report = verify_simulated(ledger, tmp_path)

    assert ("L1", 0) == (report.verdict, report.exit_code)
    assert "named" == report.redacted[0]["state"]
    assert f"NOTED           event {seq}.{place}: not yet redacted by {at}\n" in (
        report.as_text()
    )
    assert "redacted lines" not in report.as_text()


@pytest.mark.parametrize(
    "kind", [*REDACTABLE, "optout.url_scanned.v1", "erasure.planned.v1"]
)
def test_line_hidden_without_an_event(tmp_path, kind):
    """A line that no event names is missing, and comes before what follows from it."""
    ledger = unnamed_ledger()
    seq, place = place_of(kind)
    hide(ledger, seq, place)
    report = verify_simulated(ledger, tmp_path)

    assert ("LINE_REDACTED", f"event {seq}.{place}") == found(report)[0]
    assert 1 == report.exit_code


def test_another_line_hidden_than_the_one_that_is_named(tmp_path):
    """The hidden one is missing."""
    ledger = unnamed_ledger()
    seq, place = place_of("erasure.recipients_notified.v1")
    other, other_place = place_of("erasure.measure_taken.v1")
    name(ledger, seq, place)
    hide(ledger, other, other_place)

    assert [("LINE_REDACTED", f"event {other}.{other_place}")] == found(
        verify_simulated(ledger, tmp_path)
    )


@pytest.mark.parametrize(
    "line",
    [
        b"redacted " + b"00" * 32,
        b"redacted " + b"AA" * 32,
        b"redacted ",
        b"redacted " + b"00" * 33,
        b"",
    ],
    ids=["another-hash", "upper-case", "no-hash", "long-hash", "nothing"],
)
def test_line_replaced_by_a_wrong_hash(tmp_path, line):
    """Named or not, the lines no longer make the signed root."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    name(ledger, seq, place)
    put(ledger, seq, place, line)

    assert ("EVENTS_ROOT", f"entry {seq}") == found(verify_simulated(ledger, tmp_path))[
        0
    ]


def test_named_line_swapped_for_another_event(tmp_path):
    """A line that an event names must be the old one, or its hash."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    name(ledger, seq, place)
    put(ledger, seq, place, lines_of(ledger, seq)[place].replace(b"200", b"404"))

    assert ("EVENTS_ROOT", f"entry {seq}") == found(verify_simulated(ledger, tmp_path))[
        0
    ]


def test_another_line_changed_beside_a_redacted_one(tmp_path):
    """A redacted line excuses no other one of its submission."""
    ledger = unnamed_ledger()
    seq, place = place_of("erasure.recipients_notified.v1")
    name(ledger, seq, place)
    hide(ledger, seq, place)
    lines = lines_of(ledger, seq)
    put(ledger, seq, 0, lines[0].replace(b"objection", b"unlawful"))
    report = verify_simulated(ledger, tmp_path)

    assert ("EVENTS_ROOT", f"entry {seq}") == found(report)[0]
    assert "STO-5" == report.first.rule


@pytest.mark.parametrize(
    "kind",
    [
        "keys.compromised.v1",
        "keys.granted.v1",
        "policy.adopted.v1",
        "ingest.record_decided.v1",
        "shards.record_assigned.v1",
        "training.run_failed.v1",
        "spool.events_dropped.v1",
    ],
)
def test_eraser_redacts_a_line_of_another_family(tmp_path, kind):
    """Named or not, no line of a signer without such types is ever redacted."""
    ledger = unnamed_ledger()
    seq, place = place_of(kind, 1 if kind == "keys.granted.v1" else 0)
    name(ledger, seq, place)
    hide(ledger, seq, place)
    codes = {where: code for code, where in found(verify_simulated(ledger, tmp_path))}

    assert "LINE_REDACTED" == codes[f"event {seq}.{place}"]


def test_genesis_redacted(tmp_path):
    """Event 0.0 is what everything rests on."""
    ledger = unnamed_ledger()
    name(ledger, 0, 0)
    hide(ledger, 0, 0)

    assert ("GENESIS", "entry 0") == found(verify_simulated(ledger, tmp_path))[0]


@pytest.mark.parametrize(
    "kind",
    [
        "keys.granted.v1",
        "optout.records_quarantined.v1",
        "optout.url_scanned.v1",
        "erasure.records_erased.v1",
        "erasure.weights_deleted.v1",
    ],
)
def test_eraser_names_a_line_on_which_rules_rest(tmp_path, kind):
    """While it stands in clear, the event that names it is the finding."""
    ledger = unnamed_ledger()
    at = name(ledger, *place_of(kind))

    assert [("REDACTION", at)] == found(verify_simulated(ledger, tmp_path))


def test_eraser_redacts_a_redaction(tmp_path):
    """An event that names itself, or an earlier redaction, is the finding."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    first = int(name(ledger, seq, place).removeprefix("event ").removesuffix(".0"))

    assert [("REDACTION", name(ledger, first, 0))] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_eraser_hides_a_scan_that_a_decision_cites(tmp_path):
    """What cites it is refused: redaction hides nothing that is needed."""
    ledger = unnamed_ledger()
    seq, place = place_of("optout.url_scanned.v1")
    name(ledger, seq, place)
    hide(ledger, seq, place)
    codes = {code for code, _ in found(verify_simulated(ledger, tmp_path))}

    assert codes & {"SCAN", "DECISION_BASIS"}


def test_eraser_hides_a_plan(tmp_path):
    """The steps that follow have nothing to follow."""
    ledger = unnamed_ledger()
    seq, place = place_of("erasure.planned.v1")
    name(ledger, seq, place)
    hide(ledger, seq, place)

    assert "ERASURE_ORDER" == found(verify_simulated(ledger, tmp_path))[0][0]


CHANGES = {
    "place-beyond": {"places": [1023]},
    "descending": {"places": [2, 1]},
    "twice": {"places": [1, 1]},
    "erasure-without-id": {"reason": "erasure"},
    "id-without-erasure": {"erasure_id": ERASURE},
    "erasure-unknown": {"reason": "erasure", "erasure_id": ident("nobody")},
}


@pytest.mark.parametrize("change", CHANGES)
def test_redaction_that_breaks_its_rule(tmp_path, change):
    """XEV-22, field by field."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    at = name(ledger, seq, place, **CHANGES[change])

    assert [("REDACTION", at)] == found(verify_simulated(ledger, tmp_path))


@pytest.mark.parametrize("ahead", [0, 1], ids=["its-own", "ahead"])
def test_redaction_of_an_entry_that_is_not_earlier(tmp_path, ahead):
    """An event names lines of entries before its own."""
    ledger = unnamed_ledger()
    at = name(ledger, len(ledger.entries) + ahead, 0)

    assert [("REDACTION", at)] == found(verify_simulated(ledger, tmp_path))


def test_redaction_id_twice(tmp_path):
    """Each redaction has an id of its own."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    name(ledger, seq, place, redaction_id=ident("one"))
    at = name(ledger, seq, place, redaction_id=ident("one"))

    assert [("REDACTION", at)] == found(verify_simulated(ledger, tmp_path))


def test_redaction_for_an_erasure(tmp_path):
    """The reason erasure goes with an erasure that was requested."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    name(ledger, seq, place, reason="erasure", erasure_id=ERASURE)
    hide(ledger, seq, place)

    assert [] == found(verify_simulated(ledger, tmp_path))


def test_text_of_a_redacted_line_that_was_signed_as_it_is(tmp_path):
    """What a signer wrote in this form is no redaction: it is a malformed event."""
    ledger = unnamed_ledger()
    seq = ledger.submit("eraser", [b"redacted " + b"11" * 32])

    assert [("EVENT_MALFORMED", f"event {seq}.0")] == found(
        verify_simulated(ledger, tmp_path)
    )


def test_naming_event_of_an_unknown_type(tmp_path):
    """A later type may name lines, so the answer is that this reader cannot tell."""
    ledger = unnamed_ledger()
    seq, place = place_of(REDACTABLE[2])
    hide(ledger, seq, place)
    later = ledger.event("erasure.lines_redacted.v9", entry=seq)
    ledger.submit("eraser", [encode(later)])
    report = verify_simulated(ledger, tmp_path)

    assert ("INCOMPLETE", 5) == (report.verdict, report.exit_code)
    assert "whether an event names 1 redacted lines" in report.as_text()


@given(chosen=st.sets(st.sampled_from(REDACTABLE), min_size=1), as_one=st.booleans())
def test_no_redaction_changes_head_or_level(tmp_path_factory, chosen, as_one):
    """Whichever allowed lines go: same root, same links, same level."""
    folder = tmp_path_factory.mktemp("redacted")
    ledger = unnamed_ledger()
    at = sorted(map(place_of, chosen))
    for seq in sorted({seq for seq, _ in at}):
        places = [place for other, place in at if other == seq]
        for some in [places] if as_one else [[place] for place in places]:
            name(ledger, seq, *some)
    before = verify_simulated(ledger, folder)
    for seq, place in at:
        hide(ledger, seq, place)
    after = verify_simulated(ledger, folder)

    assert (before.head, before.verdict, before.levels) == (
        after.head,
        after.verdict,
        after.levels,
    )
    assert len(at) == after.counts["redacted"]
