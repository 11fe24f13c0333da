"""A run: workers train, events tell what they did, weights are kept.

Order of writes: a slice's steps are metered, its weights are durable, what privacy its
steps give is accounted for, and only then is `SliceTrained` published; whoever
publishes looks at the erasure fences in the same transaction, so a run cannot outlive a
fence. A run that fails says so, and what it had computed by then stays on record.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache

from msgspec import UNSET

from ledger.errors import InputError, TuneledgerError
from ledger.events.training_saved import Adapter, SliceTrained
from producers.metering.batch import Counted
from producers.metering.plan import Plan
from producers.metering.record import RunRecord
from producers.ports import ClockMs, Emit, Evidence, Progress, RandomBytes
from producers.training.accountant import accounted, check_accountant
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.failure import failure_on_record
from producers.training.plan import PretrainingPlan, RunPlan, RunResult
from producers.training.pool import WorkerJob, train_in_workers
from producers.training.recipe import Settings
from producers.training.started import pretraining_started, started
from producers.training.tally import Tally
from producers.training.tokens import tokens_of
from producers.training.weights import Weights
from producers.training.wire import StepDone

Publish = Callable[[SliceTrained], None]
"""Check the erasure fences and append the event, in one transaction.

Raises `ErasedError` when a record of the slice was fenced since the run began.
"""


def run_shards(
    *,
    plan: RunPlan,
    weights: Weights,
    evidence: Evidence,
    emit: Emit,
    publish: Publish,
    clock_ms: ClockMs,
    random_bytes: RandomBytes,
    progress: Progress,
) -> RunResult:
    """Train every shard of `plan`.

    Keeps the recipe as evidence. Emits `RunStarted` with `PlanRegistered`, then
    `StepsMetered` as the steps happen; for each slice, saves the weights, emits
    `PrivacyAccounted` where the recipe has privacy, and publishes `SliceTrained`; in
    the end emits `RunFinished`. Whatever ends the run before that,
    Ctrl-C included, is emitted as `RunFailed` and raised.

    Raises:
        InputError: the plan contradicts itself; nothing was emitted.
        IntegrityError: the base or a parent was altered; nothing was emitted.
        ErasedError: `publish` met a fence.
        TrainingError: a worker did not finish.
        StorageError: weights or events could not be written.
    """
    plan.check()
    _check_device(plan.recipe.settings)
    if plan.recipe.settings.privacy is not UNSET:
        check_accountant()
    cost = _cost(plan.recipe.settings, plan.base_files)
    jobs = _worker_jobs(plan, weights, cost)
    run_id = random_bytes(16).hex()
    record = _record(run_id, cost, emit, clock_ms)
    run = _ShardRun(plan, run_id, cost, record, weights, emit, publish, progress)
    evidence.put(plan.recipe.canonical())
    emit([started(plan, run_id), *record.plans()])
    with failure_on_record(run_id, record, emit):
        train_in_workers(
            jobs, on_step=run.on_step, on_slice=run.on_slice, workers=plan.workers
        )
        adapters = run.adapters()
        emit([record.finished(list(adapters))])
    return RunResult(run_id=run_id, adapters=adapters)


def run_pretraining(
    *,
    plan: PretrainingPlan,
    weights: Weights,
    evidence: Evidence,
    emit: Emit,
    clock_ms: ClockMs,
    random_bytes: RandomBytes,
    progress: Progress,
) -> RunResult:
    """Train a base from scratch; its weights are the only item of `adapters`.

    Events and errors are those of `run_shards`, without slices to publish.
    """
    if plan.recipe.settings.lora is not None:
        message = "recipe of a pre-training: expected no lora, found lora"
        raise InputError(message)
    cost = _cost(plan.recipe.settings)
    job = WorkerJob(
        shard=0,
        recipe=plan.recipe,
        plan=cost,
        slices=[plan.records],
        seeds=[plan.seed],
    )
    run_id = random_bytes(16).hex()
    record = _record(run_id, cost, emit, clock_ms)
    tally = Tally()
    saved: list[str] = []

    def on_step(shard: int, step: StepDone) -> None:
        tally.add(step)
        _count(record, cost, shard, step)

    def on_slice(shard: int, _: int, content: bytes) -> None:
        record.flush(shard)
        saved.append(weights.put(content))
        progress(f"base {plan.model_name}: {tally}")

    evidence.put(plan.recipe.canonical())
    emit([pretraining_started(plan, run_id), *record.plans()])
    with failure_on_record(run_id, record, emit):
        train_in_workers([job], on_step=on_step, on_slice=on_slice)
        adapters = tuple(Adapter(shard=0, weights_sha256=sha256) for sha256 in saved)
        emit([record.finished(list(adapters))])
    return RunResult(run_id=run_id, adapters=adapters)


class _ShardRun:
    """Turns what workers say into events and weight files."""

    def __init__(
        self,
        plan: RunPlan,
        run_id: str,
        cost: Plan | None,
        record: RunRecord,
        weights: Weights,
        emit: Emit,
        publish: Publish,
        progress: Progress,
    ) -> None:
        self._plan = plan
        self._run_id = run_id
        self._cost = cost
        self._record = record
        self._weights = weights
        self._publish = publish
        self._emit = emit
        self._progress = progress
        self._encode = tokens_of(plan.recipe.settings, plan.base_files).encode
        self._jobs = {job.shard: job for job in plan.jobs}
        self._tallies = {job.shard: Tally() for job in plan.jobs}
        self._latest = {
            job.shard: job.parent_sha256 or plan.base_sha256 for job in plan.jobs
        }

    def on_step(self, shard: int, step: StepDone) -> None:
        self._tallies[shard].add(step)
        _count(self._record, self._cost, shard, step)

    def on_slice(self, shard: int, k: int, content: bytes) -> None:
        self._record.flush(shard)
        is_known = hashlib.sha256(content).hexdigest() in self._weights.list()
        sha256 = self._weights.put(content)
        try:
            said = self._account(shard, k)
            self._publish(self._slice_trained(shard, k, sha256))
        except TuneledgerError:
            # Weights that no event names would escape every later erasure.
            if not is_known:
                self._weights.delete(sha256)
            raise
        self._latest[shard] = sha256
        self._progress(f"shard {shard}, slice {k}: {self._tallies[shard]}{said}")
        self._tallies[shard] = Tally()

    def _account(self, shard: int, k: int) -> str:
        """Say what privacy a slice's steps give; no step learns nothing of anybody."""
        privacy, tally = self._plan.recipe.settings.privacy, self._tallies[shard]
        if privacy is UNSET or not tally.losses:
            return ""
        event = accounted(
            privacy,
            run_id=self._run_id,
            shard=shard,
            slice_index=k,
            sample_rate_ppb=tally.sample_rate_ppb,
            steps=len(tally.losses),
        )
        self._emit([event])
        hundredths = -(-event.epsilon_ppm // 10**4)
        return f", epsilon {hundredths / 100:.2f} a row"

    def adapters(self) -> tuple[Adapter, ...]:
        return tuple(
            Adapter(shard=shard, weights_sha256=sha256)
            for shard, sha256 in sorted(self._latest.items())
        )

    def _slice_trained(self, shard: int, k: int, sha256: str) -> SliceTrained:
        slices = self._jobs[shard].slices
        texts = [text for part in slices[: k + 1] for text in part.records]
        return SliceTrained(
            run_id=self._run_id,
            shard=shard,
            slice=k,
            generation=self._plan.generation,
            parent_sha256=self._latest[shard],
            weights_sha256=sha256,
            records=len(texts),
            records_root=slices[k].records_root,
            tokens_unique=sum(len(self._encode(text)) for text in texts),
            tokens=self._tallies[shard].tokens,
            steps=len(self._tallies[shard].losses),
        )


def _worker_jobs(plan: RunPlan, weights: Weights, cost: Plan | None) -> list[WorkerJob]:
    base = weights.get(plan.base_sha256)
    return [
        WorkerJob(
            shard=job.shard,
            recipe=plan.recipe,
            plan=cost,
            base=base,
            files=plan.base_files,
            parent=weights.get(job.parent_sha256) if job.parent_sha256 else b"",
            slice_first=job.slice_first,
            slices=[part.records for part in job.slices],
            seeds=[part.seed for part in job.slices],
        )
        for job in plan.jobs
        # What the run that is resumed trained to the end is only finished with.
        if job.slice_first < len(job.slices)
    ]


def _check_device(settings: Settings) -> None:
    """Refuse before the first event what the worker would refuse after it."""
    if settings.passes.device != "cpu":
        # The tensor library takes a second to load.
        from producers.training.devices import check_device  # noqa: PLC0415

        check_device(settings.passes)


@lru_cache(maxsize=8)
def _cost(settings: Settings, files: BaseFiles = NO_FILES) -> Plan | None:
    """What a pass costs; None where that cannot be traced."""
    # The tensor library takes a second to load; it is there, for the recipe needs it.
    from producers.training.compute import compute_plan  # noqa: PLC0415

    return compute_plan(settings, files)


def _record(run_id: str, cost: Plan | None, emit: Emit, clock_ms: ClockMs) -> RunRecord:
    plans = [] if cost is None else [cost]
    return RunRecord(run_id=run_id, plans=plans, emit=emit, clock_ms=clock_ms)


def _count(record: RunRecord, cost: Plan | None, shard: int, step: StepDone) -> None:
    counted = [
        Counted(
            plan=cost,
            phase=each.phase,
            batch=each.batch,
            sequence=each.sequence,
            has_gradient=each.has_gradient,
            forwards=each.forwards,
            backwards=each.backwards,
        )
        for each in step.passes
        if cost is not None
    ]
    record.step(
        shard=shard,
        slice_index=step.slice,
        tokens=step.batch * step.sequence,
        counted=counted,
        faults=["trace_failed"] if cost is None else step.faults,
    )
