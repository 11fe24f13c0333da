"""The opt-out projection: verdicts by site, decisions by reason."""

import pytest

from ledger.events.optout import PolicyFileFetched, SiteRegistered
from ledger.projections import rebuild
from ledger.projections.optout import (
    OptoutState,
)
from ledger.projections.reviewed import cleared_until, is_cleared, waiting_for_review

from .builders import (
    NOVEMBER_2026_MS,
    decided,
    digest,
    ident,
    quarantined,
    read,
    record,
    reviewed,
    scanned,
)

UNREAD = scanned("scan", verdict="unknown", reasons=["terms_of_use", "linked_rights"])
"""A scan that only a person can read."""


def folded(*events) -> OptoutState:
    return rebuild(record(events))["optout"]


def test_the_newest_scan_is_the_sites_verdict():
    """A site stands where its last scan left it; earlier ones stay counted."""
    state = folded(
        scanned("1"),
        scanned("2", verdict="reserved", reasons=["basket"]),
        scanned("3", site="other"),
    )

    latest = {name: site.latest_verdict for name, site in state.sites.items()}
    assert {ident("site"): "reserved", ident("other"): "allowed"} == latest
    assert {"allowed": 1, "reserved": 1} == state.sites[ident("site")].verdicts
    assert "1.0" == state.sites[ident("site")].latest_scan


def test_a_scan_counts_under_each_reason():
    """Two reasons of one scan are one scan and two reasons."""
    tally = folded(scanned("1", verdict="reserved", reasons=["basket", "noai"])).scans[
        "reserved"
    ]

    assert (1, {"basket": 1, "noai": 1}) == (tally.total, tally.by_reason)


def test_a_decision_counts_under_its_first_reason():
    """So that the parts add up to the total."""
    tally = folded(
        decided("a", decision="blocked", reasons=["scan_reserved", "basket"]),
        decided("b", decision="blocked", reasons=["basket"]),
    ).decisions["blocked"]

    assert (2, {"scan_reserved": 1, "basket": 1}) == (tally.total, tally.by_reason)


def test_a_pending_record_that_is_decided_waits_no_more():
    """The later decision takes the place of the pending one."""
    state = folded(
        decided("a", decision="pending", reasons=["scan_unknown"]), decided("a")
    )

    assert (0, 1) == (
        state.decisions["pending"].total,
        state.decisions["accepted"].total,
    )
    assert {} == state.waiting


def test_policy_files_keep_their_newest_outcome():
    """A file that was absent and then parsed is parsed."""
    fetched = [
        PolicyFileFetched(
            site_id=ident("site"),
            channel="robots_txt",
            outcome=outcome,
            http_status=200,
            body_sha256="",
            body_bytes=0,
            redirects=0,
            fetched_at_ms=0,
        )
        for outcome in ("absent", "parsed")
    ]
    registered = SiteRegistered(site_id=ident("site"), commitment=digest("name"))
    site = folded(registered, *fetched).sites[ident("site")]

    assert ("0.0", {"robots_txt": "parsed"}) == (site.registered, site.policy_files)


def test_the_newest_scan_of_a_site():
    """By its id, for whoever compares a site with its past."""
    state = folded(scanned("first"), scanned("second"), scanned("other", site="b"))

    assert ident("second") == state.sites[ident("site")].latest_scan_id


def test_a_scan_by_its_id():
    """Site, verdict and event; the first one of an id stands."""
    state = folded(scanned("a", verdict="reserved", reasons=["noai"]), scanned("a"))
    facts = state.by_scan[ident("a")]

    assert (ident("site"), "reserved", False, "0.0") == (
        facts.site_id,
        facts.verdict,
        facts.is_reviewable,
        facts.event_id,
    )


def waits(*events, at_ms=NOVEMBER_2026_MS, pages=None):
    """Scans that wait for a person."""
    return waiting_for_review(folded(*events), at_ms=at_ms, pages=pages)


