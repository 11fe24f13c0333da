"""review list, show, decide."""

import shlex

import pytest

from ledger.events.optout import (
    ChannelRead,
    PolicyFileFetched,
    SiteRegistered,
    UrlScanned,
)
from ledger.events.review import ReviewDecided
from ledger.log.ledger import system_clock_ms
from ledger.workspace.governance import Governance
from producers.scanning import adopted_policy
from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.workspace.office import leaks

ORIGIN = "https://jane-doe.example"
PAGE, OTHER_PAGE = f"{ORIGIN}/a.html", f"{ORIGIN}/b.html"
TERMS = b"Welcome.\nNo text and data mining \x1b[2J please.\nGoodbye.\n"
NOTE = b"Jane says that this is about images only.\n"


@pytest.fixture
def desk(office, capsys):
    """A shell in an empty workspace."""
    return Shell(capsys, office.folder)


def fetched(site_id, sha256, at_ms):
    """The fetch of the terms."""
    return PolicyFileFetched(
        site_id=site_id,
        channel="terms_page",
        outcome="parsed",
        http_status=200,
        body_sha256=sha256,
        body_bytes=len(TERMS),
        redirects=0,
        fetched_at_ms=at_ms,
    )


def scanned(office, url=PAGE, *, terms=TERMS, fetch=False, **changes):
    """Append a scan of a page whose terms a person must read; return its id."""
    with office.open() as workspace:
        policy = adopted_policy(workspace)
        site = workspace.names.site(ORIGIN)
        scan_id = workspace.random_bytes(16).hex()
        url_commitment, _ = workspace.names.commit_scan(scan_id, [url], "")
        read = ChannelRead(
            channel="terms_page",
            target="url",
            layer="",
            outcome="unknown",
            verdict=changes.get("verdict", "unknown"),
            stated=[],
            evidence_sha256=workspace.evidence.put(terms),
            line=changes.pop("line", 2),
        )
        fields = {
            "verdict": "unknown",
            "reasons": ["terms_of_use"],
            "http_status": 200,
            **changes,
        }
        event = UrlScanned(
            scan_id=scan_id,
            site_id=site.site_id,
            url_commitment=url_commitment,
            response_commitment="",
            policy_sha256=policy.sha256(),
            scanner="test/1",
            access="open",
            piracy_list_sha256="",
            channels=[read],
            robots_rfc9309="allow",
            spec_verdict="allowed",
            usages=[],
            scanned_at_ms=workspace.clock_ms(),
            **fields,
        )
        known = SiteRegistered(site_id=site.site_id, commitment=site.commitment)
        terms_file = fetched(site.site_id, read.evidence_sha256, event.scanned_at_ms)
        workspace.append_scan([known, *([terms_file] if fetch else []), event])
    return scan_id


def decided(office, scan_id, outcome="cleared"):
    """Append a decision that ends long before the commands' time."""
    with office.open() as workspace:
        now_ms = workspace.clock_ms()
        Governance(workspace).decide_review(scan_id, outcome, expires_at_ms=now_ms + 1)


def waiting(desk):
    """Ids of the scans that wait."""
    document = desk.w("review", "list", "--json").json()
    return [one["scan_id"] for one in document["scans"]]


def test_list(desk, office):
    """A waiting scan is shown by its URL and why."""
    scan_id = scanned(office)
    ran = desk.w("review", "list")

    assert (0, f"{scan_id}  {PAGE}  terms_of_use\n") == (ran.code, ran.out)


def test_list_names_the_evidence(desk, office):
    """The document says which bytes must be read, and which line of them."""
    scanned(office)

    [one] = desk.w("review", "list", "--json").json()["scans"]
    [evidence] = one["evidence"]
    assert ("terms_page", 2) == (evidence["channel"], evidence["line"])
    assert (PAGE, ["terms_of_use"]) == (one["url"], one["reasons"])


def test_nothing_waits(desk):
    """An empty queue is no line."""
    ran = desk.w("review", "list")

    assert (0, "") == (ran.code, ran.out)
    assert "no scan waits for a person" in ran.err


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "allowed", "reasons": []},
        {"verdict": "reserved", "reasons": ["rsl_prohibits"]},
        {"reasons": ["terms_of_use", "unreadable"]},
    ],
    ids=["allowed", "reserved", "unreadable"],
)
def test_only_the_newest_scan_counts(desk, office, changes):
    """A later scan that no person may clear takes its URL off the queue."""
    scanned(office)
    scanned(office, **changes)

    assert [] == waiting(desk)


def test_a_url_waits_once(desk, office):
    """Several scans of one URL are one question; another URL is another."""
    scanned(office)
    newest, other = scanned(office), scanned(office, OTHER_PAGE)

    assert [newest, other] == waiting(desk)


@pytest.mark.parametrize("choice", ["--clear", "--uphold"])
def test_decided_evidence_does_not_wait(desk, office, choice):
    """Neither the scan that was decided on nor a later one with the same evidence."""
    assert 0 == desk.w("review", "decide", scanned(office), choice).code
    same = waiting(desk)
    scanned(office)

    assert [[], []] == [same, waiting(desk)]


