"""Rules of decisions, one at a time and as bulk (XEV-5, XEV-6)."""

from collections import Counter

import pytest

from tests.unit.verifier.rule_cases import (
    CLOSED,
    LISTED,
    ONE,
    OPEN,
    POLICY,
    RESEARCH,
    A,
    B,
    C,
    apply,
    decided,
    gathered,
    grant,
    is_doubtful,
    raw,
    tell,
)
from verifier.rules.sources import NOTHING
from verifier.rules.state import Dataset

NOT_ACCEPTED = {"decision": "blocked", "commitment": ""}
EMAIL, PHONE = ({"kind": kind, "count": 2} for kind in ("email", "phone"))
FOR_RESEARCH = {
    "policy_sha256": RESEARCH.decode(),
    "eu_basis": "tdm_article_3",
    "uk_basis": "research_29a",
    "scan_id": OPEN,
    "licence": "",
}


DECISIONS = [
    ({}, ""),
    ({"scan_id": "", "eu_basis": "public_domain"}, ""),
    ({"scan_id": B, "eu_basis": "public_domain"}, "SCAN XEV-3"),
    ({"scan_id": B}, "SCAN XEV-3"),
    ({"scan_id": ""}, "DECISION_BASIS XEV-6"),
    ({"policy_sha256": ONE}, "POLICY_UNKNOWN XEV-1"),
    ({"record_id": A}, "RECORD_DECIDED_TWICE XEV-5"),
    ({"commitment": ""}, "DECISION_BASIS XEV-6"),
    ({"decision": "blocked"}, "DECISION_BASIS XEV-6"),
    (NOT_ACCEPTED, ""),
    (NOT_ACCEPTED | {"uk_basis": "none"}, ""),
    ({"uk_basis": "none"}, "DECISION_BASIS XEV-6"),
    ({"eu_basis": "none"}, "DECISION_BASIS XEV-6"),
    ({"licence_id": B}, "LICENCE_USE XEV-19"),
    ({"licence_id": A}, ""),
    ({"licence_id": A, "eu_basis": "licence"}, ""),
    ({"licence_id": A, "uk_basis": "licence"}, "LICENCE_USE XEV-19"),
    ({"licence_id": C}, "LICENCE_USE XEV-19"),
    ({"licence": ""}, "DECISION_BASIS XEV-6"),
    ({"licence": "", "uk_basis": "licence"}, "DECISION_BASIS XEV-6"),
    ({"licence": "", "licence_id": A}, ""),
    ({"licence": "", "eu_basis": "public_domain"}, "DECISION_BASIS XEV-6"),
    (FOR_RESEARCH, ""),
    (FOR_RESEARCH | {"policy_sha256": POLICY.decode()}, "DECISION_BASIS XEV-6"),
    (FOR_RESEARCH | {"scan_id": ""}, "DECISION_BASIS XEV-6"),
    (FOR_RESEARCH | {"scan_id": CLOSED}, "DECISION_BASIS XEV-6"),
    ({"uk_basis": "research_29a"}, "DECISION_BASIS XEV-6"),
    ({"uk_basis": "research_29a", "policy_sha256": RESEARCH.decode()}, ""),
    ({"action": "accept"}, "SENSITIVE XEV-21"),
    ({"action": "accept", "sensitive": [EMAIL]}, ""),
    ({"sensitive": [EMAIL]}, "SENSITIVE XEV-21"),
    ({"action": "redact", "sensitive": [EMAIL, PHONE]}, ""),
    ({"action": "redact", "sensitive": [EMAIL, EMAIL]}, "SENSITIVE XEV-21"),
    ({"action": "block", "sensitive": [EMAIL]}, "SENSITIVE XEV-21"),
    ({"action": "review", "sensitive": [EMAIL]}, "SENSITIVE XEV-21"),
    (NOT_ACCEPTED | {"action": "block", "sensitive": [EMAIL]}, ""),
    ({"dataset_id": A}, ""),
    ({"dataset_id": B}, "DATASET XEV-21"),
    (NOT_ACCEPTED | {"dataset_id": B}, ""),
    ({"dataset_id": C}, "DATASET XEV-21"),
    ({"scan_id": LISTED}, "DECISION_BASIS XEV-6"),
    ({"scan_id": LISTED, "eu_basis": "public_domain"}, "DECISION_BASIS XEV-6"),
    (FOR_RESEARCH | {"scan_id": LISTED}, "DECISION_BASIS XEV-6"),
    (NOT_ACCEPTED | {"scan_id": LISTED, "eu_basis": "none"}, ""),
    ({"scan_id": OPEN, "eu_basis": "public_domain"}, ""),
]


@pytest.mark.parametrize(("changes", "told"), DECISIONS, ids=str)
def test_decision(state, changes, told):
    """What a record was accepted on is there, and holds where the policy applies."""
    grant(state)
    classify(state)

    assert told == tell(state, "ingest.record_decided", **decided(**changes))


