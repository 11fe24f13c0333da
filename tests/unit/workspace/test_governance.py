"""ledger.workspace.governance: what a verifier would refuse, refused early."""

import pytest

from ledger.errors import ConflictError, InputError, LockedError
from ledger.events.licence import LicenceGranted
from ledger.events.optout import SiteRegistered
from ledger.events.review import ReviewDecided
from ledger.export.status import status_document, status_text
from ledger.log.moment import Moment
from ledger.projections.reviewed import cleared_until, waiting_for_review
from ledger.vault.review_notes import NOTE_BYTES_MAX, ReviewNotes
from ledger.workspace.governance import Governance
from ledger.workspace.scanned import scanned_pages
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.projections.builders import digest, granted, ident
from tests.unit.workspace.office import leaks, rows
from tests.unit.workspace.points import Crash
from tests.unit.workspace.rights import SITE, decide, scan

DAY_MS = 24 * 3600 * 1000
NEXT_YEAR_MS = NOW_MS + 365 * DAY_MS


@pytest.fixture
def workspace(office):
    """An open workspace; the verifier looks at it in the end."""
    with office.open() as opened:
        yield opened
    office.check()


def review(workspace, scan_id, outcome="cleared", *, until=NEXT_YEAR_MS, note=""):
    """Decide about a scan."""
    return Governance(workspace).decide_review(
        scan_id, outcome, expires_at_ms=until, note=note
    )


def grant(workspace, name="licence", **changes):
    """Enter a licence of the scanned site that holds now."""
    facts = {
        "sites": [workspace.names.find_site(SITE)],
        "starts_at_ms": NOW_MS - DAY_MS,
        "expires_at_ms": NEXT_YEAR_MS,
    }
    event = granted(name, **(facts | changes))
    Governance(workspace).grant_licence(event)
    return event.licence_id


# Reviews


def waits(workspace):
    """Scans that wait for a person now."""
    return waiting_for_review(
        workspace.states()["optout"],
        at_ms=workspace.clock_ms(),
        pages=scanned_pages(workspace.vault),
    )


def test_a_person_clears_a_scan(workspace):
    """It waits until somebody has read it, and is clear until the review ends."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    assert [scan_id] == waits(workspace)
    review(workspace, scan_id)
    state = workspace.states()["optout"]

    assert ([], NEXT_YEAR_MS) == (waits(workspace), cleared_until(state, scan_id))


def test_the_newest_review_counts(workspace):
    """Who clears a scan by mistake takes it back."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    review(workspace, scan_id)
    review(workspace, scan_id, "upheld")

    assert 0 == cleared_until(workspace.states()["optout"], scan_id)


def test_a_note_is_in_the_vault_only(office, workspace):
    """The ledger holds a commitment to it."""
    event = review(
        workspace, scan(workspace, "scan", verdict="unknown"), note="Jane agreed."
    )

    assert "Jane agreed." == workspace.review_notes.text(event.review_id)
    assert event.note_commitment
    assert {"acme.vault"} == {
        file for file, _ in leaks(office.folder, [b"Jane agreed."])
    }


def test_no_note_no_commitment(workspace):
    """An empty text is not kept."""
    event = review(workspace, scan(workspace, "scan", verdict="unknown"))

    assert ("", None) == (
        event.note_commitment,
        workspace.review_notes.text(event.review_id),
    )


def test_a_note_of_a_refused_review_is_dropped(office):
    """The ledger never heard of it."""
    with office.open() as workspace:
        scan_id = scan(workspace, "scan", verdict="reserved")
        with pytest.raises(InputError):
            review(workspace, scan_id, note="Jane agreed.")
    office.open().__exit__(None, None, None)

    assert [] == rows(office.folder / "acme.vault", "SELECT * FROM review_note")
    assert [] == office.events(ReviewDecided)


def test_a_kill_after_the_ledgers_commit_loses_no_note(office, monkeypatch):
    """What the ledger commits to is in the vault already."""
    with office.open() as workspace, monkeypatch.context() as patch:
        scan_id = scan(workspace, "scan", verdict="unknown")
        patch.setattr(ReviewNotes, "settle", kill)
        with pytest.raises(Crash):
            review(workspace, scan_id, note="Jane agreed.")

    [event] = office.events(ReviewDecided)
    with office.open() as workspace:
        assert "Jane agreed." == workspace.review_notes.text(event.review_id)


