"""A training in somebody else's loop, as a run on record that verifies."""

import dataclasses
import os

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from ledger import Ledger  # noqa: E402
from ledger.disk.locks import file_lock  # noqa: E402
from ledger.errors import InputError, LockedError, StorageError  # noqa: E402
from ledger.events.training import (  # noqa: E402
    RunFailed,
    RunFinished,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_plan import PlanRegistered  # noqa: E402
from ledger.events.training_saved import SnapshotSaved  # noqa: E402
from ledger.log.projector import project  # noqa: E402
from ledger.projections import lineage  # noqa: E402
from ledger.spool.spool import Spool  # noqa: E402
from ledger.training.book import TrainingBook  # noqa: E402
from ledger.training.outside import drain_all  # noqa: E402
from producers.recordings import record_run  # noqa: E402
from tests.unit.metering.tiny import Tiny, ids, loss_of  # noqa: E402
from tests.unit.recording.training import FACTS, STEPS, save, step, train  # noqa: E402
from tests.unit.workspace.office import new_office  # noqa: E402


@pytest.fixture
def office(tmp_path):
    """A workspace that nothing was ingested into."""
    return new_office(tmp_path / "acme")


@pytest.fixture
def out(tmp_path):
    """Where a training saves."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def compute(office):
    """The compute projection, all that was spooled included."""
    with Ledger.open(office.folder) as ledger:
        drain_all(ledger)
        return project(ledger)["compute"]


def test_run_verifies(office, out):
    """Start, plan, batches, snapshot and end of a run hold under the pinned root."""
    with record_run(office.folder, FACTS) as run:
        run.finish(train(run, out, saves={4}, every=2))
    [start], [end] = office.events(RunStarted), office.events(RunFinished)
    [saved] = office.events(SnapshotSaved)
    office.check()

    assert (4, STEPS, "complete") == (saved.steps, end.steps, end.completeness)
    assert ("", [], 0, False) == (
        start.map_id,
        start.shards,
        start.slices,
        start.reexecutable,
    )


def test_totals_are_those_of_the_batches(office, out):
    """The run's compute on record is what the meter counted, to the integer."""
    with record_run(office.folder, FACTS) as run:
        loop, model = run.loop(every=3), Tiny()
        loop.attach(model)
        for number in range(STEPS):
            step(loop, model, number)
        run.finish(save(model, out, STEPS))
    [found] = compute(office).runs.values()

    assert loop.account().flop == {
        name: getattr(found.flop, name) for name in found.flop.__struct_fields__
    }
    assert loop.account().tokens == found.tokens


def test_locked_ledger_stops_no_training(office, out):
    """What a locked ledger cannot take is spooled, and enters with the next drain."""
    with record_run(office.folder, FACTS) as run:
        with file_lock(office.folder / ".sequencer.lock", what="the ledger"):
            last = train(run, out, saves={2, 5}, every=1)
            before = len(office.events(StepsMetered))
        run.finish(last)

    assert (0, STEPS) == (before, len(office.events(StepsMetered)))
    office.check()


def test_ledger_that_is_away_at_the_end(office, out):
    """A run that ended while the ledger was away is whole when it is back."""
    [path] = office.folder.glob("*.ledger")
    away = path.with_suffix(".away")
    with record_run(office.folder, FACTS, strict=True) as run:
        with file_lock(office.folder / ".sequencer.lock", what="the ledger"):
            run.finish(train(run, out))
            path.rename(away)
        assert run.is_over
    away.rename(path)
    compute(office)

    assert [STEPS] == [end.steps for end in office.events(RunFinished)]
    office.check()


def test_full_disk_is_said_and_loses_nothing(office, out, monkeypatch):
    """Steps that the disk refuses are offered again; none is lost or counted twice."""
    with record_run(office.folder, FACTS) as run:
        with monkeypatch.context() as disk:
            disk.setattr(Spool, "put", _refuse)
            last = train(run, out, saves={4}, every=2)
        run.finish(last)
    [end] = office.events(RunFinished)
    [found] = compute(office).runs.values()

    assert ("incomplete", ["snapshot_not_recorded"]) == (end.completeness, end.reasons)
    assert (STEPS, STEPS) == (end.steps, found.steps)
    office.check()


def test_path_that_is_no_text_stops_no_training(office, out):
    """A file's name may be any bytes; its folder cannot be listed then."""
    (out / os.fsdecode(b"\xff.safetensors")).write_bytes(b"weights")
    with record_run(office.folder, FACTS) as run:
        assert "" == run.snapshot(out)
        run.finish("5a" * 32)

    [end] = office.events(RunFinished)
    assert ["snapshot_not_recorded"] == end.reasons


def test_strict_run_raises(office, monkeypatch):
    """Whoever asks for it is told where it happens; the run is on record as failed."""

    def snapshot():
        with (
            record_run(office.folder, FACTS, strict=True) as run,
            monkeypatch.context() as disk,
        ):
            disk.setattr(Spool, "put", _refuse)
            run.snapshot("5a" * 32)

    with pytest.raises(StorageError):
        snapshot()

    assert ["error"] == [failed.reason for failed in office.events(RunFailed)]
    office.check()


def test_write_that_is_refused_too_late(office, out, monkeypatch):
    """A batch that lies in the spool though the write failed is not offered again."""
    put = Spool.put

    def fail_after(spool, spooled):
        put(spool, spooled)
        _refuse(spool, spooled)

    with record_run(office.folder, FACTS, strict=True) as run:
        monkeypatch.setattr(Spool, "put", fail_after)
        run.finish(train(run, out, every=4))

    assert [(0, 0), (1, 4), (2, 8)] == [
        (one.batch, one.step_first) for one in office.events(StepsMetered)
    ]
    office.check()


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ValueError("x"), "error"), (KeyboardInterrupt(), "interrupted")],
    ids=["error", "interrupt"],
)
def test_training_that_fails(office, error, reason):
    """What it computed stays on record, with why it ended."""

    def fail():
        with record_run(office.folder, FACTS) as run:
            loop, model = run.loop(), Tiny()
            loop.attach(model)
            step(loop, model, 0)
            raise error

    with pytest.raises(type(error)):
        fail()
    [failed] = office.events(RunFailed)

    assert (reason, 1) == (failed.reason, failed.batches)
    office.check()


