"""Which records, weights and pending retrains each shard holds.

An erasure taints every saved set of weights whose slice saw an erased record: slice k
was trained on slices 0..k, so the taint reaches from the record's slice up. Only
`ShardRetrained` of that same erasure clears `needs_retrain`: any other training may
have continued from tainted weights.

A quarantine taints nothing: weights that saw the record stay in service. But no later
training goes on from them, and they are marked, so that who wants to can train again.
"""

from ledger.events.erasure import (
    RecordsErased,
    ShardRetrained,
    ShardRolledBack,
    WeightsDeleted,
)
from ledger.events.optout import RecordsQuarantined
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.events.training import RunFinished, RunStarted
from ledger.events.training_saved import SliceTrained
from ledger.projections.base import Projection, Recorded
from ledger.projections.shard_map import (
    Placement,
    SavedWeights,
    Shard,
    ShardMap,
    ShardsState,
)

__all__ = [
    "PROJECTION",
    "Placement",
    "SavedWeights",
    "Shard",
    "ShardMap",
    "ShardsState",
]


def apply(state: ShardsState, recorded: Recorded) -> ShardsState:
    """Fold one event in place; events of other types change nothing."""
    match recorded.event:
        case RecordAssigned() as event:
            _assign(state, event, recorded)
        case MapDeclared() as event:
            _declare(state, event, recorded.event_id)
        case RunStarted(run_id=run_id, map_id=map_id):
            if map_id:
                state.runs[run_id] = map_id
                state.begun[run_id] = recorded.seq
        case SliceTrained() as event:
            _save_slice(state, event, recorded.event_id)
        case RunFinished(run_id=run_id, adapters=adapters):
            for adapter in adapters:
                shard = _shard_of_run(state, run_id, adapter.shard)
                if shard is not None:
                    _serve(shard, adapter.weights_sha256, recorded.event_id)
        case _:
            _apply_removal(state, recorded)
    return state


def _apply_removal(state: ShardsState, recorded: Recorded) -> None:
    """Fold what takes records or weights out again."""
    match recorded.event:
        case RecordsQuarantined(record_ids=record_ids):
            for record_id in record_ids:
                _quarantine(state, record_id, recorded.event_id)
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


def _assign(state: ShardsState, event: RecordAssigned, recorded: Recorded) -> None:
    shard_map = state.maps.get(event.map_id)
    places = state.places.get(event.record_id, {})
    if (
        shard_map is None
        or event.shard >= shard_map.shards
        or event.slice >= shard_map.slices
        or event.map_id in places
        or event.record_id in state.erased
        or event.record_id in state.quarantined
    ):
        state.contradictions.append(recorded.event_id)
        return
    place = Placement(event.shard, event.slice, recorded.seq)
    state.places[event.record_id] = {**places, event.map_id: place}
    live = shard_map.by_shard[event.shard].live
    live[event.slice] = live.get(event.slice, 0) + 1


def _quarantine(state: ShardsState, record_id: str, event_id: str) -> None:
    if record_id in state.erased or record_id in state.quarantined:
        state.contradictions.append(event_id)
        return
    state.quarantined[record_id] = event_id
    for map_id, place in state.places.get(record_id, {}).items():
        shard = state.maps[map_id].by_shard[place.shard]
        shard.live[place.slice] -= 1
        for number in [one for one in shard.slices if one >= place.slice]:
            del shard.slices[number]
        for saved in shard.saved:
            # A run trains on what was placed before it started (XEV-11).
            is_later = state.begun.get(saved.run_id, place.entry + 1) > place.entry
            if saved.slice >= place.slice and is_later:
                saved.withdrawn_by = saved.withdrawn_by or event_id


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
            parent_sha256=event.parent_sha256,
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
        for map_id, place in state.places.pop(record_id, {}).items():
            shard = state.maps[map_id].by_shard[place.shard]
            if record_id not in state.quarantined:
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
    # The event names no map: the erasure's own hits say which. A restriction rolls back
    # before there are any, in the map in force.
    waiting = _waiting(state, event.erasure_id, event.shard)
    current = state.current()
    if not waiting and current is not None and event.shard < current.shards:
        waiting = [current.by_shard[event.shard]]
    for shard in waiting:
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


PROJECTION = Projection(
    name="shards",
    version=5,
    state=ShardsState,
    apply=apply,
    tables=("places", "erased", "quarantined"),
)
