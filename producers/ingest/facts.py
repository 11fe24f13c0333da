"""What a decision rests on, and what it says."""

from dataclasses import dataclass
from typing import Literal

from ledger.events.ingest import (
    Decision,
    EuBasis,
    Hazard,
    IngestReason,
    SourceKind,
    UkBasis,
)
from ledger.events.optout import Access, ScanReason, Verdict, may_be_cleared
from ledger.events.policy import Jurisdiction
from ledger.events.review import ReviewOutcome
from producers.ingest.licences import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLicence:
    """A licence of the register that covers the record now, for training.

    Attributes:
        licence_id: its id, cited by the decision.
        jurisdictions: where it holds.
    """

    licence_id: str
    jurisdictions: frozenset[Jurisdiction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision rests on beside the scan.

    Attributes:
        standing: what the stated licence is worth.
        source_kind: where the text came from.
        has_subjects: whether data subjects are declared.
        consent: whether their consent is the legal basis.
        register: the licence of the register that covers the record; None where none.
        response_sha256: digest of the response that the text was taken from, hex; empty
            where it is not stated.
    """

    standing: Standing
    source_kind: SourceKind
    has_subjects: bool
    consent: bool
    register: RegisterLicence | None = None
    response_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome:
    """What the opt-out scan of one URL found.

    Attributes:
        scan_id: id of the scan's event.
        verdict: the strictest verdict, the policy's relaxed tokens already left out.
        final_url: where redirects ended; personal data, perhaps.
        reasons: why it is not `allowed`.
        access: whether the page could be read, and how.
        body_sha256: digest of the page's body, hex; empty where there was no whole one.
        review: what a person decided on the same URL and the same evidence, as it
            stands now; empty where nobody did, or where it has ended.
        reviewed_scan_id: the scan that was decided on; empty without a review.
    """

    scan_id: str
    verdict: Verdict
    reasons: tuple[ScanReason, ...] = ()
    access: Access = "unknown"
    final_url: str = ""
    body_sha256: str = ""
    review: ReviewOutcome | Literal[""] = ""
    reviewed_scan_id: str = ""

    @property
    def is_for_review(self) -> bool:
        """Whether it is unknown only for what a person may clear (XEV-18)."""
        return may_be_cleared(self.verdict, self.reasons)

    @property
    def is_piracy(self) -> bool:
        """Whether its site is on a list of piracy sites."""
        return "piracy_site" in self.reasons

    @property
    def is_cleared(self) -> bool:
        """Whether a person found no reservation in what no parser decides."""
        return self.is_for_review and self.review == "cleared"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The decision on one record.

    Attributes:
        decision: the outcome.
        rule: the rule that decided: of the strictest, the first.
        reasons: why, most important first.
        eu_basis: why copying is allowed in the EU.
        uk_basis: why copying is allowed in the UK.
        licence_id: the licence of the register that a basis rests on; empty where none.
        scan_id: the scan that it rests on, or that a licence overrides; empty where
            none was needed.
        source_kind: where the text came from.
        hazard: how likely an erasure is.
    """

    decision: Decision
    rule: str
    reasons: tuple[IngestReason, ...]
    eu_basis: EuBasis
    uk_basis: UkBasis
    licence_id: str
    scan_id: str
    source_kind: SourceKind
    hazard: Hazard
