"""From a pass over a ledger to the answers on all five levels."""

from dataclasses import dataclass
from pathlib import Path

from verifier.findings import FINDINGS_MAX, Code, Violation
from verifier.format.timestamp import is_available
from verifier.history.walk import Walk
from verifier.proofs.continuity import Continuity
from verifier.report.verdict import ANCHORS_LISTED_MAX, Report
from verifier.store.lookup import find_delays
from verifier.store.storage import LedgerFile
from verifier.trust.anchored import judge_anchors
from verifier.trust.anchors import Anchor, Cover, Judge, dated_checkpoints
from verifier.trust.authentic import check_log, check_statements
from verifier.trust.demand import Demand
from verifier.trust.levels import (
    Subject,
    check_key_events,
    judge_timed,
    judge_witnessed,
)
from verifier.trust.pin import Pin, check_pins
from verifier.trust.pin_store import Kept, PinStore
from verifier.trust.policy import TrustPolicy
from verifier.trust.untrusted import find_untrusted

_OTHER_ROOT = frozenset({Code.ROOT_DIFFERS, Code.ROOT_THRESHOLD})


@dataclass(frozen=True, slots=True)
class Reader:
    """What the reader holds, outside the ledger.

    Attributes:
        policy: the trust policy, or None.
        pins: the root keys, those of the policy included.
        root_threshold: the least root threshold; None for as many as `pins`.
        store: folder of the kept checkpoints, or None.
        fork_out: where the proof of a fork is written; beside the pin by default.
        now_ms: the clock, Unix milliseconds.
    """

    policy: TrustPolicy | None
    pins: tuple[Pin, ...]
    root_threshold: int | None
    store: Path | None
    fork_out: Path | None
    now_ms: int


@dataclass(slots=True)
class Covers:
    """The newest checkpoints that are anchored as asked, and all anchors."""

    timed: Cover | None = None
    witnessed: Cover | None = None
    judge: Judge | None = None


def reach_verdict(
    report: Report,
    demand: Demand,
    reader: Reader,
    file: LedgerFile,
    walk: Walk,
    kept: Kept | None,
) -> Covers:
    """Answer the levels, from the pass, the anchors and what the reader holds.

    Args:
        report: takes the answers.
        demand: what is asked for.
        reader: what the reader holds.
        file: the ledger.
        walk: the pass over it.
        kept: the checkpoint that the reader kept, as it was before the pass.

    Raises:
        PinStoreError: the pin store cannot be read or written.
        DAMAGED: the file is damaged.
    """
    judge = Judge(reader.policy, reader.now_ms, is_available())
    judge_anchors(file, judge, report.findings)
    covers = Covers(judge=judge)
    report.anchors = [item.as_dict() for item in judge.accepted[-ANCHORS_LISTED_MAX:]]
    report.anchors_total = len(judge.accepted)
    log_key = walk.ring.log_key()
    subject = Subject(file, walk.ring, walk.entries, log_key)
    _judge_authentic(report, demand, reader, judge, subject, walk)
    if len(report.findings):
        return covers
    covers.timed = judge_timed(report, demand, judge, reader.policy, subject)
    covers.witnessed = judge_witnessed(report, demand, judge, reader.policy, subject)
    _judge_delays(report, demand, reader.policy, file)
    _name_tails(report, covers, walk.entries)
    _judge_continuous(report, demand, reader, subject, walk, kept)
    return covers


def _judge_authentic(
    report: Report,
    demand: Demand,
    reader: Reader,
    judge: Judge,
    subject: Subject,
    walk: Walk,
) -> None:
    """Answer `authentic`."""
    if "authentic" not in demand.asked:
        return
    found = check_pins(
        reader.pins,
        subject.ring,
        walk.genesis_signers,
        threshold=reader.root_threshold,
    )
    found += check_key_events(subject.ring)
    if reader.pins and not len(report.findings):
        if reader.policy is not None:
            found += check_log(reader.policy, subject.ring, walk.genesis)
        dated = _dated(reader.policy, judge.accepted, subject)
        untrusted = find_untrusted(subject.file, subject.ring, dated)
        refused, accepted = check_statements(reader.policy, untrusted)
        found += refused
        report.noted += accepted[:FINDINGS_MAX]
    demand.settle(report, "authentic", found)


def _dated(
    policy: TrustPolicy | None, anchors: list[Anchor], subject: Subject
) -> list[tuple[int, int]]:
    if policy is None:
        return []
    return list(dated_checkpoints(anchors, policy, subject.keys))


def _judge_delays(
    report: Report, demand: Demand, policy: TrustPolicy | None, file: LedgerFile
) -> None:
    """Count the submissions that came too late (LV811)."""
    if policy is None or policy.delay_ms_max is None:
        return
    delays = find_delays(file, policy.delay_ms_max)
    if not delays.count:
        return
    violation = Violation(
        Code.SUBMISSION_DELAYED,
        "SUB-1",
        expected=f"submissions made at most {policy.delay_ms_max // 1000} s before",
        found=f"{delays.count} made earlier, the longest {delays.longest_ms // 1000} s",
    )
    findings = report.trust if demand.asked else report.noted
    findings.append(violation.at(f"entry {delays.first}"))


def _name_tails(report: Report, covers: Covers, entries: int) -> None:
    """Name the entries that the anchors do not cover (VER-2)."""
    base = 1 if report.levels["authentic"] == "yes" else 0
    timed, witnessed = covers.timed, covers.witnessed
    for kind, cover in (("timed", timed), ("witnessed", witnessed)):
        if cover is None or cover.size >= entries:
            continue
        is_timed = kind == "witnessed" and timed is not None and timed.size >= entries
        level = 2 if base and is_timed else base
        last = entries - 1
        which = (
            f"entries {cover.size}..{last} are"
            if cover.size < last
            else (f"entry {last} is")
        )
        report.tails.append(f"{which} after the last {kind} checkpoint: L{level} only")


def _judge_continuous(
    report: Report,
    demand: Demand,
    reader: Reader,
    subject: Subject,
    walk: Walk,
    kept: Kept | None,
) -> None:
    """Answer `continuous`, and keep the newest checkpoint where all else holds."""
    code, newest = Code.NO_EARLIER_CHECKPOINT, walk.heads.last_good
    if reader.store is None or newest is None:
        expected = "a pin store: --pin, or [pin] in a policy"
        demand.skip(report, "continuous", code, expected)
        return
    if any(finding.code in _OTHER_ROOT for finding in report.trust):
        # Somebody else's ledger under this name contradicts nothing that the log said.
        report.levels["continuous"] = "no"
        report.pin.append("not compared: the ledger is not that of the root you gave")
        return
    continuity = Continuity(
        store=PinStore(reader.store),
        file=subject.file,
        newest=newest,
        genesis=walk.genesis,
        entries=walk.entries,
        before=kept,
        roots={size: root for size, (root, _) in walk.watched.items()},
        fork_out=reader.fork_out,
    )
    continuity.compare(report)
    holds = not (len(report.findings) or len(report.unknown) or report.trust)
    if continuity.before is None and "continuous" in demand.asked:
        expected = "a checkpoint kept from an earlier verification"
        missing = Violation(code, "L4", expected=expected, found="none")
        demand.settle(report, "continuous", [missing.at("file")])
    if holds:
        continuity.remember(report)
    elif not len(report.findings):
        still = f"checkpoint {kept.size} stays the kept one" if kept else "none is kept"
        report.pin.append(
            f"not remembered, since something that was asked for is missing; {still}"
        )
