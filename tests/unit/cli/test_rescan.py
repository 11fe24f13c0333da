"""scan of lists, rescan, and what persons and licences make of a scan."""

import hashlib

import pytest

from ledger.events.ingest import RecordDecided
from ledger.events.optout import RecordsQuarantined, UrlScanned
from ledger.quarantine import Quarantine
from producers.demo import site as demo
from producers.optout.net.turns import SPACING_S
from producers.scanning import ScanOptions
from tests.unit.cli.desk import Desk
from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.workspace.office import jsonl, leaks, new_office, record

PAGE = "https://clear.example/a.html"
OTHER_PAGE = "https://allow-all.example/b.html"
RESERVED = (("tdm-reservation", "1"),)
MALFORMED = (("tdm-reservation", "maybe"),)
FREE = {"licence": "", "source": "web"}


def page(name, url=PAGE, **changes):
    """A record that was copied from a page."""
    return record(name, f"The text of {name}.", url=url, **{**FREE, **changes})


@pytest.fixture
def office(tmp_path):
    """An empty workspace."""
    return new_office(tmp_path / "acme")


@pytest.fixture
def desk(office, capsys, site, tmp_path):
    """A shell in it."""
    return Desk(Shell(capsys, office.folder), site, tmp_path)


def decisions(office):
    """The decisions, oldest first, as (decision, reasons)."""
    return [
        (one.decision, " ".join(one.reasons)) for one in office.events(RecordDecided)
    ]


# scan


def test_list_of_urls(desk, office, tmp_path):
    """A list is scanned line by line; blanks and comments are left out."""
    listed = f"# sites\n{PAGE}\n\n  {OTHER_PAGE}\r\n".encode()
    ran = desk.w("scan", "--from", write(tmp_path / "urls", listed))

    assert 0 == ran.code, ran
    assert {f"allowed   {PAGE}", f"allowed   {OTHER_PAGE}"} == set(ran.out.splitlines())
    assert 2 == len(office.events(UrlScanned))
    office.check()


def test_resume(desk, office, tmp_path):
    """What the last day's scans could read is left out; what they could not is not."""
    unread = "https://robots-503.example/"
    urls = write(tmp_path / "urls", f"{PAGE}\n{unread}\n".encode())
    desk.w("scan", "--from", urls)
    again = desk.w("scan", "--from", urls, OTHER_PAGE, "--resume")

    assert {OTHER_PAGE, unread} == {line.split()[1] for line in again.out.splitlines()}
    assert 4 == len(office.events(UrlScanned))


def test_resume_keeps_the_verdict(desk):
    """A no that is not asked for again is still a no."""
    refused = "https://disallow-all.example/a.html"
    desk.w("scan", refused)
    ran = desk.w("scan", refused, "--resume")

    assert (3, "") == (ran.code, ran.out)
    assert "skipped, scanned within the last day: 1 reserved" in ran.err


def test_resume_by_another_policy(desk, office):
    """What was scanned under another policy is scanned again."""
    desk.ingest(page("a"))
    desk.w("scan", PAGE, "--resume")
    desk.w("scan", PAGE, "--resume")

    assert 2 == len({one.policy_sha256 for one in office.events(UrlScanned)})
    assert 2 == len(office.events(UrlScanned))


def test_resume_by_other_rules(desk, office, monkeypatch):
    """What another version of the scanner read is scanned again."""
    with monkeypatch.context() as older:
        older.setattr("producers.optout.asking.scan.SCANNER", "tuneledger-optout/1")
        desk.w("scan", PAGE)
    desk.w("scan", PAGE, "--resume")

    assert 2 == len(office.events(UrlScanned))


@pytest.mark.parametrize("option", ["--piracy-list", "--registry"])
def test_resume_by_other_lists(desk, office, tmp_path, option):
    """What was scanned without a list, or with another one, is scanned again."""
    path = tmp_path / "list"
    desk.w("scan", PAGE)
    for name in ("other.test", "other.test", "another.test"):
        path.write_text(f"{name}\n")
        desk.w("scan", PAGE, "--resume", option, path)

    assert 3 == len(office.events(UrlScanned))


def test_spacing_is_the_callers_choice(site):
    """Whoever connects spares the sites, however names are resolved."""
    assert SPACING_S == ScanOptions(resolver=site).spacing_s


