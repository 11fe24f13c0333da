"""What a rights holder allowed: the `licence` family, signed by governance.

A licence is the rights holder's more specific word: it overrides a reservation that a
site makes to everybody, for what it covers and until it ends.
"""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.base import (
    LIST_MAX,
    Count,
    Event,
    Id,
    LicenceExpression,
    OptionalName,
    OptionalSha256Hex,
    UnixMs,
)
from ledger.events.policy import Jurisdiction

LicensedUse = Literal["train", "derive", "output", "commercial"]
"""What a licence permits: training on the text, adapting it, giving out text that
repeats it, and any of these for gain."""

LicenceCondition = Literal[
    "non_commercial", "naming", "share_alike", "use_restrictions", "user_threshold"
]
"""What a licence demands in return; of base models mostly. `naming`: the product must
carry a name. `user_threshold`: more users than `users_max` need another licence."""

LicenceEnd = Literal["ended", "breach", "mistake", "rights_holder"]
"""Why a licence no longer counts."""


class LicenceGranted(Event, frozen=True, kw_only=True, tag="licence.granted.v1"):
    """A licence was entered in the register.

    Attributes:
        licence_id: random id, cited by decisions that rest on it.
        covers: `content` of `sites`, or a base `model`.
        expression: SPDX expression; empty where the text has none.
        text_sha256: digest of the licence text, kept in evidence/; empty where
            `expression` names a public text.
        proof_sha256: digest of the proof of the grant, kept in evidence/: a contract,
            a letter; empty where the expression itself is the proof.
        permits: what it permits.
        conditions: what it demands.
        users_max: with `user_threshold`, the largest number of users; else 0.
        jurisdictions: where it holds.
        sites: the sites whose content it covers; empty for a model, or for content
            that no site carries.
        overrides: scans whose reservation it overrides by name; every other scan that
            a decision rests on is named in that decision.
        model: the base model; empty for content.
        starts_at_ms: from when on it holds.
        expires_at_ms: when it ends; later than `starts_at_ms`.
    """

    licence_id: Id
    covers: Literal["content", "model"]
    expression: LicenceExpression
    text_sha256: OptionalSha256Hex
    proof_sha256: OptionalSha256Hex
    permits: Annotated[list[LicensedUse], Meta(min_length=1, max_length=4)]
    conditions: Annotated[list[LicenceCondition], Meta(max_length=5)]
    users_max: Count
    jurisdictions: Annotated[list[Jurisdiction], Meta(min_length=1, max_length=2)]
    sites: Annotated[list[Id], Meta(max_length=LIST_MAX)]
    overrides: Annotated[list[Id], Meta(max_length=LIST_MAX)]
    model: OptionalName
    starts_at_ms: UnixMs
    expires_at_ms: UnixMs


class LicenceRevoked(Event, frozen=True, kw_only=True, tag="licence.revoked.v1"):
    """A licence no longer counts for decisions after this event.

    Attributes:
        licence_id: the licence.
        reason: why.
        revoked_at_ms: from when on.
    """

    licence_id: Id
    reason: LicenceEnd
    revoked_at_ms: UnixMs


LicenceEvent = LicenceGranted | LicenceRevoked
