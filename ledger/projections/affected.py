"""Which shards, runs, weights and models saw a set of records, directly or not."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ledger.projections.compute import ComputeState, Run
from ledger.projections.shards import Placement, SavedWeights, ShardMap, ShardsState


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """What saw one of the records, or went on from weights that did.

    Attributes:
        shards: (map id, shard) of the shards that hold one of the records.
        runs: runs that saved such weights, in the order of their start.
        weights: digests of such weights that were not deleted, in the ledger's order.
        served: those of them that are in service.
        models: names of the models that finished runs among `runs` made.
    """

    shards: tuple[tuple[str, int], ...]
    runs: tuple[str, ...]
    weights: tuple[str, ...]
    served: tuple[str, ...]
    models: tuple[str, ...]


def affected(
    shards: ShardsState, compute: ComputeState, record_ids: Collection[str]
) -> Affected:
    """What saw any of the records.

    Weights saw a record when they were trained on its slice or one above, in a run
    that started after the record was placed, and before it was quarantined (XEV-14,
    XEV-20); or when they were trained on from weights, or from a base, that did. An
    erased record has no place any more: its erasure's plan says what saw it.
    """
    search = _Search(shards, compute)
    homes: set[tuple[str, int]] = set()
    for record_id in record_ids:
        for map_id, place in shards.places.get(record_id, {}).items():
            homes.add((map_id, place.shard))
            search.add_direct(shards.maps[map_id], place, record_id)
    search.follow()
    return Affected(
        shards=tuple(sorted(homes)),
        runs=tuple(run_id for run_id in compute.runs if run_id in search.runs),
        weights=tuple(search.standing()),
        served=tuple(search.served()),
        models=tuple(
            dict.fromkeys(
                run.model_name
                for run_id, run in compute.runs.items()
                if run_id in search.runs and run.status == "finished"
            )
        ),
    )


class _Search:
    """Runs and weights that were found so far."""

    def __init__(self, shards: ShardsState, compute: ComputeState) -> None:
        self._shards = shards
        self._compute = compute
        self._saved = [
            saved
            for shard_map in shards.maps.values()
            for shard in shard_map.by_shard.values()
            for saved in shard.saved
        ]
        self.runs: set[str] = set()
        self.weights: set[str] = set()

    def add_direct(self, shard_map: ShardMap, place: Placement, record_id: str) -> None:
        """Add the weights that were trained on a record."""
        quarantined = self._shards.quarantined.get(record_id, "")
        for saved in shard_map.by_shard[place.shard].saved:
            run = self._compute.runs.get(saved.run_id)
            # A run whose start is not recorded may have seen the record.
            is_later = run is None or _entry(run.started) > place.entry
            is_gone = quarantined and _entry(quarantined) < _entry(saved.event_id)
            if saved.slice >= place.slice and is_later and not is_gone:
                self._add(saved)

    def follow(self) -> None:
        """Add what went on from what was found, until nothing more does."""
        before = -1
        while before != len(self.runs) + len(self.weights):
            before = len(self.runs) + len(self.weights)
            for saved in self._saved:
                if saved.parent_sha256 in self.weights:
                    self._add(saved)
            for run_id, run in self._compute.runs.items():
                if run_id not in self.runs and self._is_base_affected(run):
                    self._add_run(run_id)

    def standing(self) -> Iterator[str]:
        """The found weights that were not deleted."""
        deleted = {saved.weights_sha256 for saved in self._saved if saved.deleted_by}
        left = self.weights - deleted
        yield from (weights for weights in self._compute.saved_by if weights in left)

    def served(self) -> Iterator[str]:
        """The found weights that a shard serves."""
        for shard_map in self._shards.maps.values():
            for shard in shard_map.by_shard.values():
                if shard.served_sha256 in self.weights:
                    yield shard.served_sha256

    def _add(self, saved: SavedWeights) -> None:
        self.weights.add(saved.weights_sha256)
        self.runs.add(saved.run_id)

    def _add_run(self, run_id: str) -> None:
        """Add a run that starts from found weights, with all that it saved."""
        self.runs.add(run_id)
        self.weights.update(
            weights
            for weights, savers in self._compute.saved_by.items()
            if run_id in savers
        )

    def _is_base_affected(self, run: Run) -> bool:
        """Whether a run starts from found weights, or from a model made of them.

        A merged model has weights that no run saved: it is known by its name.
        """
        return run.base.sha256 in self.weights or any(
            parent in self.runs
            and self._compute.runs[parent].model_name == run.base.name
            and run.base.name != run.model_name
            for parent in run.parents
        )


def _entry(event_id: str) -> int:
    return int(event_id.partition(".")[0])
