"""How a request for erasure is dealt with: the first part of the `erasure` family.

No event names the person: `erasure_id` is random, and only the vault ever knew whose
it is.
"""

from typing import Literal

from ledger.events.base import Event, Id, Sha256Hex, UnixMs

Ground = Literal[
    "no_longer_necessary",
    "consent_withdrawn",
    "objection",
    "unlawful",
    "legal_obligation",
    "child_service",
    "not_stated",
]
"""GDPR Article 17(1), letters (a) to (f); or nobody said which."""

RefusalGround = Literal[
    "expression",
    "legal_obligation",
    "public_health",
    "archiving_research",
    "legal_claims",
    "unfounded_or_excessive",
    "not_identified",
]
"""GDPR Article 17(3), letters (a) to (e); then 12(5)(b); then 11(2) and 12(6)."""

RestrictionCause = Literal[
    "accuracy_contested", "erasure_opposed", "legal_claims", "objection_pending"
]
"""GDPR Article 18(1), letters (a) to (d)."""


class ErasureRequested(Event, frozen=True, kw_only=True, tag="erasure.requested.v1"):
    """A request was received; the subject is fenced already, so re-ingest fails.

    Attributes:
        erasure_id: random id.
        ground: GDPR Article 17(1), its letter's meaning; or that none was stated.
        received_at_ms: when it was received.
        due_at_ms: one calendar month later (GDPR Article 12(3)).
        fence_commitment: HMAC-SHA-256 of the fence under a key in the fences file.
    """

    erasure_id: Id
    ground: Ground
    received_at_ms: UnixMs
    due_at_ms: UnixMs
    fence_commitment: Sha256Hex


class ErasureExtended(Event, frozen=True, kw_only=True, tag="erasure.extended.v1"):
    """The time limit was extended, once, and the person was told why.

    Attributes:
        erasure_id: the erasure.
        due_at_ms: the new limit, at most two calendar months after the first (GDPR
            Article 12(3)).
        reason: the ground that Article 12(3) names.
        notice_commitment: HMAC-SHA-256 of the notice under a key in the vault.
    """

    erasure_id: Id
    due_at_ms: UnixMs
    reason: Literal["complexity", "number_of_requests"]
    notice_commitment: Sha256Hex


class ErasureRestricted(Event, frozen=True, kw_only=True, tag="erasure.restricted.v1"):
    """Processing is restricted: the records are kept, and used for nothing.

    Attributes:
        erasure_id: the erasure.
        cause: GDPR Article 18(1), its letter's meaning; a legal hold is `legal_claims`.
    """

    erasure_id: Id
    cause: RestrictionCause


class RestrictionLifted(
    Event, frozen=True, kw_only=True, tag="erasure.restriction_lifted.v1"
):
    """The restriction ended, and the person was told before (GDPR Article 18(3)).

    Attributes:
        erasure_id: the erasure.
        notice_commitment: HMAC-SHA-256 of the notice under a key in the vault.
    """

    erasure_id: Id
    notice_commitment: Sha256Hex


class ErasureRefused(Event, frozen=True, kw_only=True, tag="erasure.refused.v1"):
    """The request was refused, and the person told why, and of remedies (12(4)).

    Attributes:
        erasure_id: the erasure.
        ground: why.
        notice_commitment: HMAC-SHA-256 of the notice under a key in the vault.
    """

    erasure_id: Id
    ground: RefusalGround
    notice_commitment: Sha256Hex