def test_details(desk, say):
    """Usages, bases, and every channel with the line that it decides by."""
    say(RESERVED)
    ran = desk.w("scan", PAGE, "--details")

    assert 3 == ran.code
    assert ran.out.startswith(f"reserved  {PAGE} tdm_reserved\n")
    for text in (
        "  usages: tdm reserved  train reserved",
        "  basis eu_article_4: closed; ",
        "  basis uk_s29a: not_by_scan; ",
        "  tdm_header  parsed  reserved",
        "  robots_txt  absent  allowed\n",
    ):
        assert text in ran.out, ran.out


def test_piracy_list_and_registry(desk, office, tmp_path):
    """Lists are consulted, and the scan names the version of the piracy list."""
    shunned = write(tmp_path / "piracy", b"clear.example\n")
    registry = write(tmp_path / "registry", b"allow-all.example\n")
    lists = ("--piracy-list", shunned, "--registry", registry)
    ran = desk.w("scan", PAGE, OTHER_PAGE, *lists)

    assert 3 == ran.code
    assert {
        f"reserved  {PAGE} piracy_site",
        f"reserved  {OTHER_PAGE} registry_listed",
    } == set(ran.out.splitlines())
    digest = hashlib.sha256(shunned.read_bytes()).hexdigest()
    assert {digest} == {one.piracy_list_sha256 for one in office.events(UrlScanned)}
    with office.open() as workspace:
        for path in (shunned, registry):
            kept = hashlib.sha256(path.read_bytes()).hexdigest()
            assert path.read_bytes() == workspace.evidence.get(kept)
    office.check()


def test_terms_wait_for_a_person(desk, monkeypatch):
    """Terms that speak of mining are located, and never decided."""
    prose = "Be kind.\nText and data mining is not permitted without our consent.\n"
    files = {"/terms": demo.Answer(body=prose)}
    monkeypatch.setitem(demo.POLICIES, "clear", demo.SitePolicy(files=files))
    ran = desk.w("scan", PAGE, "--tos", "https://clear.example/terms")
    [waiting] = desk.w("review", "list", "--json").json()["scans"]
    shown = desk.w("review", "show", waiting["scan_id"]).out

    assert (3, f"unknown   {PAGE} terms_of_use\n") == (ran.code, ran.out)
    assert "  2: Text and data mining is not permitted without our consent.\n" in shown


def test_bad_urls_end_nothing(desk, office):
    """A URL that cannot be looked at is told; the others are scanned."""
    ran = desk.w("scan", "ftp://x.example/", PAGE)

    check_one_error(ran, 2, "1 URL could not be scanned")
    assert f"allowed   {PAGE}\n" == ran.out
    assert 1 == len(office.events(UrlScanned))


BAD_LISTS = {
    "missing": (None, "cannot be read"),
    "long-line": (b"x" * 65_537, "line 1: expected at most 65536 bytes"),
    "not-utf-8": (b"# a\nhttp://\xff/\n", "line 2: expected UTF-8"),
}


@pytest.mark.parametrize(("content", "text"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_list_that_cannot_be_read(desk, tmp_path, content, text):
    """One line says which line of the list."""
    path = tmp_path / "urls"
    if content is not None:
        write(path, content)

    check_one_error(desk.w("scan", "--from", path), 2, text)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--workers", "0"),
        ("--piracy-list", "/missing"),
        ("--registry", "/missing"),
        ("--tos", "not a url"),
        ("--replay",),
        ("--warc", "never"),
    ],
    ids=["nothing", "workers", "piracy", "registry", "terms", "replay", "warc"],
)
def test_scan_usage(desk, office, options):
    """Refused in one line, and nothing is scanned."""
    check_one_error(desk.w("scan", *([PAGE] if options else []), *options), 2, "")
    assert [] == office.events(UrlScanned)


# What persons decide


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


# What licences override


def add_licence(desk, *more):
    """Licence the site of `PAGE` for training in the EU; return its id."""
    added = desk.w(
        *("licence", "add", "--spdx", "CC-BY-4.0", "--site", "https://clear.example"),
        *("--permit", "train", "--permit", "commercial", "--jurisdiction", "eu"),
        *("--ends", "2099-12-31", *more),
    )
    return added.out.strip()


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


# rescan


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
