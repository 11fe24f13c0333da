"""Takes a checkpoint from whatever the reader has: ledger, bundle, receipt or note."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from verifier.bundle.files import CHECKPOINT, RECEIPTS, UnreadableError, read_files
from verifier.bundle.findings import BundleViolation
from verifier.bundle.receipts import Receipt, parse_receipts
from verifier.findings import Violation
from verifier.given import open_regular
from verifier.proofs.disclosure import take_disclosure
from verifier.proofs.file import Kind, read_bytes, read_proof
from verifier.proofs.keys import is_key_receipt
from verifier.proofs.note import CosignedNote, parse_cosigned
from verifier.proofs.receipt import take_receipt_file
from verifier.proofs.tlog import HEADER, TlogProofError, parse_tlog_proof
from verifier.store.file import open_ledger
from verifier.store.storage import DAMAGED, LedgerFile

_SQLITE = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Side:
    """One of two checkpoints that are compared, and what there is beside it.

    Attributes:
        note: the checkpoint.
        keys: receipts of the key events under it, where they are at hand.
        ledger: the ledger file that it is of, or None.
    """

    note: CosignedNote
    keys: list[Receipt] = field(default_factory=list)
    ledger: Path | None = None

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.note.checkpoint.size


class SideError(ValueError):
    """There is no checkpoint to take, or it is malformed."""


class DamagedLedgerError(SideError):
    """A ledger whose tables are not those of the format."""


def read_side(path: Path, size: int | None = None) -> Side:
    """Take a checkpoint from a ledger, bundle, receipt, disclosure, tlog-proof or note.

    Args:
        path: the file, or the folder of a bundle.
        size: which checkpoint of a ledger; the newest by default.

    Raises:
        SideError: it is malformed, nothing of these, or a damaged ledger.
        UnreadableError: it cannot be read.
        UnreadableLedgerError: it is a ledger that cannot be read.
    """
    try:
        if path.is_dir():
            return _from_bundle(path)
        if _is_ledger(path):
            return _from_ledger(path, size)
        return _from_content(read_bytes(path))
    except (BundleViolation, Violation, TlogProofError, *DAMAGED) as error:
        message = f"no checkpoint can be taken from it: {error}"
        raise SideError(message) from None


@contextmanager
def open_sound(path: Path) -> Iterator[LedgerFile]:
    """Open a ledger whose tables are those of the format (STO-1, STO-2).

    Raises:
        DamagedLedgerError: they are others, so nothing in the file can be relied on.
        UnreadableLedgerError: the file cannot be read.
    """
    with open_ledger(path) as file:
        found = file.findings()
        if found:
            message = f"the ledger is damaged or tampered with: {found[0]}"
            raise DamagedLedgerError(message)
        yield file


def _is_ledger(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise UnreadableError(error.strerror or "not readable") from None


def _from_ledger(path: Path, size: int | None) -> Side:
    with open_sound(path) as file:
        at = file.count_rows()[0] if size is None else size
        note = file.checkpoint_note(at)
    if note is None:
        message = f"the ledger has no checkpoint of size {at}"
        raise SideError(message)
    return Side(parse_cosigned(note, where=CHECKPOINT), ledger=path)


def _from_bundle(path: Path) -> Side:
    files, _ = read_files(path)
    if CHECKPOINT not in files or RECEIPTS not in files:
        raise SideError("the bundle lacks its checkpoint or its receipts")
    receipts = parse_receipts(files[RECEIPTS])
    note = parse_cosigned(files[CHECKPOINT], where=CHECKPOINT)
    return Side(note, list(filter(is_key_receipt, receipts)))


def _from_content(content: bytes) -> Side:
    if content.startswith(HEADER):
        note = parse_tlog_proof(content).checkpoint
        return Side(parse_cosigned(note, where=CHECKPOINT))
    if not content.startswith(b"{"):
        return Side(parse_cosigned(content, where=CHECKPOINT))
    proof = read_proof(content)
    match proof.kind:
        case Kind.RECEIPT:
            receipt = take_receipt_file(proof.value)
            return Side(receipt.note, receipt.keys)
        case Kind.DISCLOSURE:
            disclosure = take_disclosure(proof.value)
            return Side(disclosure.note, disclosure.keys)
        case _:
            raise SideError("a pair has two checkpoints: use check")