def test_other_evidence_waits_anew(desk, office):
    """New terms are a new question, and so is another page."""
    desk.w("review", "decide", scanned(office), "--clear")
    newer = scanned(office, terms=TERMS + b"Not at all.\n")
    other = scanned(office, OTHER_PAGE)

    assert [newer, other] == waiting(desk)


@pytest.mark.parametrize(
    ("expected", "outcome"), [(1, "cleared"), (0, "upheld")], ids=["cleared", "upheld"]
)
def test_an_ended_clearance_waits_again(desk, office, expected, outcome):
    """A clearance ends; a no does not."""
    decided(office, scanned(office), outcome)

    assert expected == len(waiting(desk))


def test_clear(desk, office):
    """The decision is signed by governance and ends after so many days."""
    scan_id = scanned(office)
    before_ms = system_clock_ms()
    ran = desk.w("review", "decide", scan_id, "--clear", "--days", "30")
    after_ms = system_clock_ms()

    [event] = office.events(ReviewDecided)
    assert ran.out.startswith(f"cleared   {scan_id} until 20")
    assert ("cleared", scan_id) == (event.outcome, event.scan_id)
    assert before_ms <= event.expires_at_ms - 30 * 24 * 3600 * 1000 <= after_ms
    office.check()


def test_uphold(desk, office):
    """A no has no date."""
    scan_id = scanned(office)

    assert f"upheld    {scan_id}\n" == (
        desk.w("review", "decide", scan_id, "--uphold").out
    )
    office.check()


def test_note_stays_in_the_vault(desk, office, tmp_path):
    """The ledger holds a commitment to the reasons, and the vault their text."""
    note = write(tmp_path / "note", NOTE)
    desk.w("review", "decide", scanned(office), "--uphold", "--note", note)

    [event] = office.events(ReviewDecided)
    assert 64 == len(event.note_commitment)
    assert [] == leaks(office.folder, [b"Jane says"], but={".vault"})
    office.check()


def test_show(desk, office):
    """The sentences of terms that speak of training; nothing that a terminal obeys."""
    ran = desk.w("review", "show", scanned(office))

    assert 0 == ran.code
    assert f"unknown   {PAGE}" == ran.out.splitlines()[0]
    assert "terms_page, line 2 of " in ran.out
    assert "  2: No text and data mining .[2J please.\n" in ran.out
    assert "Welcome" not in ran.out


def test_show_gives_the_command_for_all_of_it(desk, office):
    """The printed command, as it is, prints the very bytes of the evidence."""
    shown = desk.w("review", "show", scanned(office)).out
    [line] = [one for one in shown.splitlines() if one.startswith("  all of it: ")]
    words = shlex.split(line.removeprefix("  all of it: "))
    ran = desk.run(*words[1:])

    assert "tuneledger" == words[0]
    assert (0, TERMS.decode()) == (ran.code, ran.out)


@pytest.mark.parametrize("digest", ["0" * 64, "", "../../keys/log.pem"])
def test_raw_shows_evidence_of_the_scan_alone(desk, office, digest):
    """No other digest, and no path, is printed."""
    ran = desk.w("review", "show", scanned(office), "--raw", digest)

    check_one_error(ran, 2, f"a piece of that scan's evidence, found {digest!r}")
    assert "" == ran.out


def test_show_names_the_site_of_the_terms(desk, office):
    """The terms' site and the time of the fetch, as the ledger and the vault say."""
    scan_id = scanned(office, fetch=True)

    line = f"  a document of {ORIGIN}, fetched 2026-09-21T"
    assert line in desk.w("review", "show", scan_id).out


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "next: tuneledger review decide "),
        ({"reasons": ["unreadable"]}, "next: nobody can clear what was not read"),
        ({"verdict": "reserved", "reasons": ["noai"]}, "next: it found a reservation"),
    ],
    ids=["waits", "unreadable", "reserved"],
)
def test_show_says_what_is_next(desk, office, changes, text):
    """The command that decides, or why there is none."""
    assert text in desk.w("review", "show", scanned(office, **changes)).err


def test_show_of_a_reservation(desk, office):
    """The line that decides, the digest of its file, and the command for all of it."""
    changes = {"verdict": "reserved", "reasons": ["noai"]}
    out = desk.w("review", "show", scanned(office, **changes)).out

    assert "terms_page, line 2 of " in out
    assert "  all of it: tuneledger review show " in out


def test_show_of_what_has_no_line(desk, office):
    """No line is named where none decides."""
    out = desk.w("review", "show", scanned(office, line=0)).out

    assert "terms_page, " in out
    assert "line 0" not in out


