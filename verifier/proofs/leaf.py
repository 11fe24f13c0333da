"""A plain C2SP tlog-proof: the reader brings the entry's bytes and the log's key."""

from pathlib import Path

from verifier.bundle.findings import BundleViolation, placed
from verifier.findings import Code, Finding, Violation, shown
from verifier.format import ed25519
from verifier.format.checkpoint import Checkpoint, parse_checkpoint
from verifier.format.entry import ENTRY_BYTES_MAX
from verifier.format.tree import ProofError, check_inclusion, leaf_hash
from verifier.proofs.file import read_bytes
from verifier.proofs.findings import ProofCode
from verifier.proofs.note import CosignedNote
from verifier.proofs.report import ProofReport
from verifier.proofs.tlog import TlogProof, TlogProofError, parse_tlog_proof
from verifier.proofs.trust import Auditor, answer, judge_anchors


def check_leaf(
    report: ProofReport, content: bytes, entry: Path | None, auditor: Auditor
) -> None:
    """Check a tlog-proof as far as the reader's material goes (PRF-10).

    Raises:
        BundleViolation: malformed, a path that leads elsewhere, or a signature of a
            known key that does not hold.
        UnreadableError: the entry's file cannot be read.
    """
    proof = _parse(content)
    with placed("checkpoint"):
        checkpoint = parse_checkpoint(proof.checkpoint)
    report.origin, report.size = checkpoint.origin, checkpoint.size
    report.content["entry"] = proof.index
    report.facts.append(("ENTRY", f"{proof.index} of {checkpoint.size}"))
    if proof.extra is not None:
        report.not_checked.append("the line 'extra': nobody signs it")
    if entry is None:
        report.incomplete.append("the entry's bytes are needed: --entry FILE")
    else:
        _check_path(proof, checkpoint, read_bytes(entry, ENTRY_BYTES_MAX))
        report.checked.append("the entry's path to the checkpoint's root")
    _judge_log(report, checkpoint, auditor)
    _judge_witnesses(report, proof.checkpoint, checkpoint, auditor)


def _parse(content: bytes) -> TlogProof:
    try:
        return parse_tlog_proof(content)
    except TlogProofError as error:
        raise _refused(ProofCode.NOTE, "tlog_proof", "a tlog-proof", error) from None


def _check_path(proof: TlogProof, checkpoint: Checkpoint, entry: bytes) -> None:
    try:
        check_inclusion(
            index=proof.index,
            size=checkpoint.size,
            leaf=leaf_hash(entry),
            proof=proof.hashes,
            root=checkpoint.root,
        )
    except ProofError as error:
        expected = f"a path to the root of size {checkpoint.size}"
        where = f"entry {proof.index}"
        raise _refused(ProofCode.PATH, where, expected, error) from None


def _judge_log(report: ProofReport, checkpoint: Checkpoint, auditor: Auditor) -> None:
    """Answer `authentic`: one of the log keys of the reader's policy signed.

    Raises:
        BundleViolation: a line of a known key does not hold (C2SP signed-note).
    """
    policy = auditor.policy
    keys = policy.witnesses.policy.logs if policy and policy.witnesses else []
    known = {(key.name, key.key_id): key for key in keys}
    found: list[Finding] = []
    signed = False
    for line in checkpoint.note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if not ed25519.is_valid(key.public_key, line.blob, checkpoint.note.text):
            expected = f"a signature of {shown(key.name)} that holds"
            raise _refused(ProofCode.NOTE, "checkpoint", expected, "another")
        # The origin is the name of the log's key (KEY-7): a log speaks for itself only.
        signed = signed or key.name == checkpoint.origin
    if not signed:
        expected = "a signature by this log's key in the reader's tlog-policy"
        count = f"none by the {len(keys)} keys in it"
        found.append(_untrusted(Code.ROOT_NOT_PINNED, expected, count))
    if policy is not None and checkpoint.origin not in policy.origins:
        allowed = ", ".join(policy.origins)
        found.append(_untrusted(Code.ORIGIN_NOT_ALLOWED, allowed, checkpoint.origin))
    if signed:
        report.checked.append("the checkpoint's signature by a log key of the policy")
    answer(report, auditor, "authentic", found, is_asked=bool(keys))


def _judge_witnesses(
    report: ProofReport, data: bytes, checkpoint: Checkpoint, auditor: Auditor
) -> None:
    """Judge the lines of witnesses that the policy names; others may be of any kind."""
    policy = auditor.policy
    named = policy.witnesses.policy.witnesses if policy and policy.witnesses else []
    logs = policy.witnesses.policy.logs if policy and policy.witnesses else []
    known = {(one.key.name, one.key.key_id) for one in named}
    text = checkpoint.note.text
    lines = data[len(text) + 1 :].splitlines(keepends=True)
    pairs = zip(lines, checkpoint.note.signatures, strict=True)
    judged = tuple(line for line, one in pairs if (one.name, one.key_id) in known)
    judge_anchors(
        report,
        CosignedNote(checkpoint, text + b"\n" + lines[0], judged),
        (),
        auditor,
        own_keys={key.public_key for key in logs},
        recorded_at_ms=0,
    )


def _untrusted(code: Code, expected: str, found: object) -> Finding:
    return Violation(code, "L1", expected=expected, found=found).at("checkpoint")


def _refused(
    code: ProofCode, where: str, expected: str, found: object
) -> BundleViolation:
    return BundleViolation(code, "PRF-10", where=where, expected=expected, found=found)
