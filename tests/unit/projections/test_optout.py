"""The opt-out projection: verdicts by site, decisions by reason."""

from ledger.events.optout import PolicyFileFetched, SiteRegistered
from ledger.projections import rebuild
from ledger.projections.optout import OptoutState, latest_verdicts

from .builders import decided, digest, ident, record, scanned


def folded(*events) -> OptoutState:
    return rebuild(record(events))["optout"]


def test_the_newest_scan_is_the_sites_verdict():
    """A site stands where its last scan left it; earlier ones stay counted."""
    state = folded(
        scanned("1"),
        scanned("2", verdict="reserved", reasons=["basket"]),
        scanned("3", site="other"),
    )

    assert {"reserved": 1, "allowed": 1} == latest_verdicts(state)
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
