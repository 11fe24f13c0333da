"""Which weights serve under a name: XEV-27, and XEV-17 for them."""

import json
from typing import NoReturn

from verifier.findings import Code
from verifier.rules.known import check_new
from verifier.rules.state import Handler, History, ShardMap, digest, refuse
from verifier.rules.training import check_usable
from verifier.schema.lines import Event

_OF_MERGED = ("merged_sha256", "data_commitment", "loss_average", "loss_merged", "gate")
# Merged of one or none, weights would stand in no relation to any run.
_MERGED_MIN = 2


def _published(state: History, event: Event, _at: int) -> None:
    check_new(state, event, "manifest_id")
    newest = state.index.models.publish(
        bytes(event["model_name"]), digest(event, "manifest_id")
    )
    if digest(event, "replaces") != newest:
        _refuse(
            f"to replace {newest.hex() or 'nothing'}, the newest of this name",
            event["replaces"] or "nothing",
        )
    _check_adapters(state, event, _map_of(state, event))
    _check_rule(event)
    if event["merged_sha256"]:
        _check_merged(state, event)


def _map_of(state: History, event: Event) -> ShardMap | None:
    if not event["map_id"]:
        return None
    shard_map = state.maps.get(digest(event, "map_id"))
    if shard_map is None:
        _refuse("a declared map", event["map_id"])
    return shard_map


def _check_adapters(state: History, event: Event, shard_map: ShardMap | None) -> None:
    """Check that the adapters are what some run made of their shards."""
    adapters = [
        (item["shard"], bytes.fromhex(item["weights_sha256"]))
        for item in json.loads(event["adapters"])
    ]
    shards = [shard for shard, _ in adapters]
    count = 1 if shard_map is None else shard_map.shards
    if shards != sorted(set(shards)) or any(shard >= count for shard in shards):
        _refuse(f"shards below {count}, ascending, each once", shards)
    known = state.index.weights
    for shard, weights in adapters:
        if shard_map is None:
            is_known = known.is_whole(weights)
        else:
            is_known = known.is_of_shard(
                weights, map_number=shard_map.number, shard=shard
            )
        if not is_known:
            _refuse(f"weights that a run trained shard {shard} to", weights.hex())
        check_usable(state, weights, "served")


def _check_rule(event: Event) -> None:
    """Check that a merged adapter, and it alone, comes with its gate."""
    is_merged = event["rule"] == b"merged"
    for name in _OF_MERGED:
        if bool(event[name]) != is_merged:
            _refuse(f"{name} exactly for the rule merged", event[name] or "none")
    if is_merged:
        found = len(json.loads(event["adapters"]))
        if found < _MERGED_MIN:
            _refuse(f"{_MERGED_MIN} adapters or more to be merged", found)
        most = int(event["loss_average"]) + int(event["gate"])
        if int(event["loss_merged"]) > most:
            _refuse(
                f"loss_merged at most {most}, average and gate", event["loss_merged"]
            )


def _check_merged(state: History, event: Event) -> None:
    """Check that a merged adapter is no older one under other adapters' names."""
    merged = digest(event, "merged_sha256")
    written = bytes(event["adapters"])
    parts = [bytes.fromhex(item["weights_sha256"]) for item in json.loads(written)]
    adapters = state.index.models.merge(merged, written, parts)
    if adapters != event["adapters"]:
        _refuse(f"merged_sha256 with its adapters {adapters.decode()}", "others")
    check_usable(state, merged, "served")


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.MANIFEST, 27, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {"model.manifest_published.v1": _published}
