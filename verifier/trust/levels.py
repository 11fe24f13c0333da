"""Levels L2 and L3: do anchors of people outside cover the ledger (VER-2 to VER-4)?"""

from dataclasses import dataclass

from verifier.clock import utc
from verifier.findings import Code, Finding, Violation, shown
from verifier.format.note import VerifierKey
from verifier.format.timestamp import INSTALL
from verifier.format.tlog_policy import NONE, WitnessPolicy
from verifier.keys.ring import KeyRing
from verifier.report.verdict import Report
from verifier.store.lookup import recorded_at_ms
from verifier.store.storage import LedgerFile
from verifier.trust.anchors import (
    Anchor,
    Cover,
    Judge,
    cover_of_stamps,
    cover_of_witnesses,
)
from verifier.trust.demand import Demand
from verifier.trust.policy import TrustPolicy


@dataclass(frozen=True, slots=True)
class Subject:
    """The ledger that is judged, and what is known about it.

    Attributes:
        file: the open file, in which a pass found nothing.
        ring: the keys after the last entry.
        entries: how many there are.
        log_key: the signer of the newest checkpoint.
    """

    file: LedgerFile
    ring: KeyRing
    entries: int
    log_key: VerifierKey | None

    @property
    def keys(self) -> frozenset[bytes]:
        """Every public key that the ledger names, roots included (VER-4)."""
        return frozenset(self.ring.granted) | {
            root.public_key for root in self.ring.roots
        }


def judge_timed(
    report: Report,
    demand: Demand,
    judge: Judge,
    policy: TrustPolicy | None,
    subject: Subject,
) -> Cover | None:
    """Answer `timed`; return the newest checkpoint that is stamped as asked."""
    stamps = policy.timestamps if policy else None
    if policy is None or stamps is None:
        demand.skip(report, "timed", Code.NOT_TIMED, "a policy with [timestamps]")
        return None
    accepted = [item for item in judge.accepted if item.kind == "timestamp"]
    cover = cover_of_stamps(accepted, stamps)
    found = check_key_events(subject.ring)
    if not judge.can_read_stamps:
        expected = f"the package that reads time stamps ({INSTALL})"
        found.append(_missing(Code.NOT_TIMED, "L2", expected, "not installed"))
    elif cover is None:
        expected = f"time stamps of {stamps.minimum} signers over one checkpoint"
        found.append(_missing(Code.NOT_TIMED, "L2", expected, _tally(judge, accepted)))
    else:
        found += _check_cover(
            cover, Code.NOT_TIMED, policy, stamps.max_age_ms, judge.now_ms, subject
        )
        signers = ", ".join(cover.who)
        report.answers["timed"] = (
            f"checkpoint {cover.size} at {utc(cover.at_ms)} by {signers}"
        )
    found += _check_clock(accepted, policy, subject)
    demand.settle(report, "timed", found)
    return cover


def judge_witnessed(
    report: Report,
    demand: Demand,
    judge: Judge,
    policy: TrustPolicy | None,
    subject: Subject,
) -> Cover | None:
    """Answer `witnessed`; return the newest checkpoint that meets the quorum."""
    asked = policy.witnesses if policy else None
    if policy is None or asked is None:
        demand.skip(
            report, "witnessed", Code.NOT_WITNESSED, "a policy with [witnesses]"
        )
        return None
    accepted = [item for item in judge.accepted if item.kind == "witness"]
    excluded = subject.keys
    cover = cover_of_witnesses(accepted, asked.policy, excluded)
    found = check_key_events(subject.ring)
    found += _check_log_key(asked.policy, subject)
    dependent = _check_independence(accepted, excluded)
    if cover is None:
        rule = asked.policy.describe_quorum()
        expected = f"cosignatures over one checkpoint that meet quorum {rule}"
        if asked.policy.quorum == NONE:
            expected = "a quorum of witnesses in the policy"
        others = [item for item in accepted if item.key not in excluded]
        found.append(
            _missing(Code.NOT_WITNESSED, "L3", expected, _tally(judge, others))
        )
        found += dependent
    else:
        report.noted += dependent
        found += _check_cover(
            cover, Code.NOT_WITNESSED, policy, asked.max_age_ms, judge.now_ms, subject
        )
        report.answers["witnessed"] = (
            f"checkpoint {cover.size} at {utc(cover.at_ms)} by {', '.join(cover.who)};"
            f" quorum {asked.policy.describe_quorum()}"
        )
    found += _check_clock(accepted, policy, subject)
    demand.settle(report, "witnessed", found)
    return cover


