"""What the ledger knows for training: the base, the map, the slices, open runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, get_args

import msgspec

from ledger.errors import InputError
from ledger.events import Event
from ledger.events.model import ManifestPublished
from ledger.events.training import (
    RunFailed,
    RunFinished,
    RunStarted,
    TrainingEvent,
)
from ledger.events.training_saved import SliceTrained
from ledger.projections.erasures import Erasure, ErasuresState
from ledger.projections.shards import SavedWeights, Shard, ShardMap, ShardsState
from ledger.projections.weight_chain import clean_chain, weights_before
from ledger.training.outside import drain_all, is_recorded_now
from ledger.training.run_keys import TRAIN, begin_run, end_run, run_stream
from ledger.workspace.workspace import Workspace

_TRAINING: Final = get_args(TrainingEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseOnRecord:
    """A base that a finished run of this ledger pre-trained.

    Attributes:
        run_id: that run.
        name: its name.
        sha256: digest of its weights.
        flop: its metered training compute.
    """

    run_id: str
    name: str
    sha256: str
    flop: int


class TrainingBook:
    """Reads for training, and the end of runs that a kill left open."""

    def __init__(self, workspace: Workspace) -> None:
        """Everything is read from `workspace`."""
        self._workspace = workspace

    def base(self) -> BaseOnRecord | None:
        """The newest base that was pre-trained here, or None."""
        compute = self._workspace.states()["compute"]
        saved_by = compute.saved_by
        for run_id, run in reversed(compute.runs.items()):
            if run.objective != "pretraining" or run.status != "finished":
                continue
            for sha256, runs in saved_by.items():
                if run_id in runs:
                    return BaseOnRecord(
                        run_id=run_id,
                        name=run.model_name,
                        sha256=sha256,
                        flop=run.flop.forward + run.flop.backward,
                    )
        return None

    def map(self) -> tuple[str, ShardMap]:
        """Id and state of the shard map in force.

        Raises:
            InputError: nothing was assigned yet.
        """
        state: ShardsState = self._workspace.states()["shards"]
        current = state.current()
        if current is None:
            message = "no record is assigned to a shard yet; run ingest first"
            raise InputError(message)
        return state.current_map, current

    def shards(self) -> list[Shard]:
        """The state of every shard of the map in force, by number."""
        by_shard = self.map()[1].by_shard
        return [by_shard[number] for number in sorted(by_shard)]

    def chain(self, shard: int, *, below: int) -> list[SavedWeights]:
        """The weights of slices 0, 1, ... up to the highest clean one below `below`."""
        parents = {
            recorded.event_id: recorded.event.parent_sha256
            for recorded in self._workspace.ledger.events(stream=TRAIN)
            if isinstance(recorded.event, SliceTrained)
        }
        return clean_chain(self.shards()[shard], parents, below=below)

    def hits(self, erasure_id: str) -> dict[int, int]:
        """The first hit slice of each shard that an erasure hits."""
        erasure = self._erasure(erasure_id)
        return {hit.shard: hit.slice_first for hit in erasure.hits}

    def weights_before(self, erasure_id: str, shard: int) -> str:
        """What a hit shard ended with when the erasure took its records."""
        erased_at = self._erasure(erasure_id).phases["records_erased"][0]
        return weights_before(self.shards()[shard], erased_at)

    def _erasure(self, erasure_id: str) -> Erasure:
        state: ErasuresState = self._workspace.states()["erasures"]
        return state.erasures[erasure_id]

    def on_record(self) -> set[str]:
        """Digests of all weights that an event names."""
        found: set[str] = set()
        for recorded in self._workspace.ledger.events(stream=TRAIN):
            match recorded.event:
                case RunStarted(base_sha256=sha256):
                    found.add(sha256)
                case SliceTrained(weights_sha256=sha256):
                    found.add(sha256)
                case RunFinished(adapters=adapters):
                    found.update(adapter.weights_sha256 for adapter in adapters)
                case ManifestPublished(merged_sha256=sha256):
                    found.add(sha256)
                case _:
                    pass
        return found

    def next_generation(self, shards: Sequence[int]) -> int:
        """The generation that a training of these shards gets."""
        by_shard = self.map()[1].by_shard
        before = [by_shard[shard].generation for shard in shards]
        return 1 + max(-1 if number is None else number for number in before)

    def close_open_runs(self) -> int:
        """Write the end of runs whose process was killed; hold the train lock.

        A run that a trainer outside records now is left alone.

        Returns:
            How many there were.
        """
        drain_all(self._workspace.ledger)  # what the killed processes had spooled
        runs = self._workspace.states()["compute"].runs
        # The run's own key is gone; the trainer's may write this one thing (KEY-11).
        killed = [
            RunFailed(run_id=run_id, reason="killed", batches=run.batches)
            for run_id, run in runs.items()
            if run.status == "open"
            and not is_recorded_now(self._workspace.folder, run_id)
        ]
        if killed:
            self._workspace.ledger.append(killed, stream=TRAIN)
        for event in killed:
            end_run(self._workspace.ledger, event.run_id)
        return len(killed)

    def append(self, events: Sequence[Event]) -> None:
        """Append events of one run, signed by the run's own key.

        The key is made when the run starts, and let go when it ends. An interrupt may
        fall between an append and its producer's counting of it; so the ledger says
        how many batches a failed run wrote, and whether it had ended.
        """
        ledger = self._workspace.ledger
        run_id = next(event.run_id for event in events if isinstance(event, _TRAINING))
        if isinstance(events[0], RunStarted):
            begin_run(ledger, run_id, random_bytes=self._workspace.random_bytes)
        kept = [
            known
            for event in events
            if (known := self._failed(event) if isinstance(event, RunFailed) else event)
        ]
        if kept:
            ledger.append(kept, stream=run_stream(ledger, run_id))
        if any(isinstance(event, RunFinished | RunFailed) for event in events):
            end_run(ledger, run_id)

    def _failed(self, event: RunFailed) -> RunFailed | None:
        """The failure with the ledger's count; None where the run is not open."""
        run = self._workspace.states()["compute"].runs.get(event.run_id)
        if run is None or run.status != "open":
            return None
        return msgspec.structs.replace(event, batches=run.batches)

    def recipes(self) -> dict[str, str]:
        """Each run's recipe digest."""
        return {
            recorded.event.run_id: recorded.event.recipe_sha256
            for recorded in self._workspace.ledger.events(stream=TRAIN)
            if isinstance(recorded.event, RunStarted)
        }

    def bases(self) -> dict[str, str]:
        """The digest of each run's base; empty where it is from scratch."""
        return {
            recorded.event.run_id: recorded.event.base_sha256
            for recorded in self._workspace.ledger.events(stream=TRAIN)
            if isinstance(recorded.event, RunStarted)
        }

    def retrained(self, erasure_id: str) -> dict[int, tuple[str, str]]:
        """(run id, weights) by shard, of finished retrains for an erasure.

        A kill between a run's end and its erasure event must not train again.
        """
        runs: set[str] = set()
        found: dict[int, tuple[str, str]] = {}
        for recorded in self._workspace.ledger.events(stream=TRAIN):
            match recorded.event:
                case RunStarted(run_id=run_id, erasure_id=wanted):
                    if wanted == erasure_id:
                        runs.add(run_id)
                case RunFinished(run_id=run_id, adapters=adapters):
                    if run_id in runs:
                        for adapter in adapters:
                            found[adapter.shard] = (run_id, adapter.weights_sha256)
                case _:
                    pass
        return found

    def tokens(self, run_id: str, shard: int) -> int:
        """Tokens that a run put through the model for one shard."""
        return sum(
            recorded.event.tokens
            for recorded in self._workspace.ledger.events(stream=TRAIN)
            if isinstance(recorded.event, SliceTrained)
            and (recorded.event.run_id, recorded.event.shard) == (run_id, shard)
        )
