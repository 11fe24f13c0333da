"""What scan and rescan print: causes, decisions of persons, names, and what is next."""

import json

import pytest

from ledger.events.ingest import RecordDecided
from ledger.events.optout import UrlScanned
from producers.commands import rescan_output
from producers.demo import site as demo
from producers.optout.net.resolve import RefusedError
from tests.unit.cli.desk import Desk
from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.workspace.office import leaks, new_office, record

PAGE = "https://clear.example/a.html"
OTHER_PAGE = "https://allow-all.example/b.html"
UNREAD = "https://robots-503.example/"
REFUSED = "https://disallow-all.example/a.html"
MALFORMED = (("tdm-reservation", "maybe"),)
RESERVED = (("tdm-reservation", "1"),)


@pytest.fixture
def office(tmp_path):
    """An empty workspace."""
    return new_office(tmp_path / "acme")


@pytest.fixture
def desk(office, capsys, site, tmp_path):
    """A shell in it."""
    return Desk(Shell(capsys, office.folder), site, tmp_path)


def page(name, url=PAGE):
    """A record that was copied from a page."""
    return record(name, f"The text of {name}.", url=url, licence="", source="web")


def reviewed(desk, office, choice="--clear"):
    """Scan a page that a person must read, and decide; the scan's id."""
    desk.w("scan", PAGE)
    scan_id = office.events(UrlScanned)[-1].scan_id
    desk.w("review", "decide", scan_id, choice)
    return scan_id


# Causes


def test_a_line_says_why_it_could_not_be_read(desk):
    """The file and the status of its answer are in the line; what it means beside."""
    ran = desk.w("scan", UNREAD)

    assert f"unknown   {UNREAD} unreadable (http_503: robots_txt)\n" == ran.out
    assert "\ncauses:\n  http_503: the status of the answer\n" in ran.err


def test_details_say_of_each_channel_why(desk):
    """The cause stands at the channel, and the page was not asked for because of it."""
    out = desk.w("scan", "--details", UNREAD).out

    assert "  robots_txt  unreadable  unknown  (http_503)\n" in out
    assert (
        "  not asked, since robots.txt could not be read (http_503): tdm_header" in out
    )


def test_the_document_says_why(desk):
    """Causes by channel, and at each channel."""
    document = desk.w("scan", "--json", UNREAD).json()

    assert {"robots_txt": "http_503"} == document["causes"]
    [robots] = [one for one in document["channels"] if one["channel"] == "robots_txt"]
    assert "http_503" == robots["cause"]


def test_a_cause_of_many_files_is_said_once(desk, monkeypatch):
    """A site that cannot be reached at all has one cause, with one file by name."""

    def nowhere(_host, _port, _scheme):
        raise OSError

    monkeypatch.setattr(desk, "site", nowhere)

    assert " unreadable (dns: robots_txt and 5 more)\n" in desk.w("scan", PAGE).out


def test_sites_say_that_there_was_no_answer(desk, monkeypatch):
    """As far as an event shows it."""

    def nowhere(_host, _port, _scheme):
        raise OSError

    monkeypatch.setattr(desk, "site", nowhere)
    desk.w("scan", PAGE)

    assert "  robots_txt  unreadable  no answer  fetched " in desk.w("sites", PAGE).out


# Channels that were not asked, and where the others were


def test_details_name_what_was_not_asked(desk):
    """Lists that were not given, and documents that nobody named."""
    out = desk.w("scan", "--details", PAGE).out

    for text in (
        "  not asked, for lack of --registry: registry\n",
        "  not asked, for lack of --piracy-list: piracy_list\n",
        "  not asked, since no licence document was named: rsl_file\n",
        " no terms of use were named (--tos names some): terms_page\n",
    ):
        assert text in out


def test_details_say_that_robots_txt_keeps_us_from_the_page(desk):
    """What comes with a page is not asked where a crawler may not fetch it."""
    out = desk.w("scan", "--details", REFUSED).out

    reason = "since robots.txt does not let a crawler fetch the page (RFC 9309)"
    assert f"  not asked, {reason}: tdm_header x_robots_tag " in out


def test_details_name_the_site_that_a_redirect_led_to(desk, monkeypatch):
    """Each channel of the other site says so; those of the asked one do not."""
    moved = demo.Answer(status=301, headers=(("Location", OTHER_PAGE),))
    asked = demo.SitePolicy(files={"/a.html": moved})
    monkeypatch.setitem(demo.POLICIES, "clear", asked)
    out = desk.w("scan", "--details", PAGE).out

    assert f"  redirected to {OTHER_PAGE}\n" in out
    assert "  ai_txt  absent  allowed\n" in out
    assert "  ai_txt  absent  allowed  at https://allow-all.example\n" in out