@pytest.mark.parametrize(
    ("scan", "is_waiting"),
    [
        (UNREAD, True),
        (scanned("scan"), False),
        (scanned("scan", verdict="reserved", reasons=["terms_of_use"]), False),
        (scanned("scan", verdict="unknown", reasons=["unreadable"]), False),
        (scanned("scan", verdict="unknown", reasons=[]), False),
        (
            scanned("scan", verdict="unknown", reasons=["terms_of_use", "unreadable"]),
            False,
        ),
    ],
    ids=[
        "only a person",
        "allowed",
        "reserved",
        "unreadable",
        "no reason",
        "unreadable too",
    ],
)
def test_what_waits_for_a_person(scan, is_waiting):
    """An unknown verdict all of whose reasons a person may clear."""
    assert is_waiting == ([ident("scan")] == waits(scan))


def test_a_review_ends_the_waiting():
    """Whatever it decided."""
    assert [] == waits(UNREAD, reviewed("r", outcome="upheld"))
    assert [] == waits(UNREAD, reviewed("r"))


def test_an_ended_clearance_waits_again():
    """From its end on."""
    cleared = UNREAD, reviewed("r")

    assert [] == waits(*cleared, at_ms=NOVEMBER_2026_MS)
    assert [ident("scan")] == waits(*cleared, at_ms=NOVEMBER_2026_MS + 1)


def test_a_superseded_scan_does_not_wait():
    """Of one URL the newest scan counts, whatever it found; of an erased one, none."""
    later = scanned("later")

    assert [ident("scan")] == waits(UNREAD, later)
    assert [] == waits(UNREAD, later, pages={ident("scan"): b"a", later.scan_id: b"a"})
    assert [] == waits(UNREAD, pages={})


def test_the_same_evidence_does_not_wait():
    """A decision answers for a later scan of the URL with the same evidence alone."""
    unknown = {"verdict": "unknown", "reasons": ["terms_of_use"]}
    terms, others = (
        [read(channel="terms_page", verdict="unknown", evidence_sha256=digest(name))]
        for name in ("terms", "others")
    )
    first = scanned("scan", channels=terms, **unknown)
    same = scanned("same", channels=terms, **unknown)
    other = scanned("other", channels=others, **unknown)
    pages = dict.fromkeys((ident("scan"), ident("same"), ident("other")), b"a")

    assert [] == waits(first, reviewed("r"), same, pages=pages)
    assert [ident("same")] == waits(first, reviewed("r"), same)
    assert [ident("other")] == waits(first, reviewed("r"), other, pages=pages)


@pytest.mark.parametrize(
    ("reviews", "until"),
    [
        ([], 0),
        ([reviewed("a")], NOVEMBER_2026_MS + 1),
        ([reviewed("a", outcome="upheld")], 0),
        ([reviewed("a"), reviewed("b", outcome="upheld")], 0),
        ([reviewed("a", outcome="upheld"), reviewed("b")], NOVEMBER_2026_MS + 1),
        ([reviewed("a", scan="other")], 0),
    ],
    ids=["none", "cleared", "upheld", "taken back", "after all", "another scan"],
)
def test_until_when_a_scan_is_cleared(reviews, until):
    """The newest review of a scan counts."""
    assert until == cleared_until(folded(UNREAD, *reviews), ident("scan"))


def test_quarantined_records():
    """With the scan that took each out first."""
    state = folded(quarantined("a", "b"), quarantined("b", scan="third"))

    assert {ident("a"): ident("later"), ident("b"): ident("later")} == state.quarantined


def test_spent_scans():
    """A quarantine spends the scan that its records rested on, for good."""
    cleared = UNREAD, reviewed("r"), quarantined("a"), reviewed("again")
    state = folded(*cleared)

    assert {ident("scan"): ident("later")} == state.spent
    assert 0 == cleared_until(state, ident("scan"))
    facts = state.by_scan[ident("scan")]
    assert not is_cleared(state, facts, [ident("scan")], at_ms=0)
    assert is_cleared(folded(*cleared[:2]), facts, [ident("scan")], at_ms=0)


