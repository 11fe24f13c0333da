"""ledger.workspace.decisions: what a decision may not rest on."""

import pytest

from ledger.errors import InputError
from ledger.events.ingest import DatasetClassified, DatasetRead, SensitiveFinding
from ledger.events.policy import PolicyAdopted
from ledger.format.recorded import Recorded
from ledger.projections import rebuild
from ledger.workspace.decisions import check_decisions
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.projections.builders import (
    decided,
    digest,
    granted,
    ident,
    quarantined,
    reviewed,
    scanned,
)

EMAIL, PHONE = (SensitiveFinding(kind=kind, count=2) for kind in ("email", "phone"))
ARTICLE_3 = {
    "eu_basis": "tdm_article_3",
    "uk_basis": "research_29a",
    "policy_sha256": digest("research"),
    "scan_id": ident("reserved"),
    "licence": "",
}
ARTICLE_4 = {"eu_basis": "tdm_article_4", "uk_basis": "licence"}


def adopted(purpose):
    """A policy for a purpose."""
    return PolicyAdopted(
        policy_sha256=digest(purpose),
        jurisdictions=["eu"],
        purpose=purpose,
        basket_version="2025-01-01",
        basket_relaxed=[],
    )


def classified(name, review):
    """A dataset."""
    return DatasetClassified(
        dataset_id=ident(name),
        format="jsonl",
        mapping_sha256="",
        classification="internal",
        personal_data="none",
        consent_review=review,
        review_commitment="",
    )


UNKNOWN = {"verdict": "unknown", "reasons": ["terms_of_use"]}
EVENTS = (
    adopted("commercial"),
    adopted("research"),
    classified("dataset", "pending"),
    classified("dataset", "done"),
    classified("unreviewed", "pending"),
    granted("licence", sites=[], starts_at_ms=0, expires_at_ms=NOW_MS + 1),
    scanned("allowed"),
    scanned("reserved", verdict="reserved", reasons=["noai"]),
    scanned("listed", verdict="reserved", reasons=["piracy_site"]),
    scanned("closed", verdict="unknown", reasons=["not_open"], access="login"),
    scanned("asked", **UNKNOWN),
    scanned("cleared", **UNKNOWN),
    reviewed("r", scan="cleared", expires_at_ms=NOW_MS + 1),
    scanned("spent"),
    scanned("spent too", **UNKNOWN),
    reviewed("s", scan="spent too", expires_at_ms=NOW_MS + 1),
    quarantined("z", scan="reserved", earlier="spent"),
    quarantined("y", scan="reserved", earlier="spent too"),
    decided("x", dataset_id=ident("dataset")),
)


def check(*events, now_ms=NOW_MS):
    """Check events after those above."""
    states = rebuild(
        Recorded(seq=seq, index=0, recorded_at_ms=0, event=one)
        for seq, one in enumerate(EVENTS)
    )
    check_decisions(events, states["optout"], states["licences"], now_ms)


def decision(**changes):
    """An accepted record under a policy for gain and a licence of its own."""
    facts = {"policy_sha256": digest("commercial"), "licence": "MIT"}
    return decided("a", **(facts | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        ARTICLE_4 | {"scan_id": ident("allowed")},
        ARTICLE_4 | {"scan_id": ident("cleared")},
        ARTICLE_3,
        {"licence": "", "licence_id": ident("licence")},
        {"sensitive": [EMAIL, PHONE], "action": "redact"},
        {"scan_id": ident("listed"), "decision": "blocked", "commitment": ""},
        {"dataset_id": ident("dataset")},
        {"dataset_id": ident("unreviewed"), "decision": "blocked", "commitment": ""},
    ],
    ids=str,
)
def test_allowed(changes):
    """What the rules across events allow."""
    check(decision(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licence": ""}, "a licence for basis licence or public_domain"),
        (ARTICLE_3 | {"policy_sha256": digest("commercial")}, "purpose commercial"),
        (ARTICLE_3 | {"policy_sha256": digest("none")}, "found purpose none"),
        ({"uk_basis": "research_29a"}, "a policy for research"),
        (ARTICLE_3 | {"scan_id": ""}, "lawful access"),
        (ARTICLE_3 | {"scan_id": ident("closed")}, "lawful access"),
        (ARTICLE_4 | {"scan_id": ident("nowhere")}, "found no scan"),
        (ARTICLE_4 | {"scan_id": ident("reserved")}, "found verdict reserved"),
        (ARTICLE_4 | {"scan_id": ident("asked")}, "found verdict unknown"),
        (ARTICLE_4 | {"scan_id": ident("spent")}, "quarantined records rested on"),
        (ARTICLE_4 | {"scan_id": ident("spent too")}, "quarantined records rested"),
        ({"scan_id": ident("listed")}, "a list of piracy sites"),
        ({"licence_id": ident("nowhere")}, "a licence of the register"),
        ({"sensitive": [EMAIL]}, "an action exactly where"),
        ({"action": "accept"}, "an action exactly where"),
        ({"sensitive": [EMAIL, EMAIL], "action": "redact"}, "each class once"),
        ({"sensitive": [EMAIL], "action": "review"}, "found action review"),
        ({"sensitive": [EMAIL], "action": "block"}, "found action block"),
        ({"dataset_id": ident("nowhere")}, "a classified dataset"),
        ({"dataset_id": ident("unreviewed")}, "before the consent review"),
    ],
    ids=str,
)
def test_refused(changes, message):
    """What a verifier would find (XEV-6, XEV-19, XEV-21)."""
    with pytest.raises(InputError, match=message):
        check(decision(**changes))


def test_a_clearance_ends():
    """The verifier believes no clock, so the writer asks his own."""
    event = decision(**ARTICLE_4, scan_id=ident("cleared"))

    with pytest.raises(InputError, match="found verdict unknown"):
        check(event, now_ms=NOW_MS + 1)


def read(**changes):
    """The account of a reading, with one record before and one beside it."""
    counts = {"accepted": 2, "pending": 0, "blocked": 0, "unreadable": 7}
    return DatasetRead(**({"dataset_id": ident("dataset")} | counts | changes))


def test_the_account_of_a_reading():
    """Decisions of its own submission are counted too."""
    check(decision(dataset_id=ident("dataset")), read())


@pytest.mark.parametrize(
    "changes",
    [
        {"accepted": 1},
        {"pending": 1},
        {"blocked": 1},
        {"dataset_id": ident("nowhere")},
    ],
    ids=str,
)
def test_an_account_that_is_another(changes):
    """Its counts are those of the decisions before it (XEV-21)."""
    with pytest.raises(InputError, match="expected"):
        check(decision(dataset_id=ident("dataset")), read(**changes))
