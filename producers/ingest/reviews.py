"""What persons decided about scans, and whether it still answers for a later scan.

A decision is about exact bytes: it answers for a later scan of the same URL only where
everything that a person must read is the same, digest for digest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.events import Event
from ledger.events.optout import UrlScanned
from ledger.events.review import (
    ReviewDecided,
    ReviewEvidence,
    ReviewOutcome,
    review_evidence,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A scan that a person decided about.

    Attributes:
        scan_id: the scan.
        outcome: the newest decision.
        expires_at_ms: when a `cleared` ends, Unix milliseconds.
        order: number of the decision; a higher one is newer.
        evidence: what the person read.
    """

    scan_id: str
    outcome: ReviewOutcome
    expires_at_ms: int
    order: int
    evidence: ReviewEvidence

    def stands(self, now_ms: int) -> bool:
        """Whether the decision counts now; a `no` has no end but a newer decision."""
        return self.outcome == "upheld" or now_ms < self.expires_at_ms


class ReviewBook:
    """The newest decision on each scan."""

    def __init__(self, decisions: Iterable[Event], scans: Iterable[Event]) -> None:
        """Take the decisions, and of the scans those that were decided about.

        Args:
            decisions: events in the ledger's order; all but reviews are left out.
            scans: events; all but scans are left out.
        """
        newest: dict[str, tuple[int, ReviewDecided]] = {}
        for order, event in enumerate(decisions):
            if isinstance(event, ReviewDecided):
                newest[event.scan_id] = (order, event)
        self._by_scan: dict[str, Reviewed] = {}
        for scan in scans if newest else ():
            if isinstance(scan, UrlScanned) and scan.scan_id in newest:
                order, decided = newest[scan.scan_id]
                self._by_scan[scan.scan_id] = Reviewed(
                    scan_id=scan.scan_id,
                    outcome=decided.outcome,
                    expires_at_ms=decided.expires_at_ms,
                    order=order,
                    evidence=review_evidence(scan.channels),
                )

    def find(
        self, scan_ids: Iterable[str], evidence: ReviewEvidence, now_ms: int
    ) -> Reviewed | None:
        """The newest decision on the same evidence of one URL, if it stands.

        Args:
            scan_ids: all scans of that URL.
            evidence: what the scan in question rests on.
            now_ms: Unix milliseconds.
        """
        same = [
            known
            for scan_id in scan_ids
            if (known := self._by_scan.get(scan_id)) and known.evidence == evidence
        ]
        newest = max(same, key=lambda known: known.order, default=None)
        if not evidence or newest is None or not newest.stands(now_ms):
            return None
        return newest
