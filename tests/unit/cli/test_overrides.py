"""What persons and licences make of what a scan found."""

import hashlib

from ledger.events.ingest import RecordDecided
from ledger.events.optout import UrlScanned
from producers.demo import site as demo
from tests.unit.cli.pages import (
    MALFORMED,
    OTHER_PAGE,
    RESERVED,
    add_licence,
    decisions,
    page,
)
from tests.unit.cli.shell import write
from tests.unit.workspace.office import jsonl


def test_review_from_pending_to_accepted(desk, office, say):
    """A record waits until a person clears the scan; then it cites that scan."""
    say(MALFORMED)
    waiting = desk.ingest(page("a"))
    [first] = office.events(UrlScanned)
    desk.w("review", "decide", first.scan_id, "--clear")
    cleared = desk.ingest(page("a"))

    assert [4, 0] == [waiting.code, cleared.code]
    assert [("pending", "scan_review"), ("accepted", "review_cleared")] == (
        decisions(office)
    )
    assert first.scan_id == office.events(RecordDecided)[-1].scan_id
    office.check()


def test_upheld(desk, office, say):
    """Once a person has said no, the record waits no more: it is blocked."""
    say(MALFORMED)
    desk.ingest(page("a"))
    [first] = office.events(UrlScanned)
    desk.w("review", "decide", first.scan_id, "--uphold")
    desk.ingest(page("a"))

    assert ("blocked", "scan_unknown") == decisions(office)[-1]


def test_a_clearance_is_of_the_evidence(desk, office, say):
    """Where the site says something else, the clearance says nothing."""
    say(MALFORMED)
    desk.ingest(page("a"))
    [first] = office.events(UrlScanned)
    desk.w("review", "decide", first.scan_id, "--clear")
    say((("tdm-reservation", "perhaps"),))
    desk.ingest(page("a"))
    say(RESERVED)
    desk.ingest(page("a"))

    assert [("pending", "scan_review"), ("blocked", "scan_reserved")] == (
        decisions(office)[1:]
    )


def test_a_licence_overrides_a_reservation_and_names_it(desk, office, say):
    """The decision cites the licence and the scan whose reservation it overrides."""
    say(RESERVED)
    licence_id = add_licence(desk)
    desk.ingest(page("a"))

    [event] = office.events(RecordDecided)
    [scan] = office.events(UrlScanned)
    assert [("accepted", "licence_register scan_reserved")] == decisions(office)
    assert (licence_id, scan.scan_id) == (event.licence_id, event.scan_id)
    office.check()


def test_a_licence_covers_both_ends_of_a_redirect(desk, office, monkeypatch):
    """What another site answers is not covered by a licence of the asked one alone."""
    moved = demo.Answer(status=301, headers=(("Location", OTHER_PAGE),))
    asked = demo.SitePolicy(files={"/a.html": moved})
    monkeypatch.setitem(demo.POLICIES, "clear", asked)
    reserving = demo.SitePolicy(page_headers=RESERVED)
    monkeypatch.setitem(demo.POLICIES, "allow-all", reserving)
    one = add_licence(desk)
    desk.ingest(page("a"))
    both = add_licence(desk, "--site", "https://allow-all.example")
    desk.ingest(page("a"), page("b", licence=one))

    assert [
        ("blocked", "scan_reserved", ""),
        ("accepted", "licence_register scan_reserved", both),
        ("blocked", "scan_reserved licence_unclear", ""),
    ] == [
        (event.decision, " ".join(event.reasons), event.licence_id)
        for event in office.events(RecordDecided)
    ]
    office.check()


def test_a_piracy_site_grants_no_public_licence(desk, office, tmp_path):
    """A text with a public licence is blocked where its site is listed."""
    shunned = write(tmp_path / "piracy", b"clear.example\n")
    records = [
        page("a", licence="CC-BY-4.0"),
        page("b", OTHER_PAGE, licence="CC-BY-4.0"),
    ]
    file = write(tmp_path / "in.jsonl", jsonl(records))
    desk.w("ingest", file, "--piracy-list", shunned)

    [scan] = office.events(UrlScanned)
    assert ["piracy_site"] == scan.reasons
    assert [("blocked", "scan_reserved"), ("accepted", "licence")] == decisions(office)
    assert [scan.scan_id, ""] == [one.scan_id for one in office.events(RecordDecided)]
    office.check()


def test_text_of_another_response(desk, office):
    """A text that was taken from another response than the scan's is blocked."""
    body = demo.answer("clear.example", "/a.html", page_text="A page of clear.example.")
    same = hashlib.sha256(body.body.encode()).hexdigest()
    desk.ingest(
        page("same", response_sha256=same), page("other", response_sha256="0" * 64)
    )

    assert [("accepted", "scan_clear"), ("blocked", "response_differs")] == (
        decisions(office)
    )
    office.check()
