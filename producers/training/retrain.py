"""Retrain hit shards, and prove the result in a clean process."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ledger.errors import IntegrityError
from ledger.events.erasure import Exactness
from ledger.events.training import Objective
from ledger.projections.erasures import Erasure
from ledger.projections.shards import SavedWeights, Shard
from producers.erasing.ports import Retrained
from producers.training.base_files import base_files
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
    """What the ledger knows for training; see `ledger.training.book`."""

    def shards(self) -> list[Shard]:
        """Every shard of the map in force."""
        ...

    def next_generation(self, shards: Sequence[int]) -> int:
        """The generation that a training of these shards gets."""
        ...

    def chain(self, shard: int, *, below: int) -> list[SavedWeights]:
        """The weights of slices 0, 1, ... up to the highest clean one below `below`."""
        ...

    def hits(self, erasure_id: str) -> dict[int, int]:
        """The first hit slice of each shard that an erasure hits."""
        ...

    def weights_before(self, erasure_id: str, shard: int) -> str:
        """What a hit shard ended with when the erasure took its records."""
        ...

    def recipes(self) -> dict[str, str]:
        """Each run's recipe digest."""
        ...

    def bases(self) -> dict[str, str]:
        """The digest of each run's base."""
        ...

    def retrained(self, erasure_id: str) -> dict[int, tuple[str, str]]:
        """(run id, weights) by shard, of finished retrains for an erasure."""
        ...

    def tokens(self, run_id: str, shard: int) -> int:
        """Tokens that a run put through the model for one shard."""
        ...


class Retrainer:
    """Retrains for erasures; meets `producers.erasing.ports.Trainer`."""

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
        objective: Objective = "continued_pretraining",
        settings: Settings = DEMO_ADAPTER,
    ) -> None:
        """`dataset` takes stock of the records anew on each call."""
        self._book = book
        self._dataset = dataset
        self._base = base
        self._map_id = map_id
        self._slices = slices
        self._model_name = model_name
        self._weights = weights
        self._world = world
        self._objective = objective
        self._settings = settings

    def retrain(self, erasure_id: str, shards: Sequence[int]) -> list[Retrained]:
        """Train the shards again without the erased records.

        Shards that a finished run of this erasure covers are not trained twice.

        Raises:
            TrainingError: a worker failed.
            ErasedError: another erasure took a record during the run.
        """
        done = self._done(erasure_id)
        missing = [shard for shard in shards if shard not in done]
        if missing:
            fine_tune(
                self._tasks(erasure_id, missing),
                dataset=self._dataset(),
                base=self._base,
                map_id=self._map_id,
                model_name=self._model_name,
                world=self._world,
                generation=self._book.next_generation(missing),
                erasure_id=erasure_id,
                objective=self._objective,
                settings=self._settings,
            )
            done = self._done(erasure_id)
        return [
            Retrained(
                shard=shard,
                run_id=done[shard][0],
                weights_before=self._book.weights_before(erasure_id, shard),
                weights_after=done[shard][1],
                tokens=self._book.tokens(done[shard][0], shard),
            )
            for shard in shards
        ]

    def _done(self, erasure_id: str) -> dict[int, tuple[str, str]]:
        """Finished retrains whose weights no later erasure has hit or replaced."""
        return {
            shard: found
            for shard, found in self._book.retrained(erasure_id).items()
            if [found[1]]
            == [one.weights_sha256 for one in self._whole(shard)][self._slices - 1 :]
        }

    def _whole(self, shard: int) -> list[SavedWeights]:
        """The shard's clean weights, slice by slice; all of them where it is clean."""
        return self._book.chain(shard, below=self._slices)

    def _tasks(self, erasure_id: str, shards: Sequence[int]) -> list[ShardTask]:
        """Begin each shard at the erasure's first hit slice, or where clean ends."""
        generation = self._book.next_generation(shards)
        hits = self._book.hits(erasure_id)
        tasks = []
        for shard in shards:
            kept = self._book.chain(shard, below=hits[shard])
            if not self._is_on_base(kept):
                # The newest training is on another base, and did not reach this shard.
                kept = []
            if not self._has_records(shard, below=len(kept)):
                # Weights without data would come out the same again, and then be both
                # deleted and in service; a new seed makes others at no cost.
                kept = []
            first = len(kept)
            tasks.append(
                ShardTask(
                    shard=shard,
                    slice_first=first,
                    parent_sha256=kept[-1].weights_sha256 if kept else "",
                    generations=[one.generation for one in kept]
                    + [generation] * (self._slices - first),
                )
            )
        return tasks

    def _is_on_base(self, kept: Sequence[SavedWeights]) -> bool:
        """Whether weights are adapters of the base that is trained on."""
        bases = self._book.bases()
        return all(bases[one.run_id] == self._base.sha256 for one in kept)

    def _has_records(self, shard: int, *, below: int) -> bool:
        """Whether a slice below `below` holds a record."""
        live = self._book.shards()[shard].live
        return any(count for number, count in live.items() if number < below)

    def prove(self, erasure: Erasure) -> Exactness:
        """Train each hit shard from the base on in a clean process, and compare.

        Raises:
            IntegrityError: a digest differs.
            TrainingError: a worker failed.
        """
        shards = sorted(erasure.retrained)
        if not self._is_executable_here(shards):
            return "not_re_executable_here"
        results = replay([self.clean_room(shard) for shard in shards])
        for shard, digests in zip(shards, results, strict=True):
            expected = self._whole(shard)[-1].weights_sha256
            if digests[-1] != expected:
                message = (
                    f"shard {shard}: a clean process gives weights "
                    f"{digests[-1][:16]}, the retrain gave {expected[:16]}"
                )
                raise IntegrityError(message)
        return "bitwise_equal"

    def clean_room(self, shard: int) -> WorkerJob:
        """The whole shard from the base on, for a process that knows nothing else."""
        task = ShardTask(
            shard=shard,
            slice_first=0,
            parent_sha256="",
            generations=[one.generation for one in self._whole(shard)],
        )
        job = shard_job(task, self._dataset())
        return WorkerJob(
            shard=shard,
            recipe=make_recipe(self._settings),
            base=self._weights.get(self._base.sha256),
            files=base_files(self._settings, self._world.evidence.get),
            slices=[part.records for part in job.slices],
            seeds=[part.seed for part in job.slices],
        )

    def _is_executable_here(self, shards: Sequence[int]) -> bool:
        """Whether the shards are clean and were trained by this machine's recipe.

        Where another erasure has hit a shard since, what it was trained on is gone.
        """
        here = make_recipe(self._settings).sha256
        recipes = self._book.recipes()
        chains = [self._whole(shard) for shard in shards]
        return all(
            len(chain) == self._slices
            and all(recipes[one.run_id] == here for one in chain)
            for chain in chains
        )
