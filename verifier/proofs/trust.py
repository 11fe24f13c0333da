"""Whose keys a proof file rests on, and who outside vouches for its checkpoint.

The file's own word counts for nothing here: root keys, witnesses and time-stamp
authorities come from the reader (VER-1).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from verifier.bundle.chain import Chain
from verifier.bundle.findings import BundleFinding
from verifier.findings import Code, Finding, Violation
from verifier.format.timestamp import INSTALL, is_available
from verifier.keys.ring import Compromise
from verifier.proofs.note import CosignedNote
from verifier.proofs.report import ProofReport
from verifier.trust.anchors import (
    Anchor,
    Judge,
    cover_of_stamps,
    cover_of_witnesses,
    judge_checkpoint,
)
from verifier.trust.authentic import check_log
from verifier.trust.demand import Demand
from verifier.trust.levels import check_key_events
from verifier.trust.pin import Pin, check_pins
from verifier.trust.policy import TrustPolicy


@dataclass(frozen=True, slots=True)
class Auditor:
    """What the reader holds from elsewhere, and asks of a proof file.

    Attributes:
        pins: the root keys, those of the policy included.
        threshold: the least root threshold of a ledger; None for as many as `pins`.
        policy: the trust policy, or None.
        demand: which levels must hold.
        now_ms: the reader's clock, Unix milliseconds.
    """

    pins: Sequence[Pin]
    threshold: int | None
    policy: TrustPolicy | None
    demand: Demand
    now_ms: int


def judge_keys(
    report: ProofReport,
    chain: Chain,
    auditor: Auditor,
    *,
    other: Chain | None = None,
    compromised: Sequence[Compromise] = (),
) -> None:
    """Answer `authentic`: are the keys behind the file those that the reader trusts?

    Args:
        report: takes the answer.
        chain: the keys that the file shows.
        auditor: what is asked for.
        other: the keys of the other side of a fork, which need the same root.
        compromised: declarations on the log keys that a fork rests on.
    """
    found = _judge_root(chain, auditor) + check_key_events(chain.ring)
    if auditor.policy is not None:
        found += check_log(auditor.policy, chain.ring, chain.genesis)
    found += _judge_compromised([*_declared_signers(chain), *compromised], auditor)
    if other is not None:
        found += _judge_root(other, auditor)
    answer(report, auditor, "authentic", found, is_asked=bool(auditor.pins))


def is_root_known(chain: Chain, auditor: Auditor) -> bool:
    """Whether the keys that a file shows lead to the root that the reader pinned."""
    return not _judge_root(chain, auditor)


def judge_anchors(
    report: ProofReport,
    note: CosignedNote,
    tokens: Sequence[bytes],
    auditor: Auditor,
    *,
    own_keys: Collection[bytes],
    recorded_at_ms: int,
) -> None:
    """Answer `timed` and `witnessed` for one checkpoint.

    The age of anchors is not judged: a proof of what was does not go stale.

    Args:
        report: takes the answers.
        note: the checkpoint with its cosignature lines.
        tokens: time stamps over it.
        auditor: what is asked for.
        own_keys: public keys of the ledger, which are no witnesses (VER-4).
        recorded_at_ms: the newest time that a shown entry says it was recorded.
    """
    judge = Judge(auditor.policy, auditor.now_ms, is_available())
    size = note.checkpoint.size
    report.findings += [
        BundleFinding(one.code, one.where, one.rule, one.expected, one.found)
        for one in judge_checkpoint(
            judge, note.stored, size, lines=note.cosignatures, tokens=tokens
        )
    ]
    report.content["anchors"] = [anchor.as_dict() for anchor in judge.accepted]
    report.not_checked += _ignored(judge)
    late = _contradicting(judge.accepted, auditor, recorded_at_ms)
    _judge_stamps(report, judge, auditor, late["timestamp"])
    _judge_witnesses(report, judge, auditor, late["witness"], own_keys)


def answer(
    report: ProofReport,
    auditor: Auditor,
    name: str,
    found: list[Finding],
    *,
    is_asked: bool,
) -> None:
    """Set a level's answer; what was asked for and does not hold is exit code 7."""
    must_hold = name in auditor.demand.asked
    if is_asked or must_hold:
        report.levels[name] = "no" if found else "yes"
    if must_hold:
        report.trust += found
    elif is_asked:
        report.noted += found