def test_details_say_what_was_read_in_vain(desk):
    """In a page as in a file; what is not there as a file is absent."""
    out = desk.w("scan", "--details", PAGE).out

    assert "  tdm_header  parsed  allowed  says nothing\n" in out
    assert "  rsl_page  absent  allowed  says nothing\n" in out
    assert "  robots_txt  absent  allowed\n" in out
    assert "  access  parsed  allowed\n" in out


# What persons decided


def test_a_cleared_url_says_so(desk, office, say):
    """By which review of which scan, and until when; the verdict is the site's."""
    say(MALFORMED)
    scan_id = reviewed(desk, office)
    ran = desk.w("scan", PAGE)

    assert ran.out.startswith(f"unknown   {PAGE} malformed_signal [cleared by review ")
    assert f" of scan {scan_id} until 2" in ran.out
    assert 3 == ran.code
    assert "next: 1 URL cleared by a person" in ran.err


def test_an_upheld_url_says_so(desk, office, say):
    """A no of a person has no end."""
    say(MALFORMED)
    scan_id = reviewed(desk, office, "--uphold")

    assert desk.w("scan", PAGE).out.endswith(f" of scan {scan_id}]\n")


def test_the_document_has_the_review(desk, office, say):
    """Whole, for a program to read; none where nobody decided."""
    say(MALFORMED)
    before = desk.w("scan", "--json", PAGE).json()
    scan_id = reviewed(desk, office)
    after = desk.w("scan", "--json", PAGE).json()

    assert None is before["review"]
    assert ("cleared", scan_id) == (
        after["review"]["outcome"],
        after["review"]["scan_id"],
    )


def test_rescan_says_what_was_cleared(desk, office, say):
    """At the URL, and as a count."""
    say(MALFORMED)
    reviewed(desk, office)
    desk.ingest(page("a"))
    ran, document = desk.w("rescan"), desk.w("rescan", "--json").json()

    assert 0 == ran.code, ran
    assert "[cleared by review " in ran.out
    assert "cleared      1 URL by a person\n" in ran.out
    [one] = document["not_allowed"]
    assert "cleared" == one["review"]["outcome"]


# Names of what was taken out


def test_rescan_names_what_it_took_out(desk, office, say):
    """The owner's ids and URLs, for his eyes alone: none is in the ledger."""
    desk.ingest(page("mine-1"), page("mine-2"), page("mine-3", OTHER_PAGE))
    say(RESERVED)
    ran = desk.w("rescan")

    assert "quarantined  2 records\n" in ran.out
    assert f"  mine-1  {PAGE}\n" in ran.out
    assert f"  mine-2  {PAGE}\n" in ran.out
    assert "mine-3" not in ran.out
    assert [] == leaks(office.folder, [b"mine-1", b"clear.example"], but={".vault"})


def test_the_document_names_what_was_taken_out(desk, office, say):
    """With the record's id, so that the two can be joined."""
    desk.ingest(page("mine"))
    say(RESERVED)
    document = desk.w("rescan", "--json").json()

    [decided] = office.events(RecordDecided)
    expected = {"record_id": decided.record_id, "id": "mine", "url": PAGE}
    assert [expected] == document["taken_out"]


def test_a_revocation_names_what_it_took_out(desk, say):
    """As a rescan does."""
    say(RESERVED)
    added = desk.w(
        *("licence", "add", "--spdx", "CC-BY-4.0", "--site", "https://clear.example"),
        *("--permit", "train", "--permit", "commercial", "--jurisdiction", "eu"),
        *("--ends", "2099-12-31"),
    )
    desk.ingest(page("mine"))
    out = desk.w("licence", "revoke", added.out.strip()).out

    assert f"quarantined  1 record\n  mine  {PAGE}\n" in out


def test_many_names_are_cut(desk, say, monkeypatch):
    """A terminal gets the first, and how many more there are."""
    monkeypatch.setattr("producers.commands.rescans.SHOWN_MAX", 1)
    desk.ingest(page("a"), page("b"), page("c"))
    say(RESERVED)
    out = desk.w("rescan").out

    assert 1 == out.count(f"  {PAGE}\n")
    assert "  and 2 more, not named here\n" in out
    assert 1 < rescan_output.SHOWN_MAX < rescan_output.NAMED_MAX


# Lists of URLs


def test_a_comment_may_follow_a_url(desk, office, tmp_path):
    """After white space a # begins a comment; inside a URL it begins a fragment."""
    other = "https://clear.example/b.html#part"
    listed = f"{PAGE}  # the first\n{other}\t#second\n  # third\n".encode()
    ran = desk.w("scan", "--from", write(tmp_path / "urls", listed))

    assert 0 == ran.code, ran
    assert 2 == len(office.events(UrlScanned))
    assert "# the first" not in ran.out


