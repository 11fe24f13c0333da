"""Weights that an erasure must see gone, one by one: where they lie, and whether.

Weights of shards are replaced by a retrain and named by their slices. These have none:
models without shards, what was saved on the way to them, and what was merged.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ledger.events.erasure import ShardHit, WholeModel
from ledger.projections import States
from ledger.projections.compute import ComputeState
from ledger.projections.erasure_state import (
    Erasure,
    ErasuresState,
    Whole,
    whole_left,
)
from ledger.projections.serving import ServingState
from ledger.projections.shards import SavedWeights, ShardsState
from ledger.projections.weight_chain import event_position
from ledger.training.whereabouts import places

Kind = Literal["merged", "model", "snapshot"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condemned:
    """Weights that saw an erased record.

    Attributes:
        weights_sha256: their digest.
        kind: what a run ended with, what it saved on the way, or what was merged.
        run_id: the run; empty for merged ones.
        places: the files or folders that are known: those of the workspace below it,
            others absolute.
        deletion: `confirmed` where an event says that they were deleted.
    """

    weights_sha256: str
    kind: Kind
    run_id: str
    places: list[str]
    deletion: Literal["confirmed", "not_confirmed"]


def condemned_document(found: Collection[Condemned]) -> list[dict[str, Any]]:
    """The same as plain values."""
    return [asdict(one) for one in found]


def condemned_line(one: dict[str, Any]) -> str:
    """One of them on a line, for a person."""
    state = one["deletion"].replace("_", " ")
    at = f"at {', '.join(one['places'])}  " if one["places"] else ""
    if not at and one["deletion"] == "not_confirmed":
        at = "no place known  "
    of = f" of run {one['run_id']}" if one["run_id"] else ""
    return f"{one['kind']:<10} {one['weights_sha256'][:16]}{of}  {at}{state}"


def gone(states: States) -> set[str]:
    """Digests of weights that any erasure says were deleted."""
    erasures: ErasuresState = states["erasures"]
    return {one for past in erasures.erasures.values() for one in past.weights_deleted}


def snapshots_of(compute: ComputeState, run_id: str) -> list[str]:
    """What a run saved on the way, newest first, but for what it began with."""
    run = compute.runs.get(run_id)
    if run is None:
        return []
    ends = {one for one, savers in compute.saved_by.items() if run_id in savers}
    return [
        one
        for one in reversed(run.snapshots)
        if one not in ends and one != run.base.sha256
    ]


def merged_of(states: States, hits: Collection[ShardHit]) -> list[str]:
    """Merged weights, not deleted, of what saw a record of a hit slice."""
    shards: ShardsState = states["shards"]
    serving: ServingState = states["serving"]
    current = shards.current()
    if current is None:
        return []
    saw = {
        saved.weights_sha256
        for hit in hits
        for saved in current.by_shard[hit.shard].saved
        if saved.slice >= hit.slice_first
    }
    return [one for one, of in serving.merged.items() if saw & {*of}]


def condemned(
    states: States,
    folder: Path,
    *,
    whole: Collection[WholeModel | Whole],
    merged: Collection[str],
    also: Collection[str] = (),
    deleted: Collection[str] = (),
) -> list[Condemned]:
    """The weights without slices that must go.

    Args:
        states: the projections.
        folder: the workspace.
        whole: models and snapshots of the plan.
        merged: merged weights.
        also: further runs of which everything must go.
        deleted: weights that the erasure says were deleted.
    """
    compute: ComputeState = states["compute"]
    found: dict[str, tuple[str, Kind]] = {}
    for one in whole:
        is_end = one.run_id in compute.saved_by.get(one.weights_sha256, ())
        kind: Kind = "model" if is_end else "snapshot"
        found.setdefault(one.weights_sha256, (one.run_id, kind))
    for run_id in also:
        for sha256, savers in compute.saved_by.items():
            if run_id in savers:
                found.setdefault(sha256, (run_id, "model"))
    for run_id in dict.fromkeys((*(one.run_id for one in whole), *also)):
        for sha256 in snapshots_of(compute, run_id):
            found.setdefault(sha256, (run_id, "snapshot"))
    found |= dict.fromkeys(merged, ("", "merged"))
    gone_before = gone(states)
    return [
        Condemned(
            weights_sha256=sha256,
            kind=kind,
            run_id=run_id,
            places=places(folder, sha256),
            deletion="confirmed" if sha256 in deleted else "not_confirmed",
        )
        for sha256, (run_id, kind) in found.items()
        if sha256 in deleted or sha256 not in gone_before
    ]


def condemned_by(
    states: States, folder: Path, erasure: Erasure, *, also: Collection[str] = ()
) -> list[Condemned]:
    """The same of an erasure that is planned; what is confirmed stays listed.

    Args:
        states: the projections.
        folder: the workspace.
        erasure: its state.
        also: runs that went on when it was planned.
    """
    serving: ServingState = states["serving"]
    compute: ComputeState = states["compute"]
    known = compute.saved_by.keys() | compute.snapshot_of.keys()
    merged = [one for one in tainted(states, erasure) if one in serving.merged]
    # No run saved what was merged, and only what was merged.
    merged += [one for one in erasure.weights_deleted if one not in known]
    return condemned(
        states,
        folder,
        whole=erasure.whole,
        merged=[one for one in merged if one not in _named(erasure)],
        also=also,
        deleted=erasure.weights_deleted,
    )


def _named(erasure: Erasure) -> set[str]:
    return {one.weights_sha256 for one in erasure.whole}


def tainted(states: States, erasure: Erasure) -> list[str]:
    """Weights of shards, and merged ones, that must be deleted and are not on record.

    What another erasure deleted since the plan is named again: it is gone either way.
    """
    shards: ShardsState = states["shards"]
    current = shards.current()
    if current is None or not erasure.hits:
        return []
    erased_at = event_position(erasure.phases["records_erased"][0])
    found = {
        saved.weights_sha256
        for hit in erasure.hits
        for saved in current.by_shard[hit.shard].saved
        if saved.slice >= hit.slice_first
        and event_position(saved.event_id) < erased_at
        and not _is_deleted_before(saved, erased_at)
    }
    serving: ServingState = states["serving"]
    # What was merged of such weights has what they have.
    merged = {one for one, of in serving.merged.items() if found & {*of}}
    return sorted((found | merged) - erasure.weights_deleted.keys())


def models_left(
    states: States, erasure: Erasure, *, also: Collection[str] = ()
) -> list[str]:
    """Models without shards, and snapshots, that are not on record as deleted.

    The plan's event has room for `ledger.erasing.plan.WHOLE_MAX`; further snapshots of
    its runs are found here.

    Args:
        states: the projections.
        erasure: its state.
        also: runs that went on when it was planned, and are over: all that they made.
    """
    compute: ComputeState = states["compute"]
    found = dict.fromkeys(one.weights_sha256 for one in whole_left(erasure))
    known = _named(erasure) | gone(states)
    for run_id in dict.fromkeys((*(one.run_id for one in erasure.whole), *also)):
        made = snapshots_of(compute, run_id)
        if run_id in also:
            made += [one for one, by in compute.saved_by.items() if run_id in by]
        found |= dict.fromkeys(one for one in made if one not in known)
    return list(found)


def _is_deleted_before(saved: SavedWeights, position: tuple[int, int]) -> bool:
    """Whether the weights were gone when the event at `position` was appended."""
    return bool(saved.deleted_by) and event_position(saved.deleted_by) < position
