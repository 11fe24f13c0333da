"""Which records, weights and pending retrains each shard holds.

An erasure taints every saved set of weights whose slice saw an erased record: slice k
was trained on slices 0..k, so the taint reaches from the record's slice up. Only
`ShardRetrained` of that same erasure clears `needs_retrain`: any other training may
have continued from tainted weights.
"""

import msgspec

from ledger.events.erasure import (
    RecordsErased,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.events.training import RunFinished, RunStarted, SliceTrained
from ledger.projections.base import Projection, Recorded


class Placement(msgspec.Struct, array_like=True):
    """Where a live record is; a short array when persisted, as there is one a record.

    Attributes:
        shard: its shard.
        slice: its slice.
    """

    shard: int
    slice: int


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
        tainted_by: the first `RecordsErased` event with a record they saw, or empty.
        deleted_by: the `WeightsDeleted` event, or empty.
    """

    weights_sha256: str
    slice: int
    generation: int
    run_id: str
    records: int
    tokens_unique: int
    event_id: str
    tainted_by: str = ""
    deleted_by: str = ""


class Shard(msgspec.Struct):
    """One shard of a map.

    Attributes:
        live: live records in each slice.
        generation: generation of the newest saved slice; None before any training.
        slices: digest of the newest saved weights of each slice that no erasure has
            tainted; a retrain starts from the highest one below its first hit slice.
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


class ShardMap(msgspec.Struct):
    """One declared map.

    Attributes:
        declared_by: the `MapDeclared` event.
        shards: number of shards, S.
        slices: number of slices in each, R.
        by_shard: state of each shard, all S of them.
        records: where each live record is.
    """

    declared_by: str
    shards: int
    slices: int
    by_shard: dict[int, Shard]
    records: dict[str, Placement] = {}


class ShardsState(msgspec.Struct):
    """Every map, and every record that may never be used again.

    Attributes:
        current_map: the newest map's id; empty before any.
        maps: all maps by id. An older map's weights still answer to erasures.
        erased: erased record to the `RecordsErased` event that fenced it.
        runs: run to its map, for runs with shards.
        contradictions: assignments and trainings that do not fit: to an undeclared
            map, outside it, twice, or of an erased record. They change nothing else.
    """

    current_map: str = ""
    maps: dict[str, ShardMap] = {}
    erased: dict[str, str] = {}
    runs: dict[str, str] = {}
    contradictions: list[str] = []

    def current(self) -> ShardMap | None:
        """The newest map, or None before any."""
        return self.maps.get(self.current_map)


def apply(state: ShardsState, recorded: Recorded) -> ShardsState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RecordAssigned() as event:
            _assign(state, event, recorded.event_id)
        case MapDeclared() as event:
            _declare(state, event, recorded.event_id)
        case RunStarted(run_id=run_id, map_id=map_id):
            if map_id:
                state.runs[run_id] = map_id
        case SliceTrained() as event:
            _save_slice(state, event, recorded.event_id)
        case RunFinished(run_id=run_id, adapters=adapters):
            for adapter in adapters:
                shard = _shard_of_run(state, run_id, adapter.shard)
                if shard is not None:
                    _serve(shard, adapter.weights_sha256, recorded.event_id)
        case _:
            _apply_erasure(state, recorded)
    return state


def _apply_erasure(state: ShardsState, recorded: Recorded) -> None:
    match recorded.event:
        case RecordsErased() as event:
            _erase(state, event, recorded.event_id)
        case ShardRolledBack() as event:
            _roll_back(state, event, recorded.event_id)
        case ShardRetrained() as event:
            _finish_retrain(state, event, recorded.event_id)
        case WeightsDeleted(weights=weights):
            _delete_weights(state, frozenset(weights), recorded.event_id)
        case _:
            pass


def _declare(state: ShardsState, event: MapDeclared, event_id: str) -> None:
    if event.map_id in state.maps:
        state.contradictions.append(event_id)
        return
    state.maps[event.map_id] = ShardMap(
        declared_by=event_id,
        shards=event.shards,
        slices=event.slices,
        by_shard={number: Shard() for number in range(event.shards)},
    )
    state.current_map = event.map_id


def _assign(state: ShardsState, event: RecordAssigned, event_id: str) -> None:
    shard_map = state.maps.get(event.map_id)
    if (
        shard_map is None
        or event.shard >= shard_map.shards
        or event.slice >= shard_map.slices
        or event.record_id in shard_map.records
        or event.record_id in state.erased
    ):
        state.contradictions.append(event_id)
        return
    shard_map.records[event.record_id] = Placement(event.shard, event.slice)
    live = shard_map.by_shard[event.shard].live
    live[event.slice] = live.get(event.slice, 0) + 1


def _shard_of_run(state: ShardsState, run_id: str, number: int) -> Shard | None:
    shard_map = state.maps.get(state.runs.get(run_id, ""))
    return None if shard_map is None else shard_map.by_shard.get(number)


def _save_slice(state: ShardsState, event: SliceTrained, event_id: str) -> None:
    shard = _shard_of_run(state, event.run_id, event.shard)
    if shard is None:
        # A run without shards has no place in a map; one with shards must have.
        if event.run_id in state.runs:
            state.contradictions.append(event_id)
        return
    shard.saved.append(
        SavedWeights(
            weights_sha256=event.weights_sha256,
            slice=event.slice,
            generation=event.generation,
            run_id=event.run_id,
            records=event.records,
            tokens_unique=event.tokens_unique,
            event_id=event_id,
        )
    )
    shard.slices[event.slice] = event.weights_sha256
    shard.generation = event.generation


def _serve(shard: Shard, weights_sha256: str, event_id: str) -> None:
    shard.served_sha256 = weights_sha256
    shard.served_by = event_id


def _erase(state: ShardsState, event: RecordsErased, event_id: str) -> None:
    for record_id in event.record_ids:
        state.erased.setdefault(record_id, event_id)
        for shard_map in state.maps.values():
            place = shard_map.records.pop(record_id, None)
            if place is None:
                continue
            shard = shard_map.by_shard[place.shard]
            shard.live[place.slice] -= 1
            if _taint(shard, place.slice, event_id):
                shard.needs_retrain.setdefault(event.erasure_id, event_id)


def _taint(shard: Shard, slice_first: int, event_id: str) -> bool:
    """Mark the weights that saw a slice; True where any of them still exist."""
    hit = [
        weights
        for weights in shard.saved
        if weights.slice >= slice_first and not weights.deleted_by
    ]
    for weights in hit:
        weights.tainted_by = weights.tainted_by or event_id
        shard.slices.pop(weights.slice, None)
    return bool(hit)


def _waiting(state: ShardsState, erasure_id: str, number: int) -> list[Shard]:
    """The shards of this number, in any map, that wait for this erasure's retrain."""
    shards = [
        shard_map.by_shard[number]
        for shard_map in state.maps.values()
        if number < shard_map.shards
    ]
    return [shard for shard in shards if erasure_id in shard.needs_retrain]


def _roll_back(state: ShardsState, event: ShardRolledBack, event_id: str) -> None:
    # The event names no map: the erasure's own hits say which.
    for shard in _waiting(state, event.erasure_id, event.shard):
        _serve(shard, event.weights_sha256, event_id)


def _finish_retrain(state: ShardsState, event: ShardRetrained, event_id: str) -> None:
    shard = _shard_of_run(state, event.run_id, event.shard)
    # A run whose start is not recorded names no map; the erasure's own hits do.
    shards = (
        _waiting(state, event.erasure_id, event.shard) if shard is None else [shard]
    )
    for retrained in shards:
        _serve(retrained, event.weights_after_sha256, event_id)
        retrained.needs_retrain.pop(event.erasure_id, None)


def _delete_weights(state: ShardsState, weights: frozenset[str], event_id: str) -> None:
    for shard_map in state.maps.values():
        for shard in shard_map.by_shard.values():
            for saved in shard.saved:
                if saved.weights_sha256 in weights and not saved.deleted_by:
                    saved.deleted_by = event_id


PROJECTION = Projection(name="shards", version=1, state=ShardsState, apply=apply)