def test_a_spent_scan_answers_for_no_other():
    """The same question at the same page waits for a person again."""
    unknown = {"verdict": "unknown", "reasons": ["terms_of_use"]}
    terms = [read(channel="terms_page", verdict="unknown", evidence_sha256=digest("t"))]
    first = scanned("scan", channels=terms, **unknown)
    same = scanned("same", channels=terms, **unknown)
    pages = dict.fromkeys((ident("scan"), ident("same")), b"a")

    assert [] == waits(first, reviewed("r"), same, pages=pages)
    assert [ident("same")] == waits(
        first, reviewed("r"), quarantined("a"), same, pages=pages
    )


def cleared_now(*events, scan="new"):
    """Whether a person has cleared a scan, all scans being of one page."""
    state = folded(*events)
    return is_cleared(state, state.by_scan[ident(scan)], state.by_scan, at_ms=0)


def asked(name, terms="terms"):
    """A scan that a person must read, with the terms that it found."""
    evidence = terms and digest(terms)
    found = read(channel="terms_page", verdict="unknown", evidence_sha256=evidence)
    return scanned(name, channels=[found], verdict="unknown", reasons=["terms_of_use"])


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([reviewed("r", scan="old")], True),
        ([reviewed("r", scan="old", outcome="upheld")], False),
        ([reviewed("r", scan="old"), reviewed("s", scan="older")], True),
        ([reviewed("r", scan="older"), reviewed("s", scan="old")], True),
        ([reviewed("r", scan="other")], False),
        ([reviewed("r", scan="old"), quarantined("a", earlier="old")], False),
        (
            [
                reviewed("r", scan="older"),
                reviewed("s", scan="old", outcome="upheld"),
                quarantined("a", earlier="old"),
            ],
            False,
        ),
        (
            [
                reviewed("r", scan="older"),
                reviewed("s", scan="old"),
                quarantined("a", earlier="old"),
            ],
            False,
        ),
    ],
    ids=["cleared", "upheld", "twice", "in turn", "other terms", "spent", "no", "hid"],
)
def test_what_a_person_cleared(events, expected):
    """The newest word on the same evidence counts, also where its scan is spent."""
    scans = asked("older"), asked("old"), asked("other", "others"), asked("new")

    assert expected == cleared_now(*scans, *events)


def test_evidence_that_was_not_kept():
    """Then a decision answers for its own scan alone."""
    scans = asked("old", ""), asked("new", "")

    assert not cleared_now(*scans, reviewed("r", scan="old"))
    assert cleared_now(*scans, reviewed("r", scan="new"))


def test_what_a_quarantine_by_a_licence_names():
    """The licence; no scan is spent by it."""
    event = quarantined("a", scan="", earlier="", licence="licence")
    state = folded(event)

    assert ({ident("a"): ident("licence")}, {}) == (state.quarantined, state.spent)


@pytest.mark.parametrize(
    ("changes", "basis"),
    [
        ({"eu_basis": "tdm_article_4"}, None),
        ({"eu_basis": "licence"}, "licence"),
        ({"eu_basis": "tdm_article_3"}, "tdm_article_3"),
        ({"eu_basis": "none", "uk_basis": "research_29a"}, "research_29a"),
        ({"eu_basis": "licence", "scan_id": ""}, None),
        ({"eu_basis": "licence", "decision": "blocked"}, None),
    ],
    ids=["article 4", "licence", "article 3", "uk", "no scan", "blocked"],
)
def test_what_stands_beside_a_scan(changes, basis):
    """What an accepted record rests on that cites a scan, where it is not the scan."""
    event = decided("a", **({"scan_id": ident("scan")} | changes))

    assert basis == folded(event).bases.get(ident("a"))
