"""What a site said on a day, its policy files as WARC, and what a scan means in law."""

from hashlib import sha256
from io import BytesIO
from types import SimpleNamespace

import pytest

from ledger.events.optout import PolicyFileFetched
from producers.optout.after.history import site_at
from producers.optout.after.warc import write_warc
from producers.optout.cache.cached_file import FRESH_MS
from producers.optout.net.url import parse_url
from producers.optout.readings.readers import Question
from producers.optout.vocabulary.bases import bases
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import AGENT_TOKEN

URL = "http://site.test/page"
NO = b"User-agent: *\nDisallow: /page\n"


@pytest.fixture
def two_days(site, world, clock):
    """A site that says nothing on the first day and no on the second."""
    site.routes["/page"] = (200, b"<p>text</p>")
    start_ms = clock.ms()
    world.scanner.scan(URL)
    site.routes["/robots.txt"] = (200, NO)
    clock.now += FRESH_MS / 1000
    world.scanner.scan(URL)
    return start_ms


def _at(world, until_ms):
    return site_at(
        (SimpleNamespace(event=event) for event in world.events),
        site_id=world.names.sites["http://site.test"],
        until_ms=until_ms,
        url=parse_url(URL),
        question=Question(url=URL, agent=AGENT_TOKEN, basket=load_basket().agents()),
        evidence=world.evidence,
    )


@pytest.mark.parametrize(
    ("later_ms", "verdict"), [(0, "allowed"), (FRESH_MS, "reserved")]
)
def test_the_files_of_the_day_speak(world, two_days, later_ms, verdict):
    """Each day is answered from the files that were on record then."""
    then = _at(world, two_days + later_ms)
    [robots] = [r.read for r in then.readings if r.read.channel == "robots_txt"]

    assert verdict == robots.verdict


def test_nothing_was_on_record_before(world, two_days):
    """Before the first scan there is no answer."""
    assert () == _at(world, two_days - 1).files


def test_warc_holds_the_exact_bytes(world, two_days):
    """Another reader of WARC finds bytes, place, time and digest of each file."""
    archive = pytest.importorskip("warcio.archiveiterator")
    files = [event for event in world.events if isinstance(event, PolicyFileFetched)]
    out = BytesIO()
    count = write_warc(
        out,
        files,
        origin_of={v: k for k, v in world.names.sites.items()}.__getitem__,
        get=world.evidence.get,
    )
    out.seek(0)
    [record] = [
        (
            one.rec_headers["WARC-Target-URI"],
            one.rec_headers["WARC-Block-Digest"],
            one.content_stream().read(),
        )
        for one in archive.ArchiveIterator(out)
        if one.rec_type == "resource"
    ]

    assert 1 == count
    assert (
        "http://site.test/robots.txt",
        f"sha256:{sha256(NO).hexdigest()}",
        NO,
    ) == record


@pytest.mark.parametrize(
    ("verdict", "access", "expected"),
    [
        ("allowed", "open", ["open", "not_by_scan", "not_by_scan", "not_by_scan"]),
        ("reserved", "open", ["closed", "not_by_scan", "not_by_scan", "not_by_scan"]),
        ("unknown", "open", ["unknown", "not_by_scan", "not_by_scan", "not_by_scan"]),
        ("reserved", "login", ["closed", "closed", "closed", "not_by_scan"]),
    ],
)
def test_each_basis_stands_by_itself(verdict, access, expected):
    """A reservation closes Article 4 alone; without lawful access none is open."""
    assert expected == [one.standing for one in bases(verdict, access)]
