"""Whether a submission was made for this ledger: SUB-2 and ENT-6."""

from verifier.findings import Code, Violation
from verifier.format.submission import ROOT_STREAM, Submission
from verifier.format.wire import ZERO_HASH


def check_home(seq: int, submission: Submission, origin: str, genesis: bytes) -> None:
    """Check that the submission was made for this ledger (SUB-2).

    Args:
        seq: its entry.
        submission: the submission.
        origin: the ledger's, empty while it is not known.
        genesis: hash of submission 0's text, empty while it is not known.

    Raises:
        Violation: SUB-2.
    """
    origin = origin or submission.origin
    genesis = ZERO_HASH if seq == 0 else genesis or submission.genesis
    if (submission.origin, submission.genesis) != (origin, genesis):
        raise Violation(
            Code.SUBMISSION_FOREIGN,
            "SUB-2",
            expected=f"origin {origin}, genesis {genesis.hex()}",
            found=f"{submission.origin}, {submission.genesis.hex()}",
        )


def check_first(submission: Submission, origin: str) -> None:
    """Check that submission 0 is where a ledger of this origin begins.

    Raises:
        Violation: ENT-6.
    """
    if (submission.stream, submission.origin) != (ROOT_STREAM, origin):
        raise Violation(
            Code.GENESIS,
            "ENT-6",
            expected=f"stream root, origin {origin}",
            found=f"stream {submission.stream}, origin {submission.origin}",
        )
