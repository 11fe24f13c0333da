"""What scan and rescan print: causes, channels, decisions of persons, and names."""

from ledger.events.ingest import RecordDecided
from producers.commands import rescan_output
from producers.demo import site as demo
from tests.unit.cli.pages import (
    MALFORMED,
    OTHER_PAGE,
    PAGE,
    REFUSED,
    RESERVED,
    UNREAD,
    page,
    reviewed,
)
from tests.unit.workspace.office import leaks


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
