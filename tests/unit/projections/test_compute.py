"""The compute projection: phases, completeness, parents."""

import pytest

from ledger.projections import rebuild
from ledger.projections.compute import ComputeState, Flop
from ledger.projections.lineage import ancestors, surviving, total, unfinished

from .builders import (
    PHASES,
    digest,
    failed,
    finished,
    ident,
    metered,
    record,
    saved,
    started,
    whole_run,
)


def folded(*events) -> ComputeState:
    return rebuild(record(events))["compute"]


def test_phases_are_kept_apart():
    """Each phase of each batch is summed by itself."""
    amounts = {phase: 2**number for number, phase in enumerate(PHASES)}
    state = folded(started(), metered(**amounts), metered(batch=1, **amounts))

    doubled = Flop(**{phase: 2 * amount for phase, amount in amounts.items()})
    assert doubled == state.runs[ident("run")].flop


def test_flop_pass_64_bits():
    """Totals are exact beyond any machine word."""
    state = folded(*whole_run(flop=10**39))

    assert 10**39 == total(state, state.runs).executed()


def test_a_finished_run_that_adds_up_has_no_faults():
    """Totals equal to the sum of the batches are complete."""
    run = folded(*whole_run(flop=5)).runs[ident("run")]

    assert ("finished", []) == (run.status, run.faults)


@pytest.mark.parametrize(
    ("events", "fault"),
    [
        ([finished(forward=6)], "totals_differ_from_batches"),
        ([finished(batches=2, forward=5)], "batches_missing_or_repeated"),
        ([failed(batches=3)], "batches_missing_or_repeated"),
        ([metered(forward=5)], "batches_missing_or_repeated"),
        ([metered(batch=2, forward=5)], "batches_missing_or_repeated"),
        ([finished(forward=5), metered(batch=1)], "metered_after_its_end"),
        ([finished(forward=5), failed()], "ended_twice"),
        ([started()], "started_twice"),
    ],
    ids=["total", "fewer", "fewer failed", "repeat", "gap", "late", "twice", "again"],
)
def test_faults(events, fault):
    """Whatever makes the sum doubtful is named on the run."""
    state = folded(started(), metered(forward=5), *events)

    assert fault in state.runs[ident("run")].faults


@pytest.mark.parametrize("event", [metered(), finished(), failed(), saved()])
def test_events_of_a_run_that_never_started_are_strays(event):
    """They are listed and change no total."""
    state = folded(event)

    assert (["0.0"], {}) == (state.strays, state.runs)


def test_only_finished_runs_and_what_they_continue_survive():
    """A failed run whose weights nobody used is in no model."""
    state = folded(
        started("used"),
        saved("used", weights="half"),
        failed("used", batches=0),
        started("lost"),
        saved("lost", weights="wasted"),
        failed("lost", batches=0),
        started("good"),
        saved("good", slice_=1, parent="half"),
        finished("good", batches=0),
    )

    assert {ident("used"), ident("good")} == surviving(state)


def test_a_slice_without_records_has_no_descendants():
    """Weights equal to their parent were not trained, so they link no runs."""
    state = folded(
        started("a"),
        saved("a", parent="base", weights="base"),
        failed("a", batches=0),
        *whole_run("b"),
    )

    assert {ident("b")} == ancestors(state, [ident("b")])


def test_equal_weights_link_every_run_that_saved_them():
    """Where two runs saved the same bits, a descendant counts both."""
    state = folded(
        *whole_run("a"),
        started("b"),
        saved("b", weights="a-0"),
        finished("b", batches=0),
        *whole_run("c", base_sha256=digest("a-0")),
    )

    assert {ident("a"), ident("b"), ident("c")} == ancestors(state, [ident("c")])


def test_unfinished_runs_are_listed():
    """A run without an end is open."""
    state = folded(started("open"), *whole_run("done"))

    assert [ident("open")] == unfinished(state)
