"""Whole runs: fresh processes, real training, and the events that tell of it."""

import dataclasses
import errno
import hashlib
from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from ledger.errors import (
    ErasedError,
    InputError,
    IntegrityError,
    StorageError,
)
from ledger.events import encode_event
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunStarted,
    StepsMetered,
)
from ledger.events.training_plan import PlanRegistered
from ledger.events.training_saved import SliceTrained
from producers.metering.batch import COUNTERS, total
from producers.metering.record import RunRecord
from producers.metering.registered import counted_of, plan_event
from producers.training import pool
from producers.training.compute import compute_plan
from producers.training.errors import TrainingError, WorkerKilledError
from producers.training.failure import failure_on_record
from producers.training.plan import PretrainingPlan, RunPlan, ShardJob, SliceInput
from producers.training.pool import WorkerJob
from producers.training.recipe import Architecture, Lora, Settings, make_recipe
from producers.training.replay import replay
from producers.training.run import run_pretraining, run_shards
from producers.training.weights import WeightStore

TINY = Architecture(width=16, layers=2, heads=2, context=16)
BASE = make_recipe(Settings(architecture=TINY, lora=None, batch=4, epochs=3))
ADAPTER = make_recipe(
    Settings(architecture=TINY, lora=Lora(rank=2, alpha=4), batch=4, epochs=3)
)
SHARD_0 = [[b"one fish two fish " * 3], [b"red fish ", b"blue fish " * 4], [b"old"]]
SHARD_4 = [[], [], []]
ROOT = "ab" * 32


