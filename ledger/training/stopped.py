"""What a sharded run that failed has left, and where another goes on from it.

A run is resumed with the seeds that it began with, so that where nothing else changed
the weights that come out are those that it would have made, to the bit. It keeps each
slice that was trained and saved; what was trained after the last of them is done again.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from ledger.errors import InputError
from ledger.events.training import RunFailed, RunFinished, RunStarted
from ledger.events.training_saved import SliceTrained
from ledger.projections.shards import SavedWeights, Shard
from ledger.training.book import TrainingBook
from ledger.training.run_keys import TRAIN
from ledger.workspace.workspace import Workspace


class Kept(NamedTuple):
    """What a resumed run keeps of one shard.

    Attributes:
        shard: the shard.
        saved: the weights of slices 0, 1, ... that stand, one trained on the other.
    """

    shard: int
    saved: list[SavedWeights]


class StoppedRuns:
    """The sharded runs of a ledger that failed, as it stood when this was made."""

    def __init__(self, workspace: Workspace) -> None:
        """Read every event of training."""
        self._book = TrainingBook(workspace)
        self._started: dict[str, RunStarted] = {}
        self._ended: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        for recorded in workspace.ledger.events(stream=TRAIN):
            match recorded.event:
                case RunStarted() as event:
                    self._started[event.run_id] = event
                case RunFinished(run_id=run_id):
                    self._ended[run_id] = "finished"
                case RunFailed(run_id=run_id):
                    self._ended[run_id] = "failed"
                case SliceTrained(records_root=root):
                    self._roots[recorded.event_id] = root
                case _:
                    pass

    def find(self, run_id: str = "") -> RunStarted:
        """The run to go on with: the one named, or the newest training of shards.

        Raises:
            InputError: there is none, or it cannot be resumed; the message says why.
        """
        map_id, _ = self._book.map()
        trainings = [
            run.run_id
            for run in self._started.values()
            if run.map_id == map_id and run.purpose == "train"
        ]
        if not run_id and trainings:
            run_id = trainings[-1]
        if run_id not in trainings:
            found = run_id or "none"
            message = (
                "resume: expected a training of the shards in force (see `status`), "
                f"found {found}"
            )
            raise InputError(message)
        self._check(self._started[run_id])
        return self._started[run_id]

    def _check(self, run: RunStarted) -> None:
        """Refuse a run that did not fail, or that another has gone on with."""
        status = self._ended.get(run.run_id, "open")
        if status != "failed":
            message = f"resume: expected a run that failed, found {run.run_id} {status}"
            raise InputError(message)
        for other in self._started.values():
            if other.resumes_run_id == run.run_id:
                message = (
                    f"resume: {run.run_id} was resumed by {other.run_id}: resume that"
                )
                raise InputError(message)

    def kept(
        self, run: RunStarted, roots: Callable[[int], Sequence[str]]
    ) -> list[Kept]:
        """What stands of each shard of a run.

        Weights are kept that are the newest of their slice, were saved since the first
        of the runs that resumed each other, saw no record that is gone, and whose
        slices hold the same records now.

        Args:
            run: the run to go on with.
            roots: for a shard, the records' root of each of its slices now.
        """
        line = self._line(run)
        begun = list(self._started)
        since = set(begun[begun.index(line[-1]) :])
        shards = self._book.shards()
        kept = []
        for number in run.shards:
            saved = self._chain(run, shards[number], since, partial(roots, number))
            # Only weights of the runs themselves may be finished with untrained.
            if len(saved) == run.slices and saved[-1].run_id not in line:
                saved.pop()
            kept.append(Kept(number, saved))
        return kept

    def _line(self, run: RunStarted) -> list[str]:
        """A run, the one that it resumes, and so on."""
        line = [run.run_id]
        while parent := self._started[line[-1]].resumes_run_id:
            line.append(parent)
        return line

    def _chain(
        self,
        run: RunStarted,
        shard: Shard,
        since: set[str],
        roots: Callable[[], Sequence[str]],
    ) -> list[SavedWeights]:
        newest = {saved.slice: saved for saved in shard.saved if saved.run_id in since}
        chain: list[SavedWeights] = []
        parent = run.base_sha256
        now = roots() if newest else []
        for number in range(run.slices):
            saved = newest.get(number)
            if (
                saved is None
                or shard.slices.get(number) != saved.weights_sha256
                or saved.parent_sha256 != parent
                or self._roots[saved.event_id] != now[number]
            ):
                break
            chain.append(saved)
            parent = saved.weights_sha256
        return chain

    def generation(self, run: RunStarted, kept: Sequence[Kept]) -> int:
        """The generation of the run that goes on: the same, for the same seeds.

        Where a shard that is left was trained by a later generation since, a new one.
        """
        shards = self._book.shards()
        left = [one.shard for one in kept if len(one.saved) < run.slices]
        trained = [shards[number].generation for number in left]
        is_newer = any(one is not None and one > run.generation for one in trained)
        return self._book.next_generation(left) if is_newer else run.generation
