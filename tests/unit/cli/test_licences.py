"""licence add, list, revoke."""

import hashlib
import json
import re

import pytest

from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.events.optout import SiteRegistered
from producers.optout.net.resolve import Endpoint
from tests.unit.cli.shell import Shell, check_one_error, write
from tests.unit.workspace.office import RECORDS, jsonl, leaks

TRAIN = (
    "--permit",
    "train",
    "--permit",
    "commercial",
    "--jurisdiction",
    "eu",
    "--jurisdiction",
    "uk",
)
CONTENT = ("licence", "add", "--spdx", "CC-BY-4.0", *TRAIN, "--ends", "2099-12-31")
SITE = "https://archive.example"


@pytest.fixture
def desk(office, capsys):
    """A shell in an empty workspace."""
    return Shell(capsys, office.folder)


def listed(desk):
    """The register as plain values."""
    return desk.w("licence", "list", "--json").json()["licences"]


def test_add_prints_the_id(desk, office):
    """The id alone is on stdout; the event says what was given."""
    added = desk.w(*CONTENT, "--site", SITE, "--permit", "commercial")

    [granted] = office.events(LicenceGranted)
    assert (0, f"{granted.licence_id}\n") == (added.code, added.out)
    assert ("content", "CC-BY-4.0") == (granted.covers, granted.expression)
    assert ["train", "commercial"] == granted.permits
    assert ["eu", "uk"] == granted.jurisdictions
    office.check()


def test_a_site_is_an_id(desk, office):
    """A site is registered once, and its name stays in the vault."""
    desk.w(*CONTENT, "--site", SITE, "--site", "HTTPS://Archive.example:443/")
    desk.w(*CONTENT, "--site", SITE)

    [site] = office.events(SiteRegistered)
    assert [[site.site_id]] * 2 == [one.sites for one in office.events(LicenceGranted)]
    assert [] == leaks(office.folder, [b"archive.example"], but={".vault"})
    office.check()


def test_a_page_is_no_site(desk, office):
    """A licence of one page is not entered as one of the whole site."""
    ran = desk.w(*CONTENT, "--site", f"{SITE}/a/page.html")

    check_one_error(ran, 2, "expected an origin such as https://example.org")
    assert [] == office.events(LicenceGranted)


def test_text_and_proof_are_kept(desk, office, tmp_path):
    """Their exact bytes are evidence, under their digests."""
    terms, proof = b"You may train.\n", b"Signed by both.\n"
    text, contract = write(tmp_path / "t", terms), write(tmp_path / "p", proof)
    base = ("licence", "add", "--text", text, "--proof", contract)
    added = desk.w(*base, *TRAIN, "--ends", "2099-12-31")

    assert 0 == added.code, added
    [granted] = office.events(LicenceGranted)
    assert [hashlib.sha256(one).hexdigest() for one in (terms, proof)] == [
        granted.text_sha256,
        granted.proof_sha256,
    ]
    with office.open() as workspace:
        assert terms == workspace.evidence.get(granted.text_sha256)


def test_a_day_counts_to_its_end(desk, office):
    """A licence begins with its first day and ends with its last, UTC."""
    base = ("licence", "add", "--spdx", "MIT", *TRAIN)
    desk.w(*base, "--starts", "2027-01-01", "--ends", "2027-01-01")

    [granted] = office.events(LicenceGranted)
    assert 1_798_761_600_000 == granted.starts_at_ms
    assert 24 * 3600 * 1000 == granted.expires_at_ms - granted.starts_at_ms


def test_base_model_with_conditions(desk):
    """What a base model's licence demands is in the list."""
    added = desk.w(
        *("licence", "add", "--model", "base-7b", "--spdx", "CC-BY-NC-4.0", *TRAIN),
        *("--condition", "non_commercial", "--condition", "naming"),
        *("--condition", "user_threshold", "--users-max", "700000000"),
        *("--ends", "2099-12-31"),
    )
    ran = desk.w("licence", "list")

    assert f"{added.out.strip()}  in force\n" in ran.out
    assert "  covers     model base-7b\n" in ran.out
    assert "  conditions non_commercial naming user_threshold (700000000)\n" in ran.out


