"""What keys signed that root declared compromised: docs/spec.md, KEY-10.

An entry below the declared `since_seq` is trusted only where an anchor older than the
declaration covers it: whoever stole a key of the producer and one of the log can write
entries below any seq, but cannot have had them anchored before the theft was known.
A checkpoint counts for all entries below its size, so for each key the untrusted
entries are those from one seq on.

Checkpoints by a compromised log key need no count: the newest checkpoint of a sound
ledger is by an active key (KEY-6, CHK-4), and covers all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verifier.format.entry import StoredRow, read_entry
from verifier.format.note import (
    Note,
    NoteError,
    VerifierKey,
    parse_note,
    signed_by_exactly,
)
from verifier.keys.ring import KeyRing
from verifier.store.lookup import recorded_at_ms
from verifier.store.storage import LedgerFile


@dataclass(slots=True)
class Untrusted:
    """How many submissions of one key are untrusted.

    Attributes:
        key: a declared key, or the key of a run whose certification is untrusted.
        since_seq: its submissions in this entry and later ones are untrusted.
        count: how many there are.
        first: seq of the first; None where there is none.
        last: seq of the last; None where there is none.
    """

    key: VerifierKey
    since_seq: int
    count: int = 0
    first: int | None = None
    last: int | None = None

    def take(self, seq: int) -> None:
        """Count the submission in entry `seq`."""
        self.count += 1
        self.first = seq if self.first is None else self.first
        self.last = seq


def find_untrusted(
    file: LedgerFile, ring: KeyRing, anchors: Iterable[tuple[int, int]]
) -> list[Untrusted]:
    """Count the untrusted submissions of each declared key, and of run keys after it.

    Reads the entries a second time where a key was declared, else nothing. Memory
    grows by the keys, not by the entries.

    Args:
        file: a ledger in which nothing was found, as `ring` shows it.
        ring: the keys after its last entry.
        anchors: of each accepted anchor the size of its checkpoint and its time, in
            Unix milliseconds.

    Returns:
        One item for each declared key in the order of declaration, then one for each
        run key whose certification is untrusted; also where nothing is counted.

    Raises:
        DAMAGED: one of these; the file is damaged.
    """
    if not ring.compromised:
        return []
    found = _starts(file, ring, sorted(anchors))
    by_place: dict[tuple[str, bytes], list[Untrusted]] = {}
    for item in found:
        by_place.setdefault((item.key.name, item.key.key_id), []).append(item)
    for row in file.entries(min(item.since_seq for item in found)):
        note = _signed_note(row)
        if note is None:
            continue
        line = note.signatures[0]
        for item in by_place.get((line.name, line.key_id), ()):
            # A key id is 4 bytes, so another key may have the same.
            if row.seq >= item.since_seq and not signed_by_exactly(note, [item.key]):
                item.take(row.seq)
    return found


def _signed_note(row: StoredRow) -> Note | None:
    """Return an entry's submission note, None for one that cannot be read."""
    try:
        return parse_note(read_entry(row).note)
    except NoteError:
        return None


def _starts(
    file: LedgerFile, ring: KeyRing, anchors: Sequence[tuple[int, int]]
) -> list[Untrusted]:
    """Return the first untrusted entry of each key, nothing counted yet."""
    found: dict[bytes, Untrusted] = {}
    for public_key, declared in ring.compromised.items():
        declared_at_ms = recorded_at_ms(file, declared.declared_seq)
        covered = max((size for size, at in anchors if at < declared_at_ms), default=0)
        since = min(declared.since_seq, covered)
        found[public_key] = Untrusted(declared.key, since)
    for run in ring.run_keys.values():
        certifier = found.get(run.certifier)
        if certifier is None or run.seq < certifier.since_seq:
            continue
        if run.key.public_key in found:
            own = found[run.key.public_key]
            own.since_seq = min(own.since_seq, certifier.since_seq)
        else:
            found[run.key.public_key] = Untrusted(run.key, certifier.since_seq)
    return list(found.values())