def test_what_decisions_cite(state):
    """One at a time and as bulk, it is there to be asked for (XEV-20)."""
    grant(state)
    ids = [f"{n:032x}" for n in range(6)]
    changes = [{}, {"licence_id": A}, {"scan_id": "", "eu_basis": "public_domain"}] * 2
    events = [
        decided(record_id=id_, **more) for id_, more in zip(ids, changes, strict=True)
    ]
    for event in events[:3]:
        assert "" == tell(state, "ingest.record_decided", **event)
    apply(state, gathered(events[3:], "ingest.record_decided"),
          "ingest.record_decided")  # fmt: skip
    cited = [(raw(A), NOTHING), (raw(A), raw(A)), (NOTHING, NOTHING)] * 2

    assert cited == [state.index.sources.of_record(raw(id_)) for id_ in ids]


def classify(state) -> None:
    """One dataset was reviewed, one waits for it."""
    state.datasets[raw(A)] = Dataset(is_pending=False)
    state.datasets[raw(B)] = Dataset(is_pending=True)


NOT_CLEAR = ["reserved", "unknown", "clearable", "once_allowed", "once_clearable"]


@pytest.mark.parametrize("scan", NOT_CLEAR)
def test_decision_on_a_scan_that_is_not_clear(state, scan):
    """Article 4 asks for one that is allowed, or was cleared (XEV-6)."""
    state.index.add_scan(raw(B), (scan, raw(A)))
    state.index.add_scan(raw(C), ("cleared", raw(A)))
    state.index.register.clear(raw(C), 1)

    assert "DECISION_BASIS XEV-6" == tell(
        state, "ingest.record_decided", **decided(scan_id=B)
    )
    assert "" == tell(
        state, "ingest.record_decided", **decided(scan_id=C, record_id="dd" * 16)
    )


@pytest.mark.parametrize(
    ("claimed_at_ms", "told"), [(8, ""), (9, "REVIEW XEV-18")], ids=["before", "at"]
)
def test_end_of_a_clearance(state, claimed_at_ms, told):
    """By the time that it claims, a decision on a clearance comes before its end."""
    state.claimed_at_ms = claimed_at_ms
    state.index.add_scan(raw(C), ("cleared", raw(A)))
    state.index.register.clear(raw(C), 9)
    event = decided(scan_id=C, record_id="dd" * 16)

    assert bool(told) == is_doubtful(state, [event], "ingest.record_decided")
    event["record_id"] = "ee" * 16
    assert told == tell(state, "ingest.record_decided", **event)


@pytest.mark.parametrize(("changes", "told"), DECISIONS, ids=str)
def test_bulk_of_decisions(state, changes, told):
    """A bulk doubts exactly where one of its decisions is refused."""
    grant(state)
    classify(state)
    events = [decided(record_id="dd" * 16), decided(**changes)]

    assert bool(told) == is_doubtful(state, events, "ingest.record_decided")
    assert told or raw(ONE) == state.index.commitment(raw("dd" * 16))


@pytest.mark.parametrize("scan", NOT_CLEAR)
def test_bulk_of_decisions_on_a_scan_that_is_not_clear(state, scan):
    """They are left to the plain pass."""
    state.index.add_scan(raw(B), (scan, raw(A)))
    events = [decided(record_id="dd" * 16), decided(scan_id=B)]

    assert is_doubtful(state, events, "ingest.record_decided")


def test_decisions_of_datasets_are_counted(state):
    """One at a time and as bulk, each under its decision."""
    classify(state)
    events = [
        decided(record_id=f"{n:032x}", dataset_id=A if n % 2 else "", **changes)
        for n, changes in enumerate([{}, {}, NOT_ACCEPTED, NOT_ACCEPTED, {}, {}])
    ]
    tell(state, "ingest.record_decided", **events[0])
    tell(state, "ingest.record_decided", **events[1])
    apply(state, gathered(events[2:], "ingest.record_decided"),
          "ingest.record_decided")  # fmt: skip

    assert {"accepted": 2, "blocked": 1} == state.datasets[raw(A)].decided
    assert {} == state.datasets[raw(B)].decided


READ = {"dataset_id": A, "accepted": 2, "pending": 0, "blocked": 1, "unreadable": 9}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"dataset_id": C}, "DATASET XEV-21"),
        ({"accepted": 1}, "DATASET XEV-21"),
        ({"pending": 1}, "DATASET XEV-21"),
        ({"blocked": 0}, "DATASET XEV-21"),
        ({"unreadable": 0}, ""),
    ],
    ids=str,
)
def test_dataset_that_was_read(state, changes, told):
    """Its counts are those of the decisions before it (XEV-21)."""
    state.datasets[raw(A)] = Dataset(False, Counter(accepted=2, blocked=1))

    assert told == tell(state, "ingest.dataset_read", **READ | changes)


def test_classified_anew(state):
    """The newest review of a dataset counts, and its decisions are not forgotten."""
    classify(state)
    tell(state, "ingest.record_decided", **decided(dataset_id=A))
    for review in ("done", "pending", "not_needed"):
        told = tell(state, "ingest.dataset_classified",
                    dataset_id=A, consent_review=review)  # fmt: skip

        assert "" == told
        assert (review == "pending") == state.datasets[raw(A)].is_pending
    assert {"accepted": 1} == state.datasets[raw(A)].decided
