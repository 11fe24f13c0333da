"""The meter: events that are few, gapless and add up."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events import encode_event
from ledger.events.training import Adapter
from producers.training.flop import step_flop
from producers.training.meter import INTERVAL_MS_MAX, STEPS_MAX, StepMeter
from producers.training.recipe import Settings

SETTINGS = Settings()
ADAPTERS = [Adapter(shard=0, weights_sha256="0" * 64)]


class Bench:
    """A meter with a clock that a test moves."""

    def __init__(self):
        self.events = []
        self.now_ms = 0
        self.meter = StepMeter(
            run_id="0" * 32,
            flop_of=lambda b, s: step_flop(SETTINGS, batch=b, sequence=s),
            emit=self.events.extend,
            clock_ms=lambda: self.now_ms,
        )
        self.step = partial(
            self.meter.step, shard=0, slice_index=0, batch=8, sequence=96
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


def test_flush_without_steps_writes_nothing(bench):
    """An empty slice has no event."""
    bench.meter.flush(0)

    assert [] == bench.events


def test_event_covers_one_slice(bench):
    """A step of the next slice closes the event of the slice before."""
    bench.step()
    bench.step(slice_index=1)
    bench.meter.flush_all()

    assert [0, 1] == [event.slice for event in bench.events]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(1, 9),
        st.integers(1, 96),
        st.integers(0, INTERVAL_MS_MAX),
    ),
    max_size=300,
)


@given(steps=STEPS)
def test_events_are_gapless_and_add_up(steps):
    """Numbers have no gap, FLOP follow from the shapes, and totals are the sums."""
    bench = Bench()
    for shard, batch, sequence, wait_ms in steps:
        bench.now_ms += wait_ms
        bench.step(shard=shard, batch=batch, sequence=sequence)
    bench.meter.flush_all()
    finished = bench.meter.finished(ADAPTERS)
    events = bench.events

    assert list(range(len(events))) == [event.batch for event in events]
    assert [sum(e.steps for e in events[:i]) for i in range(len(events))] == [
        event.step_first for event in events
    ]
    for event in events:
        flop = [
            (step_flop(SETTINGS, batch=s.batch, sequence=s.sequence), s.steps)
            for s in event.shapes
        ]
        assert str(sum(f.forward * n for f, n in flop)) == event.flop_forward
        assert str(sum(f.backward * n for f, n in flop)) == event.flop_backward
    assert len(steps) == finished.steps
    assert sum(b * s for _, b, s, _ in steps) == finished.tokens
    assert len(events) == finished.batches
    assert sum(int(e.flop_forward) for e in events) == int(finished.flop_forward)
    assert sum(int(e.flop_backward) for e in events) == int(finished.flop_backward)


def test_events_keep_their_schema(bench):
    """What the meter builds is what the ledger accepts."""
    bench.step()
    bench.meter.flush_all()
    for event in (*bench.events, bench.meter.finished(ADAPTERS)):
        encode_event(event, salt="0" * 24)
