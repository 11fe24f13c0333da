"""Receipts of an erasure's events, for its certificate (docs/proofs.md)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ledger.export.event_path import parse_event_id
from ledger.export.proof_parts import read_basis
from ledger.export.receipt import FORMAT
from ledger.export.receipts import encode_events_of
from ledger.export.tlog_proof import encode_tlog_proof
from ledger.log.ledger import Ledger


def encode_erasure_receipts(
    ledger: Ledger, event_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """One receipt for each event, all under one checkpoint.

    Each is the document of a receipt file: written as JSON in its one spelling it is
    what `prove` writes.

    Args:
        ledger: the ledger.
        event_ids: `seq.index` of its events.

    Raises:
        IntegrityError: the ledger contradicts its checkpoint.
    """
    places = [parse_event_id(event_id) for event_id in event_ids]
    basis = read_basis(ledger, {seq for seq, _ in places}, None)
    keys, tokens = basis.encode_keys(), basis.encode_tokens()
    receipts = []
    for seq, index in places:
        entry = basis.shown[seq]
        (event,) = encode_events_of(replace(entry, shown=[index]))
        note = encode_tlog_proof(seq, basis.paths[seq], basis.note)
        receipts.append(
            {
                "entry": entry.entry.decode(),
                "event": event,
                "format": FORMAT,
                "keys": keys,
                "timestamps": tokens,
                "tlog_proof": note.decode(),
            }
        )
    return receipts
