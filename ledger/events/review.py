"""What a person decided about a scan that no parser decides: the `review` family."""

from collections.abc import Iterable
from typing import Literal

from ledger.events.base import Event, Id, OptionalSha256Hex, UnixMs
from ledger.events.optout import Channel, ChannelRead

ReviewOutcome = Literal["cleared", "upheld"]
"""`cleared`: a person read the evidence and found no reservation against training.
`upheld`: there is one, or the person is not sure."""

ReviewEvidence = frozenset[tuple[Channel, str]]
"""Channel and digest of each piece of evidence that a person must read."""


def review_evidence(channels: Iterable[ChannelRead]) -> ReviewEvidence:
    """What a person must read of a scan that waits for one.

    Empty where some of it was not kept: then no decision answers for another scan.
    """
    unread = [read for read in channels if read.verdict == "unknown"]
    if not all(read.evidence_sha256 for read in unread):
        return frozenset()
    return frozenset((read.channel, read.evidence_sha256) for read in unread)


class ReviewDecided(Event, frozen=True, kw_only=True, tag="review.decided.v1"):
    """A person decided about a scan whose verdict is `unknown`.

    Without one the answer is no. A reservation that was read is not up for review:
    only a licence overrides it.

    Attributes:
        review_id: random id.
        scan_id: the scan; its verdict is `unknown` for reasons a person may clear.
        outcome: the decision; the newest for a scan counts.
        note_commitment: HMAC-SHA-256 of the person's note, which is in the vault, under
            a key of its own; empty where there is none.
        expires_at_ms: when a `cleared` ends; later than `decided_at_ms`.
        decided_at_ms: when it was decided.
    """

    review_id: Id
    scan_id: Id
    outcome: ReviewOutcome
    note_commitment: OptionalSha256Hex
    expires_at_ms: UnixMs
    decided_at_ms: UnixMs


ReviewEvent = ReviewDecided