def test_a_bad_line_is_named_by_its_number_in_the_file(desk, office, tmp_path):
    """Comments and blank lines count; the other lines are scanned."""
    path = write(tmp_path / "urls", f"# one\n\nftp://x.example/\n{PAGE}\n".encode())
    ran = desk.w("scan", "--from", path)

    check_one_error(ran, 2, "1 URL could not be scanned")
    assert f"{path}: line 3: url: expected an http or https URL" in ran.err
    assert 1 == len(office.events(UrlScanned))


def test_a_url_is_scanned_once(desk, office, tmp_path):
    """Wherever it stands and however it is written; the line says where it was."""
    other = "HTTPS://Clear.example:443/a.html#part"
    path = write(tmp_path / "urls", f"{OTHER_PAGE}\n{other}\n{OTHER_PAGE}\n".encode())
    ran = desk.w("scan", PAGE, PAGE, "--from", path)

    assert 0 == ran.code, ran
    assert 2 == len(office.events(UrlScanned))
    for line in (
        "URL 2: same as URL 1, scanned once\n",
        f"{path}: line 2: same as URL 1, scanned once\n",
        f"{path}: line 3: same as line 1, scanned once\n",
    ):
        assert line in ran.err


def test_what_is_remembered_of_urls_has_a_bound(desk, office, monkeypatch):
    """One that was not remembered is scanned again, and nothing else happens."""
    monkeypatch.setattr("producers.commands.url_lists.REMEMBERED_MAX", 1)
    desk.w("scan", PAGE, OTHER_PAGE, PAGE, OTHER_PAGE)

    assert 3 == len(office.events(UrlScanned))


def test_what_is_no_url_is_repeated(desk):
    """Whoever typed it sees what was read."""
    ran = desk.w("scan", "htp://clear.example/")

    assert "URL 1: url: expected an http or https URL with a host, found 'htp://" in (
        ran.err
    )


def test_a_scan_ends_with_its_verdicts(desk):
    """Once, and by verdict; progress before it counts URLs alone."""
    ran = desk.w("scan", PAGE, REFUSED, UNREAD)

    assert 1 == ran.err.count("verdicts: 1 allowed, 1 reserved, 1 unknown\n")


def test_a_list_of_comments_is_no_list(desk, tmp_path):
    """Nothing asked is nothing found, and no success."""
    path = write(tmp_path / "urls", b"# later\n\n")

    check_one_error(desk.w("scan", "--from", path), 2, "expected a URL on a line")


def test_bad_lines_and_bad_arguments_add_up(desk, tmp_path):
    """The error counts both."""
    path = write(tmp_path / "urls", b"ftp://x.example/\n")

    ran = desk.w("scan", "--from", path, "mailto:x@x.example")
    check_one_error(ran, 2, "2 URLs could not be scanned")


# Exit codes and next steps


@pytest.mark.parametrize(
    ("urls", "code", "text"),
    [
        ([PAGE], 0, ""),
        ([REFUSED], 3, "next: 1 URL reserved: leave out, or enter a licence"),
        ([UNREAD], 3, "next: 1 URL could not be read: scan again in an hour"),
        ([PAGE, REFUSED], 3, "next: 1 URL reserved"),
    ],
    ids=["allowed", "all-reserved", "unread", "some"],
)
def test_what_is_next(desk, urls, code, text):
    """The exit code of docs/spec.md, section 10, and one line that says what to do."""
    ran = desk.w("scan", *urls)

    assert code == ran.code
    assert ("next: " in ran.err) == bool(text)
    assert text in ran.err


def not_public(_host, _port, _scheme):
    """Resolves every name to an address of one's own network."""
    raise RefusedError("the name has an address that is not public")


def unknown_name(_host, _port, _scheme):
    """Resolves no name."""
    raise OSError


@pytest.mark.parametrize(
    ("resolve", "text"),
    [
        (not_public, "next: 1 URL at an address that is not public, which is never"),
        (unknown_name, "next: 1 URL whose host has no address: check the spelling"),
    ],
    ids=["refused-address", "dns"],
)
def test_what_is_next_by_cause(desk, monkeypatch, resolve, text):
    """Nobody is told to ask again what asking again cannot read."""
    monkeypatch.setattr(desk, "site", resolve)
    err = desk.w("scan", PAGE).err

    assert text in err
    assert "in an hour" not in err


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (404, "next: 1 URL gone from the site (http_404, http_410): leave out\n"),
        (410, "next: 1 URL gone from the site (http_404, http_410): leave out\n"),
        (401, "next: 1 URL behind a login or a paywall: leave out, or get lawful"),
        (500, "next: 1 URL could not be read: scan again in an hour"),
    ],
    ids=str,
)
def test_what_is_next_by_status(desk, monkeypatch, status, text):
    """The page's status says whether asking again may help."""
    files = {"/a.html": demo.Answer(status=status, body="")}
    monkeypatch.setitem(demo.POLICIES, "clear", demo.SitePolicy(files=files))

    assert text in desk.w("scan", PAGE).err


