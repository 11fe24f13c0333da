"""A receipt: one event, alone, that an auditor checks offline (docs/proofs.md).

proof = encode_receipt(ledger, "7.3")
Path("event.json").write_bytes(proof.content)
"""

from dataclasses import replace
from typing import Final

from ledger.errors import InputError
from ledger.export.event_path import parse_event_id
from ledger.export.proof_parts import Basis, Proof, read_basis
from ledger.export.receipts import encode_events_of
from ledger.export.tlog_proof import encode_tlog_proof
from ledger.log.ledger import Ledger
from ledger.log.redactions import check_shown

FORMAT: Final = "tuneledger/receipt/v1"


def encode_receipt(
    ledger: Ledger, event_id: str, *, size: int | None = None
) -> tuple[Proof, bytes]:
    """The receipt of one event, which shows no other event of its submission.

    Args:
        ledger: the ledger.
        event_id: `seq.index`.
        size: which checkpoint to lead to; by default the newest anchored one that
            covers the event, else the newest.

    Returns:
        The receipt, and the C2SP tlog-proof of the event's entry by itself.

    Raises:
        InputError: the ledger has no such event or checkpoint, the checkpoint does
            not cover the event, or the event was redacted.
        IntegrityError: the ledger contradicts its checkpoint.
    """
    seq, index = parse_event_id(event_id)
    if ledger.row(seq) is None:
        raise _unknown(event_id)
    basis = read_basis(ledger, [seq], size)
    entry = basis.shown[seq]
    if index >= len(entry.event_lines):
        raise _unknown(event_id)
    check_shown(ledger, seq, index, entry.event_lines[index])
    (event,) = encode_events_of(replace(entry, shown=[index]))
    tlog_proof = _tlog_proof(basis, seq)
    document = {
        "entry": entry.entry.decode(),
        "event": event,
        "format": FORMAT,
        "keys": basis.encode_keys(),
        "timestamps": basis.encode_tokens(),
        "tlog_proof": tlog_proof.decode(),
    }
    return basis.proof(document), tlog_proof


def _tlog_proof(basis: Basis, seq: int) -> bytes:
    return encode_tlog_proof(seq, basis.paths[seq], basis.note)


def _unknown(event_id: str) -> InputError:
    message = f"event {event_id}: the ledger has no such event"
    return InputError(message)
