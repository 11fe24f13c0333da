"""What persons decided about scans, as it stands at a time."""

from collections.abc import Iterable, Mapping

from ledger.projections.optout import OptoutState, Review, ScanFacts


def cleared_until(state: OptoutState, scan_id: str) -> int:
    """Until when a person has cleared a scan, Unix milliseconds.

    0 where nobody has, and where records that rested on it were quarantined (XEV-6).
    """
    review = state.reviews.get(scan_id)
    if review is None or review.outcome != "cleared" or scan_id in state.spent:
        return 0
    return review.expires_at_ms


def is_cleared(
    state: OptoutState, scan: ScanFacts, scan_ids: Iterable[str], at_ms: int
) -> bool:
    """Whether a person has cleared what a scan found, as it stands at a time.

    The newest decision counts that is on the same evidence of the same URL. One that
    cleared a spent scan clears nothing, and hides those before it.

    Args:
        state: the scans and reviews.
        scan: the scan in question.
        scan_ids: the scans of its URL. For one whose evidence was not kept only a
            decision on itself counts.
        at_ms: Unix milliseconds.
    """
    answers = [
        one
        for one in scan_ids
        if one in state.reviews and _is_same(state.by_scan[one], scan)
    ]
    newest = max(answers, key=lambda one: _order(state.reviews[one]), default="")
    return scan.is_reviewable and at_ms < cleared_until(state, newest)


def _is_same(one: ScanFacts, other: ScanFacts) -> bool:
    """Whether a decision on one scan answers for the other."""
    if other.evidence:
        return one.evidence == other.evidence
    return one.event_id == other.event_id


def _order(review: Review) -> tuple[int, ...]:
    """The place of a review in the ledger."""
    return tuple(map(int, review.event_id.split(".")))


def waiting_for_review(
    state: OptoutState, at_ms: int, pages: Mapping[str, bytes] | None
) -> list[str]:
    """Scans that only a person can read and that no decision answers, oldest first.

    Only the newest scan of a URL waits. A decision answers it that is on this very
    scan, or the newest on the same evidence of the same URL; one that cleared does so
    until it ends.

    Args:
        state: the scans and reviews.
        at_ms: the time that clearances are held against, Unix milliseconds.
        pages: for each scan a value that is the same for the same URL; scans that are
            not in it were of erased records, and wait no more. None where there is no
            vault to tell: then each scan stands for itself.
    """
    known = {one: one.encode() for one in state.by_scan} if pages is None else pages
    newest: dict[bytes, str] = {}
    for scan_id in state.by_scan:
        if scan_id in known:
            newest.pop(known[scan_id], None)
            newest[known[scan_id]] = scan_id
    answers = {
        (known[scan_id], *state.by_scan[scan_id].evidence): scan_id
        for scan_id in state.reviews
        if scan_id in known and scan_id in state.by_scan
    }
    return [
        scan_id
        for page, scan_id in newest.items()
        if (scan := state.by_scan[scan_id]).is_reviewable
        and not _stands(state, scan_id, at_ms)
        and not (
            scan.evidence
            and _stands(state, answers.get((page, *scan.evidence), ""), at_ms)
        )
    ]


def _stands(state: OptoutState, scan_id: str, at_ms: int) -> bool:
    """Whether a decision counts; a no has no end but a newer decision."""
    review = state.reviews.get(scan_id)
    if review is not None and review.outcome == "upheld":
        return True
    return at_ms < cleared_until(state, scan_id)