def kill(*_args):
    """Let nothing more happen."""
    raise Crash


def test_a_note_that_another_process_dropped(office, workspace, monkeypatch):
    """Nothing is appended that commits to a note which nobody has."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    real = ReviewNotes.keep

    def dropping(self, *args):
        commitment = real(self, *args)
        office.open().__exit__(None, None, None)
        return commitment

    monkeypatch.setattr(ReviewNotes, "keep", dropping)
    with pytest.raises(LockedError, match="run again"):
        review(workspace, scan_id, note="Jane agreed.")
    assert [] == office.events(ReviewDecided)


def test_the_status_says_what_waits(workspace):
    """A person has something to do."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    ledger = workspace.ledger
    moment = Moment(size=ledger.size, at_ms=NOW_MS)
    document = status_document(ledger, workspace.states(), moment=moment)

    assert [scan_id] == document["waiting_for_review"]
    assert "review     1 scan waits for a person" in status_text(document)


def test_a_note_too_long(workspace):
    """No whole site goes into the vault."""
    scan_id = scan(workspace, "scan", verdict="unknown")

    with pytest.raises(InputError, match="note: expected at most"):
        review(workspace, scan_id, note="x" * (NOTE_BYTES_MAX + 1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"verdict": "reserved"}, "only a licence overrides"),
        ({}, "only a licence overrides"),
        (
            {"verdict": "unknown", "reasons": ["terms_of_use", "unreadable"]},
            "only a licence overrides",
        ),
    ],
    ids=["reserved", "allowed", "unreadable too"],
)
def test_not_up_for_review(workspace, changes, message):
    """A person reads what no parser can, and nothing else."""
    scan_id = scan(workspace, "scan", **changes)

    with pytest.raises(InputError, match=message):
        review(workspace, scan_id)


def test_a_review_of_no_scan(workspace):
    """It must be in this ledger."""
    with pytest.raises(InputError, match="expected a scan of this ledger"):
        review(workspace, ident("nowhere"))


def test_a_review_that_ends_at_once(workspace):
    """A clearance holds for a while, or is none."""
    scan_id = scan(workspace, "scan", verdict="unknown")

    with pytest.raises(InputError, match="expected later than"):
        review(workspace, scan_id, until=workspace.clock_ms())


def test_a_record_on_a_cleared_scan(workspace):
    """The decision cites the scan that was read."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    review(workspace, scan_id)

    decide(workspace, "a", scan_id=scan_id, eu_basis="tdm_article_4")


@pytest.mark.parametrize("outcome", [None, "upheld"], ids=["not read", "upheld"])
def test_a_record_on_a_scan_that_is_not_clear(workspace, outcome):
    """Without a person's word the answer is no."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    if outcome:
        review(workspace, scan_id, outcome)

    with pytest.raises(InputError, match="allowed or was cleared"):
        decide(workspace, "a", scan_id=scan_id, eu_basis="tdm_article_4")


def test_a_record_after_the_review_ended(office, workspace):
    """A clearance is not for ever."""
    scan_id = scan(workspace, "scan", verdict="unknown")
    review(workspace, scan_id, until=NOW_MS + DAY_MS)
    office.clock.now_ms += DAY_MS

    with pytest.raises(InputError, match="allowed or was cleared"):
        decide(workspace, "a", scan_id=scan_id, eu_basis="tdm_article_4")


# Licences


def test_a_licence_carries_a_record(workspace):
    """Even where the site reserves its rights: it is the more specific word."""
    scan_id = scan(workspace, "scan", verdict="reserved")
    licence_id = grant(workspace, overrides=[scan_id])
    decide(workspace, "a", scan_id=scan_id, licence_id=licence_id)

    licences = workspace.states()["licences"].licences
    assert {licence_id: 1} == {name: one.records for name, one in licences.items()}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"expires_at_ms": NOW_MS - DAY_MS}, "expected later than"),
        ({"text_sha256": ""}, "expected an SPDX expression or a text"),
        ({"model": "base-1b"}, "expected the name of a model exactly where"),
        ({"covers": "model"}, "expected the name of a model exactly where"),
        ({"sites": [ident("nowhere")]}, "expected registered sites"),
        ({"overrides": [ident("nowhere")]}, "expected scans of this ledger"),
    ],
    ids=["ends first", "no terms", "a model", "no model", "a site", "a scan"],
)
def test_a_licence_that_says_too_little(workspace, changes, message):
    """What a verifier would find is not signed."""
    scan(workspace, "scan")

    with pytest.raises(InputError, match=message):
        grant(workspace, **changes)


