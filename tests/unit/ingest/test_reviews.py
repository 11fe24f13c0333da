"""producers.ingest.reviews: which decision of a person answers for a scan."""

import pytest

from ledger.events.optout import ChannelRead, UrlScanned
from ledger.events.review import ReviewDecided, review_evidence
from producers.ingest.reviews import ReviewBook

NOW_MS = 1_000_000
TERMS, RSL, ROBOTS = "a" * 64, "b" * 64, "c" * 64


def read(channel="terms_page", evidence=TERMS, verdict="unknown", **changes):
    """What one channel said."""
    fields = {
        "target": "url",
        "layer": "",
        "outcome": "unknown",
        "stated": [],
        "line": 1,
    }
    return ChannelRead(
        channel=channel,
        evidence_sha256=evidence,
        verdict=verdict,
        **{**fields, **changes},
    )


def scan(scan_id, *channels):
    """A scan with these readings and one that found nothing."""
    return UrlScanned(
        scan_id=scan_id,
        site_id="f" * 32,
        url_commitment="0" * 64,
        response_commitment="",
        policy_sha256="0" * 64,
        scanner="s/1",
        http_status=200,
        access="open",
        piracy_list_sha256="",
        channels=[read("robots_txt", ROBOTS, "allowed"), *(channels or (read(),))],
        robots_rfc9309="allow",
        spec_verdict="allowed",
        verdict="unknown",
        usages=[],
        reasons=["terms_of_use"],
        scanned_at_ms=0,
    )


def decided(scan_id, outcome="cleared", expires_at_ms=NOW_MS + 1):
    """A person's decision."""
    return ReviewDecided(
        review_id="d" * 32,
        scan_id=scan_id,
        outcome=outcome,
        note_commitment="",
        expires_at_ms=expires_at_ms,
        decided_at_ms=0,
    )


ONE, TWO = "1" * 32, "2" * 32
SAME = review_evidence([read()])


def find(decisions, *scans, of=(ONE, TWO), evidence=SAME):
    """(scan, outcome) of the decision that answers, or None."""
    found = ReviewBook(decisions, scans).find(of, evidence, NOW_MS)
    return None if found is None else (found.scan_id, found.outcome)


def test_the_same_evidence():
    """A decision answers for a later scan of the URL with the same evidence."""
    assert (ONE, "cleared") == find([decided(ONE)], scan(ONE))


def test_other_channels_do_not_count():
    """What a parser decides by itself may change; what a person reads may not."""
    before = scan(ONE, read(), read("ai_txt", "9" * 64, "allowed"))

    assert (ONE, "cleared") == find([decided(ONE)], before)


OTHER = {
    "other-bytes": [read(evidence=RSL)],
    "other-channel": [read("rsl_file")],
    "more": [read(), read("rsl_file", RSL)],
    "not-kept": [read(), read("rsl_file", "")],
}


@pytest.mark.parametrize("channels", OTHER.values(), ids=OTHER)
def test_other_evidence(channels):
    """Where anything that must be read differs, the decision says nothing."""
    assert find([decided(ONE)], scan(ONE, *channels)) is None
    assert find([decided(ONE)], scan(ONE), evidence=review_evidence(channels)) is None


def test_evidence_that_was_not_kept():
    """A decision on evidence that nobody can compare answers for nothing."""
    blind = [read(evidence="")]

    assert frozenset() == review_evidence(blind)
    assert find([decided(ONE)], scan(ONE, *blind), evidence=frozenset()) is None


def test_another_url():
    """Scans of another URL are not answered for, whatever their evidence."""
    assert find([decided(ONE)], scan(ONE), of=(TWO,)) is None


def test_a_cleared_ends():
    """From its end on, a decision to clear says nothing."""
    assert find([decided(ONE, expires_at_ms=NOW_MS)], scan(ONE)) is None


def test_an_upheld_does_not_end():
    """A decision to uphold stands until somebody decides anew."""
    upheld = decided(ONE, "upheld", expires_at_ms=NOW_MS)

    assert (ONE, "upheld") == find([upheld], scan(ONE))


def test_the_newest_decision_counts():
    """Of several decisions on the same evidence, the newest counts."""
    scans = scan(ONE), scan(TWO)

    assert (TWO, "upheld") == find([decided(ONE), decided(TWO, "upheld")], *scans)
    assert (ONE, "cleared") == find([decided(TWO, "upheld"), decided(ONE)], *scans)


def test_an_ended_decision_is_not_replaced_by_an_older_one():
    """Once a newer decision has ended, an older one does not come back."""
    decisions = [decided(ONE), decided(TWO, expires_at_ms=NOW_MS)]

    assert find(decisions, scan(ONE), scan(TWO)) is None


def test_no_decisions():
    """Without a decision nothing answers, and no scan is read."""

    def unread():
        raise AssertionError
        yield

    assert ReviewBook([], unread()).find([ONE], SAME, NOW_MS) is None