class Desk:
    """A ledger, a clock and a store for one run at a time."""

    def __init__(self, folder):
        self.events = []
        self.said = []
        self.weights = WeightStore(folder)
        self.kept = []

    def emit(self, events):
        for event in events:
            encode_event(event, salt="0" * 24)
        self.events.extend(events)

    def publish(self, event):
        self.emit([event])

    def of_type(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def ports(self):
        return {
            "weights": self.weights,
            "evidence": SimpleNamespace(put=self.kept.append),
            "emit": self.emit,
            "clock_ms": lambda: 0,
            "random_bytes": lambda n: b"\7" * n,
            "progress": self.said.append,
        }

    def run(self, plan, **changed):
        return run_shards(
            plan=plan, **{**self.ports(), "publish": self.publish, **changed}
        )


def job(shard, texts, **fields):
    slices = [
        SliceInput(records=records, seed=100 * shard + k, records_root=ROOT)
        for k, records in enumerate(texts)
    ]
    return ShardJob(shard=shard, slices=slices, **fields)


def plan_of(base_sha256, *jobs, **fields):
    return RunPlan(
        recipe=ADAPTER,
        jobs=jobs,
        model_name="demo",
        base_name="demo-base",
        base_sha256=base_sha256,
        base_licence="PSF-2.0",
        map_id="0" * 32,
        **fields,
    )


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A base, and the desk that recorded its training."""
    desk = Desk(tmp_path_factory.mktemp("models"))
    plan = PretrainingPlan(
        recipe=BASE, records=[b"some public text " * 20], seed=1, model_name="demo-base"
    )
    result = run_pretraining(plan=plan, **desk.ports())
    return SimpleNamespace(desk=desk, sha256=result.adapters[0].weights_sha256)


@pytest.fixture(scope="module")
def trained(pretrained):
    """A run of two shards, one of them without records."""
    desk = Desk(pretrained.desk.weights.folder)
    plan = plan_of(pretrained.sha256, job(0, SHARD_0), job(4, SHARD_4))
    result = desk.run(plan)
    return SimpleNamespace(desk=desk, plan=plan, result=result)


@pytest.fixture
def desk(pretrained, tmp_path):
    """A desk whose store holds the base only."""
    desk = Desk(tmp_path)
    desk.weights.put(pretrained.desk.weights.get(pretrained.sha256))
    return desk


def test_pretraining_is_a_run_without_shards(pretrained):
    """A base has a start, metered steps and an end, and no slices."""
    kinds = [type(event) for event in pretrained.desk.events]
    started = pretrained.desk.events[0]

    assert [RunStarted, PlanRegistered, StepsMetered, RunFinished] == kinds
    assert ("pretraining", "full", "", [], 0) == (
        started.objective,
        started.technique,
        started.base_sha256,
        started.shards,
        started.slices,
    )


def test_events_come_in_order(trained):
    """Steps are metered before the slice that they made is published."""
    told = [
        (type(event), event.slice)
        for event in trained.desk.events[2:-1]
        if event.shard == 0
    ]

    assert [
        (kind, k) for k in range(3) for kind in (StepsMetered, SliceTrained)
    ] == told
    assert isinstance(trained.desk.events[0], RunStarted)
    assert isinstance(trained.desk.events[1], PlanRegistered)
    assert isinstance(trained.desk.events[-1], RunFinished)


def test_totals_are_the_sums(trained):
    """The end repeats the exact sums of what was metered, and of nothing else."""
    metered = trained.desk.of_type(StepsMetered)
    slices = trained.desk.of_type(SliceTrained)
    end = trained.desk.events[-1]

    assert end.flop_forward == str(sum(int(e.flop_forward) for e in metered))
    assert end.flop_backward == str(sum(int(e.flop_backward) for e in metered))
    assert end.steps == sum(e.steps for e in metered) == sum(e.steps for e in slices)
    assert end.tokens == sum(e.tokens for e in metered) == sum(e.tokens for e in slices)
    assert end.batches == len(metered)


def test_flop_follow_from_the_shapes(trained):
    """Whoever has the recipe can compute every FLOP field again."""
    plan = compute_plan(ADAPTER.settings)
    for event in trained.desk.of_type(StepsMetered):
        again = total(counted_of(event, [plan]))
        for name in COUNTERS:
            assert str(again[name]) == getattr(event, f"flop_{name}")
        assert (event.steps, event.steps) == (
            sum(each.forwards for each in event.shapes),
            sum(each.backwards for each in event.shapes),
        )


@pytest.mark.parametrize(
    ("made", "recipe"),
    [("pretrained", BASE), ("trained", ADAPTER)],
    ids=["base", "adapters"],
)
def test_plan_is_on_record_before_the_first_step(made, recipe, request):
    """It is what the recipe gives, and the recipe itself is kept."""
    desk = request.getfixturevalue(made).desk
    started, planned = desk.events[:2]

    plan = compute_plan(recipe.settings)
    assert plan_event(plan, run_id="07" * 16, number=0) == planned
    assert [recipe.canonical()] == desk.kept
    assert recipe.sha256 == started.recipe_sha256
    assert ("complete", []) == (desk.events[-1].completeness, desk.events[-1].reasons)


def test_run_without_a_plan_is_incomplete(tmp_path):
    """Where the model cannot be traced, the run goes on and says so."""
    desk = Desk(tmp_path)
    short = Architecture(width=16, layers=1, heads=2, context=4)
    recipe = make_recipe(Settings(architecture=short, lora=None, steps_max=2))
    plan = PretrainingPlan(
        recipe=recipe, records=[b"some text"], seed=1, model_name="demo-base"
    )
    run_pretraining(plan=plan, **desk.ports())
    _, metered, end = desk.events

    assert ([], ["trace_failed"]) == (metered.shapes, metered.faults)
    assert (2, "0", "0") == (metered.steps, end.flop_forward, end.flop_backward)
    assert ("incomplete", ["trace_failed"]) == (end.completeness, end.reasons)


def test_slices_form_a_chain_of_weights(trained, pretrained):
    """Each slice starts from the weights of the one before, the first from the base."""
    for shard in (0, 4):
        slices = [e for e in trained.desk.of_type(SliceTrained) if e.shard == shard]
        made = [e.weights_sha256 for e in slices]
        assert [pretrained.sha256, *made[:-1]] == [e.parent_sha256 for e in slices]
        assert made[-1] in {a.weights_sha256 for a in trained.result.adapters}


def test_slice_counts_each_record_once(trained):
    """Records and unique tokens are those of slices 0..k."""
    slices = [e for e in trained.desk.of_type(SliceTrained) if e.shard == 0]

    assert [(1, 54), (3, 103), (4, 106)] == [
        (e.records, e.tokens_unique) for e in slices
    ]


def test_shard_without_records_is_recorded(trained):
    """An empty slice has weights and no steps."""
    slices = [e for e in trained.desk.of_type(SliceTrained) if e.shard == 4]

    assert [(0, 0, 0)] * 3 == [(e.records, e.steps, e.tokens) for e in slices]
    assert 1 == len({e.weights_sha256 for e in slices})


def test_progress_tells_the_loss_and_no_text(trained):
    """A person sees how the loss went, where there was something to train on."""
    said = trained.desk.said

    assert all("fish" not in line for line in said)
    assert 6 == len(said)
    assert all(("loss" in line) == line.startswith("shard 0,") for line in said)


def test_clean_process_gives_the_same_bits(trained, pretrained):
    """Fresh processes repeat the weights; with another record or seed they do not."""
    whole = WorkerJob(
        shard=0,
        recipe=ADAPTER,
        base=pretrained.desk.weights.get(pretrained.sha256),
        slices=SHARD_0,
        seeds=[0, 1, 2],
    )
    fewer = dataclasses.replace(whole, slices=[SHARD_0[0], SHARD_0[1][:1], SHARD_0[2]])
    reseeded = dataclasses.replace(whole, seeds=[0, 1, 9])
    same, text, seed = replay([whole, fewer, reseeded])
    recorded = [
        e.weights_sha256 for e in trained.desk.of_type(SliceTrained) if e.shard == 0
    ]

    assert recorded == same
    assert [True, False, False] == [a == b for a, b in zip(recorded, text, strict=True)]
    assert [True, True, False] == [a == b for a, b in zip(recorded, seed, strict=True)]


def test_retraining_from_a_slice_equals_a_clean_run(trained, pretrained):
    """Resuming in a run from saved weights gives the weights of the whole."""
    desk = Desk(pretrained.desk.weights.folder)
    before = [e for e in trained.desk.of_type(SliceTrained) if e.shard == 0]
    resumed = job(0, SHARD_0, slice_first=2, parent_sha256=before[1].weights_sha256)
    plan = plan_of(
        pretrained.sha256, resumed, purpose="retrain", erasure_id="1" * 32, generation=1
    )
    result = desk.run(plan)

    assert before[2].weights_sha256 == result.adapters[0].weights_sha256
    assert [(2, 1)] == [(e.slice, e.generation) for e in desk.of_type(SliceTrained)]


def test_fence_ends_the_run_and_its_weights(desk, pretrained):
    """Weights that meet a fence are deleted, and the run says why it failed."""

    def fenced(_):
        raise ErasedError("shard 0: a record was fenced")

    with pytest.raises(ErasedError):
        desk.run(plan_of(pretrained.sha256, job(0, SHARD_0)), publish=fenced)

    assert [pretrained.sha256] == desk.weights.list()
    assert RunFailed(run_id="07" * 16, reason="fenced", batches=1) == desk.events[-1]


def test_killed_worker_ends_the_run(desk, pretrained, monkeypatch):
    """A killed worker is on record."""
    monkeypatch.setattr(pool, "COMMAND", ("/bin/sh", "-c", "kill -9 $$"))

    with pytest.raises(WorkerKilledError):
        desk.run(plan_of(pretrained.sha256, job(0, SHARD_0)))

    assert RunFailed(run_id="07" * 16, reason="killed", batches=0) == desk.events[-1]


def _error_with_cause(cause):
    error = StorageError("weights cannot be written")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (KeyboardInterrupt(), "interrupted"),
        (ErasedError(), "fenced"),
        (WorkerKilledError(), "killed"),
        (TrainingError(), "error"),
        (RuntimeError(), "error"),
        (_error_with_cause(OSError(errno.ENOSPC, "full")), "out_of_space"),
        (_error_with_cause(OSError(errno.EIO, "broken")), "error"),
    ],
    ids=["ctrl-c", "fence", "kill", "training", "bug", "full-disk", "broken-disk"],
)
def test_failure_keeps_what_was_computed(error, reason):
    """Steps that no event covered yet are written before the failure."""
    events = []
    record = RunRecord(
        run_id="0" * 32, plans=[], emit=events.extend, clock_ms=lambda: 0
    )

    def compute_and_fail():
        with failure_on_record("0" * 32, record, events.extend):
            record.step(shard=0, slice_index=0, tokens=1, counted=[])
            raise error

    with pytest.raises(type(error)):
        compute_and_fail()

    assert [StepsMetered, RunFailed] == [type(event) for event in events]
    assert (reason, 1) == (events[1].reason, events[1].batches)


def test_failing_ledger_does_not_hide_the_first_error():
    """Where the failure cannot be recorded, the first error is the one raised."""

    def full(_):
        raise StorageError("no space")

    record = RunRecord(run_id="", plans=[], emit=full, clock_ms=lambda: 0)

    with pytest.raises(KeyboardInterrupt), failure_on_record("", record, full):
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("jobs", "fields"),
    [
        ([], {}),
        ([job(0, SHARD_0), job(0, SHARD_0)], {}),
        ([job(0, SHARD_0), job(1, SHARD_0[:2])], {}),
        ([job(0, [])], {}),
        ([job(0, SHARD_0, slice_first=3, parent_sha256=ROOT)], {}),
        ([job(0, SHARD_0, slice_first=1)], {}),
        ([job(0, SHARD_0, parent_sha256=ROOT)], {}),
    ],
    ids=[
        "no-shard",
        "shard-twice",
        "uneven-slices",
        "no-slice",
        "past-the-end",
        "no-parent",
        "parent-of-slice-0",
    ],
)
def test_contradictory_plan_is_refused(desk, pretrained, jobs, fields):
    """Nothing is emitted for a plan that contradicts itself."""
    with pytest.raises(InputError):
        desk.run(plan_of(pretrained.sha256, *jobs, **fields))

    assert [] == desk.events


def test_altered_base_is_refused(desk, pretrained):
    """Nothing is trained on a base that is not the one named."""
    path = desk.weights.folder / f"{pretrained.sha256}.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    with pytest.raises(IntegrityError):
        desk.run(plan_of(pretrained.sha256, job(0, SHARD_0)))

    assert [] == desk.events


def test_recipe_without_adapter_is_refused(desk, pretrained):
    """A fine-tune of shards trains adapters."""
    plan = dataclasses.replace(plan_of(pretrained.sha256, job(0, SHARD_0)), recipe=BASE)

    with pytest.raises(InputError, match="lora"):
        desk.run(plan)


def test_recipe_with_adapter_is_no_pretraining(desk):
    """A base is trained whole."""
    plan = PretrainingPlan(recipe=ADAPTER, records=[b"x"], seed=1, model_name="m")

    with pytest.raises(InputError, match="lora"):
        run_pretraining(plan=plan, **desk.ports())


def test_saved_weights_are_what_was_published(trained):
    """Every digest in an event is a file with that content."""
    store = trained.desk.weights
    for event in trained.desk.of_type(SliceTrained):
        content = store.get(event.weights_sha256)
        assert hashlib.sha256(content).hexdigest() == event.weights_sha256
