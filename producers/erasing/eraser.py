"""Erase a person: fence, plan, destroy, retrain, delete, verify, certify.

The plan takes what saw the person out of service, and a manifest says what serves now.
Every step asks the ledger whether it was done, does it, and says so in an event; so a
kill at any point is resumed by running it again, and erasing twice is no error.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import ErasedError
from ledger.events.erasure import (
    Exactness,
    KeysDestroyed,
    ShardRetrained,
)
from ledger.events.erasure_request import ErasureRequested
from ledger.ports import Fence
from ledger.projections.erasures import Erasure, owed_acts
from producers.erasing.closing import Closing
from producers.erasing.deleting import Deleting
from producers.erasing.due import due_after
from producers.erasing.ports import (
    Book,
    Certificates,
    Leftovers,
    Republish,
    Trainer,
)
from producers.ports import ClockMs, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How an erasure stands after a call.

    Attributes:
        erasure_id: its random id.
        erasure: its state in the ledger.
        certificate: the certificate's path; None while steps are outstanding.
    """

    erasure_id: str
    erasure: Erasure
    certificate: Path | None


class Eraser:
    """Drives erasures through their steps.

    The identifiers of the erased are in this object's memory only.
    """

    def __init__(
        self,
        book: Book,
        leftovers: Leftovers,
        certificates: Certificates,
        trainer: Callable[[], Trainer],
        *,
        deleting: Deleting,
        republish: Republish,
        clock_ms: ClockMs,
        progress: Progress,
    ) -> None:
        """`trainer` is called only when a shard must be trained."""
        self._book = book
        self._leftovers = leftovers
        self._certificates = certificates
        self._closing = Closing(book, leftovers, certificates, progress=progress)
        self._trainer = trainer
        self._deleting = deleting
        self._republish = republish
        self._clock_ms = clock_ms
        self._progress = progress
        self._typed: tuple[str, ...] = ()
        self._names: dict[str, list[str]] = {}

    def remember(self, typed: Iterable[str]) -> None:
        """Take note of identifiers as somebody typed them, to look for them later."""
        self._typed = tuple(typed)

    def receive(self, fence: Fence) -> Erased:
        """Record the request and nothing more."""
        self._request(fence)
        return self._stands(fence)

    def begin(self, fences: Sequence[Fence]) -> None:
        """Do what comes before any retrain, for every open erasure.

        No shard may be trained while a fence stands that the ledger does not know.
        """
        for fence in fences:
            self.resume(fence, retrain=False)

    def resume(
        self,
        fence: Fence,
        *,
        retrain: bool = True,
        prove: bool = True,
        delete_models: bool = False,
    ) -> Erased:
        """Do the steps that an erasure still owes, from the first that is not done.

        Args:
            fence: the erased subjects' fence; it stands before this is called.
            retrain: whether to retrain now; otherwise the shards serve their last
                clean slice until the next call.
            prove: whether to repeat the retrain in a clean process and compare.
            delete_models: whether to delete models without shards that saw them.

        Raises:
            IntegrityError: the clean process gives other weights.
            TrainingError: the retrain failed; the erasure stays open.
        """
        self._request(fence)
        erasure = self._state(fence)
        if not fence.is_decided or erasure.restricted or erasure.refused:
            return self._stands(fence)
        if erasure.records_planned is None:
            self._plan(fence)
        self._republish(fence.erasure_id, "erased")
        self._destroy(fence)
        if retrain and self._retrain(fence):
            self._republish(fence.erasure_id, "retrained")
            self._deleting.shards(fence.erasure_id, self._state(fence))
            self._deleting.models(
                fence.erasure_id, self._state(fence), is_asked=delete_models
            )
            self._close(fence, prove=prove)
        return self._stands(fence)

    def _stands(self, fence: Fence) -> Erased:
        erasure = self._state(fence)
        path = self._certificates.path(fence.erasure_id) if erasure.certified else None
        return Erased(erasure_id=fence.erasure_id, erasure=erasure, certificate=path)

    def _state(self, fence: Fence) -> Erasure:
        """The erasure's state; it was requested before."""
        state = self._book.state(fence.erasure_id)
        if state is None:
            message = f"erasure {fence.erasure_id} was requested and is not on record"
            raise RuntimeError(message)
        return state

    def _close(self, fence: Fence, *, prove: bool) -> None:
        """Verify and certify, where everything else is done."""
        erasure = self._state(fence)
        if erasure.certified:
            return
        names = self._names.get(fence.erasure_id, [])
        is_done = not owed_acts(erasure)
        if is_done and not self._deleting.is_done(fence.erasure_id, erasure):
            return
        if is_done:
            found = self._closing.look(fence, names, self._typed)
            if found is not None:
                self._closing.verify(
                    fence, erasure, found, self._prove(erasure, prove=prove)
                )
        self._closing.certify(fence, self._state(fence))

    def _prove(self, erasure: Erasure, *, prove: bool) -> Exactness:
        if not prove or not erasure.hits:
            return "not_run"
        exactness = self._trainer().prove(erasure)
        self._progress(f"clean-room training: {exactness}")
        return exactness

    def _request(self, fence: Fence) -> None:
        if self._book.state(fence.erasure_id) is not None:
            return
        requested = ErasureRequested(
            erasure_id=fence.erasure_id,
            ground=fence.ground,
            received_at_ms=fence.created_at_ms,
            due_at_ms=due_after(fence.created_at_ms),
            fence_commitment=fence.commitment,
        )
        self._book.append([requested])

    def _plan(self, fence: Fence) -> None:
        self._book.plan(fence)
        planned = self._state(fence)
        shards = ", ".join(str(hit.shard) for hit in planned.hits) or "none"
        self._progress(f"shards that serve clean weights until retrained: {shards}")
        for model in planned.whole:
            if model.tokens:
                self._progress(
                    f"whole model {model.weights_sha256[:16]} of run {model.run_id} "
                    f"saw the records: full retrain, {model.tokens} tokens"
                )
            else:
                self._progress(
                    f"weights {model.weights_sha256[:16]} of run {model.run_id} saw "
                    "the records: to delete"
                )

    def _destroy(self, fence: Fence) -> None:
        erasure = self._state(fence)
        if "keys_destroyed" in erasure.phases:
            return
        names = self._leftovers.names(fence, self._typed)
        self._names[fence.erasure_id] = names
        found = self._leftovers.look(names, is_destroyed=False) if names else None
        blobs = self._book.destroy(fence, erasure, found)
        destroyed = KeysDestroyed(
            erasure_id=fence.erasure_id,
            keys=len(erasure.records),
            store=self._book.key_store(),
            blobs_deleted=blobs,
        )
        self._book.append([destroyed])
        self._progress(f"destroyed the key and {blobs} record files")

    def _retrain(self, fence: Fence) -> bool:
        """Retrain what is hit; return whether nothing more is to be retrained."""
        erasure = self._state(fence)
        shards = [
            hit.shard for hit in erasure.hits if hit.shard not in erasure.retrained
        ]
        if not shards:
            return True
        held = {
            shard: one for shard, one in self._book.held().items() if shard in shards
        }
        for shard, holder in held.items():
            self._progress(
                f"shard {shard} is not retrained: erasure {holder} is restricted or "
                "waits for a decision"
            )
        if held:
            return False
        done = self._trainer().retrain(fence.erasure_id, shards)
        self._book.append(
            [
                ShardRetrained(
                    erasure_id=fence.erasure_id,
                    shard=one.shard,
                    run_id=one.run_id,
                    weights_before_sha256=one.weights_before,
                    weights_after_sha256=one.weights_after,
                    tokens=one.tokens,
                )
                for one in done
            ]
        )
        return True


def check_not_held(held: Mapping[int, str]) -> None:
    """Refuse a training of shards that hold records which may not be used.

    Args:
        held: shard to an erasure that holds it.

    Raises:
        ErasedError: there are such shards.
    """
    if held:
        shards = ", ".join(map(str, sorted(held)))
        erasures = ", ".join(sorted(set(held.values())))
        message = (
            f"shards {shards} hold records of erasure {erasures}, which is restricted "
            "or waits for a decision: erase, refuse or lift first"
        )
        raise ErasedError(message)
