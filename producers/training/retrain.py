"""Retrain hit shards, and prove the result in a clean process."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ledger.errors import IntegrityError
from ledger.projections.erasures import Erasure
from ledger.projections.shards import Shard
from producers.erasure import Exactness, Retrained
from producers.training.fine_tune import (
    BaseModel,
    Dataset,
    ShardTask,
    World,
    fine_tune,
    shard_job,
)
from producers.training.pool import WorkerJob
from producers.training.recipe import DEMO_ADAPTER, Settings, make_recipe
from producers.training.replay import replay
from producers.training.weights import Weights


class Book(Protocol):
    """What the ledger knows for training; see `ledger.training_book`."""

    def shards(self) -> list[Shard]:
        """Every shard of the map in force."""
        ...

    def next_generation(self, shards: Sequence[int]) -> int:
        """The generation that a training of these shards gets."""
        ...

    def recipes(self) -> dict[str, str]:
        """Each run's recipe digest."""
        ...

    def retrained(self, erasure_id: str) -> dict[int, tuple[str, str]]:
        """(run id, weights) by shard, of finished retrains for an erasure."""
        ...

    def tokens(self, run_id: str, shard: int) -> int:
        """Tokens that a run put through the model for one shard."""
        ...


class Retrainer:
    """Retrains for erasures; meets `producers.erasure.Trainer`."""

    def __init__(
        self,
        book: Book,
        dataset: Callable[[], Dataset],
        *,
        base: BaseModel,
        map_id: str,
        slices: int,
        model_name: str,
        weights: Weights,
        world: World,
        settings: Settings = DEMO_ADAPTER,
    ) -> None:
        """`dataset` takes stock of the records anew on each call."""
        self._book = book
        self.dataset = dataset
        self._base = base
        self._map_id = map_id
        self._slices = slices
        self._model_name = model_name
        self._weights = weights
        self._world = world
        self._settings = settings

    def retrain(self, erasure_id: str, shards: Sequence[int]) -> list[Retrained]:
        """Train the shards again without the erased records.

        Shards that a finished run of this erasure covers are not trained twice.

        Raises:
            TrainingError: a worker failed.
            ErasedError: another erasure took a record during the run.
        """
        before = {number: _newest(self._book.shards()[number]) for number in shards}
        done = self._book.retrained(erasure_id)
        missing = [shard for shard in shards if shard not in done]
        if missing:
            fine_tune(
                self._tasks(missing),
                dataset=self.dataset(),
                base=self._base,
                map_id=self._map_id,
                model_name=self._model_name,
                world=self._world,
                generation=self._book.next_generation(missing),
                erasure_id=erasure_id,
                settings=self._settings,
            )
            done = self._book.retrained(erasure_id)
        return [
            Retrained(
                shard=shard,
                run_id=done[shard][0],
                weights_before=before[shard],
                weights_after=done[shard][1],
                tokens=self._book.tokens(done[shard][0], shard),
            )
            for shard in shards
        ]

    def _tasks(self, shards: Sequence[int]) -> list[ShardTask]:
        """Begin each shard at its first slice without clean weights."""
        generation = self._book.next_generation(shards)
        state = self._book.shards()
        tasks = []
        for shard in shards:
            kept = _clean_prefix(state[shard])
            tasks.append(
                ShardTask(
                    shard=shard,
                    slice_first=len(kept),
                    parent_sha256=kept[-1][0] if kept else "",
                    generations=[
                        kept[number][1] if number < len(kept) else generation
                        for number in range(self._slices)
                    ],
                )
            )
        return tasks

    def prove(self, erasure: Erasure) -> Exactness:
        """Train each hit shard from the base on in a clean process, and compare.

        Raises:
            IntegrityError: a digest differs.
            TrainingError: a worker failed.
        """
        shards = sorted(erasure.retrained)
        if not self._is_executable_here(shards):
            return "not_re_executable_here"
        dataset = self.dataset()
        results = replay([self.clean_room(shard, dataset) for shard in shards])
        state = self._book.shards()
        for shard, digests in zip(shards, results, strict=True):
            expected = state[shard].slices[self._slices - 1]
            if digests[-1] != expected:
                message = (
                    f"shard {shard}: a clean process gives weights "
                    f"{digests[-1][:16]}, the retrain gave {expected[:16]}"
                )
                raise IntegrityError(message)
        return "bitwise_equal"

    def clean_room(self, shard: int, dataset: Dataset) -> WorkerJob:
        """The whole shard from the base on, for a process that knows nothing else."""
        kept = _clean_prefix(self._book.shards()[shard])
        task = ShardTask(
            shard=shard,
            slice_first=0,
            parent_sha256="",
            generations=[generation for _, generation in kept],
        )
        job = shard_job(task, dataset)
        return WorkerJob(
            shard=shard,
            recipe=make_recipe(self._settings),
            base=self._weights.get(self._base.sha256),
            slices=[part.records for part in job.slices],
            seeds=[part.seed for part in job.slices],
        )

    def _is_executable_here(self, shards: Sequence[int]) -> bool:
        """Whether every slice in service was trained by the recipe of this machine."""
        here = make_recipe(self._settings).sha256
        recipes = self._book.recipes()
        state = self._book.shards()
        return all(
            recipes[saved.run_id] == here
            for shard in shards
            for saved in state[shard].saved
            if saved.weights_sha256 in state[shard].slices.values()
        )

    def delete(self, sha256: str) -> None:
        """Delete a weight file; not an error if it is gone."""
        self._weights.delete(sha256)


def _newest(shard: Shard) -> str:
    """The weights that the shard ended with before anything was rolled back."""
    if not shard.saved:
        return ""
    top = max(saved.slice for saved in shard.saved)
    return next(s.weights_sha256 for s in reversed(shard.saved) if s.slice == top)


def _clean_prefix(shard: Shard) -> list[tuple[str, int]]:
    """(weights, generation) of slices 0, 1, ... as far as they are clean."""
    generations = {saved.weights_sha256: saved.generation for saved in shard.saved}
    prefix = []
    for number in range(len(shard.slices)):
        if number not in shard.slices:
            break
        sha256 = shard.slices[number]
        prefix.append((sha256, generations[sha256]))
    return prefix
