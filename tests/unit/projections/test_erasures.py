"""The erasures projection: phases, what is owed, and when."""

import pytest

from ledger.projections import rebuild
from ledger.projections.erasures import Erasure, is_overdue, outstanding

from .builders import (
    NOVEMBER_2026_MS,
    certified,
    erased,
    ident,
    keys_destroyed,
    planned,
    record,
    requested,
    retrained,
    rolled_back,
    verified,
    weights_deleted,
)

STEPS = (
    requested(),
    planned(),
    erased("a"),
    rolled_back(),
    keys_destroyed(),
    retrained(),
    weights_deleted("old"),
    verified(),
    certified(),
)
"""A whole erasure of one record in one shard."""


def folded(*events) -> Erasure:
    return rebuild(record(events))["erasures"].erasures[ident("erasure")]


def test_phases_name_their_events():
    """Every phase that was reached lists its events."""
    assert [
        ("requested", ["0.0"]),
        ("planned", ["1.0"]),
        ("records_erased", ["2.0"]),
        ("rolled_back", ["3.0"]),
        ("keys_destroyed", ["4.0"]),
        ("retrained", ["5.0"]),
        ("weights_deleted", ["6.0"]),
        ("verified", ["7.0"]),
        ("certified", ["8.0"]),
    ] == list(folded(*STEPS).phases.items())


def test_a_whole_erasure_owes_nothing():
    """Certified and complete are both true at the end."""
    erasure = folded(*STEPS)

    assert [] == outstanding(erasure)
    assert (True, True) == (erasure.certified, erasure.complete)


@pytest.mark.parametrize(
    ("missing", "step"),
    [
        (2, "erase 1 more records"),
        (3, "roll back shard 0"),
        (4, "destroy keys"),
        (5, "retrain shard 0"),
        (6, "delete old weights"),
        (7, "verify"),
        (8, "certify"),
    ],
)
def test_each_missing_step_is_owed(missing, step):
    """Leaving out one step leaves exactly that one outstanding."""
    events = STEPS[:missing] + STEPS[missing + 1 :]

    assert [step] == outstanding(folded(*events))


def test_without_a_plan_nothing_else_is_known():
    """Before the plan the only step is to plan."""
    assert ["plan"] == outstanding(folded(requested()))


def test_a_certificate_issued_too_early_shows():
    """Certified is not complete while records could still be read."""
    erasure = folded(*STEPS[:7], verified(readable=2), certified())

    assert (True, False) == (erasure.certified, erasure.complete)
    assert ["verify again: 2 records readable, 0 files left"] == outstanding(erasure)


def test_a_resumed_step_counts_once():
    """The same records in two events are the same records."""
    erasure = folded(requested(), planned(records=2), erased("a"), erased("a"))

    assert {ident("a")} == erasure.records.keys()
    assert "erase 1 more records" in outstanding(erasure)


def test_clean_weights_need_no_deletion():
    """Where the shard had been rolled back before, what served never saw the record."""
    erasure = folded(
        *STEPS[:5], retrained(before="clean"), weights_deleted(), *STEPS[7:]
    )

    assert [] == outstanding(erasure)


@pytest.mark.parametrize(
    ("due_at_ms", "now_ms", "overdue"), [(10, 10, False), (10, 11, True)]
)
def test_overdue_while_open(due_at_ms, now_ms, overdue):
    """An open erasure is late from the moment after it was due."""
    assert overdue == is_overdue(folded(requested(due_at_ms=due_at_ms)), now_ms)


def test_overdue_is_judged_at_the_certificate():
    """Once certified in time, later days do not make it late."""
    due = NOVEMBER_2026_MS + 60_000 * 8
    erasure = folded(requested(due_at_ms=due), *STEPS[1:])

    assert is_overdue(erasure, due * 2) is False


def test_events_without_a_request_are_strays():
    """An erasure that nobody requested is listed, not invented."""
    state = rebuild(record([erased("a")]))["erasures"]

    assert ({}, ["0.0"]) == (state.erasures, state.strays)
