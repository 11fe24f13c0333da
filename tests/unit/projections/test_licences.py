"""The licences projection: the register, who rests on it, and when it holds."""

import pytest

from ledger.projections import rebuild
from ledger.projections.licences import LicencesState, is_basis, is_in_force

from .builders import (
    NOVEMBER_2026_MS,
    decided,
    digest,
    granted,
    ident,
    record,
    revoked,
)


def folded(*events) -> LicencesState:
    return rebuild(record(events))["licences"]


def test_a_licence_keeps_its_terms():
    """As they were granted, with the event that granted them."""
    [licence] = folded(granted("a", permits=["train", "output"])).licences.values()

    assert ("content", digest("text"), ["train", "output"], "0.0") == (
        licence.covers,
        licence.text_sha256,
        licence.permits,
        licence.granted_by,
    )


def test_a_revocation_is_noted():
    """With its reason, its time and its event."""
    [licence] = folded(granted("a"), revoked("a", reason="breach")).licences.values()

    assert ("1.0", NOVEMBER_2026_MS + 10, "breach") == (
        licence.revoked_by,
        licence.revoked_at_ms,
        licence.end,
    )


def test_records_that_rest_on_it():
    """Accepted ones count; others rest on nothing."""
    state = folded(
        granted("a"),
        decided("one", licence_id=ident("a")),
        decided("two", licence_id=ident("a"), decision="blocked"),
        decided("three"),
        decided("four", licence_id=ident("nowhere")),
    )

    assert 1 == state.licences[ident("a")].records


@pytest.mark.parametrize(
    "events",
    [
        (granted("a"), granted("a", permits=["output"])),
        (granted("a"), revoked("a"), revoked("a", reason="mistake")),
        (granted("a"), revoked("b")),
    ],
    ids=["granted twice", "revoked twice", "unknown"],
)
def test_contradictions_change_nothing(events):
    """The first word stands, and the second is listed."""
    state, before = folded(*events), folded(*events[:-1])

    assert (before.licences, [f"{len(events) - 1}.0"]) == (
        state.licences,
        state.contradictions,
    )


@pytest.mark.parametrize(
    ("at_ms", "is_held"),
    [(-1, False), (0, True), (999, True), (1000, False)],
    ids=["before", "first", "last", "after"],
)
def test_a_licence_holds_for_its_term(at_ms, is_held):
    """From its start on, and not at its end."""
    [licence] = folded(granted("a")).licences.values()

    assert is_held == is_in_force(licence, NOVEMBER_2026_MS + at_ms)


DEMANDS = ["naming", "share_alike", "use_restrictions", "user_threshold"]


@pytest.mark.parametrize(
    ("changes", "is_one"),
    [
        ({}, True),
        ({"conditions": DEMANDS, "users_max": 9}, True),
        ({"permits": ["train"]}, False),
        ({"permits": ["commercial", "output"]}, False),
        ({"conditions": ["non_commercial"]}, False),
        ({"covers": "model", "model": "base", "sites": []}, False),
    ],
    ids=["plain", "conditions", "no gain", "no training", "non-commercial", "a model"],
)
def test_a_licence_that_a_decision_may_rest_on(changes, is_one):
    """Of content, for training and for gain; what else it demands is shown only."""
    [licence] = folded(granted("a", **changes)).licences.values()

    assert is_one == is_basis(licence)
