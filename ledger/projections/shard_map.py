"""Where records are and which weights shards saved: the state of `shards`."""

from collections.abc import MutableMapping

import msgspec


class Placement(msgspec.Struct, array_like=True):
    """Where a record is; a short array when persisted, as there is one a record.

    Attributes:
        shard: its shard.
        slice: its slice.
        entry: the ledger's entry that placed it there.
    """

    shard: int
    slice: int
    entry: int


class SavedWeights(msgspec.Struct):
    """Weights that a `SliceTrained` event saved.

    Attributes:
        weights_sha256: their digest.
        slice: they were trained on slices 0..slice.
        generation: how often the shard was trained before.
        run_id: the run.
        records: how many records they were trained on.
        tokens_unique: tokens of those records, each counted once.
        event_id: the `SliceTrained` event.
        parent_sha256: the weights that they were trained on from.
        tainted_by: the first `RecordsErased` event with a record they saw, or empty.
        withdrawn_by: the first `RecordsQuarantined` event with such a record, or empty.
        deleted_by: the `WeightsDeleted` event, or empty.
    """

    weights_sha256: str
    slice: int
    generation: int
    run_id: str
    records: int
    tokens_unique: int
    event_id: str
    parent_sha256: str
    tainted_by: str = ""
    withdrawn_by: str = ""
    deleted_by: str = ""


class Shard(msgspec.Struct):
    """One shard of a map.

    Attributes:
        live: records in each slice that a run may train on.
        generation: generation of the newest saved slice; None before any training.
        slices: digest of the newest saved weights of each slice that no erasure has
            tainted and that saw no quarantined record; a retrain starts from the
            highest one below its first hit slice.
        saved: every set of weights ever saved, oldest first.
        served_sha256: weights in service; empty where none are.
        served_by: the event that put them there.
        needs_retrain: for each erasure that waits for a retrain, the `RecordsErased`
            event that asked for it.
    """

    live: dict[int, int] = {}
    generation: int | None = None
    slices: dict[int, str] = {}
    saved: list[SavedWeights] = []
    served_sha256: str = ""
    served_by: str = ""
    needs_retrain: dict[str, str] = {}

    def stale_since(self) -> str:
        """The event that took out a record which the weights in service saw, or empty.

        They may serve until the next training (XEV-20); to train again is a choice.
        """
        served = [
            saved for saved in self.saved if saved.weights_sha256 == self.served_sha256
        ]
        return served[-1].withdrawn_by if served else ""


class ShardMap(msgspec.Struct):
    """One declared map.

    Attributes:
        declared_by: the `MapDeclared` event.
        shards: number of shards, S.
        slices: number of slices in each, R.
        by_shard: state of each shard, all S of them.
    """

    declared_by: str
    shards: int
    slices: int
    by_shard: dict[int, Shard]


class ShardsState(msgspec.Struct):
    """Every map, and every record that may never be used again.

    Attributes:
        current_map: the newest map's id; empty before any.
        maps: all maps by id. An older map's weights still answer to erasures.
        places: for each placed record that is not erased, where each map has it.
        erased: erased record to the `RecordsErased` event that fenced it.
        quarantined: quarantined record to the `RecordsQuarantined` event.
        runs: run to its map, for runs with shards.
        begun: run to the ledger's entry that started it, for the same.
        contradictions: assignments, quarantines and trainings that do not fit: to an
            undeclared map, outside it, twice, or of a record that was erased or
            quarantined. They change nothing else.
    """

    current_map: str = ""
    maps: dict[str, ShardMap] = {}
    places: MutableMapping[str, dict[str, Placement]] = {}
    erased: MutableMapping[str, str] = {}
    quarantined: MutableMapping[str, str] = {}
    runs: dict[str, str] = {}
    begun: dict[str, int] = {}
    contradictions: list[str] = []

    def current(self) -> ShardMap | None:
        """The newest map, or None before any."""
        return self.maps.get(self.current_map)
