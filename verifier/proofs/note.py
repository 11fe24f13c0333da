"""A checkpoint with its cosignature lines (PRF-5): the log's line, then witnesses'.

The time stamps and the log's signature are over the stored note, which has the log's
line alone; who adds a cosignature later changes nothing that was signed.
"""

from dataclasses import dataclass

from verifier.bundle.findings import BundleViolation, placed
from verifier.format.checkpoint import (
    CHECKPOINT_BYTES_MAX,
    Checkpoint,
    parse_checkpoint,
)
from verifier.format.cosignature import parse_line
from verifier.format.note import Note
from verifier.proofs.findings import ProofCode


@dataclass(frozen=True, slots=True)
class CosignedNote:
    """A checkpoint note taken apart; no signature in it is checked.

    Attributes:
        checkpoint: what it says, signed by the log's line alone.
        stored: the note's bytes as the ledger stores them, without cosignatures.
        cosignatures: the other lines, each with its newline.
    """

    checkpoint: Checkpoint
    stored: bytes
    cosignatures: tuple[bytes, ...]

    def alone(self) -> "CosignedNote":
        """The same note without cosignatures."""
        return CosignedNote(self.checkpoint, self.stored, ())


def parse_cosigned(data: bytes, *, where: str) -> CosignedNote:
    """Take a checkpoint note with cosignature lines apart.

    Raises:
        BundleViolation: CHK-1, ANC-3 or PRF-5.
    """
    with placed(where):
        found = parse_checkpoint(data)
    text, signatures = found.note.text, found.note.signatures
    lines = data[len(text) + 1 :].splitlines(keepends=True)
    log = Checkpoint(found.origin, found.size, found.root, Note(text, signatures[:1]))
    stored = text + b"\n" + lines[0]
    if len(stored) > CHECKPOINT_BYTES_MAX:
        raise _refused(where, f"at most {CHECKPOINT_BYTES_MAX} bytes", len(stored))
    with placed(where):
        for line in lines[1:]:
            parse_line(line)
    if len(set(lines)) != len(lines):
        raise _refused(where, "each signature line once", "one twice")
    return CosignedNote(log, stored, tuple(lines[1:]))


def _refused(where: str, expected: str, found: object) -> BundleViolation:
    return BundleViolation(
        ProofCode.NOTE, "PRF-5", where=where, expected=expected, found=found
    )