def test_a_site_that_is_not_registered_yet(workspace):
    """The vault knows its id, the ledger does not."""
    site = workspace.names.site(SITE)

    with pytest.raises(InputError, match="expected registered sites"):
        grant(workspace, sites=[site.site_id])


def test_a_licence_is_granted_once(workspace):
    """Its terms would change under the decisions that cite it."""
    grant(workspace, sites=[])

    with pytest.raises(ConflictError, match="found it taken"):
        grant(workspace, sites=[])


def test_a_licence_of_a_model(workspace):
    """It names the model, and carries no record."""
    licence_id = grant(workspace, covers="model", model="base-1b", sites=[])

    with pytest.raises(InputError, match="does not permit to train on content"):
        decide(workspace, "a", licence_id=licence_id)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"permits": ["output", "commercial"]}, "does not permit to train"),
        ({"permits": ["train"]}, "does not permit to train on content for gain"),
        ({"conditions": ["non_commercial"]}, "on content for gain"),
        ({"jurisdictions": ["uk"]}, "does not hold in eu"),
        ({"starts_at_ms": NEXT_YEAR_MS - 1}, "has not begun or has ended"),
        ({"expires_at_ms": NOW_MS - 1}, "has not begun or has ended"),
    ],
    ids=["another use", "no gain", "non-commercial", "elsewhere", "later", "earlier"],
)
def test_a_licence_that_does_not_carry_a_record(workspace, changes, found):
    """Its terms decide, and the day."""
    scan_id = scan(workspace, "scan")
    licence_id = grant(workspace, **changes)

    with pytest.raises(InputError, match=found):
        decide(workspace, "a", scan_id=scan_id, licence_id=licence_id)


def test_a_licence_of_another_site(workspace):
    """It says nothing about this one."""
    scan_id = scan(workspace, "scan")
    other = SiteRegistered(site_id=ident("b.example"), commitment=digest("b.example"))
    workspace.append_scan([other])
    licence_id = grant(workspace, sites=[other.site_id])

    with pytest.raises(InputError, match="of other sites"):
        decide(workspace, "a", scan_id=scan_id, licence_id=licence_id)


def test_a_revoked_licence(workspace):
    """It carries no further record, and what it carried stays."""
    licence_id = grant(workspace, sites=[])
    decide(workspace, "a", licence_id=licence_id)
    Governance(workspace).revoke_licence(licence_id, "breach")

    with pytest.raises(InputError, match="revoked"):
        decide(workspace, "b", licence_id=licence_id)


def test_a_licence_is_revoked_once(workspace):
    """The first end counts."""
    licence_id = grant(workspace, sites=[])
    Governance(workspace).revoke_licence(licence_id, "ended")

    with pytest.raises(ConflictError, match="revoked already"):
        Governance(workspace).revoke_licence(licence_id, "ended")


def test_no_such_licence(workspace):
    """Neither to revoke nor to rest on."""
    with pytest.raises(InputError, match="expected a licence of the register"):
        Governance(workspace).revoke_licence(ident("nowhere"), "ended")
    with pytest.raises(InputError, match="expected a licence of the register"):
        decide(workspace, "a", licence_id=ident("nowhere"))


def test_what_another_process_appended_counts(office, workspace):
    """The register is read again before each decision."""
    licence_id = grant(workspace, sites=[])
    decide(workspace, "a", licence_id=licence_id)
    with office.open() as other:
        Governance(other).revoke_licence(licence_id, "rights_holder")

    with pytest.raises(InputError, match="revoked"):
        decide(workspace, "b", licence_id=licence_id)
    assert 1 == len(office.events(LicenceGranted))
