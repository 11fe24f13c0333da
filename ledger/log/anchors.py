"""Anchors: what witnesses and time-stamping authorities said about our checkpoints.

They lie beside the checkpoints, outside the tree (docs/spec.md, section 8.1). What can
be checked is checked before it is stored: a line of a witness that a reader knows must
verify, so one bad line would spoil the ledger for that reader.
"""

import hashlib
from typing import TYPE_CHECKING, Final

from ledger.disk.store import AnchorTable, Store
from ledger.errors import InputError, KeyTrustError
from ledger.events.base import INT_MAX
from ledger.format import tree
from ledger.format.cosignature import CosignerKey, check_cosignature, parse_lines
from ledger.format.note import parse_note
from ledger.format.timestamp import check_reply, imprint_of

if TYPE_CHECKING:
    from ledger.log.reader import Reader

ROWS_MAX: Final = 100_000
"""Most rows of one anchor table (ANC-2)."""


def checkpoint_of(store: Store, size: int | None) -> tuple[int, bytes]:
    """Size and note of one stored checkpoint, the newest by default.

    Raises:
        InputError: there is none of that size.
    """
    if size is None:
        found = store.newest_checkpoint()
    else:
        note = store.checkpoint(size) if size <= INT_MAX else None
        found = None if note is None else (size, note)
    if found is None:
        message = f"the ledger has no checkpoint of size {size}"
        raise InputError(message)
    return found


def add_cosignature(store: Store, line: bytes, size: int, witness: CosignerKey) -> int:
    """Verify and store one cosignature line. Only inside `writing`."""
    _, note = checkpoint_of(store, size)
    at_s = check_cosignature(line, parse_note(note).text, witness)
    _insert(store, "cosignature", size, line)
    return at_s


def add_timestamp(store: Store, token: bytes, size: int) -> int:
    """Check and store one time stamp. Only inside `writing`."""
    _, note = checkpoint_of(store, size)
    at_ms = check_reply(token, note)
    _insert(store, "timestamp", size, token)
    return at_ms


def _insert(store: Store, table: AnchorTable, size: int, content: bytes) -> None:
    """Store an anchor that is not there yet."""
    rows = 0
    for row in store.anchors(table):
        if row == (size, content):
            return
        rows += 1
    if rows >= ROWS_MAX:
        message = f"the ledger takes no more than {ROWS_MAX} anchors of a kind"
        raise InputError(message)
    store.insert_anchor(table, size, content)


def newest_lines(stored: list[bytes]) -> bytes:
    """The last line of each witness: a note holds no two lines of one key."""
    newest: dict[tuple[str, bytes], bytes] = {}
    for line in stored:
        signature = parse_lines(line)[0]
        newest[signature.name, signature.key_id] = line
    return b"".join(newest.values())


def last_cosigned_size(ledger: "Reader", witness: CosignerKey) -> int:
    """Size of the largest checkpoint with a cosignature of this witness, 0 for none."""
    sizes = [0]
    for size, line in ledger.anchors("cosignature"):
        found = parse_lines(line)[0]
        if (found.name, found.key_id) == (witness.name, witness.key_id):
            sizes.append(size)
    return max(sizes)


def find_cosigned_size(ledger: "Reader", line: bytes, witness: CosignerKey) -> int:
    """Size of the newest checkpoint that a cosignature line verifies over.

    Raises:
        IntegrityError: not one well-formed signature line.
        KeyTrustError: it is another witness's, or verifies over no checkpoint.
    """
    error = KeyTrustError("the ledger has no checkpoint")
    for size, note in ledger.checkpoints():
        try:
            check_cosignature(line, parse_note(note).text, witness)
        except KeyTrustError as found:
            error = found
        else:
            return size
    raise error


def find_stamped_size(ledger: "Reader", token: bytes) -> int:
    """Size of the checkpoint that a time stamp is over.

    Raises:
        InputError: it is over none of the checkpoints.
        IntegrityError: malformed, or not granted.
    """
    imprint = imprint_of(token)
    for size, note in ledger.checkpoints():
        if hashlib.sha256(note).digest() == imprint:
            return size
    message = (
        f"time stamp: no checkpoint of this ledger has the imprint "
        f"{imprint.hex()[:16]}…; is it of another ledger?"
    )
    raise InputError(message)


def consistency_proof(ledger: "Reader", old_size: int, size: int) -> list[bytes]:
    """The proof from an older tree of this ledger to a newer one.

    It is empty from an empty tree, and between equal sizes.

    Raises:
        InputError: the older tree is not smaller.
    """
    if not 0 <= old_size <= size <= ledger.size:
        message = (
            f"no tree of {old_size} entries precedes the checkpoint of {size} entries"
        )
        raise InputError(message)
    if old_size in (0, size):
        return []
    return tree.prove_consistency(old_size, list(ledger.leaves(size)))
