"""scan, rescan: exit codes, what to do next, and options that say nothing."""

import json

import pytest

from ledger.events.optout import UrlScanned
from producers.demo import site as demo
from producers.optout.net.resolve import RefusedError
from tests.unit.cli.pages import (
    MALFORMED,
    OTHER_PAGE,
    PAGE,
    REFUSED,
    RESERVED,
    UNREAD,
    page,
)
from tests.unit.cli.shell import check_one_error


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
