"""Rules of policies, sites, scans, reviews and quarantines."""

import pytest

from tests.unit.verifier.rule_cases import (
    OLD,
    ONE,
    OPEN,
    POLICY,
    A,
    B,
    C,
    add_scan,
    apply,
    cite,
    gathered,
    grant,
    is_doubtful,
    raw,
    tell,
)
from verifier.rules.state import Policy

ROBOTS = {
    "channel": "robots_txt",
    "target": "url",
    "layer": "own",
    "outcome": "parsed",
    "verdict": "allowed",
    "stated": [],
    "evidence_sha256": "",
    "line": 1,
}
LISTED = ROBOTS | {"channel": "piracy_list", "verdict": "reserved"}
TRAIN = {"usage": "train", "verdict": "allowed"}
NO_TRAIN = {"usage": "train", "verdict": "reserved"}


def stating(usage: str, **more) -> dict:
    """A robots.txt that disallows a use."""
    stated = [{"usage": "ai_input", "preference": "allow"},
              {"usage": usage, "preference": "disallow"}]  # fmt: skip
    return ROBOTS | {"stated": stated} | more


SCAN = {
    "scan_id": B,
    "site_id": A,
    "policy_sha256": POLICY.decode(),
    "http_status": 200,
    "access": "open",
    "channels": [ROBOTS],
    "robots_rfc9309": "allow",
    "spec_verdict": "allowed",
    "verdict": "allowed",
    "usages": [TRAIN],
    "reasons": [],
}


RESERVED = {"verdict": "reserved"}


UNKNOWN = {"verdict": "unknown", "reasons": ["not_open"]}


