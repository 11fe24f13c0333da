"""The decision on one record: pure, and the same for the same facts.

The law is a table of rules (rules.toml), asked once for each jurisdiction. What this
module adds: how a scan, a licence and a purpose are put as the table asks for them, and
how the answers are joined. A record is accepted only where it passes in each wanted
jurisdiction; what is known of its text and its dataset can only make that stricter.

A licence is a basis even where the site reserves: it is the rights holder's more
specific word. One of the register counts where it holds. No licence, stated or on the
register, counts for a site on a list of piracy sites: it has nothing to grant.

What no parser decides waits for a person. Once a person has cleared it, the same
evidence need not be read again until that decision ends.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final, cast, get_args

from ledger.events.ingest import (
    ConsentReview,
    Decision,
    EuBasis,
    Hazard,
    IngestReason,
    SensitiveAction,
    UkBasis,
)
from ledger.events.policy import Jurisdiction
from producers.ingest.facts import Facts, Ruling, ScanOutcome
from producers.ingest.policy import IngestPolicy
from producers.ingest.rules import (
    AccessState,
    AfterRule,
    Case,
    Coverage,
    Rule,
    ScanState,
)

_STRICTNESS: Final[tuple[Decision, ...]] = ("accepted", "pending", "blocked")

_WEIGHT: Final[dict[str, int]] = {
    reason: place
    for place, reason in enumerate(
        (
            "public_domain",
            "licence",
            "licence_register",
            "research_exception",
            "review_cleared",
            "scan_clear",
            "scan_missing",
            "scan_reserved",
            "scan_unknown",
            "scan_review",
            "basket",
            "response_differs",
            "uk_no_licence",
            "licence_unclear",
        )
    )
}
"""Reasons of law, most important first; others keep the order of their rules."""


def needs_scan(
    facts: Facts, *, has_url: bool, is_shunned: bool, policy: IngestPolicy
) -> bool:
    """Say whether the decision can depend on what the source's site says.

    A licence of the register is no reason to leave the scan out: the decision names
    the reservation that the licence overrides. A shunned site is scanned in any case,
    and research rests on lawful access, which a scan shows.
    """
    licensed = facts.standing in {"licence", "public_domain"}
    return is_shunned or (has_url and not licensed and _reads_scans(policy))


def decide(facts: Facts, scan: ScanOutcome | None, policy: IngestPolicy) -> Ruling:
    """Decide on one record by law.

    Args:
        facts: what is known of the record.
        scan: the scan of its URL; None where none was made. Read only where the EU is
            among the jurisdictions, the purpose is research, or the site is on a list
            of piracy sites: elsewhere a reservation has no meaning in law.
        policy: the rules in force.

    Source: Directive (EU) 2019/790, Articles 3 and 4; CDPA 1988, section 29A.
    """
    if scan is not None and not scan.is_piracy and not _reads_scans(policy):
        scan = None
    eu, uk = (_rule(facts, scan, policy, where) for where in get_args(Jurisdiction))
    wanted = [rule for rule in (eu, uk) if rule.jurisdiction in policy.jurisdictions]
    decision = max((rule.decision for rule in wanted), key=_STRICTNESS.index)
    deciding = [rule for rule in wanted if rule.decision == decision]
    heard = [rule for rule in wanted if rule.decision != "accepted"] or wanted
    is_registered = any("licence_register" in rule.reasons for rule in wanted)
    return Ruling(
        decision=decision,
        rule=deciding[0].name,
        reasons=_reasons(heard, scan),
        eu_basis=cast("EuBasis", eu.basis),
        uk_basis=cast("UkBasis", uk.basis),
        licence_id=facts.register.licence_id
        if facts.register and is_registered
        else "",
        scan_id=_cited(scan, eu),
        source_kind=facts.source_kind,
        hazard=_hazard(facts),
    )


def tighten(
    ruling: Ruling,
    policy: IngestPolicy,
    *,
    action: SensitiveAction,
    consent_review: ConsentReview,
) -> Ruling:
    """Apply what is known of the text and its dataset; never looser than `ruling`."""
    hits = [rule for rule in policy.rules.after if rule.holds(action, consent_review)]
    decisions = (ruling.decision, *(rule.decision for rule in hits))
    decision = max(decisions, key=_STRICTNESS.index)
    # The reasons of what decided come first; what lets pass is no reason to refuse.
    said = [(ruling.decision, ruling.rule, ruling.reasons)]
    said += [(rule.decision, rule.name, _plain(rule)) for rule in hits]
    deciding = [one for one in said if one[0] == decision]
    others = [one for one in said if one[0] not in {decision, "accepted"}]
    reasons = (reason for one in (*deciding, *others) for reason in one[2])
    return replace(
        ruling,
        decision=decision,
        rule=deciding[0][1],
        reasons=tuple(dict.fromkeys(reasons)),
    )


def _reads_scans(policy: IngestPolicy) -> bool:
    return "eu" in policy.jurisdictions or policy.purpose == "research"


def _rule(
    facts: Facts, scan: ScanOutcome | None, policy: IngestPolicy, where: Jurisdiction
) -> Rule:
    """The rule that decides in one jurisdiction."""
    case = Case(
        stated=facts.standing,
        register=_coverage(facts, policy, where),
        scan=_state(facts, scan),
        access=_access(scan),
        purpose=policy.purpose,
    )
    return policy.rules.decides(where, case)


def _coverage(facts: Facts, policy: IngestPolicy, where: Jurisdiction) -> Coverage:
    if facts.register is None or where not in policy.jurisdictions:
        return "no"
    if policy.jurisdictions <= facts.register.jurisdictions:
        return "all"
    return "here" if where in facts.register.jurisdictions else "no"


def _state(facts: Facts, scan: ScanOutcome | None) -> ScanState:
    """What a scan is worth for this text."""
    if scan is None:
        return "missing"
    if scan.is_piracy:
        return "piracy"
    stated = facts.response_sha256
    # The verdict is on the response that was scanned, and on no other.
    if stated and stated != scan.body_sha256:
        return "differs"
    if scan.is_cleared or scan.verdict == "allowed":
        return "cleared" if scan.is_cleared else "clear"
    if scan.verdict == "reserved":
        return "reserved"
    return "review" if _waits(scan) else "unknown"


def _access(scan: ScanOutcome | None) -> AccessState:
    """Lawful access: freely available, or under a licence.

    Source: Directive (EU) 2019/790, recital 14.
    """
    is_shown = scan is not None and scan.access in {"open", "licensed"}
    return "lawful" if is_shown else "not_shown"


def _waits(scan: ScanOutcome) -> bool:
    """Whether a person may still clear it."""
    return scan.is_for_review and scan.review != "upheld"


def _reasons(
    rules: Iterable[Rule], scan: ScanOutcome | None
) -> tuple[IngestReason, ...]:
    """What the rules say, each once, most important first."""
    said: list[IngestReason] = []
    for rule in rules:
        for reason in rule.reasons:
            said.extend(_held(scan) if reason == "scan" else (reason,))
    return tuple(sorted(dict.fromkeys(said), key=_WEIGHT.__getitem__))


def _held(scan: ScanOutcome | None) -> tuple[IngestReason, ...]:
    """What the scan holds against training; empty where it found no reservation."""
    if scan is None or scan.verdict == "allowed" or scan.is_cleared:
        return ()
    # The basket is the policy's own caution, not the rights holder's word to us.
    basket: tuple[IngestReason, ...] = ("basket",) if "basket" in scan.reasons else ()
    if scan.verdict == "reserved":
        return ("scan_reserved", *basket)
    return ("scan_review",) if _waits(scan) else ("scan_unknown", *basket)


def _plain(rule: AfterRule) -> tuple[IngestReason, ...]:
    """The reasons of a rule that no scan plays a part in."""
    return tuple(reason for reason in rule.reasons if reason != "scan")


def _cited(scan: ScanOutcome | None, eu: Rule) -> str:
    """The scan that a decision names.

    Where a person cleared it, that is the scan which the person read; research rests on
    the access that this scan showed.
    """
    if scan is None:
        return ""
    is_reviewed = scan.is_cleared and eu.basis != "tdm_article_3"
    return scan.reviewed_scan_id if is_reviewed else scan.scan_id


def _hazard(facts: Facts) -> Hazard:
    """Consent may be withdrawn at any time (Regulation (EU) 2016/679, Article 7(3))."""
    if facts.consent:
        return "consent"
    return "personal" if facts.has_subjects else "public"
