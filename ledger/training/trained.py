"""How weights came to be: the slices below them, and the runs that trained each."""

from typing import NamedTuple

from ledger.errors import InputError
from ledger.events.training import RunFinished, RunStarted
from ledger.events.training_saved import SliceTrained
from ledger.projections.shards import SavedWeights
from ledger.training.book import TrainingBook
from ledger.training.run_keys import TRAIN
from ledger.workspace.workspace import Workspace


class Part(NamedTuple):
    """Slices of a shard that one run trained, one on the other.

    Attributes:
        run: that run.
        entry: the ledger's entry that started it.
        slices: the slices, ascending, without gaps.
    """

    run: RunStarted
    entry: int
    slices: list[SliceTrained]


class Ancestry:
    """Every training of the shards in force, as the ledger stood."""

    def __init__(self, workspace: Workspace) -> None:
        """Read every event of training."""
        self._book = TrainingBook(workspace)
        self._runs: dict[str, tuple[RunStarted, int]] = {}
        self._finished: dict[str, RunFinished] = {}
        self._slices: dict[str, SliceTrained] = {}
        for recorded in workspace.ledger.events(stream=TRAIN):
            match recorded.event:
                case RunStarted() as event:
                    self._runs[event.run_id] = event, recorded.seq
                case RunFinished() as event:
                    self._finished[event.run_id] = event
                case SliceTrained() as event:
                    self._slices[recorded.event_id] = event
                case _:
                    pass

    def weights(self, run_id: str = "") -> dict[int, str]:
        """What a run finished with, or what is in service: weights by shard.

        Raises:
            InputError: no such run of the shards in force finished.
        """
        if not run_id:
            return {
                number: shard.served_sha256
                for number, shard in enumerate(self._book.shards())
                if shard.served_sha256
            }
        map_id, _ = self._book.map()
        finished = self._finished.get(run_id)
        if finished is None or self._runs[run_id][0].map_id != map_id:
            message = (
                "expected the id of a finished run of the shards in force "
                f"(see `status`), found {run_id}"
            )
            raise InputError(message)
        return {one.shard: one.weights_sha256 for one in finished.adapters}

    def chain(self, shard: int, weights: str) -> list[SavedWeights]:
        """The weights of slice 0, 1, ... that led to these."""
        chain: list[SavedWeights] = []
        wanted = weights
        for saved in reversed(self._book.shards()[shard].saved):
            is_next = not chain or saved.slice == chain[0].slice - 1
            if is_next and saved.weights_sha256 == wanted:
                chain.insert(0, saved)
                wanted = saved.parent_sha256
        return chain

    def parts(self, chain: list[SavedWeights]) -> list[Part]:
        """The slices of a chain, by the run that trained them, oldest first."""
        parts: list[Part] = []
        for saved in chain:
            run, entry = self._runs[saved.run_id]
            if not parts or parts[-1].run.run_id != run.run_id:
                parts.append(Part(run, entry, []))
            parts[-1].slices.append(self._slices[saved.event_id])
        return parts
