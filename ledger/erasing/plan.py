"""What an erasure would touch, from the projections and the vault; nothing is written.

Runs without shards name no records, so one that was started after any of the records
was placed is taken to have seen them. A pre-training is not: its text comes from
outside the workspace. One that a trainer outside made is: nobody knows what it read.
"""

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from ledger.erasing.condemned import gone, snapshots_of
from ledger.erasing.exposure import exposure
from ledger.errors import InputError
from ledger.events.erasure import ShardHit, WholeModel
from ledger.projections import States
from ledger.projections.compute import ComputeState
from ledger.projections.erasures import Erasure
from ledger.projections.shards import Shard, ShardMap, ShardsState
from ledger.projections.weight_chain import event_position
from ledger.vault.rows import UNPLACED, Record
from ledger.vault.vault import Vault

WHOLE_MAX: Final = 32
"""Models without shards in one plan: as many as its event holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A plan that is not in the ledger.

    Attributes:
        record_ids: the records, sorted.
        hits: the shards that must be retrained.
        whole: models that only a full retrain helps; of a run that was cut off, the
            newest that it saved.
        snapshots: what their runs saved on the way, newest first of each run.
        open_runs: those of them without an end on record: cut off, or going on.
        runs: every run that saw one of the records.
        models: names of the models that they made.
        tokens_expected: unique tokens of the slices to train again, each slice counted
            with those below it.
        tokens_full: the same for all shards and slices.
    """

    record_ids: list[str]
    hits: list[ShardHit]
    whole: list[WholeModel]
    snapshots: list[WholeModel]
    open_runs: list[str]
    runs: list[str]
    models: list[str]
    tokens_expected: int
    tokens_full: int

    def condemned(self, *, live: Collection[str] = ()) -> list[WholeModel]:
        """The models and snapshots that the plan's event names.

        Of snapshots as many as it has room for: they are no reason to refuse an
        erasure, and `ledger.erasing.condemned.models_left` has the others.

        Args:
            live: runs that go on, and may end with what they saved last: that is not to
                be condemned under them (XEV-17).

        Raises:
            InputError: more models without shards than one plan holds.
        """
        whole = [one for one in self.whole if one.run_id not in live]
        if len(whole) > WHOLE_MAX:
            message = (
                f"{len(whole)} models without shards saw these records: expected at "
                f"most {WHOLE_MAX} in one plan"
            )
            raise InputError(message)
        snapshots = [one for one in self.snapshots if one.run_id not in live]
        return [*whole, *snapshots][:WHOLE_MAX]


def draft(vault: Vault, states: States, subject_ids: Iterable[str]) -> Draft:
    """Plan the erasure of some subjects."""
    shards: ShardsState = states["shards"]
    compute: ComputeState = states["compute"]
    seen = exposure(vault, states, subject_ids)
    ids = [one.record_id for one in seen.records]
    hits = _hits(shards, seen.records)
    whole, snapshots, open_runs = _whole(states, ids, set(seen.saw.runs))
    runs = list(dict.fromkeys([*seen.saw.runs, *(model.run_id for model in whole)]))
    first = {hit.shard: hit.slice_first for hit in hits}
    current = shards.current()
    slices = 0 if current is None else current.slices
    sizes = _sizes_without(vault, seen.records)
    return Draft(
        record_ids=ids,
        hits=hits,
        whole=whole,
        snapshots=snapshots,
        open_runs=open_runs,
        runs=runs,
        models=list(dict.fromkeys(compute.runs[run].model_name for run in runs)),
        tokens_expected=_tokens(slices, sizes, first),
        tokens_full=_tokens(slices, sizes, None),
    )


def runs_that_saw(shard_map: ShardMap | None, erasure: Erasure) -> list[str]:
    """The runs whose weights saw a record of a planned erasure, in order."""
    runs = [model.run_id for model in erasure.whole]
    erased_by = erasure.phases.get("records_erased", [])
    if shard_map is not None and erased_by:
        erased_at = event_position(erased_by[0])
        runs += [
            saved.run_id
            for hit in erasure.hits
            for saved in shard_map.by_shard[hit.shard].saved
            if saved.slice >= hit.slice_first
            and event_position(saved.event_id) < erased_at
        ]
    return list(dict.fromkeys(runs))


