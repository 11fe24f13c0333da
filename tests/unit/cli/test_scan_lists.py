"""scan: lists of URLs, what is left out of one, and lists that are consulted."""

import hashlib

import pytest

from ledger.events.optout import UrlScanned
from producers.demo import site as demo
from producers.optout.net.turns import SPACING_S
from producers.scanning import ScanOptions
from tests.unit.cli.pages import (
    OTHER_PAGE,
    PAGE,
    REFUSED,
    RESERVED,
    UNREAD,
    page,
)
from tests.unit.cli.shell import check_one_error, write


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
