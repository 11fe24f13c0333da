"""Erase a person: fence, plan, destroy, retrain, delete, verify, certify.

The plan takes what saw the person out of service. Every step asks the ledger whether it
was done, does it, and says so in an event; so a kill at any point is resumed by running
it again, and erasing twice is no error.
"""

import calendar
import datetime as dt
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from ledger.events import Event
from ledger.events.erasure import (
    ErasureCertified,
    ErasureRequested,
    ErasureVerified,
    Exactness,
    KeysDestroyed,
    ShardRetrained,
    WeightsDeleted,
)
from ledger.ports import Fence
from ledger.projections.erasures import Erasure
from producers.ports import ClockMs, Progress

WEIGHTS_MAX: Final = 200
"""Digests in one `WeightsDeleted` event: 256 would not fit its line (EVT-1)."""

NOT_COVERED: Final = (
    (
        "weights were deleted as files; copies, backups and remnants on the disk are "
        "out of reach of this certificate"
    ),
    (
        "originals outside this workspace, and copies already handed to others (GDPR "
        "Article 19), are not touched"
    ),
    "the base model's own training data is not touched",
    "the record ids that were erased together stay visible in the ledger",
)
"""What every certificate says it does not prove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrained:
    """A hit shard after its retrain.

    Attributes:
        shard: the shard.
        run_id: the run.
        weights_before: what it served before the erasure.
        weights_after: what it serves now.
        tokens: tokens through the model.
    """

    shard: int
    run_id: str
    weights_before: str
    weights_after: str
    tokens: int


class Book(Protocol):
    """The ledger's side of erasures; see `ledger.erasure_book`."""

    def fence(self, text: str, *, ground: str, now_ms: int) -> Fence:
        """Fence a subject, or return the fence that stands."""
        ...

    def state(self, erasure_id: str) -> Erasure | None:
        """How far an erasure is."""
        ...

    def append(self, events: Sequence[Event]) -> None:
        """Append erasure events."""
        ...

    def plan(self, fence: Fence) -> None:
        """Append the plan, the erased records and the roll-backs."""
        ...

    def destroy(self, fence: Fence, erasure: Erasure) -> int:
        """Destroy keys and files; return how many files."""
        ...

    def tainted(self, erasure: Erasure) -> list[str]:
        """Weights that the erasure must see deleted and has not named yet."""
        ...

    def readable(self, erasure: Erasure) -> int:
        """How many erased records can still be read."""
        ...

    def files_left(self, erasure: Erasure) -> int:
        """How many of their files are left."""
        ...

    def keep_certificate(self, erasure_id: str, content: bytes) -> Path:
        """Write the certificate."""
        ...

    def certificate(self, erasure_id: str) -> Path:
        """Where the certificate is."""
        ...

    def anchor(self) -> dict[str, str]:
        """The ledger that the certificate rests on."""
        ...


