"""receipts.json: its shape, its order and its Merkle paths (BUN-5 to BUN-8)."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from verifier.bundle.files import RECEIPTS
from verifier.bundle.findings import BundleCode, BundleViolation
from verifier.bundle.json_files import Reader
from verifier.format.checkpoint import Checkpoint
from verifier.format.submission import EVENTS_MAX, Submission
from verifier.format.tree import ProofError, check_inclusion, leaf_hash

FORMAT = "tuneledger/receipts/v1"
RECEIPTS_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """One event line with its path to the submission's `events_root`."""

    index: int
    line: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One entry with its path to the checkpoint's root, and events of it."""

    index: int
    entry: bytes
    path: tuple[bytes, ...]
    events: tuple[ShownEvent, ...]

    @property
    def where(self) -> str:
        """The entry, as a finding names it."""
        return f"entry {self.index}"


def parse_receipts(content: bytes) -> list[Receipt]:
    """Read receipts.json; check its shape and order, but no path and no signature.

    Raises:
        BundleViolation: BUN-3, BUN-5 or BUN-6.
    """
    reader = Reader(BundleCode.RECEIPTS_MALFORMED, "BUN-5", where=RECEIPTS)
    value = reader.record(reader.parse(content), "format", "receipts")
    if value["format"] != FORMAT:
        reader.refuse(f"format {FORMAT}", value["format"])
    items = reader.array(value["receipts"], at_most=RECEIPTS_MAX)
    return take_receipts(reader, items, where=RECEIPTS)


def take_receipts(reader: Reader, items: list[Any], *, where: str) -> list[Receipt]:
    """Take the receipts of a list that begins with entry 0, in order.

    Raises:
        BundleViolation: the reader's rule for their shape, or BUN-6.
    """
    receipts = [take_receipt(reader, item) for item in items]
    if receipts[0].index != 0:
        raise _disorder(where, "entry 0 first", receipts[0].index)
    _check_ascending([receipt.index for receipt in receipts], where)
    return receipts


def check_entry_path(receipt: Receipt, checkpoint: Checkpoint) -> None:
    """Check that the entry is at its place under the checkpoint's root (BUN-7).

    Raises:
        BundleViolation: the path leads elsewhere.
    """
    try:
        check_inclusion(
            index=receipt.index,
            size=checkpoint.size,
            leaf=leaf_hash(receipt.entry),
            proof=receipt.path,
            root=checkpoint.root,
        )
    except ProofError as error:
        raise BundleViolation(
            BundleCode.RECEIPT_PATH,
            "BUN-7",
            where=receipt.where,
            expected=f"a path to the root of size {checkpoint.size}",
            found=error,
        ) from None


def check_event_paths(receipt: Receipt, submission: Submission) -> None:
    """Check that each event is at its place under `events_root` (BUN-8).

    Raises:
        BundleViolation: a path leads elsewhere.
    """
    for event in receipt.events:
        try:
            check_inclusion(
                index=event.index,
                size=submission.events,
                leaf=leaf_hash(event.line),
                proof=event.path,
                root=submission.events_root,
            )
        except ProofError as error:
            raise BundleViolation(
                BundleCode.RECEIPT_PATH,
                "BUN-8",
                where=f"event {receipt.index}.{event.index}",
                expected="a path to the submission's events_root",
                found=error,
            ) from None


def take_receipt(reader: Reader, value: Any) -> Receipt:
    """Take one entry with its path and the events that it shows.

    Raises:
        BundleViolation: the reader's rule for its shape, or BUN-6.
    """
    item = reader.record(value, "entry", "events", "index", "path")
    receipt = Receipt(
        index=reader.count(item["index"]),
        entry=reader.text(item["entry"]).encode(),
        path=reader.hashes(item["path"]),
        events=tuple(
            take_event(reader, event)
            for event in reader.array(item["events"], at_most=EVENTS_MAX)
        ),
    )
    _check_ascending([event.index for event in receipt.events], receipt.where)
    return receipt


def take_event(reader: Reader, value: Any) -> ShownEvent:
    """Take one event line with its path.

    Raises:
        BundleViolation: the reader's rule for its shape.
    """
    item = reader.record(value, "index", "line", "path")
    return ShownEvent(
        index=reader.count(item["index"]),
        line=reader.text(item["line"]).encode(),
        path=reader.hashes(item["path"]),
    )


def _check_ascending(indices: list[int], where: str) -> None:
    for before, after in pairwise(indices):
        if after <= before:
            raise _disorder(where, f"an index above {before}", after)


def _disorder(where: str, expected: str, found: object) -> BundleViolation:
    return BundleViolation(
        BundleCode.RECEIPT_ORDER, "BUN-6", where=where, expected=expected, found=found
    )
