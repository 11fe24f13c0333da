"""Delete weights that saw the erased, and say so in events."""

from collections.abc import Sequence
from typing import Final

from ledger.events.erasure import WeightsDeleted
from ledger.projections.erasures import Erasure
from producers.erasing.ports import (
    Book,
    DeleteWeights,
    DeletionMethod,
    FindElsewhere,
    Models,
)
from producers.ports import Progress

WEIGHTS_MAX: Final = 200
"""Digests in one `WeightsDeleted` event: 256 would not fit its line (EVT-1)."""


class Deleting:
    """Deletes weights of one workspace."""

    def __init__(
        self,
        book: Book,
        models: Models,
        *,
        delete: DeleteWeights,
        elsewhere: FindElsewhere,
        progress: Progress,
    ) -> None:
        """`elsewhere` finds what only its owner can delete."""
        self._book = book
        self._models = models
        self._delete = delete
        self._elsewhere = elsewhere
        self._progress = progress

    def shards(self, erasure_id: str, erasure: Erasure) -> None:
        """Delete weights of shards, and merged ones, that a retrain replaced."""
        self._delete_all(erasure_id, self._book.tainted(erasure))

    def models(self, erasure_id: str, erasure: Erasure, *, is_asked: bool) -> None:
        """Delete models without shards; a full retrain is nobody's but the owner's."""
        left = self._models.left(erasure_id, erasure)
        if is_asked:
            deleted = [one for one in left if not self._is_kept(one)]
            self._delete_all(erasure_id, deleted)
        elif left:
            self._progress(
                f"{len(left)} whole models and snapshots still exist (erasure show "
                "lists them): retrain without these records, then run: tuneledger "
                "retrain --delete-models"
            )

    def is_done(self, erasure_id: str, erasure: Erasure) -> bool:
        """Whether nothing is left of models without shards; else say what is.

        Also what the plan had no room for, and what was saved since.
        """
        live = self._models.live(erasure_id)
        for run_id in live:
            self._progress(
                f"not certified: run {run_id} saw the records and goes on: end it, "
                "then run retrain"
            )
        left = self._models.left(erasure_id, erasure)
        if left:
            self._progress(
                f"not certified: {len(left)} models or snapshots still exist"
            )
        return not live and not left

    def _is_kept(self, sha256: str) -> bool:
        """Whether weights lie where their owner alone can delete them; say where."""
        where = self._elsewhere(sha256)
        for path in where:
            self._progress(
                f"weights {sha256[:16]} are still at {path}: delete that, then run: "
                "tuneledger retrain --delete-models"
            )
        return bool(where)

    def _delete_all(self, erasure_id: str, weights: Sequence[str]) -> None:
        """Delete weights, and say how for each method that was used."""
        by_method: dict[DeletionMethod, list[str]] = {}
        for sha256 in weights:
            by_method.setdefault(self._delete(sha256), []).append(sha256)
        events = [
            WeightsDeleted(
                erasure_id=erasure_id,
                weights=gone[start : start + WEIGHTS_MAX],
                method=method,
            )
            for method, gone in by_method.items()
            for start in range(0, len(gone), WEIGHTS_MAX)
        ]
        if events:
            self._book.append(events)
            self._progress(f"deleted {len(weights)} weight files")
