"""rescan: what it finds, what it names, and what it could not look at."""

import pytest

from ledger.events.optout import RecordsQuarantined, UrlScanned
from producers.demo import site as demo
from tests.unit.cli.pages import (
    MALFORMED,
    OTHER_PAGE,
    PAGE,
    RESERVED,
    add_licence,
    page,
)
from tests.unit.cli.shell import check_one_error
from tests.unit.workspace.office import leaks


def test_nothing_to_rescan(desk):
    """Without records from sites there is nothing to ask."""
    ran = desk.w("rescan")

    assert (0, "urls         none\nquarantined  0 records\n") == (ran.code, ran.out)


def test_still_allowed(desk, office):
    """Where nothing changed, nothing is taken out."""
    desk.ingest(page("a"), page("b", OTHER_PAGE))
    ran = desk.w("rescan")

    assert (0, "urls         2 allowed\nquarantined  0 records\n") == (
        ran.code,
        ran.out,
    )
    assert [] == office.events(RecordsQuarantined)


def test_a_later_reservation_quarantines(desk, office, say):
    """Records of the URL go, by the scan that they were accepted on; others stay."""
    desk.ingest(page("a"), page("b"), page("c", OTHER_PAGE))
    before = [one.scan_id for one in office.events(UrlScanned)]
    say(RESERVED)
    ran = desk.w("rescan")

    assert 3 == ran.code, ran
    assert f"reserved  {PAGE} tdm_reserved\n" in ran.out
    assert "urls         1 allowed, 1 reserved\nquarantined  2 records\n" in ran.out
    events = office.events(RecordsQuarantined)
    [later] = {one.scan_id for one in events}
    assert before[:2] == [one.earlier_scan_id for one in events]
    assert later not in before
    office.check()


def test_a_quarantined_record_is_not_scanned_again(desk, say):
    """A second rescan finds nothing left to ask."""
    desk.ingest(page("a"))
    say(RESERVED)
    desk.w("rescan")

    assert (0, "urls         none\nquarantined  0 records\n") == (
        (again := desk.w("rescan")).code,
        again.out,
    )


def test_what_saw_the_records_is_named(desk, office, say):
    """Shards, runs, weights and the model that were trained on them."""
    pytest.importorskip("torch")
    desk.ingest(page("a"), *(page(f"b{n}", OTHER_PAGE) for n in range(5)))
    run_id = office.train()
    say(RESERVED)
    found = desk.w("rescan", "--json").json()

    assert "tuneledger.rescan/1" == found["schema"]
    assert 1 == len(found["quarantined"]) == len(found["shards"])
    assert [run_id] == found["runs"]
    assert ["byte-gpt"] == found["models"]
    assert found["weights"]
    assert set(found["served"]) <= set(found["weights"])
    office.check()


def test_the_next_run_leaves_them_out(desk, office, say):
    """A training after the rescan verifies, and saw one record less."""
    pytest.importorskip("torch")
    desk.ingest(page("a"), *(page(f"b{n}", OTHER_PAGE) for n in range(5)))
    office.train()
    say(RESERVED)
    desk.w("rescan")
    office.train()

    live = sum(sum(shard.live.values()) for shard in office.shards().values())
    assert 5 == live
    office.check()


def test_what_could_not_be_looked_at_is_told(desk, office, monkeypatch):
    """A record of a URL whose reader broke stays; it is counted, printed, exit 70."""
    desk.ingest(page("a"), page("b", OTHER_PAGE))
    real = desk.site

    def failing(host, port, scheme):
        if host == "clear.example":
            raise RuntimeError(host)
        return real(host, port, scheme)

    monkeypatch.setattr(desk, "site", failing)
    ran, document = desk.w("rescan"), desk.w("rescan", "--json").json()

    check_one_error(ran, 70, "internal error at 1 URL")
    assert "urls         1 allowed, 1 internal_error\n" in ran.out
    assert f"kept         1 record whose URL failed:\nfailed       {PAGE}\n" in ran.out
    assert ([PAGE], 1) == (document["failed"], document["kept_failed"])
    assert [] == office.events(RecordsQuarantined)


