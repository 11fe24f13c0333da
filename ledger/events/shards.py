"""Which shard and slice holds which record: the `shards` family."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.base import Event, Id, ShardIndex, SliceIndex


class MapDeclared(Event, frozen=True, kw_only=True, tag="shards.map_declared.v1"):
    """A shard map began; its numbers are fixed for every assignment under it.

    Attributes:
        map_id: random id.
        shards: how many shards, S.
        slices: how many slices in each, R.
        placement: how a unit finds its shard.
        load_per_mille: bound on a shard's load over the mean, 1250 = 1.25.
    """

    map_id: Id
    shards: Annotated[int, Meta(ge=1, le=4096)]
    slices: Annotated[int, Meta(ge=1, le=256)]
    placement: Literal["rendezvous_bounded_load"]
    load_per_mille: Annotated[int, Meta(ge=1000, le=4000)]


class RecordAssigned(Event, frozen=True, kw_only=True, tag="shards.record_assigned.v1"):
    """A record was put into one slice of one shard. A fact, never recomputed.

    Attributes:
        map_id: the shard map.
        record_id: the record.
        shard: its shard.
        slice: its slice; slice k trains on slices 0..k.
    """

    map_id: Id
    record_id: Id
    shard: ShardIndex
    slice: SliceIndex


ShardsEvent = MapDeclared | RecordAssigned