def _hits(shards: ShardsState, records: Iterable[Record]) -> list[ShardHit]:
    """The shards whose weights saw one of the records."""
    current = shards.current()
    if current is None:
        return []
    first: dict[int, int] = {}
    for record in records:
        if record.shard != UNPLACED:
            slice_ = min(record.slice, first.get(record.shard, record.slice))
            first[record.shard] = slice_
    return [
        ShardHit(
            shard=number,
            slice_first=slice_first,
            rollback_sha256=_clean_below(current.by_shard[number], slice_first),
        )
        for number, slice_first in sorted(first.items())
        if _has_seen(current.by_shard[number], slice_first)
    ]


def _clean_below(shard: Shard, slice_first: int) -> str:
    """Weights of the highest clean slice below `slice_first`; empty where none."""
    clean = [number for number in shard.slices if number < slice_first]
    return shard.slices[max(clean)] if clean else ""


def _has_seen(shard: Shard, slice_first: int) -> bool:
    """Whether weights exist that were trained on slice `slice_first`."""
    return any(
        saved.slice >= slice_first and not saved.deleted_by for saved in shard.saved
    )


def _whole(
    states: States, record_ids: list[str], saw: Collection[str]
) -> tuple[list[WholeModel], list[WholeModel], list[str]]:
    """Of runs without shards that saw a record: the models, the snapshots, those open.

    Args:
        states: the projections.
        record_ids: the records.
        saw: runs that are known to have seen one.
    """
    if not record_ids:
        return [], [], []
    shards: ShardsState = states["shards"]
    compute: ComputeState = states["compute"]
    since = min(_placed_at(shards, record_id) for record_id in record_ids)
    deleted = gone(states)
    weights: set[str] = set()
    found: list[WholeModel] = []
    on_the_way: list[WholeModel] = []
    open_runs: list[str] = []
    for run_id, run in compute.runs.items():
        is_later = event_position(run.started)[0] > since
        is_own_base = run.objective == "pretraining" and not run.is_outside
        is_direct = is_later and not is_own_base
        # What goes on from a snapshot has seen what that saw.
        is_below = run_id in saw or not weights.isdisjoint(
            {run.base.sha256, run.resumed_from}
        )
        if run_id in shards.runs or not (is_direct or is_below):
            continue
        open_runs += [run_id] * (run.status == "open")
        saved = [one for one, savers in compute.saved_by.items() if run_id in savers]
        snapshots = snapshots_of(compute, run_id)
        weights.update(saved, snapshots)
        # A run that was cut off is no more than the newest that it saved.
        last = saved or snapshots[:1]
        found += [
            WholeModel(run_id=run_id, weights_sha256=one, tokens=run.tokens)
            for one in last
            if one not in deleted
        ]
        on_the_way += [
            WholeModel(run_id=run_id, weights_sha256=one, tokens=0)
            for one in snapshots
            if one not in deleted
        ]
    ends = _each_once(found, known=set())
    known = {one.weights_sha256 for one in ends}
    return ends, _each_once(on_the_way, known=known), open_runs


def _each_once(
    models: Iterable[WholeModel], *, known: AbstractSet[str]
) -> list[WholeModel]:
    """Each of them once, in order, but for those that are known."""
    first: dict[str, WholeModel] = {}
    for one in models:
        if one.weights_sha256 not in known:
            first.setdefault(one.weights_sha256, one)
    return list(first.values())


def _placed_at(shards: ShardsState, record_id: str) -> int:
    """The entry that placed a record; -1 where none has yet."""
    places = shards.places.get(record_id, {}).values()
    return min((place.entry for place in places), default=-1)


def _tokens(
    slices: int, sizes: Mapping[tuple[int, int], int], first: dict[int, int] | None
) -> int:
    """Unique tokens of the slices to train, each counted with those below it.

    Args:
        slices: how many a shard has.
        sizes: bytes of the records left, by shard and slice.
        first: the first slice to train of each shard that is hit; None for all.
    """
    total = 0
    for (shard, slice_), size in sizes.items():
        start = 0 if first is None else first.get(shard, slices)
        total += size * max(0, slices - max(start, slice_))
    return total


def _sizes_without(
    vault: Vault, records: Iterable[Record]
) -> dict[tuple[int, int], int]:
    """Bytes of the records to train on that are left, by shard and slice."""
    sizes = vault.bytes_by_place()
    for record in records:
        if record.shard != UNPLACED and not record.quarantined:
            sizes[record.shard, record.slice] -= record.bytes
    return sizes
