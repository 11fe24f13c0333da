"""scan --replay, scan --warc, and sites: what the kept evidence says."""

import gzip
import shlex

import pytest

from ledger.events.optout import PolicyFileFetched, UrlScanned
from producers.demo import site as demo
from producers.optout.net.resolve import Endpoint
from producers.optout.robots import reader as robots
from tests.unit.cli.shell import Shell, check_one_error
from tests.unit.workspace.office import new_office

OPEN, CLOSED = "https://allow-all.example/a.html", "https://disallow-all.example/b.html"
FIRST_DAY = "2026-09-21"
"""The day of `Clock`, on which an office is made, in UTC."""


@pytest.fixture
def office(tmp_path):
    """An empty workspace."""
    return new_office(tmp_path / "acme")


@pytest.fixture
def desk(office, capsys):
    """A shell in it, after a scan of two sites."""
    shell = Shell(capsys, office.folder)
    with demo.running_site() as running:

        def resolve(_host, _port, _scheme):
            return Endpoint(address=running.address, port=running.port, scheme="http")

        shell.w("scan", OPEN, CLOSED, obj=resolve)
    return shell


def digest_of(office, channel, outcome="parsed"):
    """Digest of a policy file of the closed site that was kept.

    Sites are fetched at the same time: their events come in any order.
    """
    scans = office.events(UrlScanned)
    [site] = {one.site_id for one in scans if one.verdict == "reserved"}
    return next(
        one.body_sha256
        for one in office.events(PolicyFileFetched)
        if (one.site_id, one.channel, one.outcome) == (site, channel, outcome)
    )


def test_replay_says_the_same(desk):
    """The evidence alone gives every verdict again, without a request."""
    ran = desk.w("scan", "--replay")

    assert 0 == ran.code, ran
    assert ran.out.endswith(": 2 the same, 0 differ, 0 erased\n")
    assert 1 == len(ran.out.splitlines())


def test_replay_finds_missing_evidence(desk, office):
    """A verdict whose bytes are gone is not confirmed."""
    (office.folder / "evidence" / f"{digest_of(office, 'robots_txt')}.zz").unlink()
    ran = desk.w("scan", "--replay")

    assert 3 == ran.code
    assert "robots_txt: " in ran.out
    assert " -> no evidence\n" in ran.out


def test_replay_finds_other_rules(desk, monkeypatch):
    """Where today's rules read the same bytes otherwise, channel and verdict differ."""
    monkeypatch.setattr(
        robots.RobotsFile,
        "decide",
        lambda *_, **__: robots.RobotsDecision(allowed=True, line=0, layer=""),
    )
    ran = desk.w("scan", "--replay")

    assert 3 == ran.code, ran
    assert "  verdict: reserved -> unknown\n" in ran.out


def test_warc(desk, office, tmp_path):
    """Every file whose bytes were kept, under its URL."""
    path = tmp_path / "files.warc.gz"
    ran = desk.w("scan", "--warc", path)
    kept = [one for one in office.events(PolicyFileFetched) if one.body_sha256]
    content = gzip.decompress(path.read_bytes())

    assert f"{path}: {len(kept)} policy files\n" == ran.out
    assert b"WARC-Target-URI: https://disallow-all.example/robots.txt\r\n" in content
    assert b"Disallow: /\n" in content


def test_warc_never_overwrites(desk, tmp_path):
    """A file that exists stays as it is."""
    path = tmp_path / "files.warc.gz"
    path.write_bytes(b"mine")

    check_one_error(desk.w("scan", "--warc", path), 2, "cannot be made (File exists)")
    assert b"mine" == path.read_bytes()


def test_warc_is_whole_or_absent(desk, office, tmp_path):
    """Where evidence is missing, no file is left."""
    (office.folder / "evidence" / f"{digest_of(office, 'robots_txt')}.zz").unlink()
    path = tmp_path / "files.warc.gz"

    check_one_error(desk.w("scan", "--warc", path), 1, "missing or damaged")
    assert not path.exists()


def test_site_as_it_was(desk):
    """Each file's outcome and digest, and what it says of the URL."""
    ran = desk.w("sites", CLOSED)

    assert 0 == ran.code, ran
    assert ran.out.startswith(f"policy files alone: reserved {CLOSED} robots_disallow")
    assert "  robots_txt  parsed  status 200  fetched 20" in ran.out
    assert "  ai_txt  absent  status 404  fetched 20" in ran.out


def test_site_gives_the_command_for_each_file(desk, office):
    """Files and what they said stand apart; the command prints the file's bytes."""
    out = desk.w("sites", CLOSED).out
    [line] = [one for one in out.splitlines() if "    all of it: " in one][:1]
    words = shlex.split(line.partition("all of it: ")[2])
    ran = desk.run(*words[1:])

    assert "\nfiles:\n  robots_txt  parsed" in out
    assert "\nwhat they said:\n  robots_txt  " in out
    assert digest_of(office, "robots_txt") in words
    assert (0, True) == (ran.code, "Disallow: /\n" in ran.out)


def test_review_of_a_reservation_shows_its_rule(desk, office):
    """The deciding line of robots.txt, the file's digest, and how to see all of it."""
    [scan_id] = [
        one.scan_id for one in office.events(UrlScanned) if one.verdict == "reserved"
    ]
    out = desk.w("review", "show", scan_id).out
    digest = digest_of(office, "robots_txt")

    assert f"robots_txt, line 2 of {digest}\n" in out
    assert "  2: Disallow: /\n" in out
    assert f"  all of it: tuneledger review show {scan_id} --raw {digest}" in out


def test_site_of_another_page(desk):
    """The files speak for every page of the site."""
    other = "https://disallow-all.example/never/scanned"

    said = f"policy files alone: reserved {other} "

    assert desk.w("sites", other).out.startswith(said)


def test_site_at_an_index(desk, office):
    """At the newest entry everything counts."""
    entries = desk.w("status", "--json").json()["entries"]

    assert desk.w("sites", OPEN).out == desk.w("sites", OPEN, "--at", entries - 1).out


def test_site_before_it_was_asked(desk):
    """What was not on record then says nothing, and nothing is no yes."""
    ran = desk.w("sites", OPEN, "--at", FIRST_DAY)

    assert f"policy files alone: unknown {OPEN} unreadable\n" == ran.out


@pytest.mark.parametrize(
    ("url", "at", "text"),
    [
        ("https://other.example/", "0", "was scanned, found https://other.example"),
        ("ftp://allow-all.example/", "0", "http or https"),
        (OPEN, "soon", "expected the number of an entry, or a date"),
        (OPEN, "1970-01-01", "the ledger began after"),
    ],
    ids=["unknown", "no-url", "no-moment", "too-early"],
)
def test_site_usage(desk, url, at, text):
    """What names no site or no moment is a mistake of usage."""
    check_one_error(desk.w("sites", url, "--at", at), 2, text)


def test_reading_evidence_appends_nothing(desk, office, tmp_path):
    """Neither command changes the ledger."""
    before = len(office.events())
    for command in (["scan", "--replay"], ["scan", "--warc", tmp_path / "w"]):
        desk.w(*command)
    desk.w("sites", OPEN)

    assert before == len(office.events())
    assert 2 == len(office.events(UrlScanned))
