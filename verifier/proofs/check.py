"""Check a proof file offline: receipt, disclosure, checkpoint pair or tlog-proof.

report = check_proof(Path("event.json"), root_keys=["example.org/acme/root+..."])
print(report.as_text(), end="")
sys.exit(report.exit_code)
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from verifier.bundle.chain import Chain
from verifier.bundle.files import UnreadableError
from verifier.bundle.findings import BundleViolation
from verifier.bundle.receipts import Receipt
from verifier.findings import escaped, shown
from verifier.format.checkpoint import Checkpoint
from verifier.format.entry import parse_header
from verifier.format.submission import Submission, parse_submission
from verifier.keys.authority import UnknownSignerError
from verifier.proofs.disclosure import DisclosureFile, check_disclosure, take_disclosure
from verifier.proofs.file import Kind, ProofFile, read_bytes, read_proof
from verifier.proofs.leaf import check_leaf
from verifier.proofs.note import CosignedNote
from verifier.proofs.receipt import ReceiptFile, check_receipt, take_receipt_file
from verifier.proofs.report import ProofReport
from verifier.proofs.same_history import CheckedPair, check_pair, take_pair
from verifier.proofs.trust import Auditor, is_root_known, judge_anchors, judge_keys
from verifier.trust.demand import make_demand
from verifier.trust.pin import parse_pins
from verifier.trust.policy import TrustPolicy

LEVEL_MAX = 3
"""The highest level that a proof file can show; continuity needs an earlier one."""


def check_proof(
    path: Path,
    *,
    root_keys: Sequence[str] = (),
    policy: TrustPolicy | None = None,
    level: int | None = None,
    root_threshold: int | None = None,
    entry: Path | None = None,
    now_ms: int = 0,
) -> ProofReport:
    """Check every rule of docs/proofs.md; what is malformed becomes a finding.

    Args:
        path: the file.
        root_keys: root keys that the reader holds from elsewhere, as vkeys or as 64
            hex digits.
        policy: the reader's trust policy, or None.
        level: what is asked for, 0 to 3; by default the policy's, at most 3, or 1.
        root_threshold: the least root threshold of a ledger; by default the policy's,
            or the number of root keys.
        entry: the file of an entry's bytes, which a tlog-proof needs.
        now_ms: the reader's clock, Unix milliseconds, for the age of anchors.

    Raises:
        RootKeyError: a text in `root_keys` is malformed or a weak key.
    """
    pins = parse_pins(root_keys)
    pins = list(dict.fromkeys([*pins, *(policy.pins if policy else ())]))
    asked = level if level is not None else policy.level if policy else 1
    demand = make_demand(min(asked, LEVEL_MAX), policy, pins)
    auditor = Auditor(pins, root_threshold, policy, demand, now_ms)
    report = ProofReport(path=str(path), waived=demand.waived)
    try:
        _check(report, read_proof(read_bytes(path)), auditor, entry)
    except UnreadableError as error:
        report.unreadable = shown(error)
    except BundleViolation as broken:
        report.findings.append(broken.finding)
        report.not_checked.append("everything after the first bad place")
    except UnknownSignerError:
        report.incomplete.append("a signature by a key that this reader may not know")
    holds = report.complete and not report.findings and not report.incomplete
    report.levels["consistent"] = "yes" if holds else "no"
    return report


def _check(
    report: ProofReport, proof: ProofFile, auditor: Auditor, entry: Path | None
) -> None:
    report.kind = proof.kind.value
    match proof.kind:
        case Kind.RECEIPT:
            _check_receipt(report, take_receipt_file(proof.value), auditor)
        case Kind.DISCLOSURE:
            _check_disclosure(report, take_disclosure(proof.value), auditor)
        case Kind.PAIR:
            _check_pair(report, check_pair(take_pair(proof.value)), auditor)
        case Kind.TLOG_PROOF:
            check_leaf(report, proof.content, entry, auditor)
    report.complete = True


def _check_receipt(report: ProofReport, receipt: ReceiptFile, auditor: Auditor) -> None:
    chain = check_receipt(receipt)
    (event,) = receipt.shown.events
    submission, recorded_at_ms = _read(receipt.shown)
    event_id = f"{receipt.shown.index}.{event.index}"
    report.facts += [
        ("EVENT", f"{event_id}   stream {submission.stream}"),
        ("", event.line.decode()),
        ("SIGNED BY", ", ".join(line.name for line in submission.note.signatures)),
    ]
    report.content["event"] = {
        "event_id": event_id,
        "line": event.line.decode(),
        "stream": submission.stream,
        "recorded_at_ms": recorded_at_ms,
        "claimed_at_ms": submission.claimed_at_ms,
    }
    report.checked.append("one event, signed, under one checkpoint")
    _judge(report, chain, receipt.note, receipt.tokens, [receipt.shown], auditor)


def _check_disclosure(
    report: ProofReport, disclosure: DisclosureFile, auditor: Auditor
) -> None:
    chain = check_disclosure(disclosure)
    report.facts += [
        ("NAME", f"{one.event}   {escaped(one.name)}") for one in disclosure.openings
    ]
    report.content["openings"] = [
        {"event": one.event, "field": one.field, "name": one.name}
        for one in disclosure.openings
    ]
    count = len(disclosure.openings)
    report.checked.append(f"{count} names that commitments of signed events hold")
    _judge(report, chain, disclosure.note, disclosure.tokens, disclosure.shown, auditor)


def _check_pair(report: ProofReport, checked: CheckedPair, auditor: Auditor) -> None:
    old, new = checked.pair.old.checkpoint, checked.pair.new.checkpoint
    report.is_fork = checked.is_fork
    report.facts += [("OLD", _head(old)), ("NEW", _head(new))]
    report.content["outcome"] = "fork" if checked.is_fork else "consistent"
    report.content["old"] = {"size": old.size, "root": old.root.hex()}
    report.content["new"] = {"size": new.size, "root": new.root.hex()}
    root = checked.pair.root_at_old_size.hex()
    report.content["root_at_old_size"] = root
    if checked.is_fork:
        said = f"the newer tree has root {root} at size {old.size}"
        report.facts.append(("FORK", said))
        report.checked.append("a log key signed each, and neither extends the other")
    else:
        report.checked.append("the older tree is a prefix of the newer one")
    report.not_checked.append("time stamps and cosignatures: a pair has none")
    _describe(report, checked.chain, new)
    # A pair has no anchors, so it can be asked for no more than authenticity.
    demand = make_demand(min(auditor.demand.level, 1), auditor.policy, auditor.pins)
    auditor = replace(auditor, demand=demand)
    judge_keys(
        report,
        checked.chain,
        auditor,
        other=checked.chain_old,
        compromised=checked.compromised,
    )
    is_one_log = checked.is_one_log or is_root_known(checked.chain, auditor)
    if checked.is_fork and not is_one_log:
        report.incomplete.append(
            "not shown to be one log's: two log keys signed, under a root that is not "
            "the reader's"
        )


def _judge(
    report: ProofReport,
    chain: Chain,
    note: CosignedNote,
    tokens: Sequence[bytes],
    shown_entries: Sequence[Receipt],
    auditor: Auditor,
) -> None:
    """Describe the ledger, then answer the levels above consistency."""
    _describe(report, chain, note.checkpoint)
    judge_keys(report, chain, auditor)
    ring = chain.ring
    judge_anchors(
        report,
        note,
        tokens,
        auditor,
        own_keys={*ring.granted, *(key.public_key for key in ring.roots)},
        recorded_at_ms=max(_read(one)[1] for one in shown_entries),
    )


def _describe(report: ProofReport, chain: Chain, checkpoint: Checkpoint) -> None:
    report.origin, report.genesis = chain.ring.origin, chain.genesis.hex()
    report.size = checkpoint.size
    report.root_keys += [f"{k.name} {k.public_key.hex()}" for k in chain.ring.roots]
    report.checked.append(
        f"checkpoint of size {checkpoint.size}, signed by the log key that root granted"
    )
    if chain.unknown:
        report.incomplete.append(
            f"{chain.unknown} events of types unknown to this reader"
        )


def _read(receipt: Receipt) -> tuple[Submission, int]:
    """The submission in an entry, and when it was recorded; checked before."""
    text, _, note = receipt.entry.partition(b"\n\n")
    return parse_submission(note), parse_header(text + b"\n").recorded_at_ms


def _head(checkpoint: Checkpoint) -> str:
    return f"size {checkpoint.size}   root {checkpoint.root.hex()}"