@pytest.mark.parametrize(
    ("choice", "words"),
    [("--clear", "cleared by review "), ("--uphold", "upheld by review ")],
    ids=["cleared", "upheld"],
)
def test_show_of_a_decided_scan(desk, office, choice, words):
    """What was decided, by which review, and that another decision replaces it."""
    scan_id = scanned(office)
    desk.w("review", "decide", scan_id, choice)
    [event] = office.events(ReviewDecided)
    ran = desk.w("review", "show", scan_id)

    assert f"decided: {words}{event.review_id} of scan {scan_id}" in ran.out
    assert ("--clear" == choice) == (" until 2" in ran.out)
    assert "next: it is decided; `tuneledger review decide " in ran.err


def test_a_second_decision_names_the_first(desk, office):
    """On an earlier scan too, where the evidence is the same."""
    desk.w("review", "decide", scanned(office), "--uphold")
    [first] = office.events(ReviewDecided)
    ran = desk.w("review", "decide", scanned(office), "--clear")

    assert f"replaces review {first.review_id} (upheld)\n" in ran.err
    office.check()


def test_show_lines(desk, office):
    """The lines around the one that decides, where no sentence is found."""
    ran = desk.w("review", "show", scanned(office, terms=b"one\ntwo\x1b[2J\nthree\n"))

    assert "  1: one\n  2: two.[2J\n  3: three\n" in ran.out


def test_show_of_one_long_line(desk, office):
    """A page that is all one line is cut."""
    ran = desk.w("review", "show", scanned(office, terms=b"x" * 100_000))

    assert len(ran.out) < 1000
    assert "x (cut, 99600 more characters)\n" in ran.out


@pytest.mark.parametrize("before", [0, 150, 50_000], ids=["first", "near", "far"])
def test_show_of_what_a_long_line_says(desk, office, before):
    """What is shown of a long line is what speaks of rights."""
    line = b"x" * before + b" rights-reserved " + b"y" * 50_000
    ran = desk.w("review", "show", scanned(office, terms=line))

    assert " rights-reserved " in ran.out
    assert f"(cut, {len(line) - 400} more characters)\n" in ran.out


def in_status(desk):
    """Ids of the scans that wait, by the status."""
    return desk.w("status", "--json").json()["waiting_for_review"]


def test_the_status_and_the_list_agree(desk, office):
    """A superseded scan and evidence that was decided on do not wait; an ended
    clearance does."""
    scanned(office)
    newest = scanned(office)
    assert [newest] == waiting(desk) == in_status(desk)
    desk.w("review", "decide", newest, "--clear")
    scanned(office)
    assert [] == waiting(desk) == in_status(desk)
    decided(office, ended := scanned(office, OTHER_PAGE))
    assert [ended] == waiting(desk) == in_status(desk)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("only a licence overrides", {"verdict": "reserved", "reasons": ["noai"]}),
        ("nothing to decide", {"verdict": "allowed", "reasons": []}),
        (
            "nobody can clear what was not read (unreadable); scan its URL again",
            {"reasons": ["terms_of_use", "unreadable"]},
        ),
    ],
    ids=["reserved", "allowed", "unreadable"],
)
def test_what_no_person_may_clear(desk, office, text, changes):
    """The refusal says why no person decides, and what to do instead."""
    ran = desk.w("review", "decide", scanned(office, **changes), "--clear")

    check_one_error(ran, 2, text)
    assert [] == office.events(ReviewDecided)


USAGE = {
    "neither": ([], "one of --clear and --uphold"),
    "both": (["--clear", "--uphold"], "one of --clear and --uphold"),
    "days-of-a-no": (["--uphold", "--days", "30"], "--days says nothing beside"),
    "no-days": (["--clear", "--days", "0"], "--days"),
    "many-days": (["--clear", "--days", "367"], "--days"),
    "no-note": (["--clear", "--note", "/missing/file"], "cannot be read"),
    "device": (["--clear", "--note", "/dev/zero"], "not a regular file"),
}


@pytest.mark.parametrize(("options", "text"), USAGE.values(), ids=USAGE)
def test_usage(desk, office, options, text):
    """A decision says which; nothing is taken for a yes."""
    check_one_error(desk.w("review", "decide", scanned(office), *options), 2, text)
    assert [] == office.events(ReviewDecided)


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"\xff", "expected UTF-8"), (b"x" * 65_537, "at most 65536 bytes")],
    ids=["not-utf-8", "long"],
)
def test_note_that_is_no_text(desk, office, tmp_path, content, text):
    """A note is text of bounded length."""
    note = write(tmp_path / "note", content)
    ran = desk.w("review", "decide", scanned(office), "--clear", "--note", note)

    check_one_error(ran, 2, text)


@pytest.mark.parametrize("command", [["show"], ["decide", "--clear"]], ids=" ".join)
@pytest.mark.parametrize("scan_id", ["0" * 32, "x"])
def test_unknown_scan(desk, scanned_once, command, scan_id):
    """A scan that the ledger does not hold."""
    ran = desk.w("review", command[0], scan_id, *command[1:])

    check_one_error(ran, 2, "expected a scan of this ledger")


@pytest.fixture
def scanned_once(office):
    """A ledger with one scan."""
    return scanned(office)
