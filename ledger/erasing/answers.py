"""How the controller answers a request: extend, restrict, lift, refuse, tell others.

Each letter is in the vault before the ledger commits to it, so that a kill leaves at
most a letter that no event names.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from ledger.erasing.certificates import Certificates
from ledger.erasing.plan import draft
from ledger.erasing.residue import forms
from ledger.errors import ConflictError, InputError
from ledger.events import Event
from ledger.events.erasure import (
    Measure,
    MeasureTaken,
    RecipientsNotified,
    ShardRolledBack,
)
from ledger.events.erasure_request import (
    ErasureExtended,
    ErasureRefused,
    ErasureRestricted,
    RefusalGround,
    RestrictionCause,
    RestrictionLifted,
)
from ledger.ports import Fence
from ledger.projections.erasures import Erasure
from ledger.vault.identifiers import normalise_identifier
from ledger.vault.papers import Papers
from ledger.workspace.workspace import Workspace

ExtensionReason = Literal["complexity", "number_of_requests"]
_STREAM: Final = "erase"


class Answers:
    """The ledger's side of the correspondence about one workspace's erasures."""

    def __init__(self, workspace: Workspace) -> None:
        """Answers are recorded in `workspace`."""
        self._workspace = workspace
        self._papers = Papers(workspace.vault)

    # The request

    def check_reference(self, reference: str, identifiers: Iterable[str]) -> None:
        """Refuse a reference that holds an identifier: it outlives the erasure.

        Raises:
            InputError: it does.
        """
        text = normalise_identifier(reference).encode()
        if any(form in text for one in identifiers for form in forms(one)):
            message = (
                "--request: expected your own reference, found an identifier in it"
            )
            raise InputError(message)

    def refer(self, fence: Fence, reference: str) -> None:
        """Keep the controller's own reference to a request; none where it is empty.

        Raises:
            InputError: it is too long, or holds what is not printed.
        """
        if reference:
            self._papers.refer(fence.erasure_id, reference)

    # The answer

    def extend(
        self,
        erasure_id: str,
        *,
        reason: ExtensionReason,
        due_at_ms: int,
        notice: bytes,
    ) -> None:
        """Extend the time limit, once.

        Args:
            erasure_id: the erasure.
            reason: why.
            due_at_ms: the new limit, Unix milliseconds.
            notice: the letter that told the person, within the first month.

        Raises:
            ConflictError: it was extended before, is over, or the first month is.
            InputError: unknown erasure, or a letter that cannot be kept.
        """
        with self._workspace.vault.transaction():
            erasure = self._open(erasure_id)
            if erasure.extended:
                self._refuse(erasure_id, "was extended before; it may be once")
            if self._workspace.clock_ms() > erasure.due_at_ms:
                self._refuse(
                    erasure_id,
                    "was due: an extension is told within the first month "
                    "(GDPR Article 12(3))",
                )
            commitment = self._papers.keep(erasure_id, "extension", notice)
            self._append(
                ErasureExtended(
                    erasure_id=erasure_id,
                    due_at_ms=due_at_ms,
                    reason=reason,
                    notice_commitment=commitment,
                )
            )

    def restrict(self, erasure_id: str, cause: RestrictionCause) -> list[int]:
        """Keep the records and use them for nothing.

        Shards whose weights saw them serve their last clean slice.

        Returns:
            Those shards.

        Raises:
            ConflictError: it is planned, over, or restricted already.
            InputError: unknown erasure.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            erasure = self._unplanned(erasure_id)
            if erasure.restricted:
                self._refuse(erasure_id, "is restricted already")
            fence = workspace.fences.of_erasure(erasure_id)
            subjects = () if fence is None else fence.subject_ids
            hits = draft(workspace.vault, workspace.states(), subjects).hits
            self._append(
                ErasureRestricted(erasure_id=erasure_id, cause=cause),
                *(
                    ShardRolledBack(
                        erasure_id=erasure_id,
                        shard=hit.shard,
                        weights_sha256=hit.rollback_sha256,
                    )
                    for hit in hits
                ),
            )
        return [hit.shard for hit in hits]

    def lift(self, erasure_id: str, *, notice: bytes) -> None:
        """End a restriction; the person was told before (GDPR Article 18(3)).

        Raises:
            ConflictError: it is not restricted.
            InputError: unknown erasure, or a letter that cannot be kept.
        """
        with self._workspace.vault.transaction():
            erasure = self._known(erasure_id)
            if not erasure.restricted:
                self._refuse(erasure_id, "is not restricted")
            commitment = self._papers.keep(erasure_id, "lifting", notice)
            self._append(
                RestrictionLifted(erasure_id=erasure_id, notice_commitment=commitment)
            )
        if erasure.refused:
            self._workspace.fences.lift(erasure_id)

    def refuse(self, erasure_id: str, ground: RefusalGround, *, notice: bytes) -> None:
        """Refuse the request; the fence is lifted unless a restriction keeps it.

        Raises:
            ConflictError: it is planned, or over.
            InputError: unknown erasure, or a letter that cannot be kept.
        """
        with self._workspace.vault.transaction():
            erasure = self._unplanned(erasure_id)
            commitment = self._papers.keep(erasure_id, "refusal", notice)
            self._append(
                ErasureRefused(
                    erasure_id=erasure_id, ground=ground, notice_commitment=commitment
                )
            )
        if not erasure.restricted:
            self._workspace.fences.lift(erasure_id)

    # Beside the steps

    def measure(
        self, erasure_id: str, measure: Measure, *, evidence: bytes, until_ms: int
    ) -> str:
        """Record what is done until the retrain. It is not erasure.

        Returns:
            SHA-256 of the evidence, which is kept in evidence/, hex.

        Raises:
            ConflictError: it is not planned, or it is over.
            InputError: unknown erasure.
        """
        self._planned(erasure_id)
        sha256 = self._workspace.evidence.put(evidence)
        self._append(
            MeasureTaken(
                erasure_id=erasure_id,
                measure=measure,
                evidence_sha256=sha256,
                until_ms=until_ms,
            )
        )
        return sha256

    def notify(
        self, erasure_id: str, *, told: Sequence[str], impossible: Sequence[str]
    ) -> RecipientsNotified:
        """Record which recipients were told (GDPR Article 19).

        Args:
            erasure_id: the erasure.
            told: names of recipients.
            impossible: names of those whom it was impossible or a disproportionate
                effort to tell.

        Raises:
            ConflictError: it is not planned.
            InputError: unknown erasure, or somebody who is no recipient of it.
        """
        erasure = self._known(erasure_id)
        if erasure.records_planned is None:
            self._refuse(erasure_id, "is not planned yet")
        found = Certificates(self._workspace).recipients(erasure)
        known = list(dict.fromkeys(one.name for one in found))
        answers = dict.fromkeys(known, "not_yet")
        answers |= dict.fromkeys(told, "told") | dict.fromkeys(impossible, "impossible")
        if len(answers) != len(known):
            message = (
                "expected recipients of these records or weights (see `recipient list`)"
                f", found {len(answers) - len(known)} others"
            )
            raise InputError(message)
        listed = msgspec.json.encode(answers)
        event = RecipientsNotified(
            erasure_id=erasure_id,
            recipients=len(known),
            notified=sum(one == "told" for one in answers.values()),
            impossible=sum(one == "impossible" for one in answers.values()),
            list_commitment=self._papers.keep(erasure_id, "recipients", listed),
        )
        self._append(event)
        return event

    # What stands

    def _append(self, *events: Event) -> None:
        self._workspace.ledger.append(events, stream=_STREAM)

    def _known(self, erasure_id: str) -> Erasure:
        erasures: dict[str, Erasure] = self._workspace.states()["erasures"].erasures
        if erasure_id not in erasures:
            message = f"unknown erasure {erasure_id[:32]!r}: see `erasure list`"
            raise InputError(message)
        return erasures[erasure_id]

    def _open(self, erasure_id: str) -> Erasure:
        erasure = self._known(erasure_id)
        if erasure.certified or erasure.refused:
            what = "certified" if erasure.certified else "refused"
            self._refuse(erasure_id, f"is {what}")
        return erasure

    def _unplanned(self, erasure_id: str) -> Erasure:
        erasure = self._open(erasure_id)
        if erasure.records_planned is not None:
            self._refuse(erasure_id, "is planned: its records are erased")
        return erasure

    def _planned(self, erasure_id: str) -> None:
        if self._open(erasure_id).records_planned is None:
            self._refuse(erasure_id, "is not planned yet")

    def _refuse(self, erasure_id: str, what: str) -> None:
        """Raise what stands in the way.

        Raises:
            ConflictError: always.
        """
        message = f"erasure {erasure_id} {what}"
        raise ConflictError(message)
