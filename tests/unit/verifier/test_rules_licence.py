"""Rules of the register of licences (XEV-19)."""

import pytest

from tests.unit.verifier.rule_cases import ONE, A, B, decided, grant, raw, tell
from verifier.rules.register import Licence
from verifier.rules.state import Policy

GRANTED = {
    "licence_id": A,
    "covers": "content",
    "expression": "MIT",
    "text_sha256": "",
    "permits": ["train"],
    "conditions": [],
    "jurisdictions": ["eu"],
    "sites": [A],
    "overrides": [A],
    "model": "",
    "starts_at_ms": 5,
    "expires_at_ms": 6,
}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, ""),
        ({"expires_at_ms": 5}, "LICENCE XEV-19"),
        ({"expression": ""}, "LICENCE XEV-19"),
        ({"expression": "", "text_sha256": ONE}, ""),
        ({"text_sha256": ONE}, ""),
        ({"model": "m"}, "LICENCE XEV-19"),
        ({"covers": "model"}, "LICENCE XEV-19"),
        ({"covers": "model", "model": "m"}, ""),
        ({"sites": [A, B]}, "LICENCE XEV-19"),
        ({"overrides": [A, B]}, "LICENCE XEV-19"),
        ({"sites": [], "overrides": []}, ""),
    ],
    ids=str,
)
def test_licence(state, changes, told):
    """Of something, for some time, of sites and scans that are there (XEV-19)."""
    assert told == tell(state, "licence.granted", **GRANTED | changes)
    assert "LICENCE XEV-19" == tell(state, "licence.granted", **GRANTED)


def test_licence_is_revoked_once(state):
    """And only after it was granted (XEV-19)."""
    grant(state)

    assert ["LICENCE XEV-19", "", "LICENCE XEV-19"] == [
        tell(state, "licence.revoked", licence_id=one) for one in (B, A, A)
    ]


@pytest.mark.parametrize(
    ("changes", "scan", "told"),
    [
        ({}, A, ""),
        ({"covers": "model"}, A, "LICENCE_USE XEV-19"),
        ({"permits": frozenset({"commercial"})}, A, "LICENCE_USE XEV-19"),
        ({"permits": frozenset({"train"})}, A, "LICENCE_USE XEV-19"),
        ({"conditions": frozenset({"non_commercial"})}, A, "LICENCE_USE XEV-19"),
        ({"conditions": frozenset({"naming"})}, A, ""),
        ({"sites": frozenset()}, A, ""),
        ({"sites": frozenset({raw(B)})}, A, "LICENCE_USE XEV-19"),
        ({"sites": frozenset({raw(B)})}, "", "LICENCE_USE XEV-19"),
        ({"sites": frozenset()}, "", ""),
        ({}, "", "LICENCE_USE XEV-19"),
        ({"jurisdictions": frozenset({"uk"})}, A, "LICENCE_USE XEV-19"),
        ({"starts_at_ms": 5, "expires_at_ms": 6}, A, ""),
        ({"starts_at_ms": 6}, A, "LICENCE_USE XEV-19"),
        ({"expires_at_ms": 5}, A, "LICENCE_USE XEV-19"),
    ],
    ids=str,
)
def test_use_of_a_licence(state, changes, scan, told):
    """For training, where it holds, and of the sites that it names (XEV-19)."""
    licence = Licence(
        covers="content",
        permits=frozenset({"train", "commercial"}),
        conditions=frozenset(),
        jurisdictions=frozenset({"eu"}),
        sites=frozenset({raw(A)}),
        starts_at_ms=0,
        expires_at_ms=9,
    )
    state.claimed_at_ms = 5
    state.index.register.add_licence(raw(B), licence._replace(**changes))
    event = decided(licence_id=B, scan_id=scan, eu_basis="licence")

    assert told == tell(state, "ingest.record_decided", **event)


@pytest.mark.parametrize(
    ("jurisdictions", "purpose", "told"),
    [
        ({"uk"}, "commercial", ""),
        ({"uk"}, "research", "LICENCE_USE XEV-19"),
        ({"eu"}, "commercial", "LICENCE_USE XEV-19"),
    ],
)
def test_use_of_a_licence_without_a_scan(state, jurisdictions, purpose, told):
    """Only where no decision rests on what a site says, nobody has to ask it."""
    grant(state)
    state.policies[ONE.encode()] = Policy(frozenset(jurisdictions), purpose)
    event = decided(
        licence_id=A, scan_id="", eu_basis="public_domain", policy_sha256=ONE
    )

    assert told == tell(state, "ingest.record_decided", **event)
