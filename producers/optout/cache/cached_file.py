"""What is remembered of one policy file, and for how long."""

from dataclasses import dataclass
from typing import Final

from ledger.events.optout import FetchOutcome, PolicyChannel, ScanReason
from producers.optout.vocabulary.causes import Cause

FRESH_MS: Final = 24 * 3600 * 1000
"""How long a file is used that could be read or is absent (RFC 9309, section 2.4)."""

UNREADABLE_MS: Final = 3600 * 1000
"""How long a file is not asked for again where it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """How asking for a policy file ended.

    Attributes:
        channel: which file.
        status: last status code; 0 when there was no answer.
        outcome: how it ended.
        reason: why it blocks; none where it is parsed or absent.
        evidence_sha256: digest of the exact bytes that were kept; empty where none.
        redirects: how many were followed.
        fetched_at_ms: when the answer ended, Unix milliseconds, UTC.
        cause: what kept it from being read; empty where nothing did, or where an event
            is all that is known of it.
    """

    channel: PolicyChannel
    status: int
    outcome: FetchOutcome
    reason: ScanReason | None
    evidence_sha256: str
    redirects: int
    fetched_at_ms: int
    cause: Cause = ""

    @property
    def is_good(self) -> bool:
        """Whether the site said all that it has to say here."""
        return self.outcome in {"parsed", "absent"} and self.reason is None

    def is_fresh(self, now_ms: int) -> bool:
        """Whether the file need not be asked for yet; a clock set back makes it due."""
        ttl_ms = FRESH_MS if self.is_good else UNREADABLE_MS
        return 0 <= now_ms - self.fetched_at_ms < ttl_ms
