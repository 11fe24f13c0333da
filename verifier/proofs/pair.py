"""Makes a checkpoint pair from an open ledger and a note from elsewhere.

    with open_ledger(path) as file:
        content = make_pair(file, note)

Two passes over the entries: the first finds the key events, the second the hashes.
Memory grows with log2(entries) and with the key events, never with the ledger.
"""

from collections.abc import Iterator, Sequence

from verifier.bundle.findings import BundleViolation
from verifier.bundle.receipts import Receipt, ShownEvent
from verifier.findings import Violation
from verifier.format.entry import StoredRow
from verifier.format.submission import ROOT_STREAM, parse_submission
from verifier.format.tree import leaf_hash
from verifier.keys.authority import UnknownSignerError
from verifier.proofs.file import PROOF_BYTES_MAX
from verifier.proofs.keys import KEY_RECEIPTS_MAX
from verifier.proofs.note import CosignedNote, parse_cosigned
from verifier.proofs.same_history import Pair, check_pair, encode_pair
from verifier.proofs.subtrees import (
    Range,
    consistency_ranges,
    inclusion_ranges,
    range_roots,
)
from verifier.store.storage import DAMAGED, LedgerFile

_ROOT_LINE = f"\nstream {ROOT_STREAM}\n".encode()


class PairError(Exception):
    """No pair can be made: the ledger is too short, damaged, or shows no key."""


def make_pair(
    file: LedgerFile,
    note: bytes,
    *,
    size: int | None = None,
    note_keys: Sequence[Receipt] = (),
) -> bytes:
    """The pair of a ledger's checkpoint and of a note that came from elsewhere.

    Args:
        file: the open ledger; its checkpoint is the newer one.
        note: a checkpoint note of the same origin, not larger than the ledger's.
        size: which checkpoint of the ledger; the newest by default.
        note_keys: key receipts under the note's own root, where they are known. They
            are kept only for a fork.

    Returns:
        The bytes of the file (docs/proofs.md, section 4); they pass `check_pair`.

    Raises:
        PairError: the ledger is smaller than the note or damaged, or the material does
            not show that the log's key signed both.
    """
    try:
        old = parse_cosigned(note, where="old").alone()
        new = _checkpoint(file, size)
        pair = _pair(file, old, new, list(note_keys))
        check_pair(pair)
    except (BundleViolation, Violation, UnknownSignerError, *DAMAGED) as error:
        message = f"no checkpoint pair can be made: {error}"
        raise PairError(message) from None
    content = encode_pair(pair)
    if len(content) > PROOF_BYTES_MAX:
        message = f"the pair would be longer than {PROOF_BYTES_MAX} bytes"
        raise PairError(message)
    return content


def key_receipts(file: LedgerFile, size: int) -> list[Receipt]:
    """Receipts of the key events under the root of the first `size` entries.

    Raises:
        PairError: the ledger is shorter, or an entry cannot be read.
        Violation: a key event's submission is malformed.
        DAMAGED: one of these; the file is damaged.
    """
    keys = _key_rows(file, size)
    ranges = {row.seq: inclusion_ranges(row.seq, size) for row in keys}
    roots = _roots(file, size, [one for path in ranges.values() for one in path])
    return [_receipt(row, [roots[one] for one in ranges[row.seq]]) for row in keys]


def _pair(
    file: LedgerFile, old: CosignedNote, new: CosignedNote, note_keys: list[Receipt]
) -> Pair:
    size_old, size_new = old.checkpoint.size, new.checkpoint.size
    if not 0 < size_old <= size_new:
        message = f"the note is of size {size_old}, the ledger's of size {size_new}"
        raise PairError(message)
    keys = _key_rows(file, size_new)
    prefix = (0, size_old)
    proof = consistency_ranges(size_old, size_new)
    paths = {row.seq: inclusion_ranges(row.seq, size_new) for row in keys}
    asked = [prefix, *proof, *(one for path in paths.values() for one in path)]
    roots = _roots(file, size_new, asked)
    is_fork = roots[prefix] != old.checkpoint.root
    return Pair(
        old=old,
        new=new,
        root_at_old_size=roots[prefix],
        proof=tuple(roots[one] for one in proof),
        keys_old=note_keys if is_fork else [],
        keys_new=[
            _receipt(row, [roots[one] for one in paths[row.seq]]) for row in keys
        ],
    )


def _checkpoint(file: LedgerFile, size: int | None) -> CosignedNote:
    """A checkpoint of the ledger; the newest one covers every entry (CHK-4)."""
    if size is None:
        size, _ = file.count_rows()
    note = file.checkpoint_note(size)
    if note is None:
        message = f"the ledger has no checkpoint of size {size}"
        raise PairError(message)
    return parse_cosigned(note, where="new")


def _key_rows(file: LedgerFile, size: int) -> list[StoredRow]:
    """The entries of the stream root below a size."""
    rows: list[StoredRow] = []
    for row in _rows(file, size):
        if _ROOT_LINE not in row.entry:
            continue
        if parse_submission(row.entry.partition(b"\n\n")[2]).stream == ROOT_STREAM:
            rows.append(row)
        if len(rows) > KEY_RECEIPTS_MAX:
            message = f"more than {KEY_RECEIPTS_MAX} entries of key events"
            raise PairError(message)
    return rows


def _roots(file: LedgerFile, size: int, ranges: list[Range]) -> dict[Range, bytes]:
    return range_roots((leaf_hash(row.entry) for row in _rows(file, size)), ranges)


def _rows(file: LedgerFile, size: int) -> Iterator[StoredRow]:
    """The first entries, all of which must be there and readable."""
    expected = 0
    for row in file.entries():
        if expected == size:
            return
        if row.fault is not None:
            raise row.fault
        if row.seq != expected:
            break
        expected += 1
        yield row
    if expected < size:
        message = f"the ledger has no readable entry {expected}"
        raise PairError(message)


def _receipt(row: StoredRow, path: list[bytes]) -> Receipt:
    """A whole entry of key events."""
    lines = row.events.removesuffix(b"\n").split(b"\n")
    ranges = [inclusion_ranges(index, len(lines)) for index in range(len(lines))]
    roots = range_roots(map(leaf_hash, lines), [one for ways in ranges for one in ways])
    events = tuple(
        ShownEvent(index, line, tuple(roots[one] for one in ranges[index]))
        for index, line in enumerate(lines)
    )
    return Receipt(row.seq, row.entry, tuple(path), events)
