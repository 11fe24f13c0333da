"""Go on with a sharded run that failed: train --resume."""

from ledger.erasing.book import ErasureBook
from ledger.events.training import RunStarted
from ledger.records.dataset import Dataset
from ledger.records.placer import Placer
from ledger.training.stopped import Kept, StoppedRuns
from ledger.workspace.workspace import Workspace
from producers.assign import assign
from producers.erasing.eraser import check_not_held
from producers.ports import Progress
from producers.training.fine_tune import ShardTask, fine_tune
from producers.training.newest import base_of_run, settings_of_run
from producers.trainings import begin_training, until_started
from producers.wiring import eraser


def resume(workspace: Workspace, run_id: str = "", *, progress: Progress) -> str:
    """Train what a failed run has left, and finish with all of its shards.

    Args:
        workspace: whose records.
        run_id: the run; the newest training of the shards in force, where empty.
        progress: told how far the work is.

    Returns:
        The id of the run that goes on.

    Raises:
        BasisError: a record is not allowed any more.
        InputError: no such run, or it cannot be resumed.
        LockedError: another training, or an ingest, is running.
        TrainingError: a worker failed; the new run can be resumed in its turn.
    """
    with workspace.exclusive("train"):
        begin_training(workspace, progress)
        erasures = ErasureBook(workspace)
        eraser(workspace, progress).begin(erasures.unfinished())
        check_not_held(erasures.held())
        with until_started(workspace, progress) as world:
            assign(Placer(workspace), progress=progress)
            stopped = StoppedRuns(workspace)
            run = stopped.find(run_id)
            dataset = Dataset(workspace, run.map_id, run.slices)
            kept = stopped.kept(
                run,
                lambda shard: [part.records_root for part in dataset.shard(shard)],
            )
            generation = stopped.generation(run, kept)
            progress(f"run {run.run_id}: {_what_stands(run, kept)}")
            result = fine_tune(
                [_task(one, run, generation) for one in kept],
                dataset=dataset,
                base=base_of_run(run),
                map_id=run.map_id,
                model_name=run.model_name,
                world=world,
                generation=generation,
                resumes_run_id=run.run_id,
                objective=run.objective,
                settings=settings_of_run(run, workspace.evidence),
            )
    return result.run_id


def _task(kept: Kept, run: RunStarted, generation: int) -> ShardTask:
    """Begin after what stands."""
    first = len(kept.saved)
    return ShardTask(
        shard=kept.shard,
        slice_first=first,
        parent_sha256=kept.saved[-1].weights_sha256 if kept.saved else "",
        generations=[one.generation for one in kept.saved]
        + [generation] * (run.slices - first),
    )


def _what_stands(run: RunStarted, kept: list[Kept]) -> str:
    standing = sum(len(one.saved) for one in kept)
    return f"{standing} of {run.slices * len(kept)} slices stand"
