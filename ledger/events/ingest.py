"""Which record may be trained on, and why: the `ingest` family."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ledger.events.base import (
    Count,
    Event,
    Id,
    LicenceExpression,
    OptionalId,
    OptionalSha256Hex,
    RuleName,
    Sha256Hex,
)

Decision = Literal["accepted", "pending", "blocked"]
"""`pending` waits for a person; nothing of the record is kept until then."""

SourceKind = Literal["web", "licensed", "public_dataset", "user", "synthetic", "other"]
"""Section 2 of the public training-content summary (docs/compliance.md)."""

EuBasis = Literal["licence", "public_domain", "tdm_article_3", "tdm_article_4", "none"]
"""Why copying is allowed in the EU.

Article 4 of Directive (EU) 2019/790 needs a scan that found no reservation. Article 3,
for scientific research by the organisations that it names, needs lawful access only:
its paragraph 3 aside, a reservation does not bar it."""

UkBasis = Literal["licence", "public_domain", "research_29a", "none"]
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
    "research_exception",
    "licence_unclear",
    "dataset_pending",
    "sensitive_block",
    "sensitive_review",
    "sensitive_redacted",
    "links_units",
    "component_cap",
    "subject_fenced",
]
"""`links_units`: the record names subjects whose data already lie in different shards,
so that it would tie two erasure units together; a person must split it.
`component_cap`: it would make an erasure unit larger than the cap; the recorded cut.
`dataset_pending`: the consent review of its dataset is not done.
`sensitive_...`: what the policy says of the classes that were found in it.
`research_exception`: it rests on what holds for research only.
`scan_review`: only a person can read what the site said; `review_cleared`: one did.
`response_differs`: the text was taken from another response than the scan's.
`licence_register`: it rests on a licence of the register."""

Hazard = Literal["public", "personal", "consent"]
"""How likely an erasure is, lowest first; slices are filled in this order."""

SensitiveClass = Literal[
    "email",
    "phone",
    "ip_address",
    "iban",
    "payment_card",
    "national_id",
    "health_id",
    "secret",
    "health",
    "genetic",
    "biometric",
    "origin",
    "political",
    "religion",
    "trade_union",
    "sex_life",
    "proprietary",
    "declared_subject",
    "person_name",
]
"""What a text may hold. From `health` to `sex_life`: GDPR Article 9(1)."""

SensitiveAction = Literal["none", "accept", "redact", "review", "block"]
"""What the policy did about what was found; `none` where nothing was."""

Classification = Literal["public", "internal", "confidential", "restricted"]

PersonalData = Literal["none", "incidental", "declared", "special_category"]
"""`special_category`: GDPR Article 9(1)."""

ConsentReview = Literal["not_needed", "pending", "done"]


class DatasetClassified(
    Event, frozen=True, kw_only=True, tag="ingest.dataset_classified.v1"
):
    """A dataset was registered, or classified anew; of several the newest counts.

    Attributes:
        dataset_id: random id of the dataset.
        format: how its records are stored.
        mapping_sha256: the mapping of its fields, kept in evidence/; empty where its
            fields have the names that are read.
        classification: who may see it.
        personal_data: what its keeper says it holds of persons.
        consent_review: whether somebody checked that its use is allowed.
        review_commitment: HMAC-SHA-256 of the review's document under a key in the
            vault; empty where there is none.
    """

    dataset_id: Id
    format: Literal["jsonl", "parquet", "hf_datasets"]
    mapping_sha256: OptionalSha256Hex
    classification: Classification
    personal_data: PersonalData
    consent_review: ConsentReview
    review_commitment: OptionalSha256Hex


class DatasetRead(Event, frozen=True, kw_only=True, tag="ingest.dataset_read.v1"):
    """A dataset was read to its end. Counts are over all times that it was read.

    Attributes:
        dataset_id: the dataset.
        accepted: its records that were accepted.
        pending: its records that wait for a person.
        blocked: its records that were blocked.
        unreadable: what could not be read as a record, in this reading alone.
    """

    dataset_id: Id
    accepted: Count
    pending: Count
    blocked: Count
    unreadable: Count


class SensitiveFinding(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """How often a class was found in a record; never what was found.

    Attributes:
        kind: the class.
        count: how often, at most 65,535.
    """

    kind: SensitiveClass
    count: Annotated[int, Meta(ge=1, le=65_535)]


class RecordDecided(Event, frozen=True, kw_only=True, tag="ingest.record_decided.v1"):
    """One input record was accepted, held for a person, or blocked.

    Attributes:
        record_id: random id of the record.
        dataset_id: the dataset that it came from; empty where none is registered.
        decision: the outcome.
        rule: the rule of the policy that decided.
        reasons: why, most important first.
        policy_sha256: the policy that decided.
        source_kind: where the text came from.
        licence: SPDX expression; empty where none was stated.
        licence_id: the licence of the register that it rests on; empty where none.
        scan_id: the opt-out scan that it rests on; empty where none was needed.
        eu_basis: why copying is allowed in the EU.
        uk_basis: why copying is allowed in the UK.
        sensitive: what was found in the text, by class, in the order of classes.
        action: what the policy did about it.
        hazard: how likely an erasure is.
        subjects: whether data subjects are declared: none, one or several.
        commitment: HMAC-SHA-256 of the record under a key derived from all its
            subjects' keys; empty unless accepted.
        size_log2: the text's UTF-8 size, as the number of bits of its byte count;
            the exact size is in the vault.
    """

    record_id: Id
    dataset_id: OptionalId
    decision: Decision
    rule: RuleName
    reasons: Annotated[list[IngestReason], Meta(min_length=1, max_length=16)]
    policy_sha256: Sha256Hex
    source_kind: SourceKind
    licence: LicenceExpression
    licence_id: OptionalId
    scan_id: OptionalId
    eu_basis: EuBasis
    uk_basis: UkBasis
    sensitive: Annotated[list[SensitiveFinding], Meta(max_length=32)]
    action: SensitiveAction
    hazard: Hazard
    subjects: Literal["none", "one", "several"]
    commitment: OptionalSha256Hex
    size_log2: Annotated[int, Meta(ge=0, le=63)]


IngestEvent = DatasetClassified | DatasetRead | RecordDecided
