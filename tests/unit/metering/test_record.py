"""The record of a run: events that are few, gapless and add up."""

import dataclasses
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import StorageError
from ledger.events import encode_event
from ledger.events.training_saved import Adapter
from producers.metering.batch import COUNTERS, Counted, total
from producers.metering.polynomial import Polynomial
from producers.metering.record import (
    INTERVAL_MS_MAX,
    SHAPES_DUE,
    STEPS_MAX,
    RunRecord,
)
from producers.metering.registered import counted_of, plan_of
from tests.unit.metering.plans import make_plan

PLAN = make_plan()
OTHER = dataclasses.replace(PLAN, model_sha256="6e" * 32, forward=Polynomial(4, 2))
PARTIAL = dataclasses.replace(PLAN, unknown=("custom::attention",))
ADAPTERS = [Adapter(shard=0, weights_sha256="0" * 64)]


def counted(batch=8, sequence=96, plan=PLAN, phase="train", **changes):
    """A pass forward and backward."""
    counts = {"has_gradient": True, "forwards": 1, "backwards": 1}
    return Counted(
        plan=plan, phase=phase, batch=batch, sequence=sequence, **counts | changes
    )


class Bench:
    """A record with a clock that a test moves."""

    def __init__(self, plans=(PLAN, OTHER)):
        self.events = []
        self.now_ms = 0
        self.record = RunRecord(
            run_id="0" * 32,
            plans=plans,
            emit=self.events.extend,
            clock_ms=lambda: self.now_ms,
        )
        self.step = partial(
            self.record.step,
            shard=0,
            slice_index=0,
            tokens=8 * 96,
            counted=[counted()],
        )


@pytest.fixture
def bench():
    return Bench()


def test_event_is_due_after_its_most_steps(bench):
    """The hundredth step writes the event."""
    for _ in range(STEPS_MAX - 1):
        bench.step()
    before = len(bench.events)
    bench.step()

    assert (0, 1) == (before, len(bench.events))


def test_event_is_due_after_its_longest_time(bench):
    """A step ten seconds after the first one writes the event."""
    bench.step()
    bench.now_ms = INTERVAL_MS_MAX - 1
    bench.step()
    before = len(bench.events)
    bench.now_ms += 1
    bench.step()

    assert (0, 1) == (before, len(bench.events))
    assert 3 == bench.events[0].steps


def test_event_is_due_after_its_most_shapes(bench):
    """A line has a limit, so many shapes make an event due too."""
    for number in range(SHAPES_DUE - 1):
        bench.step(counted=[counted(sequence=1 + number)])
    before = len(bench.events)
    bench.step(counted=[counted(sequence=2**52 + n) for n in range(SHAPES_DUE)])

    assert (0, 1) == (before, len(bench.events))
    assert 2 * SHAPES_DUE - 1 == len(bench.events[0].shapes)
    assert encode_event(bench.events[0], salt="0" * 24)


def test_flush_without_steps_writes_nothing(bench):
    """An empty slice has no event."""
    bench.record.flush(0)

    assert [] == bench.events


def test_event_covers_one_slice(bench):
    """A step of the next slice closes the event of the slice before."""
    bench.step()
    bench.step(slice_index=1)
    bench.record.flush_all()

    assert [0, 1] == [event.slice for event in bench.events]


def test_passes_of_one_shape_are_one_item(bench):
    """What differs in plan, phase, shape or gradient is counted apart."""
    kinds = [
        counted(),
        counted(plan=OTHER),
        counted(phase="auxiliary"),
        counted(batch=7),
        counted(has_gradient=False, backwards=0),
    ]
    bench.step(counted=kinds)
    bench.step(counted=kinds)
    bench.record.flush_all()
    (event,) = bench.events

    assert 5 == len(event.shapes)
    assert {2} == {each.forwards for each in event.shapes}
    assert 5 == len({(s.plan, s.phase, s.batch, s.has_gradient) for s in event.shapes})


@pytest.mark.parametrize(
    ("plan", "faults", "found"),
    [
        (PLAN, [], []),
        (PLAN, ["shape_unknown", "hook_failed"], ["hook_failed", "shape_unknown"]),
        (PARTIAL, [], ["plan_incomplete"]),
    ],
    ids=["none", "two", "plan"],
)
def test_end_says_what_is_missing(plan, faults, found):
    """A fault of a batch, or of its plan, makes the run incomplete."""
    bench = Bench(plans=[plan])
    bench.step(counted=[counted(plan=plan)], faults=faults)
    bench.record.flush_all()
    bench.step(counted=[])
    bench.record.flush_all()
    end = bench.record.finished(ADAPTERS)

    assert [found, []] == [event.faults for event in bench.events]
    assert found == end.reasons
    assert ("incomplete" if found else "complete") == end.completeness


def test_event_that_was_not_written_is_not_counted():
    """Where the ledger refuses, totals stay as they were."""

    def full(_):
        message = "no space"
        raise StorageError(message)

    record = RunRecord(run_id="", plans=[PLAN], emit=full, clock_ms=lambda: 0)
    record.step(shard=0, slice_index=0, tokens=4, counted=[counted()])
    with pytest.raises(StorageError):
        record.flush_all()

    assert (0, 0, True) == (
        record.batches,
        record.finished(ADAPTERS).steps,
        record.is_counted,
    )


def test_plans_are_stated_and_read_back(bench):
    """An event holds the whole plan, under the digest of its canonical form."""
    events = bench.record.plans()

    assert [0, 1] == [event.plan for event in events]
    assert [PLAN, OTHER] == [plan_of(event) for event in events]
    assert [PLAN.sha256, OTHER.sha256] == [event.plan_sha256 for event in events]
    for event in events:
        encode_event(event, salt="0" * 24)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.lists(
            st.builds(
                counted,
                batch=st.integers(1, 3),
                sequence=st.integers(1, 4),
                plan=st.sampled_from([PLAN, OTHER]),
                phase=st.sampled_from(["train", "reference", "evaluation"]),
                has_gradient=st.booleans(),
                forwards=st.integers(0, 3),
                backwards=st.integers(0, 3),
            ),
            max_size=3,
        ),
        st.integers(0, INTERVAL_MS_MAX),
    ),
    max_size=120,
)


@given(steps=STEPS)
def test_events_are_gapless_and_add_up(steps):
    """Numbers have no gap, FLOP follow from the shapes, and totals are the sums."""
    bench = Bench()
    for shard, passes, wait_ms in steps:
        bench.now_ms += wait_ms
        bench.step(shard=shard, tokens=len(passes), counted=passes)
    bench.record.flush_all()
    finished = bench.record.finished(ADAPTERS)
    events = bench.events

    assert list(range(len(events))) == [event.batch for event in events]
    assert [sum(e.steps for e in events[:i]) for i in range(len(events))] == [
        event.step_first for event in events
    ]
    for event in events:
        again = total(counted_of(event, [PLAN, OTHER]))
        for name in COUNTERS:
            assert str(again[name]) == getattr(event, f"flop_{name}")
    expected = total(each for _, passes, _ in steps for each in passes)
    for name in COUNTERS:
        assert str(expected[name]) == getattr(finished, f"flop_{name}")
    assert len(steps) == finished.steps
    assert sum(len(passes) for _, passes, _ in steps) == finished.tokens
    assert len(events) == finished.batches


def test_events_keep_their_schema(bench):
    """What the record builds is what the ledger accepts."""
    bench.step()
    bench.record.flush_all()
    for event in (*bench.events, bench.record.finished(ADAPTERS)):
        assert encode_event(event, salt="0" * 24)
