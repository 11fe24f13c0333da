"""The ledger's side of an erasure: find, fence, plan, destroy.

Order of writes: the fence, then the intent in the ledger, then the act in vault and
files, then the result in the ledger. Each act can be done again.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from ledger.erasing.condemned import tainted
from ledger.erasing.leftovers import keep_residue
from ledger.erasing.models import ModelsBook
from ledger.erasing.plan import draft
from ledger.errors import ConflictError, InputError
from ledger.events import Event
from ledger.events.base import LIST_MAX
from ledger.events.erasure import (
    ErasurePlanned,
    KeyStore,
    RecordsErased,
    ShardRolledBack,
)
from ledger.log.moment import newest_ms
from ledger.ports import Fence, Residue
from ledger.projections.erasures import Erasure
from ledger.projections.shards import ShardMap, ShardsState
from ledger.vault.rows import UNPLACED, Subject
from ledger.workspace.destroy import destroy_in_vault
from ledger.workspace.workspace import Workspace

_ALIAS_HINT: Final = "an alias such as s-1 (see `status --subjects`) or an identifier"


class ErasureBook:
    """What an erasure reads and changes in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        """Everything happens in `workspace`."""
        self._workspace = workspace

    # Fences

    def fence(
        self, text: str, *, ground: str, now_ms: int, is_decided: bool = True
    ) -> Fence:
        """Fence the subject that `text` names, or return the fence that stands.

        Raises:
            InputError: nobody of that alias or identifier is in the vault, or two are.
        """
        [fence] = self.fence_all(
            [text], ground=ground, now_ms=now_ms, is_decided=is_decided
        )
        return fence

    def fence_all(
        self,
        texts: Sequence[str],
        *,
        ground: str,
        now_ms: int,
        is_decided: bool = True,
    ) -> list[Fence]:
        """Fence everybody who is named, all who are new to it in one erasure.

        Args:
            texts: an alias or an identifier each.
            ground: why, as in `ErasureRequested`.
            now_ms: when the request was received, Unix milliseconds.
            is_decided: whether it was decided to erase; a fence that stands undecided
                becomes a decided one.

        Returns:
            The fences around them, those that stood before first.

        Raises:
            ConflictError: somebody's erasure is restricted; nobody was fenced.
            InputError: nobody of that alias or identifier is in the vault, or two are;
                nobody was fenced.
        """
        self.lift_refused()
        workspace, fences = self._workspace, self._workspace.fences
        found = [self._find(text) for text in texts]
        standing: dict[str, Fence] = {}
        new: dict[str, Subject] = {}
        for one in found:
            fence = (
                fences.of_subject(one.subject_id) if isinstance(one, Subject) else one
            )
            if fence is not None:
                standing[fence.erasure_id] = fence
            elif isinstance(one, Subject):
                new[one.subject_id] = one
        if is_decided:
            self._check_unrestricted(standing)
        if new:
            fence = fences.add(
                *new.values(),
                ground=ground,
                now_ms=now_ms,
                written_ms=max(workspace.clock_ms(), newest_ms(workspace.ledger)),
                is_decided=is_decided,
            )
            standing[fence.erasure_id] = fence
        return [self._decided(one, is_decided=is_decided) for one in standing.values()]

    def _find(self, text: str) -> Subject | Fence:
        """Whom a text names, or the fence of who is gone."""
        vault, fences = self._workspace.vault, self._workspace.fences
        subject, other = vault.find_alias(text), vault.find_identifier(text)
        if subject is not None and other is not None:
            message = "two subjects: the alias of one is the identifier of another"
            raise InputError(message)
        found = subject or other or fences.of_identifier(text) or fences.of_alias(text)
        if found is None:
            message = f"unknown subject: expected {_ALIAS_HINT}; nothing was changed"
            raise InputError(message)
        return found

    def _check_unrestricted(self, erasure_ids: Iterable[str]) -> None:
        for erasure_id in erasure_ids:
            state = self.state(erasure_id)
            if state is not None and state.restricted:
                message = (
                    f"erasure {erasure_id} is restricted ({state.restricted}): end "
                    "that first, with erasure lift"
                )
                raise ConflictError(message)

    def _decided(self, fence: Fence, *, is_decided: bool) -> Fence:
        if fence.is_decided or not is_decided:
            return fence
        self._workspace.fences.decide(fence.erasure_id)
        return self.by_id(fence.erasure_id)

    def by_id(self, erasure_id: str) -> Fence:
        """The fence of an erasure.

        Raises:
            InputError: there is no erasure of that id.
        """
        fence = self._workspace.fences.of_erasure(erasure_id)
        if fence is None:
            message = f"unknown erasure {erasure_id[:32]!r}: see `erasure list`"
            raise InputError(message)
        return fence

    def lift_refused(self) -> None:
        """Lift the fences of refused requests whose restriction, if any, ended."""
        for erasure_id, erasure in self._erasures().items():
            if erasure.refused and not erasure.restricted:
                self._workspace.fences.lift(erasure_id)

    def unfinished(self) -> list[Fence]:
        """Fences whose erasure is neither certified nor refused, oldest first."""
        self.lift_refused()
        return [
            fence
            for fence in self._workspace.fences.all()
            if not self._is_over(fence.erasure_id)
        ]

    def _is_over(self, erasure_id: str) -> bool:
        state = self.state(erasure_id)
        is_refused = state is not None and state.refused and not state.restricted
        return state is not None and (state.certified or bool(is_refused))

    def held(self) -> dict[int, str]:
        """Shards that nobody may train now, each with an erasure that holds it.

        Records of a request that is not decided, or that is restricted, are kept and
        used for nothing.
        """
        held: dict[int, str] = {}
        for fence in self.unfinished():
            state = self.state(fence.erasure_id)
            if fence.is_decided and not (state is not None and state.restricted):
                continue
            for subject_id in fence.subject_ids:
                for record in self._workspace.vault.records_of(subject_id):
                    if record.shard != UNPLACED and not record.quarantined:
                        held[record.shard] = fence.erasure_id
        return held

    # State

    def _erasures(self) -> dict[str, Erasure]:
        erasures: dict[str, Erasure] = self._workspace.states()["erasures"].erasures
        return erasures

    def state(self, erasure_id: str) -> Erasure | None:
        """How far the ledger says that an erasure is."""
        return self._erasures().get(erasure_id)

    def shards(self) -> tuple[str, ShardMap | None]:
        """Id and state of the map in force."""
        state: ShardsState = self._workspace.states()["shards"]
        return state.current_map, state.current()

    def append(self, events: Sequence[Event]) -> None:
        """Append to the eraser's stream."""
        self._workspace.ledger.append(events, stream="erase")

    # Act

    def plan(self, fence: Fence) -> None:
        """Fix what the erasure touches, forbid the records, serve what is clean.

        One vault transaction and one submission: no record of the subject can slip in
        between, and the influence ends with the plan, long before the retrain.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            plan = draft(workspace.vault, workspace.states(), fence.subject_ids)
            ids = plan.record_ids
            live = ModelsBook(workspace).note_live(fence.erasure_id, plan.open_runs)
            planned = ErasurePlanned(
                erasure_id=fence.erasure_id,
                records=len(ids),
                hits=plan.hits,
                whole=plan.condemned(live=live),
                tokens_expected=plan.tokens_expected,
                tokens_full=plan.tokens_full,
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
                for hit in plan.hits
            ]
            self.append([planned, *erased, *rolled_back])

    def destroy(self, fence: Fence, erasure: Erasure, found: Residue | None) -> int:
        """Destroy the subjects' keys, their records' files and the seeds of hit slices.

        Args:
            fence: around whom.
            erasure: its state.
            found: what a scan for residue found before; kept with the act.

        Returns:
            How many record files the erasure deletes, whether now or before a kill.
        """
        workspace = self._workspace
        record_ids = sorted(erasure.records)
        map_id, _ = self.shards()
        with workspace.vault.transaction():
            destroy_in_vault(workspace.vault, fence, map_id=map_id, hits=erasure.hits)
            workspace.vault.delete_records(record_ids)
            if found is not None:
                keep_residue(workspace.vault, fence.erasure_id, found)
        workspace.corpus.delete(record_ids)
        return len(record_ids)

    def key_store(self) -> KeyStore:
        """Where the key is kept that wraps the subjects' keys."""
        return self._workspace.vault.key_store

    def tainted(self, erasure: Erasure) -> list[str]:
        """Digests of weights that this erasure must see deleted and has not named.

        What another erasure deleted since the plan is named again: it is gone either
        way.
        """
        return tainted(self._workspace.states(), erasure)