SCANS = [
    ({}, ""),
    ({"http_status": 299}, ""),
    ({"http_status": 199}, "SCAN_VERDICT XEV-4"),
    ({"http_status": 300}, "SCAN_VERDICT XEV-4"),
    ({"http_status": 199} | UNKNOWN, ""),
    ({"http_status": 300} | UNKNOWN, ""),
    (UNKNOWN, "SCAN_VERDICT XEV-4"),
    ({"access": "licensed"}, ""),
    ({"access": "paywall"}, "SCAN_VERDICT XEV-4"),
    ({"access": "paywall"} | UNKNOWN, ""),
    ({"channels": [{"verdict": "unknown"}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [{"verdict": "unknown"}]} | UNKNOWN, ""),
    ({"channels": [{"verdict": "unknown"}, {"verdict": "reserved"}]} | UNKNOWN,
     "SCAN_VERDICT XEV-4"),
    ({"channels": [RESERVED], "verdict": "reserved", "reasons": ["noai"]}, ""),
    ({"channels": [RESERVED], "verdict": "reserved"},
     "SCAN_VERDICT XEV-4"),
    ({"reasons": ["noai"]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [stating("train")]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [stating("tdm")]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [stating("tdm", verdict="unknown")]} | UNKNOWN,
     "SCAN_VERDICT XEV-4"),
    ({"channels": [stating("tdm", verdict="reserved")], "verdict": "reserved",
      "reasons": ["tdm_reserved"]}, ""),
    ({"channels": [stating("search")]}, ""),
    ({"channels": []}, "SCAN_VERDICT XEV-4"),
    ({"channels": [], "http_status": 0} | UNKNOWN, ""),
    ({"channels": [ROBOTS | {"channel": "ai_txt"}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [ROBOTS | {"outcome": "absent"}]}, ""),
    ({"channels": [ROBOTS | {"outcome": "unreadable"}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [ROBOTS, ROBOTS | {"outcome": "unknown"}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [ROBOTS | {"outcome": "not_recorded"}]}, "SCAN_VERDICT XEV-4"),
    ({"channels": [ROBOTS | {"outcome": "unreadable"}], "http_status": 0} | UNKNOWN,
     ""),
    ({"robots_rfc9309": "disallow"}, "SCAN_VERDICT XEV-4"),
    ({"robots_rfc9309": "disallow", "http_status": 0} | UNKNOWN, ""),
    ({"spec_verdict": "reserved"}, "SCAN_VERDICT XEV-4"),
    ({"spec_verdict": "reserved", "http_status": 0} | UNKNOWN, ""),
    ({"usages": []}, "SCAN_VERDICT XEV-4"),
    ({"usages": [NO_TRAIN]}, "SCAN_VERDICT XEV-4"),
    ({"usages": [TRAIN, NO_TRAIN]}, "SCAN_VERDICT XEV-4"),
    ({"usages": [TRAIN, {"usage": "tdm", "verdict": "reserved"}]}, ""),
    ({"usages": [], "http_status": 0} | UNKNOWN, ""),
    ({"channels": [ROBOTS, LISTED], "verdict": "reserved",
      "reasons": ["piracy_site"]}, ""),
    ({"channels": [ROBOTS, LISTED], "verdict": "reserved", "reasons": ["noai"]},
     "SCAN_VERDICT XEV-4"),
    ({"channels": [ROBOTS, LISTED | {"verdict": "allowed"}]}, ""),
    ({"site_id": B}, "SITE XEV-2"),
    ({"policy_sha256": ONE}, "POLICY_UNKNOWN XEV-1"),
    ({"scan_id": A}, "SCAN XEV-3"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "told"), SCANS, ids=str)
def test_scan(state, changes, told):
    """Its verdict is the strictest of its channels, and of how the page was read."""
    assert told == tell(state, "optout.url_scanned", **SCAN | changes)


@pytest.mark.parametrize(("changes", "told"), SCANS, ids=str)
def test_bulk_of_scans(state, changes, told):
    """A bulk doubts exactly where one of its scans is refused."""
    events = [SCAN | {"scan_id": C}, SCAN | changes]

    assert bool(told) == is_doubtful(state, events, "optout.url_scanned")


@pytest.mark.parametrize(
    ("access", "is_closed"),
    [("open", False), ("licensed", False), ("login", True), ("unknown", True)],
)
def test_scan_of_a_closed_page(state, access, is_closed):
    """One at a time and as bulk, it is known how the page was reached (XEV-6)."""
    event = SCAN | UNKNOWN | {"access": access, "channels": [{"verdict": "unknown"}]}
    tell(state, "optout.url_scanned", **event)
    apply(state, gathered([event | {"scan_id": C}], "optout.url_scanned"),
          "optout.url_scanned")  # fmt: skip

    assert [is_closed] * 2 == [state.index.is_closed(raw(one)) for one in (B, C)]


@pytest.mark.parametrize(
    ("reasons", "status"),
    [
        (["linked_rights", "terms_of_use"], "clearable"),
        (["unknown_dialect", "unknown_preference", "malformed_signal"], "clearable"),
        (["linked_rights", "not_open"], "unknown"),
        (["linked_rights", "piracy_site"], "piracy"),
    ],
)
def test_status_of_an_unknown_scan(state, reasons, status):
    """A person may clear it where a person may clear each of its reasons."""
    event = SCAN | UNKNOWN | {"reasons": reasons, "access": "login"}
    tell(state, "optout.url_scanned", **event)
    apply(state, gathered([event | {"scan_id": C}], "optout.url_scanned"),
          "optout.url_scanned")  # fmt: skip

    assert [(status, raw(A))] * 2 == [state.index.scan(raw(one)) for one in (B, C)]


QUARANTINED = {"scan_id": B, "earlier_scan_id": A, "licence_id": "",
               "record_ids": [A]}  # fmt: skip
BY_LICENCE = {"scan_id": "", "earlier_scan_id": "", "licence_id": A}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"scan_id": A, "earlier_scan_id": B}, "QUARANTINE XEV-20"),
        ({"scan_id": C}, "QUARANTINE XEV-20"),
        ({"earlier_scan_id": B}, "QUARANTINE XEV-20"),
        ({"earlier_scan_id": C}, "QUARANTINE XEV-20"),
        ({"record_ids": [C]}, "QUARANTINE XEV-20"),
        ({"record_ids": [A, A]}, "QUARANTINE XEV-20"),
        ({"record_ids": [A, B]}, "QUARANTINE XEV-20"),
        ({"record_ids": [B]}, "QUARANTINE XEV-20"),
        ({"record_ids": [B], "earlier_scan_id": OPEN}, ""),
        ({"scan_id": OLD}, "QUARANTINE XEV-20"),
        (BY_LICENCE | {"record_ids": [B]}, "QUARANTINE XEV-20"),
        ({"licence_id": A}, "QUARANTINE XEV-20"),
        ({"licence_id": A, "scan_id": ""}, "QUARANTINE XEV-20"),
        ({"licence_id": A, "earlier_scan_id": ""}, "QUARANTINE XEV-20"),
        (BY_LICENCE, ""),
        (BY_LICENCE | {"licence_id": C}, "QUARANTINE XEV-20"),
        (BY_LICENCE | {"licence_id": "dd" * 16}, "QUARANTINE XEV-20"),
        (BY_LICENCE | {"licence_id": ""}, "QUARANTINE XEV-20"),
    ],
    ids=str,
)
def test_quarantine(state, changes, told):
    """Of accepted records, for a later scan or a licence that ended (XEV-20)."""
    grant(state)
    state.index.register.revoke(raw(A))
    add_scan(state, B, "reserved")
    add_scan(state, OLD, "reserved", at=0)
    cite(state, A, scan=A, licence=A)
    cite(state, B, scan=OPEN)

    assert told == tell(state, "optout.records_quarantined", **QUARANTINED | changes)


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("allowed", "once_allowed"),
        ("clearable", "once_clearable"),
        ("cleared", "once_clearable"),
        ("unknown", "unknown"),
        ("reserved", "reserved"),
        ("once_allowed", "once_allowed"),
        ("once_clearable", "once_clearable"),
    ],
)
def test_scan_after_a_quarantine(state, status, after):
    """It is a basis no more, for whatever page of the site (XEV-6)."""
    add_scan(state, C, status, at=0)
    cite(state, A, scan=C)
    event = QUARANTINED | {"scan_id": OPEN, "earlier_scan_id": C}

    assert "" == tell(state, "optout.records_quarantined", **event)
    assert (after, raw(A)) == state.index.scan(raw(C))
    assert ("reserved", raw(A)) == state.index.scan(raw(OPEN))


