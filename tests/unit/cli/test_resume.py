"""scan --resume: only the newest scan of a URL counts, and only within its day."""

import pytest

from ledger.events.optout import UrlScanned
from producers.demo import site as demo
from producers.scanning import RESCAN_AFTER_MS, ScanOptions, scan_urls
from tests.unit.ledger.workshop import NOW_MS

PAGE = "https://clear.example/a.html"
HOUR_MS = 3600 * 1000


@pytest.fixture
def scan(office, site):
    """Scans the page so many milliseconds after the first time; how many scans are."""

    def run(after_ms, *, resume=True, terms=()):
        office.clock.now_ms = NOW_MS + after_ms
        with office.open() as workspace:
            scan_urls(
                workspace,
                [PAGE],
                options=ScanOptions(resolver=site, spacing_s=0, terms_urls=terms),
                report=lambda _: None,
                progress=lambda _: None,
                resume=resume,
            )
        return len(office.events(UrlScanned))

    return run


def test_a_newer_scan_that_could_not_be_read_counts(scan, monkeypatch):
    """A yes is none any more once a newer scan could not read the page."""
    broken = demo.SitePolicy(files={"/a.html": demo.Answer(status=503)})
    scan(0)
    with monkeypatch.context() as later:
        later.setitem(demo.POLICIES, "clear", broken)
        scan(HOUR_MS, resume=False)

    assert 3 == scan(2 * HOUR_MS)


@pytest.mark.parametrize(
    ("after_ms", "scans"),
    [
        pytest.param(0, 1, id="now"),
        pytest.param(RESCAN_AFTER_MS - 1, 1, id="within the day"),
        pytest.param(RESCAN_AFTER_MS, 2, id="a day later"),
        pytest.param(-1, 2, id="in the future"),
        pytest.param(-90 * 24 * HOUR_MS, 2, id="far in the future"),
    ],
)
def test_a_scan_counts_for_a_day(scan, after_ms, scans):
    """A scan counts from its time on, for a day; one of a time to come does not."""
    scan(0)

    assert scans == scan(after_ms)


def test_terms_that_no_scan_read_count(scan):
    """A yes that was found without these terms is none; one that read them counts."""
    terms = ("https://clear.example/terms.html",)
    scan(0)

    assert 2 == scan(HOUR_MS, terms=terms)
    assert 2 == scan(2 * HOUR_MS, terms=terms)


def test_terms_that_must_be_asked_for_again_count(scan):
    """After a day they may say something else: a scan that read them is no scan now."""
    terms = ("https://clear.example/terms.html",)
    scan(0, terms=terms)

    assert 2 == scan(HOUR_MS, terms=terms, resume=False)
    assert 3 == scan(RESCAN_AFTER_MS, terms=terms)
