"""Single facts of a ledger in which a pass found nothing."""

import re
from dataclasses import dataclass

from verifier.format.entry import parse_header
from verifier.format.tree import Frontier, leaf_hash
from verifier.format.wire import KEY_NAME
from verifier.store.storage import LedgerFile

_RECORDED = re.compile(rb"\nrecorded_at_ms (\d+)\n")
_ORIGIN = re.compile(rf"\norigin ({KEY_NAME})\n".encode())
_CLAIMED = re.compile(rb"\nclaimed_at_ms (\d+)\n")


@dataclass(frozen=True, slots=True)
class Delays:
    """Submissions that say they were made long before their entries.

    Attributes:
        count: how many.
        first: seq of the first one; -1 where there is none.
        longest_ms: the longest time between.
    """

    count: int
    first: int
    longest_ms: int


def claimed_origin(file: LedgerFile) -> str:
    """Return the origin as entry 0 says, before anything was checked; "" for none.

    Raises:
        DAMAGED: the file is damaged.
    """
    for _, entry in file.entry_bytes():
        match = _ORIGIN.search(entry)
        return match[1].decode() if match else ""
    return ""


def recorded_at_ms(file: LedgerFile, seq: int) -> int:
    """Return when an entry was recorded, by the ledger's clock, Unix milliseconds.

    Raises:
        LookupError: there is no such entry.
        DAMAGED: the file is damaged.
    """
    for _, entry in file.entry_bytes(seq):
        return parse_header(entry.partition(b"\n\n")[0] + b"\n").recorded_at_ms
    message = f"no entry {seq}"
    raise LookupError(message)


def root_at(file: LedgerFile, size: int) -> bytes:
    """Return the root over the first `size` entries, from their bytes.

    Raises:
        DAMAGED: the file is damaged.
    """
    tree = Frontier()
    for seq, entry in file.entry_bytes():
        if seq >= size:
            break
        tree.push(leaf_hash(entry))
    return tree.root()


def find_delays(file: LedgerFile, delay_ms_max: int) -> Delays:
    """Compare each submission's claimed time with its entry's.

    Raises:
        DAMAGED: the file is damaged.
    """
    count, first, longest_ms = 0, -1, 0
    for seq, entry in file.entry_bytes():
        recorded, claimed = _RECORDED.search(entry), _CLAIMED.search(entry)
        delay_ms = int(recorded[1]) - int(claimed[1]) if recorded and claimed else 0
        if delay_ms > delay_ms_max:
            count, longest_ms = count + 1, max(longest_ms, delay_ms)
            first = seq if first < 0 else first
    return Delays(count, first, longest_ms)
