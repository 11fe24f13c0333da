"""A receipt: one event, alone, under one checkpoint (docs/proofs.md, section 2)."""

from dataclasses import dataclass
from typing import Any

from verifier.bundle.chain import Chain
from verifier.bundle.findings import BundleViolation
from verifier.bundle.receipts import Receipt, take_event
from verifier.proofs.file import reader, take_tokens
from verifier.proofs.findings import ProofCode
from verifier.proofs.keys import check_signed, replay, take_keys
from verifier.proofs.note import CosignedNote, parse_cosigned
from verifier.proofs.tlog import TlogProof, TlogProofError, parse_tlog_proof

CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A receipt taken apart; nothing in it is checked.

    Attributes:
        shown: the entry, its path and the one event.
        note: the checkpoint with its cosignature lines.
        keys: receipts of the key events.
        tokens: time stamps over the checkpoint.
    """

    shown: Receipt
    note: CosignedNote
    keys: list[Receipt]
    tokens: tuple[bytes, ...]


def take_receipt_file(value: Any) -> ReceiptFile:
    """Take a receipt's values by their shapes.

    Raises:
        BundleViolation: PRF-2 to PRF-6, PRF-9.
    """
    read = reader("receipt")
    names = ("entry", "event", "format", "keys", "timestamps", "tlog_proof")
    item = read.record(value, *names)
    proof = _tlog_proof(read.text(item["tlog_proof"]).encode())
    return ReceiptFile(
        shown=Receipt(
            index=proof.index,
            entry=read.text(item["entry"]).encode(),
            path=proof.hashes,
            events=(take_event(read, item["event"]),),
        ),
        note=parse_cosigned(proof.checkpoint, where=CHECKPOINT),
        keys=take_keys(reader("keys"), item["keys"], where="keys"),
        tokens=take_tokens(read, item["timestamps"]),
    )


def check_receipt(receipt: ReceiptFile) -> Chain:
    """Check a receipt from the event up to the log's signature.

    Raises:
        BundleViolation: a rule does not hold.
        UnknownSignerError: a key event of an unknown type may have granted a key.
    """
    checkpoint = receipt.note.checkpoint
    chain = replay(checkpoint, receipt.keys, [receipt.shown])
    check_signed(checkpoint, chain, where=CHECKPOINT)
    return chain


def _tlog_proof(text: bytes) -> TlogProof:
    """Read the proof in a receipt; extra data, which nobody signs, is refused (PRF-4).

    Raises:
        BundleViolation: malformed, or with extra data.
    """
    try:
        proof = parse_tlog_proof(text)
    except TlogProofError as error:
        raise _refused("a tlog-proof", error) from None
    if proof.extra is not None:
        raise _refused("no line 'extra': nobody signs it", "one")
    return proof


def _refused(expected: str, found: object) -> BundleViolation:
    return BundleViolation(
        ProofCode.NOTE, "PRF-4", where="tlog_proof", expected=expected, found=found
    )
