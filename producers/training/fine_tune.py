"""From what the ledger knows to a run: the base, the jobs, the seeds."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ledger.errors import InputError
from ledger.events.training import Objective
from ledger.events.training_saved import SliceTrained
from ledger.ports import SliceRecords
from producers.ports import ClockMs, Emit, Evidence, Progress, RandomBytes
from producers.training.base_files import base_files
from producers.training.plan import (
    PretrainingPlan,
    RunPlan,
    RunResult,
    ShardJob,
    SliceInput,
)
from producers.training.recipe import (
    DEMO_ADAPTER,
    DEMO_BASE,
    Settings,
    make_recipe,
)
from producers.training.run import run_pretraining, run_shards
from producers.training.weights import Weights

BASE_NAME = "byte-gpt-base"
"""Name of the base that is pre-trained here."""

RECORD_BYTES = 16_384
"""Pre-training text is cut into records of this size."""


class Dataset(Protocol):
    """The placed records of one shard map."""

    def check_bases(self) -> None:
        """Refuse to train on records that are not allowed any more."""
        ...

    def shard(self, shard: int) -> list[SliceRecords]:
        """The slices of a shard, decrypted."""
        ...

    def seed(self, shard: int, slice_: int, generation: int, root: str) -> int:
        """A slice's seed, 0 .. 2^256 - 1."""
        ...

    def publish(self, event: SliceTrained) -> None:
        """Append a trained slice unless an erasure has changed its records."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """The model that adapters are trained on.

    Attributes:
        name: its name.
        sha256: digest of its weights.
        licence: SPDX expression; empty where not stated.
        flop: its training compute as decimal text; empty where not known.
        flop_source: where `flop` comes from.
        systemic_risk: whether it is a GPAI model with systemic risk.
    """

    name: str
    sha256: str
    licence: str
    flop: str
    flop_source: Literal["measured", "declared", "estimated", "unknown"]
    systemic_risk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The ports that training needs.

    Attributes:
        weights: where weights are kept.
        evidence: where recipes are kept.
        emit: where training events go.
        clock_ms: the time now.
        random_bytes: makes run ids.
        progress: told how far the work is.
    """

    weights: Weights
    evidence: Evidence
    emit: Emit
    clock_ms: ClockMs
    random_bytes: RandomBytes
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardTask:
    """What to train of one shard.

    Attributes:
        shard: the shard.
        slice_first: the slice to begin with; the number of slices where none is left.
        parent_sha256: weights of the slice before; empty for slice 0.
        generations: the seed generation of each slice of the shard.
    """

    shard: int
    slice_first: int
    parent_sha256: str
    generations: Sequence[int]


def delete_strays(weights: Weights, on_record: Collection[str]) -> int:
    """Delete weights that no event names: a kill between file and event left them.

    They were trained on people's texts, and no erasure would ever find them.

    Returns:
        How many there were.
    """
    strays = [sha256 for sha256 in weights.list() if sha256 not in on_record]
    for sha256 in strays:
        weights.delete(sha256)
    return len(strays)


def pretrain(
    text: bytes, *, world: World, seed: int, settings: Settings = DEMO_BASE
) -> RunResult:
    """Pre-train the base on public text.

    Raises:
        InputError: the text is empty.
        TrainingError: the worker failed.
    """
    if not text.strip():
        message = "base text: expected some text, found none"
        raise InputError(message)
    parts = range(0, len(text), RECORD_BYTES)
    return run_pretraining(
        plan=PretrainingPlan(
            recipe=make_recipe(settings),
            records=[text[start : start + RECORD_BYTES] for start in parts],
            seed=seed,
            model_name=BASE_NAME,
        ),
        weights=world.weights,
        evidence=world.evidence,
        emit=world.emit,
        clock_ms=world.clock_ms,
        random_bytes=world.random_bytes,
        progress=world.progress,
    )


def fine_tune(
    tasks: Sequence[ShardTask],
    *,
    dataset: Dataset,
    base: BaseModel,
    map_id: str,
    model_name: str,
    world: World,
    generation: int = 0,
    erasure_id: str = "",
    resumes_run_id: str = "",
    objective: Objective = "continued_pretraining",
    settings: Settings = DEMO_ADAPTER,
) -> RunResult:
    """Train the adapters of some shards on the base.

    A retraining for an erasure is not held up: it trains on less than stands already.
    A run that resumes a failed one names every shard of it, those that are trained to
    the end included: its end puts them in service.

    Raises:
        BasisError: a record is not allowed any more.
        InputError: no shard has a record to train on.
        ErasedError: an erasure took a record during the run.
        TrainingError: a worker failed.
    """
    if not erasure_id:
        dataset.check_bases()
    jobs = [shard_job(task, dataset) for task in tasks]
    if not erasure_id and not any(part.records for job in jobs for part in job.slices):
        message = "train: expected accepted records, found none; run ingest first"
        raise InputError(message)
    plan = RunPlan(
        recipe=make_recipe(settings),
        jobs=jobs,
        model_name=model_name,
        base_name=base.name,
        base_sha256=base.sha256,
        base_licence=base.licence,
        base_flop=base.flop,
        base_flop_source=base.flop_source,
        base_flop_estimable=bool(base.flop),
        base_systemic_risk=base.systemic_risk,
        base_files=base_files(settings, world.evidence.get),
        objective=objective,
        map_id=map_id,
        generation=generation,
        purpose="retrain" if erasure_id else "train",
        erasure_id=erasure_id,
        resumes_run_id=resumes_run_id,
    )
    return run_shards(
        plan=plan,
        weights=world.weights,
        evidence=world.evidence,
        emit=world.emit,
        publish=dataset.publish,
        clock_ms=world.clock_ms,
        random_bytes=world.random_bytes,
        progress=world.progress,
    )


def shard_job(task: ShardTask, dataset: Dataset) -> ShardJob:
    """A shard's job, its records decrypted and its slices seeded."""
    slices = dataset.shard(task.shard)
    return ShardJob(
        shard=task.shard,
        slice_first=task.slice_first,
        parent_sha256=task.parent_sha256,
        slices=[
            SliceInput(
                records=part.records,
                seed=dataset.seed(
                    task.shard, number, task.generations[number], part.records_root
                ),
                records_root=part.records_root,
            )
            for number, part in enumerate(slices)
        ],
    )
