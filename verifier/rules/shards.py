"""Shard maps and assignments: XEV-7."""

from verifier.findings import Code
from verifier.rules.state import Handler, History, ShardMap, digest, refuse
from verifier.schema import Event


def _declared(state: History, event: Event, _at: int) -> None:
    map_id = digest(event, "map_id")
    if map_id in state.maps:
        refuse(
            Code.ASSIGNMENT, 7, expected="a map declared once", found=event["map_id"]
        )
    state.maps[map_id] = ShardMap(
        len(state.maps), int(event["shards"]), int(event["slices"])
    )


def _assigned(state: History, event: Event, at: int) -> None:
    shard_map = state.maps.get(digest(event, "map_id"))
    if shard_map is None:
        refuse(Code.ASSIGNMENT, 7, expected="a declared map", found=event["map_id"])
    shard, slice_ = int(event["shard"]), int(event["slice"])
    if shard >= shard_map.shards or slice_ >= shard_map.slices:
        refuse(
            Code.ASSIGNMENT,
            7,
            expected=f"shard < {shard_map.shards}, slice < {shard_map.slices}",
            found=f"shard {shard}, slice {slice_}",
        )
    record = digest(event, "record_id")
    commitment = state.index.commitment(record)
    if not commitment:
        refuse(
            Code.ASSIGNMENT,
            7,
            expected="a record that was accepted and not erased",
            found=event["record_id"],
        )
    if not state.index.assign(
        record,
        commitment,
        map_number=shard_map.number,
        shard=shard,
        slice_=slice_,
        at=at,
    ):
        refuse(
            Code.ASSIGNMENT,
            7,
            expected="a record assigned once in each map",
            found=event["record_id"],
        )


HANDLERS: dict[str, Handler] = {
    "shards.map_declared.v1": _declared,
    "shards.record_assigned.v1": _assigned,
}