def test_what_else_is_unknown_is_not_kept(desk, office, monkeypatch):
    """A site that could not be read in part, and said something unclear, is a no."""
    desk.ingest(page("a"))
    for cache in office.folder.glob("*.cache*"):
        cache.unlink()
    gone = {"/ai.txt": demo.Answer(status=500)}
    unclear = demo.SitePolicy(files=gone, page_headers=MALFORMED)
    monkeypatch.setitem(demo.POLICIES, "clear", unclear)
    ran = desk.w("rescan", "--keep-unreadable")

    assert "quarantined  1 record\n" in ran.out
    assert {"unreadable", "malformed_signal"} == set(
        office.events(UrlScanned)[-1].reasons
    )
    office.check()


def test_unreadable_is_quarantined_unless_kept(desk, office, say, monkeypatch):
    """Unknown blocks; only who asks for it keeps what could not be read."""
    desk.ingest(page("a"))
    monkeypatch.setattr(
        demo, "answer", lambda *_, **__: demo.Answer(status=500, body="")
    )
    kept = desk.w("rescan", "--keep-unreadable")
    gone = desk.w("rescan")

    assert [3, 3] == [kept.code, gone.code]
    assert "kept         1 record whose site could not be read\n" in kept.out
    assert "quarantined  0 records\n" in kept.out
    assert "quarantined  1 record\n" in gone.out


def test_a_new_question_quarantines_until_it_is_cleared(desk, office, say):
    """What no parser decides blocks here too; a cleared scan does not."""
    say(MALFORMED)
    desk.ingest(page("a"))
    [first] = office.events(UrlScanned)
    desk.w("review", "decide", first.scan_id, "--clear")
    desk.ingest(page("a"))
    cleared = desk.w("rescan")
    say((("tdm-reservation", "perhaps"),))
    asked = desk.w("rescan")

    assert [0, 3] == [cleared.code, asked.code]
    assert "quarantined  1 record\n" in asked.out
    office.check()


def robots_changed(monkeypatch):
    """Let the site's robots.txt refuse everybody from now on."""
    files = {"/robots.txt": demo.Answer(body="User-agent: *\nDisallow: /\n")}
    monkeypatch.setitem(demo.POLICIES, "clear", demo.SitePolicy(files=files))


def test_known_policy_files_are_told(desk, monkeypatch):
    """What changed within the day is not seen, and the line says what would see it."""
    desk.ingest(page("a"))
    robots_changed(monkeypatch)
    ran = desk.w("rescan")

    assert 0 == ran.code
    told = "policy files of 1 site not asked again (oldest under 1 min; --fresh asks)\n"
    assert told in ran.err


@pytest.mark.parametrize("command", [["rescan"], ["scan", PAGE]], ids=" ".join)
def test_fresh_asks_for_policy_files_again(desk, monkeypatch, command):
    """Also where they were read within the day; no file is told that was known."""
    desk.ingest(page("a"))
    robots_changed(monkeypatch)
    ran = desk.w(*command, "--fresh")

    assert 3 == ran.code
    assert f"reserved  {PAGE} robots_disallow" in ran.out
    assert "not asked again" not in ran.err


def test_a_licensed_url_says_by_which_licence(desk, say):
    """In the line, and in the document; it is no failure."""
    say(RESERVED)
    licence_id = add_licence(desk)
    desk.ingest(page("a"))
    ran, document = desk.w("rescan"), desk.w("rescan", "--json").json()

    assert 0 == ran.code
    assert f"reserved  {PAGE} tdm_reserved [licence {licence_id}]\n" in ran.out
    assert [[licence_id]] == [one["licences"] for one in document["not_allowed"]]


def test_names_stay_in_the_vault(desk, office, say):
    """Neither the ledger nor the cache of policy files holds a name."""
    desk.ingest(page("a"))
    say(RESERVED)
    desk.w("rescan")

    assert [] == leaks(office.folder, [b"clear.example", b"a.html"], but={".vault"})
