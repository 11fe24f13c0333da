"""Training runs: XEV-8 and XEV-10 to XEV-12, and XEV-17 where weights are used."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import NoReturn

from verifier.findings import Code
from verifier.format.tree import counted_root, leaf_hash, root_of_leaves
from verifier.rules.plans import check_completeness
from verifier.rules.resumed import check_resumed
from verifier.rules.state import Handler, History, Run, ShardMap, digest, refuse
from verifier.rules.weights import WHOLE
from verifier.schema.lines import Event
from verifier.schema.model_tables import FLOP_FIELDS

COUNTED_MAX = 4096
# Records of one shard whose leaf hashes are kept for its next slice: about 10 MB.
STOCK_MAX = 65_536


def check_usable(state: History, weights: bytes, use: str) -> None:
    """Check that weights in use are neither deleted nor tainted (XEV-17)."""
    if not weights:
        return
    if state.index.weights.is_deleted(weights):
        refuse(
            Code.WEIGHTS_DELETED,
            17,
            expected=f"weights that were not deleted to be {use}",
            found=weights.hex(),
        )
    if any(
        one in state.condemned or state.index.weights.is_tainted(one)
        for one in _sources(state, weights)
    ):
        refuse(
            Code.WEIGHTS_DELETED,
            17,
            expected=f"weights that saw no erased record to be {use}",
            found=weights.hex(),
        )


def _sources(state: History, weights: bytes) -> list[bytes]:
    """Return weights and what they were merged from, which saw what their parts saw."""
    return [weights, *state.index.models.parts(weights)]


def _check_parent(state: History, weights: bytes) -> None:
    """Check that weights may be trained from (XEV-17, XEV-20)."""
    check_usable(state, weights, "trained from")
    if weights and any(map(state.index.weights.is_withdrawn, _sources(state, weights))):
        refuse(
            Code.QUARANTINE,
            20,
            expected="weights that saw no quarantined record to be trained from",
            found=weights.hex(),
        )


def _started(state: History, event: Event, at: int) -> None:
    run_id = digest(event, "run_id")
    if run_id in state.runs:
        _refuse_life("a run started once", event["run_id"])
    shards = frozenset(json.loads(event["shards"]))
    run = state.runs[run_id] = Run(
        at=at,
        shard_map=_map_of(state, event, shards),
        shards=shards,
        purpose=event["purpose"].decode(),
        erasure_id=digest(event, "erasure_id"),
        base=digest(event, "base_sha256"),
        generation=int(event["generation"]),
        assigned=state.index.assigned,
    )
    if run.purpose == "train" and run.erasure_id:
        _refuse_life("an empty erasure_id for purpose train", event["erasure_id"])
    if run.purpose == "retrain" and run.erasure_id not in state.erasures:
        _refuse_life("an earlier erasure for purpose retrain", event["erasure_id"])
    check_resumed(state, event, run)
    _check_parent(state, run.base)
    _check_parent(state, digest(event, "resumes_sha256"))


def _map_of(state: History, event: Event, shards: frozenset[int]) -> ShardMap | None:
    """Return the map that a starting run cites, checked against its numbers."""
    slices = int(event["slices"])
    if not event["map_id"]:
        if shards or slices:
            _refuse_life("no shards and no slices without a map", event["shards"])
        return None
    shard_map = state.maps.get(digest(event, "map_id"))
    if shard_map is None:
        _refuse_life("a declared map", event["map_id"])
    if slices != shard_map.slices or any(s >= shard_map.shards for s in shards):
        _refuse_life(
            f"shards below {shard_map.shards} and {shard_map.slices} slices",
            f"{event['shards'].decode()} and {slices}",
        )
    return shard_map


def running(state: History, event: Event) -> Run:
    """Return the run of an event, which must have started and not ended.

    Raises:
        Violation: XEV-8.
    """
    run = state.runs.get(digest(event, "run_id"))
    if run is None:
        _refuse_life("a run that was started", event["run_id"])
    if run.ended:
        _refuse_life(f"nothing after {run.ended}", event["run_id"])
    return run


def amounts(event: Event) -> list[int]:
    """Return steps, tokens and the FLOP fields."""
    return [int(event[name]) for name in ("steps", "tokens", *FLOP_FIELDS)]


def _finished(state: History, event: Event, _at: int) -> None:
    run = _end(state, event, "run_finished")
    names = ("steps", "tokens", *FLOP_FIELDS)
    for name, expected, found in zip(names, run.sums, amounts(event), strict=True):
        if found != expected:
            refuse(Code.RUN_TOTALS, 10, expected=f"{name} {expected}", found=found)
    check_completeness(event, run.faults)
    adapters = [
        (item["shard"], bytes.fromhex(item["weights_sha256"]))
        for item in json.loads(event["adapters"])
    ]
    run.adapters = dict(adapters)
    if run.shard_map is None:
        ok = all(shard == 0 for shard, _ in adapters)
    else:
        complete = run.adapters.keys() == run.shards and run.adapters == run.trained
        ok = complete and len(adapters) == len(run.adapters)
    if not ok:
        refuse(
            Code.ADAPTERS,
            12,
            expected="for each shard once its weights of the last slice",
            found=event["adapters"],
        )
    for _, weights in adapters:
        if run.shard_map is None:
            state.index.weights.save(weights, WHOLE, run.at)
        check_usable(state, weights, "finished with")


def _failed(state: History, event: Event, _at: int) -> None:
    _end(state, event, "run_failed")


def _end(state: History, event: Event, kind: str) -> Run:
    run = running(state, event)
    run.ended = kind
    if int(event["batches"]) != run.batches:
        refuse(
            Code.RUN_TOTALS,
            10,
            expected=f"{run.batches} batches",
            found=event["batches"],
        )
    return run


def _trained(state: History, event: Event, at: int) -> None:
    run = running(state, event)
    shard, slice_ = int(event["shard"]), int(event["slice"])
    if run.shard_map is None or shard not in run.shards:
        _refuse_slice("a shard of the run", shard)
    if slice_ >= run.shard_map.slices:
        _refuse_slice(f"a slice below {run.shard_map.slices}", slice_)
    if int(event["generation"]) != run.generation:
        _refuse_slice(f"generation {run.generation}", event["generation"])
    number = run.shard_map.number
    _check_records(state, event, run, map_number=number)
    cost = run.by_slice.get((shard, slice_), [0, 0])
    if [int(event["steps"]), int(event["tokens"])] != cost:
        _refuse_slice(
            "steps {} and tokens {}, as metered".format(*cost),
            f"{int(event['steps'])} and {int(event['tokens'])}",
        )
    parent = run.base if slice_ == 0 else _weights_below(state, number, shard, slice_)
    weights = digest(event, "weights_sha256")
    state.index.weights.add(
        weights,
        map_number=number,
        shard=shard,
        slice_=slice_,
        at=at,
        run_at=run.at,
    )
    state.index.weights.close_privacy(run.at, shard, slice_)
    if slice_ == run.shard_map.slices - 1:
        run.trained[shard] = weights
    if digest(event, "parent_sha256") != parent:
        _refuse_slice(
            f"parent {parent.hex() or 'weights of the slice below'}",
            event["parent_sha256"],
        )
    _check_parent(state, parent)


def _check_records(state: History, event: Event, run: Run, *, map_number: int) -> None:
    """Check the number of records and the root over their commitments.

    The same slice is often trained again while nothing was assigned, erased or
    quarantined, so what was counted once is kept.
    """
    place = map_number, int(event["shard"]), int(event["slice"])
    stock = (*place, run.assigned, state.index.gone)
    if stock not in state.counted:
        if len(state.counted) >= COUNTED_MAX:
            state.counted.clear()
        state.counted[stock] = _count(state, run, *place)
    count, root = state.counted[stock]
    if int(event["records"]) != count:
        _refuse_slice(f"{count} records", event["records"])
    if root != digest(event, "records_root"):
        _refuse_slice(f"records_root {root.hex()}", event["records_root"])


def _count(
    state: History, run: Run, map_number: int, shard: int, slice_: int
) -> tuple[int, bytes]:
    """Return number and root of the records of a shard's slices 0..slice_.

    The slices of a shard are mostly trained one after the other, so what was read for
    one is kept for the next, if it is not too much.
    """

    def read() -> Iterator[tuple[int, bytes]]:
        return state.index.stock(map_number=map_number, shard=shard, before=run.at)

    stock_of = (map_number, shard, run.at, state.index.gone)
    if state.stock_of != stock_of:
        state.stock_of = stock_of
        state.stock = [
            (at, leaf_hash(commitment))
            for at, commitment in islice(read(), STOCK_MAX + 1)
        ]
    if len(state.stock) > STOCK_MAX:
        return counted_root(commitment for at, commitment in read() if at <= slice_)
    leaves = [leaf for at, leaf in state.stock if at <= slice_]
    return len(leaves), root_of_leaves(leaves)


def _weights_below(state: History, map_number: int, shard: int, slice_: int) -> bytes:
    """Return the newest weights of the slice below, empty where it has none."""
    newest = state.index.weights.newest(
        map_number=map_number, shard=shard, slice_=slice_ - 1
    )
    return newest or b""


def _refuse_life(expected: str, found: object) -> NoReturn:
    refuse(Code.RUN_LIFE, 8, expected=expected, found=found)


def _refuse_slice(expected: str, found: object) -> NoReturn:
    refuse(Code.SLICE_TRAINED, 11, expected=expected, found=found)


HANDLERS: dict[str, Handler] = {
    "training.run_started.v1": _started,
    "training.slice_trained.v1": _trained,
    "training.run_finished.v1": _finished,
    "training.run_failed.v1": _failed,
}