@pytest.mark.parametrize("status", ["allowed", "once_allowed"])
def test_later_scan_that_allows(state, status):
    """It speaks against nothing, so nothing is quarantined for it (XEV-20)."""
    add_scan(state, C, status)
    cite(state, A, scan=A)
    event = QUARANTINED | {"scan_id": C}

    assert "QUARANTINE XEV-20" == tell(state, "optout.records_quarantined", **event)


def test_quarantine_by_a_licence_spends_no_scan(state):
    """What the site said is not in question."""
    grant(state)
    state.index.register.revoke(raw(A))
    cite(state, A, licence=A)
    tell(state, "optout.records_quarantined", **QUARANTINED | BY_LICENCE)

    assert ("allowed", raw(A)) == state.index.scan(raw(A))


REVIEW = {"review_id": A, "scan_id": B, "outcome": "cleared",
          "decided_at_ms": 5, "expires_at_ms": 6}  # fmt: skip


@pytest.mark.parametrize(
    ("status", "changes", "told", "after"),
    [
        ("clearable", {}, "", "cleared"),
        ("cleared", {}, "", "cleared"),
        ("clearable", {"outcome": "upheld"}, "", "clearable"),
        ("cleared", {"outcome": "upheld"}, "", "clearable"),
        ("once_clearable", {}, "", "once_clearable"),
        ("once_allowed", {}, "REVIEW XEV-18", "once_allowed"),
        ("unknown", {}, "REVIEW XEV-18", "unknown"),
        ("reserved", {}, "REVIEW XEV-18", "reserved"),
        ("clearable", {"expires_at_ms": 5}, "REVIEW XEV-18", "cleared"),
        ("clearable", {"scan_id": C}, "REVIEW XEV-18", "clearable"),
    ],
)
def test_review(state, status, changes, told, after):
    """Of a scan that a person may clear, for some time (XEV-18)."""
    state.index.add_scan(raw(B), (status, raw(A)))

    assert told == tell(state, "review.decided", **REVIEW | changes)
    assert (after, raw(A)) == state.index.scan(raw(B))
    assert "REVIEW XEV-18" == tell(state, "review.decided", **REVIEW)


def test_site_is_registered_once(state):
    """And only its files are fetched (XEV-2)."""
    assert ["SITE XEV-2", "", "SITE XEV-2", ""] == [
        tell(state, name, site_id=B)
        for name in (
            "optout.policy_file_fetched",
            "optout.site_registered",
            "optout.site_registered",
            "optout.policy_file_fetched",
        )
    ]


ADOPTED = {
    "policy_sha256": ONE,
    "jurisdictions": ["uk", "eu"],
    "purpose": "research",
    "basket_version": "2026-11-01",
    "basket_relaxed": ["CCBot"],
}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"jurisdictions": ["eu", "uk"]}, ""),
        ({"jurisdictions": ["eu"]}, "POLICY_UNKNOWN XEV-1"),
        ({"purpose": "commercial"}, "POLICY_UNKNOWN XEV-1"),
        ({"basket_version": "2026-12-01"}, "POLICY_UNKNOWN XEV-1"),
        ({"basket_relaxed": []}, "POLICY_UNKNOWN XEV-1"),
        ({"policy_sha256": A * 2, "jurisdictions": ["eu"]}, ""),
        ({"policy_sha256": A * 2, "jurisdictions": ["eu", "eu"]},
         "POLICY_UNKNOWN XEV-1"),
    ],
    ids=str,
)  # fmt: skip
def test_policy_that_is_adopted_again(state, changes, told):
    """One digest is of one document; what it said first counts (XEV-1)."""
    both = frozenset({"eu", "uk"})
    policy = Policy(both, "research", "2026-11-01", frozenset({"CCBot"}))

    assert "" == tell(state, "policy.adopted", **ADOPTED)
    assert told == tell(state, "policy.adopted", **ADOPTED | changes)
    assert policy == state.policies[ONE.encode()]