def test_what_a_person_must_read_is_next(desk, say):
    """The command that lists it."""
    say(MALFORMED)

    ran = desk.w("scan", PAGE)
    assert "next: 1 URL for a person to read: tuneledger review list\n" in ran.err


def test_a_skipped_no_says_how_to_see_why(desk):
    """Where --resume leaves out what is not allowed, the reasons are not at hand."""
    desk.w("scan", REFUSED)

    ran = desk.w("scan", REFUSED, "--resume")
    assert "next: 1 URL not allowed when scanned within the last day" in ran.err


def test_after_a_quarantine_the_next_run_is_named(desk, say):
    """What was taken out is left out of the next training."""
    desk.ingest(page("a"))
    say(RESERVED)

    assert "next: the next `tuneledger train` leaves out" in desk.w("rescan").err


def test_an_ingest_that_keeps_nothing_is_no_success(desk, say):
    """Where every record was blocked the exit code is 3, and a line says what next."""
    say(RESERVED)
    ran = desk.ingest(page("a"), page("b"))

    assert 3 == ran.code, ran
    assert "next: 2 records blocked and none accepted" in ran.err


def test_one_accepted_record_is_a_success(desk):
    """Blocked records beside it are decisions, and no failure."""
    ran = desk.ingest(page("a"), page("b", REFUSED))

    assert 0 == ran.code, ran
    assert "next: " not in ran.err


def test_the_status_says_that_reasons_may_be_several(desk, say):
    """It counts the first of each record, an ingest all; 1 is a singular."""
    say(RESERVED)
    desk.w(
        *("licence", "add", "--spdx", "MIT", "--site", "https://clear.example"),
        *("--permit", "train", "--permit", "commercial", "--jurisdiction", "eu"),
        *("--ends", "2099-12-31"),
    )
    ran = desk.ingest(page("a"))
    out = desk.w("status").out

    assert "accepted   1 decision by first reason: 1 licence_register\n" in out
    assert "a record may have several reasons\n" in ran.err


def test_a_record_that_waits_says_for_what(desk, say):
    """The command that lists the scans."""
    say(MALFORMED)
    ran = desk.ingest(page("a"))

    assert 4 == ran.code
    assert "next: 1 record for a person: `tuneledger review list`" in ran.err
    assert "then ingest the same file again" in ran.err


# Options that say nothing beside others


UNREAD_OPTIONS = {
    "replay-resume": (["--replay", "--resume"], "--resume says nothing beside"),
    "replay-details": (["--replay", "--details"], "--details says nothing beside"),
    "replay-json": (["--replay", "--json"], "--json says nothing beside"),
    "replay-workers": (["--replay", "--workers", "8"], "--workers says nothing beside"),
    "replay-tos": (["--replay", "--tos", PAGE], "--tos says nothing beside"),
    "replay-list": (["--replay", "--piracy-list", "x"], "--piracy-list says nothing"),
    "warc-registry": (["--warc", "w", "--registry", "x"], "--registry says nothing"),
    "warc-resume": (["--warc", "w", "--resume"], "--resume says nothing beside"),
    "json-details": (["--json", "--details", PAGE], "--details says nothing beside"),
    "resume-alone": (["--resume"], "--replay or --warc alone, found --resume"),
    "nothing": ([], "alone, found nothing"),
    "url-replay": ([PAGE, "--replay"], "alone, found URL and --replay"),
    "replay-warc": (["--replay", "--warc", "w"], "found --replay and --warc"),
    "replay-fresh": (["--replay", "--fresh"], "--fresh says nothing beside"),
    "no-such-list": (["--piracy-list", "nope.txt", PAGE], "nope.txt: site list: "),
    "no-such-registry": (["--registry", "nope.txt", PAGE], "nope.txt: site list: "),
}


@pytest.mark.parametrize(
    ("options", "text"), UNREAD_OPTIONS.values(), ids=UNREAD_OPTIONS
)
def test_nothing_is_left_unread(desk, office, options, text):
    """An option that nothing reads is refused, and nothing is done."""
    check_one_error(desk.w("scan", *options), 2, text)
    assert [] == office.events(UrlScanned)


def test_a_document_on_each_line(desk):
    """A list may be of any length, so each URL is a document by itself."""
    lines = desk.w("scan", "--json", PAGE, OTHER_PAGE).out.splitlines()

    assert {PAGE, OTHER_PAGE} == {json.loads(line)["url"] for line in lines}
