"""The ledger's side of an erasure: find, fence, plan, destroy, and look afterwards.

Order of writes: the fence, then the intent in the ledger, then the act in vault and
files, then the result in the ledger. Each act can be done again.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.destroy import destroy_in_vault
from ledger.errors import InputError
from ledger.events import Event
from ledger.events.base import LIST_MAX
from ledger.events.erasure import (
    ErasurePlanned,
    RecordsErased,
    ShardHit,
    ShardRolledBack,
)
from ledger.files import write_atomic
from ledger.ports import Fence
from ledger.projections.erasures import Erasure
from ledger.projections.shards import SavedWeights, Shard, ShardMap, ShardsState
from ledger.vault_rows import UNPLACED, Record
from ledger.weight_chain import event_position
from ledger.workspace import Workspace

_ALIAS_HINT: Final = "an alias such as s-1 (see `status --subjects`) or an identifier"


class ErasureBook:
    """What an erasure reads and changes in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Everything happens in `workspace`."""
        self._workspace = workspace

    def fence(self, text: str, *, ground: str, now_ms: int) -> Fence:
        """Fence the subject that `text` names, or return the fence that stands.

        Raises:
            InputError: nobody of that alias or identifier is in the vault, or two are.
        """
        vault, fences = self._workspace.vault, self._workspace.fences
        subject, other = vault.find_alias(text), vault.find_identifier(text)
        if subject is not None and other is not None:
            message = "two subjects: the alias of one is the identifier of another"
            raise InputError(message)
        subject = subject or other
        if subject is not None:
            return fences.add(subject, ground=ground, now_ms=now_ms)
        standing = fences.of_identifier(text) or fences.of_alias(text)
        if standing is None:
            message = f"unknown subject: expected {_ALIAS_HINT}; nothing was changed"
            raise InputError(message)
        return standing

    def unfinished(self) -> list[Fence]:
        """Fences whose erasure is not certified, oldest first."""
        return [
            fence
            for fence in self._workspace.fences.all()
            if not self.is_certified(fence.erasure_id)
        ]

    def is_certified(self, erasure_id: str) -> bool:
        """Whether the ledger holds its certificate."""
        state = self.state(erasure_id)
        return state is not None and state.certified

    def state(self, erasure_id: str) -> Erasure | None:
        """How far the ledger says that an erasure is."""
        erasures: dict[str, Erasure] = self._workspace.states()["erasures"].erasures
        return erasures.get(erasure_id)

    def shards(self) -> tuple[str, ShardMap | None]:
        """Id and state of the map in force."""
        state: ShardsState = self._workspace.states()["shards"]
        return state.current_map, state.current()

    def append(self, events: Sequence[Event]) -> None:
        """Append to the eraser's stream."""
        self._workspace.ledger.append(events, stream="erase")

    # Plan

    def plan(self, fence: Fence) -> None:
        """Fix what the erasure touches, forbid the records, serve what is clean.

        One vault transaction and one submission: no record of the subject can slip in
        between, and the influence ends with the plan, long before the retrain.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            records = workspace.vault.records_of(fence.subject_id)
            ids = sorted(record.record_id for record in records)
            hits = self._hits(records)
            planned = ErasurePlanned(
                erasure_id=fence.erasure_id,
                records=len(ids),
                hits=hits,
                tokens_expected=self._tokens(
                    {hit.shard: hit.slice_first for hit in hits}, without=set(ids)
                ),
                tokens_full=self._tokens(None, without=set(ids)),
            )
            erased = [
                RecordsErased(
                    erasure_id=fence.erasure_id,
                    record_ids=ids[start : start + LIST_MAX],
                )
                for start in range(0, len(ids), LIST_MAX)
            ]
            rolled_back = [
                ShardRolledBack(
                    erasure_id=fence.erasure_id,
                    shard=hit.shard,
                    weights_sha256=hit.rollback_sha256,
                )
                for hit in hits
            ]
            self.append([planned, *erased, *rolled_back])

    def _hits(self, records: list[Record]) -> list[ShardHit]:
        """The shards whose weights saw one of the records."""
        _, current = self.shards()
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

    def _tokens(self, first: dict[int, int] | None, *, without: set[str]) -> int:
        """Unique tokens of the slices to train, each counted with those below it."""
        _, current = self.shards()
        if current is None:
            return 0
        total = 0
        for record in self._workspace.vault.records():
            is_trained = record.shard != UNPLACED and not record.quarantined
            if not is_trained or record.record_id in without:
                continue
            start = 0 if first is None else first.get(record.shard, current.slices)
            total += record.bytes * max(0, current.slices - max(start, record.slice))
        return total

    # Act

    def destroy(self, fence: Fence, erasure: Erasure) -> int:
        """Destroy the subject's key, its records' files and the seeds of hit slices.

        Returns:
            How many record files the erasure deletes, whether now or before a kill.
        """
        workspace = self._workspace
        record_ids = sorted(erasure.records)
        map_id, _ = self.shards()
        with workspace.vault.transaction():
            destroy_in_vault(
                workspace.vault, fence.subject_id, map_id=map_id, hits=erasure.hits
            )
            workspace.vault.delete_records(record_ids)
        workspace.corpus.delete(record_ids)
        return len(record_ids)

    def tainted(self, erasure: Erasure) -> list[str]:
        """Digests of weights that this erasure must see deleted and has not named.

        What another erasure deleted since the plan is named again: it is gone either
        way.
        """
        _, current = self.shards()
        if current is None or not erasure.hits:
            return []
        erased_at = event_position(erasure.phases["records_erased"][0])
        return sorted(
            {
                saved.weights_sha256
                for hit in erasure.hits
                for saved in current.by_shard[hit.shard].saved
                if saved.slice >= hit.slice_first
                and event_position(saved.event_id) < erased_at
                and not _is_deleted_before(saved, erased_at)
            }
            - erasure.weights_deleted.keys()
        )

    # Look

    def readable(self, erasure: Erasure) -> int:
        """How many erased records the vault still has a key for."""
        vault = self._workspace.vault
        return sum(
            bool(vault.records("record_id = ?", record_id))
            for record_id in erasure.records
        )

    def files_left(self, erasure: Erasure) -> int:
        """How many files of erased records are still there."""
        return sum(self._workspace.corpus.has(one) for one in erasure.records)

    def keep_certificate(self, erasure_id: str, content: bytes) -> Path:
        """Write a certificate into artifacts/ and return its path."""
        path = self._workspace.folder / "artifacts" / f"erasure-{erasure_id}.json"
        write_atomic(path, content)
        return path

    def certificate(self, erasure_id: str) -> Path:
        """Where an erasure's certificate is."""
        return self._workspace.folder / "artifacts" / f"erasure-{erasure_id}.json"

    def anchor(self) -> dict[str, str]:
        """What a certificate says about the ledger that it rests on."""
        ledger = self._workspace.ledger
        return {
            "origin": ledger.origin,
            "genesis": ledger.genesis,
            "checkpoint": ledger.newest_checkpoint().decode(),
        }


def _clean_below(shard: Shard, slice_first: int) -> str:
    """Weights of the highest clean slice below `slice_first`; empty where none."""
    clean = [number for number in shard.slices if number < slice_first]
    return shard.slices[max(clean)] if clean else ""


def _has_seen(shard: Shard, slice_first: int) -> bool:
    """Whether weights exist that were trained on slice `slice_first`."""
    return any(
        saved.slice >= slice_first and not saved.deleted_by for saved in shard.saved
    )


def _is_deleted_before(saved: SavedWeights, position: tuple[int, int]) -> bool:
    """Whether the weights were gone when the event at `position` was appended."""
    return bool(saved.deleted_by) and event_position(saved.deleted_by) < position
