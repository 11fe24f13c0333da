"""What persons decide: reviews and licences, appended to the stream `policy`."""

from ledger.errors import LockedError
from ledger.events.licence import LicenceEnd, LicenceGranted, LicenceRevoked
from ledger.events.review import ReviewDecided, ReviewOutcome
from ledger.workspace.workspace import Workspace

_STREAM = "policy"


class Governance:
    """The ledger's side of decisions that governance signs."""

    def __init__(self, workspace: Workspace) -> None:
        """Decisions go into `workspace`."""
        self._workspace = workspace

    def decide_review(
        self,
        scan_id: str,
        outcome: ReviewOutcome,
        *,
        expires_at_ms: int,
        note: str = "",
    ) -> ReviewDecided:
        """Append what a person decided about a scan.

        The note is in the vault before the ledger commits to it, and is deleted on the
        next open where that fails.

        Args:
            scan_id: the scan.
            outcome: the decision.
            expires_at_ms: when a `cleared` ends, Unix milliseconds.
            note: what the person found; empty for none.

        Raises:
            InputError: XEV-18 does not allow it, or the note is too long.
            LockedError: another process dropped the note; nothing was appended.
        """
        workspace = self._workspace
        review_id = workspace.random_bytes(16).hex()
        event = ReviewDecided(
            review_id=review_id,
            scan_id=scan_id,
            outcome=outcome,
            note_commitment=workspace.review_notes.keep(review_id, scan_id, note),
            expires_at_ms=expires_at_ms,
            decided_at_ms=workspace.clock_ms(),
        )
        with workspace.vault.transaction():
            if note and not workspace.review_notes.is_kept(review_id):
                message = "another process opened the workspace meanwhile; run again"
                raise LockedError(message)
            workspace.admission.check_review(event)
            workspace.ledger.append([event], stream=_STREAM)
            workspace.review_notes.settle(review_id)
        return event

    def grant_licence(self, event: LicenceGranted) -> None:
        """Enter a licence in the register.

        Raises:
            ConflictError: its id is taken.
            InputError: it breaks XEV-19.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            workspace.admission.check_grant(event)
            workspace.ledger.append([event], stream=_STREAM)

    def revoke_licence(self, licence_id: str, reason: LicenceEnd) -> LicenceRevoked:
        """End a licence for every decision after this.

        Raises:
            ConflictError: it is revoked already.
            InputError: there is no such licence.
        """
        workspace = self._workspace
        event = LicenceRevoked(
            licence_id=licence_id,
            reason=reason,
            revoked_at_ms=workspace.clock_ms(),
        )
        with workspace.vault.transaction():
            workspace.admission.check_revocation(event)
            workspace.ledger.append([event], stream=_STREAM)
        return event