def _judge_root(chain: Chain, auditor: Auditor) -> list[Finding]:
    """Compare the root keys of entry 0 and their threshold with the reader's."""
    least = auditor.threshold
    if least is None and auditor.policy is not None:
        least = auditor.policy.threshold
    return check_pins(auditor.pins, chain.ring, chain.founders, threshold=least)


def _declared_signers(chain: Chain) -> list[Compromise]:
    """The declarations on the signers of shown events (KEY-10).

    They are below this checkpoint, so no anchor over it can be older.
    """
    declared = chain.ring.compromised
    return [declared[key] for key in chain.signers if key in declared]


def _judge_compromised(
    compromised: Sequence[Compromise], auditor: Auditor
) -> list[Finding]:
    """Refuse the declared keys that the reader does not accept (KEY-10)."""
    accepted = auditor.policy.accept_compromised if auditor.policy else frozenset()
    return [
        Violation(
            Code.STATEMENTS_UNTRUSTED,
            "KEY-10",
            expected="signers that nobody declared compromised",
            found=f"{declared.key.name}, in entry {declared.declared_seq}",
        ).at("key")
        for declared in compromised
        if declared.key.public_key not in accepted
    ]


def _judge_stamps(
    report: ProofReport, judge: Judge, auditor: Auditor, late: list[Finding]
) -> None:
    asked = auditor.policy.timestamps if auditor.policy else None
    found = list(late)
    if asked is not None and not judge.can_read_stamps:
        report.not_checked.append(f"time stamps: they need {INSTALL}")
    cover = None if asked is None else cover_of_stamps(judge.accepted, asked)
    if cover is None:
        minimum = 1 if asked is None else asked.minimum
        expected = f"time stamps of {minimum} signers under roots of the policy"
        found.append(_gap(Code.NOT_TIMED, expected, _count(judge, "timestamp"), "L2"))
    else:
        report.checked.append(f"time stamps of {', '.join(cover.who)}")
    answer(report, auditor, "timed", found, is_asked=asked is not None)


def _judge_witnesses(
    report: ProofReport,
    judge: Judge,
    auditor: Auditor,
    late: list[Finding],
    own_keys: Collection[bytes],
) -> None:
    asked = auditor.policy.witnesses if auditor.policy else None
    found = list(late)
    cover = (
        None
        if asked is None
        else cover_of_witnesses(judge.accepted, asked.policy, own_keys)
    )
    if cover is None:
        quorum = "a policy" if asked is None else asked.policy.describe_quorum()
        expected = f"cosignatures that meet the quorum of {quorum}"
        found.append(_gap(Code.NOT_WITNESSED, expected, _count(judge, "witness"), "L3"))
    else:
        report.checked.append(f"cosignatures of {', '.join(cover.who)}")
    answer(report, auditor, "witnessed", found, is_asked=asked is not None)


def _contradicting(
    anchors: Sequence[Anchor], auditor: Auditor, recorded_at_ms: int
) -> dict[str, list[Finding]]:
    """Anchors of each kind that are older than an entry which they cover (VER-3)."""
    skew_ms = auditor.policy.skew_ms_max if auditor.policy else 0
    found: dict[str, list[Finding]] = {"timestamp": [], "witness": []}
    for anchor in anchors:
        if anchor.at_ms < recorded_at_ms - skew_ms:
            expected = f"{anchor.who} not before {recorded_at_ms - skew_ms} ms"
            found[anchor.kind].append(
                _gap(Code.CLOCK_SKEW, expected, f"{anchor.at_ms} ms", "VER-3")
            )
    return found


def _ignored(judge: Judge) -> list[str]:
    named = {"witness": "cosignatures", "timestamp": "time stamps"}
    lines = [
        f"{count} {named[kind]} by somebody whom no policy of yours names"
        for kind, count in sorted(judge.ignored.items())
    ]
    return lines + [f"{one}: its time is in the future" for one in judge.future]


def _count(judge: Judge, kind: str) -> str:
    count = len({anchor.key for anchor in judge.accepted if anchor.kind == kind})
    return f"{count} that count"


def _gap(code: Code, expected: str, found: object, rule: str = "L1") -> Finding:
    where = "root" if rule == "L1" else "checkpoint"
    return Violation(code, rule, expected=expected, found=found).at(where)
