"""Which record may be trained on, and why: the `ingest` family."""

from typing import Annotated, Literal

from msgspec import Meta

from ledger.events.base import (
    Event,
    Id,
    LicenceExpression,
    OptionalId,
    OptionalSha256Hex,
    Sha256Hex,
)

Decision = Literal["accepted", "pending", "blocked"]
"""`pending` waits for a person; nothing of the record is kept until then."""

SourceKind = Literal["web", "licensed", "public_dataset", "user", "synthetic", "other"]
"""Section 2 of the public training-content summary (docs/compliance.md)."""

EuBasis = Literal["licence", "public_domain", "tdm_article_4", "none"]
"""Why copying is allowed in the EU.

Article 4 of Directive (EU) 2019/790 needs a scan that found no reservation."""

UkBasis = Literal["licence", "public_domain", "none"]
"""Why copying is allowed in the UK, where section 29A CDPA 1988 covers only
non-commercial research: a clear opt-out scan is no basis there."""

IngestReason = Literal[
    "licence",
    "public_domain",
    "scan_clear",
    "scan_reserved",
    "scan_unknown",
    "scan_missing",
    "scan_review",
    "review_cleared",
    "response_differs",
    "licence_register",
    "basket",
    "uk_no_licence",
    "licence_unclear",
    "links_units",
    "subject_fenced",
]
"""`links_units`: the record names subjects whose data already lie in different shards,
so that it would tie two erasure units together; a person must split it.
`scan_review`: only a person can read what the site said; `review_cleared`: one did.
`response_differs`: the text was taken from another response than the scan's.
`licence_register`: it rests on a licence of the register."""

Hazard = Literal["public", "personal", "consent"]
"""How likely an erasure is, lowest first; slices are filled in this order."""


class RecordDecided(Event, frozen=True, kw_only=True, tag="ingest.record_decided.v1"):
    """One input record was accepted, held for a person, or blocked.

    Attributes:
        record_id: random id of the record.
        decision: the outcome.
        reasons: why, most important first.
        policy_sha256: the policy that decided.
        source_kind: where the text came from.
        licence: SPDX expression; empty where none was stated.
        licence_id: the licence of the register that it rests on; empty where none.
        scan_id: the opt-out scan that it rests on; empty where none was needed.
        eu_basis: why copying is allowed in the EU.
        uk_basis: why copying is allowed in the UK.
        hazard: how likely an erasure is.
        subjects: whether data subjects are declared: none, one or several.
        commitment: HMAC-SHA-256 of the record under a key derived from all its
            subjects' keys; empty unless accepted.
        size_log2: the text's UTF-8 size, as the number of bits of its byte count;
            the exact size is in the vault.
    """

    record_id: Id
    decision: Decision
    reasons: Annotated[list[IngestReason], Meta(min_length=1, max_length=16)]
    policy_sha256: Sha256Hex
    source_kind: SourceKind
    licence: LicenceExpression
    licence_id: OptionalId
    scan_id: OptionalId
    eu_basis: EuBasis
    uk_basis: UkBasis
    hazard: Hazard
    subjects: Literal["none", "one", "several"]
    commitment: OptionalSha256Hex
    size_log2: Annotated[int, Meta(ge=0, le=63)]


IngestEvent = RecordDecided
