"""The key events of a proof file, and the events shown under them (PRF-6 to PRF-8)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from verifier.bundle.chain import Chain
from verifier.bundle.findings import BundleViolation, placed
from verifier.bundle.json_files import Reader
from verifier.bundle.receipts import Receipt, take_receipts
from verifier.format.checkpoint import Checkpoint
from verifier.keys.authority import check_checkpoint
from verifier.proofs.findings import ProofCode

KEY_RECEIPTS_MAX = 100_000
"""Most receipts in a list of keys (PRF-6)."""

_KEY_EVENTS = (b'{"type":"keys.', b'{"type":"training.run_key_certified.v1",')


def take_keys(reader: Reader, value: Any, *, where: str) -> list[Receipt]:
    """Take a list of key receipts, which show nothing but key events.

    Raises:
        BundleViolation: the reader's rule for their shape, BUN-6, or PRF-6.
    """
    items = reader.array(value, at_most=KEY_RECEIPTS_MAX)
    receipts = take_receipts(reader, items, where=where)
    for receipt in receipts:
        for event in receipt.events:
            if not event.line.startswith(_KEY_EVENTS):
                raise BundleViolation(
                    ProofCode.SHOWN,
                    "PRF-6",
                    where=f"{where}: event {receipt.index}.{event.index}",
                    expected="key events only",
                    found=event.line,
                )
    return receipts


def is_key_receipt(receipt: Receipt) -> bool:
    """Whether a receipt shows nothing but key events."""
    return all(event.line.startswith(_KEY_EVENTS) for event in receipt.events)


def replay(
    checkpoint: Checkpoint, keys: Iterable[Receipt], shown: Sequence[Receipt] = ()
) -> Chain:
    """Check the receipts under a checkpoint's root, in the order of the ledger.

    Raises:
        BundleViolation: a path, a signature, a key or an event does not hold.
        UnknownSignerError: a key event of an unknown type may have granted a key.
    """
    receipts = {receipt.index: receipt for receipt in keys}
    for receipt in shown:
        known = receipts.setdefault(receipt.index, receipt)
        if known is not receipt:
            receipts[receipt.index] = _joined(known, receipt)
    chain = Chain(checkpoint)
    for _, receipt in sorted(receipts.items()):
        chain.take(receipt)
    return chain


def check_signed(checkpoint: Checkpoint, chain: Chain, *, where: str) -> None:
    """Check that the log key which the key events show signed the checkpoint (CHK-1).

    Raises:
        BundleViolation: it did not.
        UnknownSignerError: a key event of an unknown type may have granted its key.
    """
    with placed(where):
        check_checkpoint(checkpoint, checkpoint.size, chain.ring)


def _joined(known: Receipt, other: Receipt) -> Receipt:
    """Both receipts of one entry as one.

    Raises:
        BundleViolation: the entry, its path or an event differs between them.
    """
    events = {event.index: event for event in known.events}
    is_same = (known.entry, known.path) == (other.entry, other.path)
    for event in other.events:
        is_same = is_same and events.setdefault(event.index, event) == event
    if not is_same:
        raise BundleViolation(
            ProofCode.MALFORMED,
            "PRF-7",
            where=known.where,
            expected="one entry with one path and one line an event",
            found="two that differ",
        )
    return replace(known, events=tuple(event for _, event in sorted(events.items())))