def test_training_without_an_end(office):
    """A body that never calls `finish` made no model that is known."""
    with record_run(office.folder, FACTS):
        pass

    assert [("error", 0)] == [
        (failed.reason, failed.batches) for failed in office.events(RunFailed)
    ]
    office.check()


def test_steps_without_passes_are_said(office, out):
    """Steps in which no pass was seen cannot look complete."""
    with record_run(office.folder, FACTS) as run:
        loop = run.loop()
        with loop.step():
            pass
        run.finish(save(Tiny(), out, 1))

    assert [["forward_not_seen"]] == [end.reasons for end in office.events(RunFinished)]
    office.check()


def test_many_shapes_and_a_plan_that_comes_later(office, out):
    """More shapes than an event holds become several, behind the plans they need."""
    with record_run(office.folder, FACTS) as run:
        loop, model = run.loop(every=1000), Tiny()
        loop.attach(model)
        step(loop, model, 0)
        loop.flush()
        loop.attach(other := Tiny(kernel="plain"))
        for number in range(130):
            with loop.step():
                loss_of(other(ids(1, 1 + number))).backward()
        run.finish(save(model, out, 1))

    assert [1, 128, 2] == [len(one.shapes) for one in office.events(StepsMetered)]
    assert [0, 1] == [one.plan for one in office.events(PlanRegistered)]
    office.check()


def test_facts_that_no_event_holds_start_nothing(office):
    """A fact of another form is refused before anything is on record."""
    before = len(office.events())
    facts = dataclasses.replace(FACTS, base_sha256="none")
    with (
        pytest.raises(InputError, match="base_sha256"),
        record_run(office.folder, facts),
    ):
        pass

    assert before == len(office.events())


def test_resumed_run_names_the_last_snapshot(office, out):
    """A run that was cut off is gone on from; only steps after it are redone."""
    with record_run(office.folder, FACTS) as first:
        train(first, out, last=7, saves={2, 4}, every=2)  # and no end
    with record_run(office.folder, FACTS, resumes=first.run_id) as second:
        second.finish(train(second, out, first=4))
    [resumed] = [one for one in office.events(RunStarted) if one.resumes_run_id]
    state = compute(office)
    [chain] = lineage.chains(state)

    assert [first.run_id, second.run_id] == chain
    assert list(state.runs[first.run_id].snapshots)[-1] == resumed.resumes_sha256
    assert STEPS + 3 == sum(run.steps for run in state.runs.values())
    office.check()


def test_run_cut_off_before_it_saved_is_gone_on_from(office, out):
    """It has what it started from as its first snapshot."""
    with record_run(office.folder, FACTS) as first:
        train(first, out, last=7, saves={2, 4}, every=2)  # and no end
    with record_run(office.folder, FACTS, resumes=first.run_id) as second:
        pass
    with record_run(office.folder, FACTS, resumes=second.run_id) as third:
        third.finish(train(third, out, first=4))
    state = compute(office)
    [chain] = lineage.chains(state)

    assert [first.run_id, second.run_id, third.run_id] == chain
    assert "" == first.resumed_from
    assert second.resumed_from == third.resumed_from
    assert STEPS + 3 == sum(run.steps for run in state.runs.values())
    office.check()


@pytest.mark.parametrize(
    "what", ["unknown", "finished", "no-snapshot", "base", "twice"]
)
def test_runs_that_cannot_be_resumed(office, out, what):
    """Each is refused with what was expected, and nothing is on record."""
    facts, run_id = FACTS, "00" * 16
    if what == "finished":
        with record_run(office.folder, FACTS) as run:
            run.finish(train(run, out, last=1))
        run_id = run.run_id
    elif what != "unknown":
        with record_run(office.folder, FACTS) as run:
            train(run, out, last=2, saves=set() if what == "no-snapshot" else {1})
        run_id = run.run_id
    if what == "base":
        facts = dataclasses.replace(FACTS, base_sha256="bb" * 32)
    if what == "twice":
        with record_run(office.folder, FACTS, resumes=run_id):
            pass
    before = len(office.events())
    with (
        pytest.raises(InputError, match=r"expected|already"),
        record_run(office.folder, facts, resumes=run_id),
    ):
        pass

    assert before == len(office.events())


def test_training_of_the_workspace_leaves_a_live_run_alone(office):
    """Runs that a kill left open are closed, and not those that go on."""
    with record_run(office.folder, FACTS) as run:
        with office.open() as workspace:
            closed = TrainingBook(workspace).close_open_runs()
        run.finish("5a" * 32)

    assert 0 == closed
    assert [] == office.events(RunFailed)
    office.check()


def test_run_that_is_being_recorded_is_not_resumed(office):
    """Whoever still records it must end first."""
    with record_run(office.folder, FACTS) as run:
        with (
            pytest.raises(LockedError, match="recording"),
            record_run(office.folder, FACTS, resumes=run.run_id),
        ):
            pass
        run.finish("5a" * 32)
    office.check()


def _refuse(spool, spooled):
    message = "the disk refused the write"
    raise StorageError(message)
