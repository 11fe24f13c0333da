"""Train what the ledger marks: what erasures hit, and if asked what quarantines left.

Each mark is worked off by itself, so one that fails does not keep the others waiting.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.erasing.book import ErasureBook
from ledger.errors import ErasedError, LockedError, StorageError, TuneledgerError
from ledger.events.training import RunStarted
from ledger.ports import Fence
from ledger.projections.shards import ShardsState
from ledger.records.dataset import Dataset
from ledger.training.book import TrainingBook
from ledger.training.trained import Ancestry
from ledger.workspace.workspace import Workspace
from producers.erasing.eraser import Erased
from producers.ports import Progress
from producers.training.fine_tune import ShardTask, fine_tune
from producers.training.newest import base_of_run, settings_of_run
from producers.trainings import begin_training, until_started
from producers.wiring import eraser


class Mark(NamedTuple):
    """Why shards are to be trained again.

    Attributes:
        cause: the erasure's id, or the event that took out a record.
        shard: the shard, for a quarantine; -1 for an erasure, which names its own.
    """

    cause: str
    shard: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which marks are to be worked off.

    Attributes:
        quarantined: also shards that serve weights which saw a quarantined record.
        shards: only marks of these; None for all.
        delete_models: see `Eraser.resume`.
    """

    quarantined: bool = False
    shards: Collection[int] | None = None
    delete_models: bool = False

    def has(self, shard: int) -> bool:
        """Whether a shard is asked for."""
        return self.shards is None or shard in self.shards


@dataclass(slots=True)
class Worked:
    """What came of the marks.

    Attributes:
        erased: how each erasure stands.
        run_id: the run that trained shards after a quarantine; empty for none.
        failed: marks that could not be worked off, with the error.
    """

    erased: list[Erased] = field(default_factory=list)
    run_id: str = ""
    failed: dict[Mark, TuneledgerError] = field(default_factory=dict)


def work_off(
    workspace: Workspace,
    wanted: Wanted,
    *,
    but: Collection[Mark] = (),
    progress: Progress,
) -> Worked:
    """Work off every mark once, erasures first, oldest first.

    Args:
        workspace: whose shards.
        wanted: which marks.
        but: marks that are left alone.
        progress: told how far the work is.

    Raises:
        ErasedError: a request came during a training, or its decision is awaited; what
            was left is still marked.
        LockedError: a training or an ingest is running.
        StorageError: the disk refused a write.
    """
    worked = Worked()
    with workspace.exclusive("train"):
        begin_training(workspace, progress)
        book = ErasureBook(workspace)
        fences = book.unfinished()
        driver = eraser(workspace, progress)
        driver.begin(fences)
        # What is proven is what was trained on: nothing is assigned in between.
        with workspace.exclusive("ingest"):
            for fence in fences:
                mark = Mark(fence.erasure_id)
                if mark in but or not _is_of(book, fence, wanted):
                    continue
                with _failure_noted(worked, [mark]):
                    erased = driver.resume(fence, delete_models=wanted.delete_models)
                    worked.erased.append(erased)
        stale = _stale(workspace, wanted, but, progress) if wanted.quarantined else []
        if stale:
            with _failure_noted(worked, stale):
                shards = [mark.shard for mark in stale]
                worked.run_id = _train_again(workspace, shards, progress)
    return worked


@contextmanager
def _failure_noted(worked: Worked, marks: list[Mark]) -> Iterator[None]:
    """Let one mark's failure not be another's; what may pass by itself is raised."""
    try:
        yield
    except (ErasedError, LockedError, StorageError):
        raise
    except TuneledgerError as error:
        worked.failed.update(dict.fromkeys(marks, error))


def _is_of(book: ErasureBook, fence: Fence, wanted: Wanted) -> bool:
    """Whether an erasure hits a shard that is asked for."""
    state = book.state(fence.erasure_id)
    hits = [] if state is None else state.hits
    return wanted.shards is None or any(wanted.has(hit.shard) for hit in hits)


def _stale(
    workspace: Workspace, wanted: Wanted, but: Collection[Mark], progress: Progress
) -> list[Mark]:
    """Shards of the map in force that serve weights which saw a quarantined record."""
    state: ShardsState = workspace.states()["shards"]
    current = state.current()
    by_shard = {} if current is None else current.by_shard
    held = ErasureBook(workspace).held()
    found = []
    for number, shard in sorted(by_shard.items()):
        mark = Mark(shard.stale_since(), number)
        # A shard that an erasure has rolled back is that erasure's to train.
        is_marked = bool(mark.cause) and not shard.needs_retrain
        if not is_marked or mark in but or not wanted.has(number):
            continue
        if number in held:
            progress(
                f"shard {number} is not trained: erasure {held[number]} is restricted "
                "or waits for a decision"
            )
            continue
        found.append(mark)
    return found


def _train_again(workspace: Workspace, shards: list[int], progress: Progress) -> str:
    """Train shards from the first slice that has no clean weights; return the run."""
    book = TrainingBook(workspace)
    ancestry = Ancestry(workspace)
    served = book.shards()[shards[0]].served_sha256
    before = ancestry.parts(ancestry.chain(shards[0], served))[-1].run
    generation = book.next_generation(shards)
    with until_started(workspace, progress) as world:
        result = fine_tune(
            [_task(book, shard, before, generation) for shard in shards],
            dataset=Dataset(workspace, before.map_id, before.slices),
            base=base_of_run(before),
            map_id=before.map_id,
            model_name=before.model_name,
            world=world,
            generation=generation,
            objective=before.objective,
            settings=settings_of_run(before, workspace.evidence),
        )
    return result.run_id


def _task(
    book: TrainingBook, shard: int, before: RunStarted, generation: int
) -> ShardTask:
    # Clean weights of the last slice are of a run that failed, so they do not serve.
    kept = book.chain(shard, below=before.slices)[: before.slices - 1]
    if kept and kept[0].parent_sha256 != before.base_sha256:
        kept = []
    first = len(kept)
    return ShardTask(
        shard=shard,
        slice_first=first,
        parent_sha256=kept[-1].weights_sha256 if kept else "",
        generations=[one.generation for one in kept]
        + [generation] * (before.slices - first),
    )