def check_key_events(ring: KeyRing) -> list[Finding]:
    """Return why the keys are not all known: a type of key event is not (EVT-8).

    It may have granted, ended or compromised a key, so nothing that rests on the keys
    can be answered yes.
    """
    if not ring.unsure:
        return []
    violation = Violation(
        Code.EVENT_UNKNOWN,
        "EVT-8",
        expected="no key event of a type that is unknown to this reader",
        found=ring.unsure,
    )
    return [violation.at("file")]


def _check_cover(
    cover: Cover,
    code: Code,
    policy: TrustPolicy,
    max_age_ms: int | None,
    now_ms: int,
    subject: Subject,
) -> list[Finding]:
    """Check the tail (VER-2) and the age (POL-7)."""
    found: list[Finding] = []
    tail = subject.entries - cover.size
    if tail > policy.entries_max:
        expected = f"at most {policy.entries_max} entries after checkpoint {cover.size}"
        what = f"{tail}: entries {cover.size} to {subject.entries - 1}"
        found.append(_missing(code, "VER-2", expected, what))
    age_ms = now_ms - cover.at_ms
    if max_age_ms is not None and age_ms > max_age_ms:
        expected = f"an anchor of the last {max_age_ms // 3_600_000} hours"
        what = f"{utc(cover.at_ms)}, {age_ms // 3_600_000} hours old"
        where = f"checkpoint {cover.size}"
        found.append(
            Violation(Code.NOT_FRESH, "POL-7", expected=expected, found=what).at(where)
        )
    return found


def _check_clock(
    anchors: list[Anchor], policy: TrustPolicy, subject: Subject
) -> list[Finding]:
    """Return the first anchor that is older than what it covers (VER-3)."""
    oldest: dict[int, Anchor] = {}
    for anchor in anchors:
        known = oldest.setdefault(anchor.size, anchor)
        if anchor.at_ms < known.at_ms:
            oldest[anchor.size] = anchor
    for size, anchor in sorted(oldest.items()):
        recorded = recorded_at_ms(subject.file, size - 1)
        if anchor.at_ms < recorded - policy.skew_ms_max:
            table = "cosignature" if anchor.kind == "witness" else "timestamp"
            violation = Violation(
                Code.CLOCK_SKEW,
                "VER-3",
                expected=f"a time at most {policy.skew_ms_max // 1000} s before"
                f" {utc(recorded)}, when entry {size - 1} was recorded",
                found=utc(anchor.at_ms),
            )
            return [violation.at(f"{table} {anchor.number}")]
    return []


def _check_log_key(policy: WitnessPolicy, subject: Subject) -> list[Finding]:
    """Check that the newest checkpoint is signed by a listed log (POL-5)."""
    if not policy.logs or subject.log_key in policy.logs:
        return []
    expected = f"log key {' or '.join(key.public_key.hex() for key in policy.logs)}"
    found = subject.log_key.public_key.hex() if subject.log_key else "none"
    return [_missing(Code.NOT_WITNESSED, "POL-5", expected, found)]


def _check_independence(
    anchors: list[Anchor], excluded: frozenset[bytes]
) -> list[Finding]:
    """Return the witnesses that are a key of the ledger (VER-4)."""
    own = {item.key: item.who for item in anchors if item.key in excluded}
    return [
        Violation(
            Code.WITNESS_NOT_INDEPENDENT,
            "VER-4",
            expected="a witness whose key is none of the ledger's",
            found=key.hex(),
        ).at(f"witness {shown(who)}")
        for key, who in own.items()
    ]


def _tally(judge: Judge, accepted: list[Anchor]) -> str:
    who = sorted({shown(item.who) for item in accepted})
    later = "; others have a time in the future" if judge.future else ""
    return f"{len(accepted)} by {', '.join(who) or 'nobody that it names'}{later}"


def _missing(code: Code, rule: str, expected: str, found: str) -> Finding:
    return Violation(code, rule, expected=expected, found=found).at("file")
