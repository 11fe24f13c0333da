"""What a scan, an ingest, a rescan or a revocation takes out, and what it keeps."""

import pytest

from ledger.events.ingest import RecordDecided
from ledger.events.optout import RecordsQuarantined, UrlScanned
from ledger.records.quarantine import Quarantine
from producers.demo import site as demo
from tests.unit.cli.pages import (
    MALFORMED,
    OTHER_PAGE,
    PAGE,
    RESERVED,
    add_licence,
    decisions,
    page,
)
from tests.unit.cli.shell import check_one_error, write


def test_a_licence_keeps_what_it_covers(desk, office, say):
    """What rests on a licence in force is left alone, until it is revoked."""
    say(RESERVED)
    licence_id = add_licence(desk)
    desk.ingest(page("a"))
    kept = desk.w("rescan")
    gone = desk.w("licence", "revoke", licence_id)

    assert [0, 0] == [kept.code, gone.code]
    assert f"revoked {licence_id} (ended)\nquarantined  1 record\n" in gone.out
    assert [licence_id] == [one.licence_id for one in office.events(RecordsQuarantined)]
    assert "urls         none\n" in desk.w("rescan").out
    office.check()


def test_a_revocation_names_what_saw_the_records(desk, office):
    """Shards, runs and weights; the next run leaves the records out."""
    pytest.importorskip("torch")
    licence_id = add_licence(desk, "--starts", "2020-01-01")
    desk.ingest(page("a"), *(page(f"b{n}", OTHER_PAGE) for n in range(5)))
    run_id = office.train()
    gone = desk.w("licence", "revoke", licence_id)
    office.train()

    assert f"runs         {run_id}\n" in gone.out
    assert "next: the next `tuneledger train` leaves out" in gone.err
    assert 5 == sum(sum(shard.live.values()) for shard in office.shards().values())
    office.check()


def test_a_licence_does_not_follow_a_redirect(desk, office, monkeypatch):
    """Where the page moved to a site of others that reserves, the record goes."""
    add_licence(desk)
    desk.ingest(page("a"))
    moved = demo.Answer(status=301, headers=(("Location", OTHER_PAGE),))
    asked = demo.SitePolicy(files={"/a.html": moved})
    monkeypatch.setitem(demo.POLICIES, "clear", asked)
    reserving = demo.SitePolicy(page_headers=RESERVED)
    monkeypatch.setitem(demo.POLICIES, "allow-all", reserving)
    ran = desk.w("rescan")

    assert (3, 1) == (ran.code, len(office.events(RecordsQuarantined)))
    office.check()


def test_a_plain_scan_takes_out_what_it_finds_reserved(desk, office, say):
    """In its own submission, and it says so."""
    desk.ingest(page("a"), page("b", OTHER_PAGE))
    say(RESERVED)
    ran = desk.w("scan", PAGE, OTHER_PAGE)

    assert (3, 1) == (ran.code, len(office.events(RecordsQuarantined)))
    assert "quarantined 1 record of these URLs" in ran.err
    office.check()


def test_an_ingest_takes_out_what_it_finds_reserved(desk, office, say):
    """A second record of the page asks the site again."""
    desk.ingest(page("a"))
    say(RESERVED)
    desk.ingest(page("b"))

    assert [("accepted", "scan_clear"), ("blocked", "scan_reserved")] == (
        decisions(office)
    )
    assert 1 == len(office.events(RecordsQuarantined))
    office.check()


def test_a_cleared_question_that_came_back(desk, office, say):
    """After a quarantine a person must clear the page's new scan (XEV-6)."""
    say(MALFORMED)
    desk.ingest(page("a"))
    [first] = office.events(UrlScanned)
    desk.w("review", "decide", first.scan_id, "--clear")
    desk.ingest(page("a"))
    say(RESERVED)
    desk.w("rescan")
    say(MALFORMED)
    waiting = desk.ingest(page("a"))
    desk.w("review", "decide", office.events(UrlScanned)[-1].scan_id, "--clear")
    again = desk.ingest(page("a"))

    assert [4, 0] == [waiting.code, again.code]
    office.check()


def test_train_refuses_what_is_not_allowed_any_more(desk, office, say, monkeypatch):
    """Where an older scan left the records in; the line says what to run."""
    desk.ingest(page("a"))
    say(RESERVED)
    with monkeypatch.context() as older:
        older.setattr(Quarantine, "_fallen", lambda *_: [])
        desk.w("scan", PAGE)
    base = write(desk.folder / "base.txt", b"Some public text. " * 64)
    ran = desk.w("train", "--base-text", base)

    check_one_error(ran, 3, "run rescan")
    assert 3 == desk.w("rescan").code
    assert 1 == len(office.events(RecordsQuarantined))
    office.check()


def test_no_licence_keeps_the_text_of_a_piracy_site(desk, office, say, tmp_path):
    """Where its site is listed, a licensed text goes; otherwise it stays, reserved."""
    shunned = write(tmp_path / "piracy", b"clear.example\n")
    others = write(tmp_path / "others", b"pirate.example\n")
    say(RESERVED)
    add_licence(desk)
    desk.ingest(page("a"))
    unlisted = desk.w("rescan", "--piracy-list", others)
    listed = desk.w("rescan", "--piracy-list", shunned)

    assert [0, 3] == [unlisted.code, listed.code]
    assert "urls         1 reserved\nquarantined  0 records\n" in unlisted.out
    assert "quarantined  1 record\n" in listed.out
    office.check()


def test_quarantined_text_may_come_back(desk, office, say):
    """Where it is allowed again, the same id is ingested anew as another record."""
    desk.ingest(page("a"))
    say(RESERVED)
    desk.w("rescan")
    say(())
    again = desk.ingest(page("a"))

    assert 0 == again.code, again
    assert 2 == len({one.record_id for one in office.events(RecordDecided)})
    office.check()
