"""Who signed a submission or a checkpoint, and whether that key may."""

from verifier.findings import Code, Violation, shown
from verifier.format.checkpoint import Checkpoint
from verifier.format.note import VerifierKey, signed_by_exactly
from verifier.format.submission import ROOT_STREAM, Submission
from verifier.keys.ring import KEYS_FAMILY, Grant, KeyRing

ROOT = Grant(
    key=VerifierKey(ROOT_STREAM, b""),
    role=ROOT_STREAM,
    families=frozenset({KEYS_FAMILY}),
    stream_prefix=ROOT_STREAM,
    seq=-1,
    line=b"",
)
"""What the root keys may sign together, as if it had been granted (SUB-7)."""


class UnknownSignerError(Exception):
    """No key for the signer, which an earlier unreadable entry may have granted."""


def check_signers(submission: Submission, ring: KeyRing) -> Grant:
    """Check a submission's signature lines; return the grant of its signer.

    The grant of the stream `root` is `ROOT`.

    Raises:
        Violation: SUB-6, SUB-7 or SUB-8.
        UnknownSignerError: the ring is unsure and lacks the signer.
    """
    if submission.stream == ROOT_STREAM:
        _check_root_signers(submission, ring)
        return ROOT
    lines = submission.note.signatures
    if len(lines) != 1:
        raise Violation(
            Code.SIGNATURE_LINES, "SUB-8", expected="one line", found=len(lines)
        )
    grant = ring.grants.get((lines[0].name, lines[0].key_id))
    signer = f"{lines[0].name} {lines[0].key_id.hex()}"
    if grant is None:
        if ring.unsure:
            raise UnknownSignerError
        raise Violation(
            Code.SIGNER_NOT_ALLOWED, "SUB-6", expected="an active key", found=signer
        )
    fault = signed_by_exactly(submission.note, [grant.key])
    if fault:
        raise Violation(
            Code.SIGNATURE_INVALID,
            "SUB-8",
            expected=f"a signature of {grant.key.name}",
            found=fault,
        )
    if not grant.covers(submission.stream):
        raise Violation(
            Code.SIGNER_NOT_ALLOWED,
            "SUB-6",
            expected=f"a stream at or below {grant.stream_prefix}",
            found=submission.stream,
        )
    return grant


def _check_root_signers(submission: Submission, ring: KeyRing) -> None:
    if not ring.roots:
        raise UnknownSignerError
    lines = submission.note.signatures
    roots = {(key.name, key.key_id): key for key in ring.roots}
    keys = [roots.get((line.name, line.key_id)) for line in lines]
    known = [key for key in keys if key is not None]
    in_order = [key for key in ring.roots if key in known]
    if len(known) != len(keys) or known != in_order or len(keys) != ring.threshold:
        raise Violation(
            Code.SIGNATURE_LINES,
            "SUB-7",
            expected=f"{ring.threshold} distinct root keys in the order of root_keys",
            found=", ".join(shown(line.name) for line in lines),
        )
    fault = signed_by_exactly(submission.note, known)
    if fault:
        raise Violation(
            Code.SIGNATURE_INVALID, "SUB-8", expected="root signatures", found=fault
        )


def check_checkpoint(checkpoint: Checkpoint, size: int, ring: KeyRing) -> None:
    """Check a checkpoint's signer, origin and size, against its row's key.

    The ring must be that after entry `size - 1`.

    Raises:
        Violation: CHK-1 or CHK-2.
        UnknownSignerError: the ring is unsure and the signer is not the log key.
    """
    if checkpoint.size != size or size < 1:
        raise Violation(
            Code.CHECKPOINT_SIZE,
            "CHK-2",
            expected=f"the row's key {size}, at least 1",
            found=checkpoint.size,
        )
    key = ring.log_key()
    lines = checkpoint.note.signatures
    signer = (lines[0].name, lines[0].key_id)
    if ring.unsure and (key is None or signer != (key.name, key.key_id)):
        raise UnknownSignerError
    fault = "no active log key" if key is None else ""
    fault = fault or signed_by_exactly(checkpoint.note, [key] if key else [])
    if fault:
        raise Violation(
            Code.CHECKPOINT_SIGNATURE,
            "CHK-1",
            expected="one line, by the log key active at this size",
            found=fault,
        )
    if checkpoint.origin != ring.origin:
        raise Violation(
            Code.CHECKPOINT_MALFORMED,
            "CHK-1",
            expected=f"origin {ring.origin}",
            found=checkpoint.origin,
        )
