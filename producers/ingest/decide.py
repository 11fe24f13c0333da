"""The decision on one record: pure, and the same for the same facts.

EU. Copying a work for training needs a licence, or the exception of Article 4 of
Directive (EU) 2019/790, which holds only where no reservation under Article 4(3) is
found: so a clear scan is a basis, and an unknown one is not.

UK. Section 29A of the Copyright, Designs and Patents Act 1988 covers non-commercial
research only, and no exception with an opt-out was enacted: so a clear scan is no basis
there, and a text without a licence is blocked.

A licence is a basis in both, even where the site reserves: it is the rights holder's
more specific word. A licence that nobody has read may itself reserve (Directive (EU)
2019/790, recital 18), so an unclear one is no ground to fall back on Article 4. One of
the register counts where it holds. No licence, stated or on the register, counts for a
site on a list of piracy sites: it has nothing to grant.

What no parser decides waits for a person, blocked. Once a person has cleared it, the
same evidence need not be read again until that decision ends.
"""

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
from ledger.events.optout import ScanReason, Verdict, may_be_cleared
from ledger.events.policy import Jurisdiction
from ledger.events.review import ReviewOutcome
from producers.ingest.licences import Standing
from producers.ingest.policy import IngestPolicy


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
        body_sha256: digest of the page's body, hex; empty where there was no whole one.
        review: what a person decided on the same URL and the same evidence, as it
            stands now; empty where nobody did, or where it has ended.
        reviewed_scan_id: the scan that was decided on; empty without a review.
    """

    scan_id: str
    verdict: Verdict
    reasons: tuple[ScanReason, ...] = ()
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
    reasons: tuple[IngestReason, ...]
    eu_basis: EuBasis
    uk_basis: UkBasis
    licence_id: str
    scan_id: str
    source_kind: SourceKind
    hazard: Hazard


def needs_scan(
    facts: Facts, *, has_url: bool, is_shunned: bool, policy: IngestPolicy
) -> bool:
    """Say whether the decision can depend on what the source's site reserves.

    A licence of the register is no reason to leave the scan out: the decision names
    the reservation that the licence overrides. A shunned site is scanned in any case.
    """
    licensed = facts.standing in {"licence", "public_domain"}
    return is_shunned or (has_url and not licensed and "eu" in policy.jurisdictions)


def decide(facts: Facts, scan: ScanOutcome | None, policy: IngestPolicy) -> Ruling:
    """Decide on one record.

    Args:
        facts: what is known of the record.
        scan: the scan of its URL; None where none was made. Read only where the EU is
            among the jurisdictions, or the site is on a list of piracy sites: elsewhere
            a reservation has no meaning in law.
        policy: the rules in force.

    Source: Directive (EU) 2019/790, Articles 4(1) and 4(3); CDPA 1988, section 29A.
    """
    if scan is not None and not scan.is_piracy and "eu" not in policy.jurisdictions:
        scan = None
    if facts.standing in {"licence", "public_domain"}:
        return _licensed(facts, scan)
    covered = _covered(facts, scan, policy)
    if facts.standing == "unclear" and covered != policy.jurisdictions:
        return _unclear(facts, scan, covered)
    return _unlicensed(facts, scan, policy, covered)


def _licensed(facts: Facts, scan: ScanOutcome | None) -> Ruling:
    basis: Literal["licence", "public_domain"] = (
        "public_domain" if facts.standing == "public_domain" else "licence"
    )
    if scan is not None and scan.is_piracy:
        return _ruling(facts, scan, "blocked", _reservation(scan))
    reasons = (basis, *_reservation(scan))
    return _ruling(facts, scan, "accepted", reasons, eu_basis=basis, uk_basis=basis)


def _unclear(
    facts: Facts, scan: ScanOutcome | None, covered: frozenset[Jurisdiction]
) -> Ruling:
    against = () if scan is None or "eu" in covered else _against(facts, scan)
    reasons = (*against, "licence_unclear")
    decision: Decision = "pending" if set(against) <= {"scan_review"} else "blocked"
    return _ruling(facts, scan, decision, reasons)


def _unlicensed(
    facts: Facts,
    scan: ScanOutcome | None,
    policy: IngestPolicy,
    covered: frozenset[Jurisdiction],
) -> Ruling:
    grounds: list[IngestReason] = []
    eu_basis: EuBasis = "licence" if "eu" in covered else "none"
    uk_basis: UkBasis = "licence" if "uk" in covered else "none"
    if "eu" in policy.jurisdictions - covered:
        grounds.extend(_against(facts, scan))
        eu_basis = "none" if grounds else "tdm_article_4"
    if "uk" in policy.jurisdictions - covered:
        grounds.append("uk_no_licence")
    licence_id = facts.register.licence_id if facts.register and covered else ""
    decision: Decision = "accepted"
    if grounds:
        decision = "pending" if grounds == ["scan_review"] else "blocked"
    return _ruling(
        facts,
        scan,
        decision,
        tuple(grounds) or _in_favour(scan, eu_basis, covered),
        eu_basis=eu_basis,
        uk_basis=uk_basis,
        licence_id=licence_id,
    )


def _covered(
    facts: Facts, scan: ScanOutcome | None, policy: IngestPolicy
) -> frozenset[Jurisdiction]:
    """The jurisdictions of the policy that a licence of the register covers."""
    if facts.register is None or (scan is not None and scan.is_piracy):
        return frozenset()
    return facts.register.jurisdictions & policy.jurisdictions


def _in_favour(
    scan: ScanOutcome | None, eu_basis: EuBasis, covered: frozenset[Jurisdiction]
) -> tuple[IngestReason, ...]:
    """Why a record passes; what a licence overrides comes last."""
    reasons: list[IngestReason] = ["licence_register"] if covered else []
    if eu_basis == "tdm_article_4":
        is_cleared = scan is not None and scan.is_cleared
        reasons.append("review_cleared" if is_cleared else "scan_clear")
    else:
        reasons.extend(_reservation(scan))
    return tuple(reasons)


def _against(facts: Facts, scan: ScanOutcome | None) -> tuple[IngestReason, ...]:
    """What stands against Article 4; empty where the scan is a basis."""
    if scan is None:
        return ("scan_missing",)
    stated = facts.response_sha256
    # The verdict is on the response that was scanned, and on no other.
    if stated and stated != scan.body_sha256:
        return (*_reservation(scan), "response_differs")
    return _reservation(scan)


def _reservation(scan: ScanOutcome | None) -> tuple[IngestReason, ...]:
    """What the scan holds against training; empty where it found no reservation."""
    if scan is None or scan.verdict == "allowed" or scan.is_cleared:
        return ()
    # The basket is the policy's own caution, not the rights holder's word to us.
    basket: tuple[IngestReason, ...] = ("basket",) if "basket" in scan.reasons else ()
    if scan.verdict == "reserved":
        return ("scan_reserved", *basket)
    if scan.is_for_review and scan.review != "upheld":
        return ("scan_review",)
    return ("scan_unknown", *basket)


def _ruling(
    facts: Facts,
    scan: ScanOutcome | None,
    decision: Decision,
    reasons: tuple[IngestReason, ...],
    *,
    eu_basis: EuBasis = "none",
    uk_basis: UkBasis = "none",
    licence_id: str = "",
) -> Ruling:
    return Ruling(
        decision=decision,
        reasons=reasons,
        eu_basis=eu_basis,
        uk_basis=uk_basis,
        licence_id=licence_id,
        scan_id=_cited(scan),
        source_kind=facts.source_kind,
        hazard=_hazard(facts),
    )


def _cited(scan: ScanOutcome | None) -> str:
    """The scan that a decision names; a cleared one is the one that a person read."""
    if scan is None:
        return ""
    return scan.reviewed_scan_id if scan.is_cleared else scan.scan_id


def _hazard(facts: Facts) -> Hazard:
    """Consent may be withdrawn at any time (Regulation (EU) 2016/679, Article 7(3))."""
    if facts.consent:
        return "consent"
    return "personal" if facts.has_subjects else "public"