class Trainer(Protocol):
    """Retraining, and the proof of it."""

    def retrain(self, erasure_id: str, shards: Sequence[int]) -> list[Retrained]:
        """Train the shards again without the erased records."""
        ...

    def prove(self, erasure: Erasure) -> Exactness:
        """Compare the retrained weights with a clean process, bit for bit.

        Raises:
            IntegrityError: they differ.
        """
        ...

    def delete(self, sha256: str) -> None:
        """Delete a weight file."""
        ...


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
    """Drives erasures through their steps."""

    def __init__(
        self,
        book: Book,
        trainer: Callable[[], Trainer],
        *,
        clock_ms: ClockMs,
        progress: Progress,
    ) -> None:
        """`trainer` is called only when a shard must be trained."""
        self._book = book
        self._trainer = trainer
        self._clock_ms = clock_ms
        self._progress = progress

    def begin(self, fences: Sequence[Fence]) -> None:
        """Do what comes before any retrain, for every open erasure.

        No shard may be trained while a fence stands that the ledger does not know.
        """
        for fence in fences:
            self.resume(fence, retrain=False)

    def resume(
        self, fence: Fence, *, retrain: bool = True, prove: bool = True
    ) -> Erased:
        """Do the steps that an erasure still owes, from the first that is not done.

        Args:
            fence: the erased subject's fence; it stands before this is called.
            retrain: whether to retrain now; otherwise the shards serve their last
                clean slice until the next call.
            prove: whether to repeat the retrain in a clean process and compare.

        Raises:
            IntegrityError: the clean process gives other weights.
            TrainingError: the retrain failed; the erasure stays open.
        """
        self._request(fence)
        if self._state(fence).records_planned is None:
            self._book.plan(fence)
            hits = self._state(fence).hits
            shards = ", ".join(str(hit.shard) for hit in hits) or "none"
            self._progress(f"shards that serve clean weights until retrained: {shards}")
        self._destroy(fence)
        if retrain:
            self._retrain(fence)
            self._delete_weights(fence)
            self._verify(fence, prove=prove)
            self._certify(fence)
        erasure = self._state(fence)
        path = self._book.certificate(fence.erasure_id) if erasure.certified else None
        return Erased(erasure_id=fence.erasure_id, erasure=erasure, certificate=path)

    def _state(self, fence: Fence) -> Erasure:
        """The erasure's state; it was requested before."""
        state = self._book.state(fence.erasure_id)
        if state is None:
            message = f"erasure {fence.erasure_id} was requested and is not on record"
            raise RuntimeError(message)
        return state

    def _request(self, fence: Fence) -> None:
        if self._book.state(fence.erasure_id) is not None:
            return
        requested = ErasureRequested(
            erasure_id=fence.erasure_id,
            ground=fence.ground,
            received_at_ms=fence.created_at_ms,
            due_at_ms=one_month_after(fence.created_at_ms),
            fence_commitment=fence.commitment,
        )
        self._book.append([requested])

    def _destroy(self, fence: Fence) -> None:
        erasure = self._state(fence)
        if "keys_destroyed" in erasure.phases:
            return
        blobs = self._book.destroy(fence, erasure)
        destroyed = KeysDestroyed(
            erasure_id=fence.erasure_id,
            keys=len(erasure.records),
            store="file",
            blobs_deleted=blobs,
        )
        self._book.append([destroyed])
        self._progress(f"destroyed the key and {blobs} record files")

    def _retrain(self, fence: Fence) -> None:
        erasure = self._state(fence)
        shards = [
            hit.shard for hit in erasure.hits if hit.shard not in erasure.retrained
        ]
        if not shards:
            return
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

    def _delete_weights(self, fence: Fence) -> None:
        erasure = self._state(fence)
        weights = self._book.tainted(erasure)
        if not weights:
            return
        trainer = self._trainer()
        for sha256 in weights:
            trainer.delete(sha256)
        self._book.append(
            [
                WeightsDeleted(
                    erasure_id=fence.erasure_id,
                    weights=weights[start : start + WEIGHTS_MAX],
                    method="file_deletion",
                )
                for start in range(0, len(weights), WEIGHTS_MAX)
            ]
        )
        self._progress(f"deleted {len(weights)} weight files")

    def _verify(self, fence: Fence, *, prove: bool) -> None:
        erasure = self._state(fence)
        if erasure.certified:
            return
        exactness: Exactness = "not_run"
        if prove and erasure.hits:
            exactness = self._trainer().prove(erasure)
            self._progress(f"clean-room training: {exactness}")
        verified = ErasureVerified(
            erasure_id=fence.erasure_id,
            exactness=exactness,
            records_readable=self._book.readable(erasure),
            blobs_left=self._book.files_left(erasure),
        )
        self._book.append([verified])

    def _certify(self, fence: Fence) -> None:
        erasure = self._state(fence)
        if erasure.certified:
            return
        if erasure.records_readable or erasure.blobs_left:
            self._progress("not certified: something of the subject is still there")
            return
        document = certificate(fence.erasure_id, erasure, self._book.anchor())
        content = json.dumps(document, indent=2).encode() + b"\n"
        self._book.keep_certificate(fence.erasure_id, content)
        digest = hashlib.sha256(content).hexdigest()
        certified = ErasureCertified(
            erasure_id=fence.erasure_id, certificate_sha256=digest
        )
        self._book.append([certified])


def certificate(
    erasure_id: str, erasure: Erasure, anchor: dict[str, str]
) -> dict[str, Any]:
    """The certificate as plain values; nothing in it names the person."""
    return {
        "schema": "tuneledger.erasure-certificate/1",
        "erasure_id": erasure_id,
        "ledger": anchor,
        "ground": f"GDPR Article 17(1), {erasure.ground}",
        "received_at": utc(erasure.received_at_ms),
        "due_at": utc(erasure.due_at_ms),
        "records_erased": len(erasure.records),
        "keys_destroyed": erasure.keys_destroyed,
        "key_store": "file: deleted with secure_delete; no hardware guarantee",
        "shards_retrained": sorted(erasure.retrained),
        "weights_replaced": sorted(erasure.weights_replaced),
        "weights_deleted": sorted(erasure.weights_deleted),
        "weights_deletion_method": "file deletion",
        "tokens_to_retrain_expected": erasure.tokens_expected,
        "tokens_to_retrain_everything": erasure.tokens_full,
        "tokens_retrained": erasure.tokens_retrained,
        "exactness": erasure.exactness,
        "records_readable_afterwards": erasure.records_readable,
        "files_left_afterwards": erasure.blobs_left,
        "evidence": dict(erasure.phases),
        "not_covered": list(NOT_COVERED),
    }


def one_month_after(at_ms: int) -> int:
    """One calendar month later, on the last day where the month is shorter.

    The roll to the next working day is left out, since it would only lengthen the
    term.

    Source: GDPR Article 12(3); Regulation (EEC, Euratom) No 1182/71, Article 3(2)(c).
    """
    then = dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC)
    year, month = (
        (then.year + 1, 1) if then.month == 12 else (then.year, then.month + 1)
    )
    day = min(then.day, calendar.monthrange(year, month)[1])
    due = then.replace(year=year, month=month, day=day)
    return int(due.timestamp()) * 1000 + at_ms % 1000


def utc(at_ms: int) -> str:
    """A time as RFC 3339 text, whole seconds."""
    then = dt.datetime.fromtimestamp(at_ms // 1000, tz=dt.UTC)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")
