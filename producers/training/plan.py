"""What a run is asked to do, and what it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

from ledger.errors import InputError
from ledger.events.training import Objective
from ledger.events.training_saved import Adapter
from producers.training.base_files import NO_FILES, BaseFiles
from producers.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceInput:
    """What a slice adds.

    Attributes:
        records: texts of the records that are new in this slice, ordered by record id.
        seed: 0 .. 2^256 - 1, not guessable from the texts.
        records_root: RFC 6962 root over the commitments of the records of slices 0..k,
            32 bytes as lowercase hex.
    """

    records: Sequence[bytes]
    seed: int
    records_root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardJob:
    """What to train of one shard.

    Attributes:
        shard: the shard.
        slices: all slices of the shard, in order.
        slice_first: the slice to begin with; those before it only lend their records.
            Their number, in a run that is resumed, where nothing is left to train.
        parent_sha256: weights of slice `slice_first` - 1; empty for slice 0.
    """

    shard: int
    slices: Sequence[SliceInput]
    slice_first: int = 0
    parent_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """A fine-tune of shards on a frozen base.

    Attributes:
        recipe: with lora.
        jobs: one a shard, all with the same number of slices.
        base_sha256: weights of the base, in the store.
        base_files: what the base comes with.
        workers: processes at the same time; None takes one a processor.

    The other attributes are those of `RunStarted`.
    """

    recipe: Recipe
    jobs: Sequence[ShardJob]
    model_name: str
    base_name: str
    base_sha256: str
    base_licence: str
    map_id: str
    generation: int = 0
    purpose: Literal["train", "retrain"] = "train"
    erasure_id: str = ""
    objective: Objective = "continued_pretraining"
    base_flop: str = ""
    base_flop_source: Literal["measured", "declared", "estimated", "unknown"] = (
        "unknown"
    )
    base_flop_estimable: bool = False
    base_systemic_risk: bool = False
    base_files: BaseFiles = NO_FILES
    resumes_run_id: str = ""
    workers: int | None = None

    def check(self) -> None:
        """Check what the parts of the plan must have in common.

        Raises:
            InputError: no shard, one twice, different numbers of slices, a first slice
                that does not exist, or one without the weights before it.
        """
        shards = [job.shard for job in self.jobs]
        if not shards or len(set(shards)) != len(shards):
            _refuse("shards", "one or more, none twice", shards)
        counts = {len(job.slices) for job in self.jobs}
        if len(counts) != 1 or 0 in counts:
            _refuse("slices a shard", "one number, at least 1", sorted(counts))
        for job in self.jobs:
            highest = len(job.slices) - (0 if self.resumes_run_id else 1)
            if not 0 <= job.slice_first <= highest:
                expected = f"0 .. {highest}"
                _refuse(f"first slice of shard {job.shard}", expected, job.slice_first)
            if bool(job.parent_sha256) != bool(job.slice_first):
                expected = "a digest after slice 0, else none"
                found = job.parent_sha256 or "none"
                _refuse(f"parent weights of shard {job.shard}", expected, found)
        if self.recipe.settings.lora is None:
            _refuse("recipe of a fine-tune", "lora", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingPlan:
    """A base from scratch.

    Attributes:
        recipe: without lora.
        records: texts, in the order in which they are packed.
        seed: 0 .. 2^64 - 1.
        model_name: its name.
    """

    recipe: Recipe
    records: Sequence[bytes]
    seed: int
    model_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run that ended well leaves.

    Attributes:
        run_id: the run.
        adapters: the weights of each shard, ordered by shard.
    """

    run_id: str
    adapters: tuple[Adapter, ...]


def _refuse(what: str, expected: str, found: object) -> NoReturn:
    message = f"{what}: expected {expected}, found {found}"
    raise InputError(message)
