"""The decision on one record: pure, and the same for the same facts.

EU. Copying a work for training needs a licence, or the exception of Article 4 of
Directive (EU) 2019/790, which holds only where no reservation under Article 4(3) is
found: so a clear scan is a basis, and an unknown one is not.

UK. Section 29A of the Copyright, Designs and Patents Act 1988 covers non-commercial
research only, and no exception with an opt-out was enacted: so a clear scan is no basis
there, and a text without a licence is blocked.

A licence is a basis in both, even where the site reserves: it is the rights holder's
more specific word. A licence that nobody has read may itself reserve (Directive (EU)
2019/790, recital 18), so an unclear one is no ground to fall back on Article 4.
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
from ledger.events.optout import ScanReason, Verdict
from producers.ingest.licences import Standing
from producers.ingest.policy import IngestPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision rests on beside the scan.

    Attributes:
        standing: what the stated licence is worth.
        source_kind: where the text came from.
        has_subjects: whether data subjects are declared.
        consent: whether their consent is the legal basis.
    """

    standing: Standing
    source_kind: SourceKind
    has_subjects: bool
    consent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOutcome:
    """What the opt-out scan of one URL found.

    Attributes:
        scan_id: id of the scan's event.
        site: id of the site.
        verdict: the strictest verdict, the policy's relaxed tokens already left out.
        reasons: why it is not `allowed`.
    """

    scan_id: str
    site: str
    verdict: Verdict
    reasons: tuple[ScanReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The decision on one record.

    Attributes:
        decision: the outcome.
        reasons: why, most important first.
        eu_basis: why copying is allowed in the EU.
        uk_basis: why copying is allowed in the UK.
        source_kind: where the text came from.
        hazard: how likely an erasure is.
    """

    decision: Decision
    reasons: tuple[IngestReason, ...]
    eu_basis: EuBasis
    uk_basis: UkBasis
    source_kind: SourceKind
    hazard: Hazard


def needs_scan(facts: Facts, *, has_url: bool, policy: IngestPolicy) -> bool:
    """Say whether the decision can depend on what the source's site reserves."""
    licensed = facts.standing in {"licence", "public_domain"}
    return has_url and not licensed and "eu" in policy.jurisdictions


def decide(facts: Facts, scan: ScanOutcome | None, policy: IngestPolicy) -> Ruling:
    """Decide on one record.

    Args:
        facts: what is known of the record.
        scan: the scan of its URL; None where none was made. Read only where the EU is
            among the jurisdictions: elsewhere a reservation has no meaning in law.
        policy: the rules in force.

    Source: Directive (EU) 2019/790, Articles 4(1) and 4(3); CDPA 1988, section 29A.
    """
    if "eu" not in policy.jurisdictions:
        scan = None
    match facts.standing:
        case "licence" | "public_domain" as basis:
            return _licensed(facts, basis, scan)
        case "unclear":
            return _unclear(facts, scan)
        case "none" | "refused":
            return _unlicensed(facts, scan, policy)


def _licensed(
    facts: Facts, basis: Literal["licence", "public_domain"], scan: ScanOutcome | None
) -> Ruling:
    against = () if scan is None else _scan_grounds(scan)
    return _ruling(facts, "accepted", (basis, *against), eu_basis=basis, uk_basis=basis)


def _unclear(facts: Facts, scan: ScanOutcome | None) -> Ruling:
    against = () if scan is None else _scan_grounds(scan)
    if against:
        return _ruling(facts, "blocked", (*against, "licence_unclear"))
    return _ruling(facts, "pending", ("licence_unclear",))


def _unlicensed(facts: Facts, scan: ScanOutcome | None, policy: IngestPolicy) -> Ruling:
    grounds: list[IngestReason] = []
    eu_basis: EuBasis = "none"
    if "eu" in policy.jurisdictions:
        against = ("scan_missing",) if scan is None else _scan_grounds(scan)
        grounds.extend(against)
        eu_basis = "none" if against else "tdm_article_4"
    if "uk" in policy.jurisdictions:
        grounds.append("uk_no_licence")
    if grounds:
        return _ruling(facts, "blocked", tuple(grounds), eu_basis=eu_basis)
    return _ruling(facts, "accepted", ("scan_clear",), eu_basis=eu_basis)


def _scan_grounds(scan: ScanOutcome) -> tuple[IngestReason, ...]:
    """What the scan holds against training; empty where it found no reservation."""
    # The basket is the policy's own caution, not the rights holder's word to us.
    basket: tuple[IngestReason, ...] = ("basket",) if "basket" in scan.reasons else ()
    match scan.verdict:
        case "allowed":
            return ()
        case "reserved":
            return ("scan_reserved", *basket)
        case "unknown":
            return ("scan_unknown", *basket)


def _ruling(
    facts: Facts,
    decision: Decision,
    reasons: tuple[IngestReason, ...],
    *,
    eu_basis: EuBasis = "none",
    uk_basis: UkBasis = "none",
) -> Ruling:
    return Ruling(
        decision=decision,
        reasons=reasons,
        eu_basis=eu_basis,
        uk_basis=uk_basis,
        source_kind=facts.source_kind,
        hazard=_hazard(facts),
    )


def _hazard(facts: Facts) -> Hazard:
    """Consent may be withdrawn at any time (Regulation (EU) 2016/679, Article 7(3))."""
    if facts.consent:
        return "consent"
    return "personal" if facts.has_subjects else "public"