def test_list_shows_names_and_states(desk):
    """Sites by name, for whoever has the vault; each licence with its state."""
    ended = desk.w(*CONTENT[:-1], "2020-01-01", "--starts", "2019-01-01")
    later = desk.w(*CONTENT, "--starts", "2098-01-01")
    now = desk.w(*CONTENT, "--site", SITE)
    gone = desk.w(*CONTENT)
    desk.w("licence", "revoke", gone.out.strip(), "--reason", "breach")

    found = [(one["licence_id"], one["state"]) for one in listed(desk)]
    assert [
        (ended.out.strip(), "ended"),
        (later.out.strip(), "not begun"),
        (now.out.strip(), "in force"),
        (gone.out.strip(), "revoked (breach)"),
    ] == found
    assert f"covers     content {SITE}\n" in desk.w("licence", "list").out


def test_empty_register(desk):
    """No licence is no line."""
    ran = desk.w("licence", "list")

    assert (0, "") == (ran.code, ran.out)
    assert "no licence is on the register" in ran.err


def test_revoke(desk, office):
    """A licence is revoked once."""
    licence_id = desk.w(*CONTENT).out.strip()
    first = desk.w("licence", "revoke", licence_id, "--reason", "rights_holder")
    again = desk.w("licence", "revoke", licence_id)

    assert f"revoked {licence_id} (rights_holder)\n" == first.out
    assert 8 == again.code
    [revoked] = office.events(LicenceRevoked)
    assert (licence_id, "rights_holder") == (revoked.licence_id, revoked.reason)
    office.check()


def test_revoke_what_is_not_there(desk):
    """An unknown licence is a mistake of usage."""
    check_one_error(desk.w("licence", "revoke", "0" * 32), 2, "licence of the register")


REFUSED = {
    "no-permit": {"--permit": None},
    "no-jurisdiction": {"--jurisdiction": None},
    "no-end": {"--ends": None},
    "no-terms": {"--spdx": None},
    "free-text": {"--spdx": "ask Jane"},
    "unknown-reference": {"--spdx": "LicenseRef-Jane-Doe"},
    "refused-by-the-table": {"--spdx": "CC-BY-NC-4.0"},
    "no-date": {"--ends": "soon"},
    "far-date": {"--ends": "9999-12-31"},
    "ended-before": {"--ends": "1970-01-01"},
    "no-url": {"--site": "archive.example"},
    "bad-model": {"--model": "two words"},
    "site-and-model": {"--site": SITE, "--model": "base-7b"},
    "stray-users": {"--users-max": "9"},
    "stray-threshold": {"--condition": "user_threshold"},
    "unknown-scan": {"--overrides": "0" * 32},
    "bad-scan": {"--overrides": "jane"},
    "no-file": {"--text": "/missing/file"},
    "device": {"--text": "/dev/zero"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_refused(desk, office, changes):
    """What is missing, malformed or contradictory is refused in one line."""
    given = {
        "--spdx": "CC-BY-4.0",
        "--permit": "train",
        "--jurisdiction": "eu",
        "--ends": "2099-12-31",
        **changes,
    }
    options = [
        word
        for option, value in given.items()
        if value is not None
        for word in (option, value)
    ]
    ran = desk.w("licence", "add", *options)

    check_one_error(ran, 2, "")
    assert "Jane" not in ran.err
    assert [] == office.events(LicenceGranted)


NAMED = {
    "no-terms": (("--ends", "2099-12-31"), "expected --spdx or --text, found neither"),
    "no-date": (("--spdx", "MIT", "--ends", "soon"), "--ends: expected a date such as"),
    "no-start": (
        ("--spdx", "MIT", "--ends", "2099-12-31", "--starts", "2027-13-01"),
        "--starts: expected a date such as 2027-12-31, found '2027-13-01'",
    ),
    "ends-before": (
        ("--spdx", "MIT", "--starts", "2027-02-01", "--ends", "2027-01-31"),
        "found --starts 2027-02-01 and --ends 2027-01-31",
    ),
    "no-site": (
        ("--spdx", "MIT", "--ends", "2099-12-31", "--site", "shop.test"),
        "--site: expected an origin such as https://example.org, found 'shop.test'",
    ),
}


@pytest.mark.parametrize(("options", "text"), NAMED.values(), ids=NAMED)
def test_an_error_names_the_option(desk, office, options, text):
    """And the date or the site that was found."""
    check_one_error(desk.w("licence", "add", *TRAIN, *options), 2, text)
    assert [] == office.events(LicenceGranted)


def test_help_says_that_terms_are_needed(desk):
    """One of two options is required, which the usage line cannot say."""
    words = desk.run("licence", "add", "--help").out.split()

    assert "One of --spdx and --text is needed" in " ".join(words)


def test_a_licence_of_a_model_overrides_no_scan(desk, office):
    """A reservation is of content, so the option would say nothing."""
    base = ("licence", "add", "--model", "base-7b", "--spdx", "MIT", *TRAIN)
    ran = desk.w(*base, "--ends", "2099-12-31", "--overrides", "0" * 32)

    check_one_error(ran, 2, "--overrides says nothing beside --model")
    assert [] == office.events(LicenceGranted)


def test_an_empty_text_is_refused(desk, tmp_path):
    """A file with nothing in it is no licence."""
    blank = write(tmp_path / "t", b" \n")
    ran = desk.w("licence", "add", "--text", blank, *TRAIN, "--ends", "2099-12-31")

    check_one_error(ran, 2, "expected a text, found an empty file")


PAGE = {**RECORDS[0], "licence": "", "url": f"{SITE}/page.html", "subjects": []}


def nowhere(_host, _port, _scheme):
    """A network on which no site answers."""
    return Endpoint(address="127.0.0.1", port=9, scheme="http")


def ingest(desk, tmp_path, *records, **options):
    """Ingest records while no site answers."""
    file = write(tmp_path / "in.jsonl", jsonl(records))
    return desk.w("ingest", file, obj=nowhere, **options)


def test_licensed_site(desk, office, tmp_path):
    """A text of a licensed site passes, and the register counts it."""
    desk.w(*CONTENT, "--site", SITE)
    ran = ingest(desk, tmp_path, PAGE)

    assert 0 == ran.code, ran
    assert "accepted  1\n" in ran.out
    assert "  licence_register 1\n" in ran.out
    assert [1] == [one["records"] for one in listed(desk)]
    office.check()


def test_revoked_licence(desk, office, tmp_path):
    """Once revoked, a licence lets nothing pass."""
    licence_id = desk.w(*CONTENT, "--site", SITE).out.strip()
    desk.w("licence", "revoke", licence_id)
    ran = ingest(desk, tmp_path, PAGE)

    assert "blocked   1\n" in ran.out
    office.check()


def test_licence_by_name(desk, office, tmp_path):
    """A record without a site may name a licence of the register."""
    licence_id = desk.w(*CONTENT).out.strip()
    named = {**PAGE, "url": "", "licence": licence_id}
    ran = ingest(desk, tmp_path, named, {**named, "id": "b", "licence": "0" * 32})

    assert "accepted  1\n" in ran.out
    assert "pending   1\n" in ran.out
    office.check()


def test_help_names_every_choice(desk):
    """What may be permitted and demanded is in the help."""
    text = desk.run("licence", "add", "--help").out

    for word in ("train", "derive", "output", "commercial", "non_commercial", "naming"):
        assert re.search(rf"\b{word}\b", text)


def test_list_reads_a_ledger_file(desk, office):
    """A `.ledger` file by itself, without the vault's names."""
    desk.w(*CONTENT, "--site", SITE)
    (office.folder / "acme.vault").rename(office.folder / "vault.away")
    ran = desk.run("licence", "list", "-w", office.folder / "acme.ledger", "--json")

    [one] = json.loads(ran.out)["licences"]
    assert re.fullmatch("[0-9a-f]{32}", one["sites"][0])
