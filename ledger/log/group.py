"""Group commit: the entries that one transaction appends under one checkpoint.

The group works on a copy of the ledger's state and holds its rows in memory until it is
sealed, so a submission that turns out wrong leaves nothing behind.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.disk.store import Row, Store
from ledger.errors import ConflictError, InputError, IntegrityError, KeyTrustError
from ledger.format import submission
from ledger.format.checkpoint import Checkpoint
from ledger.format.entry import Entry, entry_leaf, parse_entry
from ledger.format.signers import Signer
from ledger.format.submission import SubmissionText
from ledger.log.redactions import check_redactions
from ledger.log.state import State

ENTRIES_MAX: Final = 1024
"""Most entries in a group."""

BYTES_MAX: Final = 64 * 1024 * 1024
"""A group that holds so many bytes of entries and events takes no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that a submission is in the ledger.

    Attributes:
        seq: its entry.
        events: how many events; their ids are `seq.0` .. `seq.(events - 1)`.
        leaf: the entry's leaf hash.
        checkpoint: the signed checkpoint note that covers it.
    """

    seq: int
    events: int
    leaf: bytes
    checkpoint: bytes


class Group:
    """Entries that become durable together.

    Attributes:
        state: what stands after the entries added so far.
    """

    def __init__(self, store: Store, base: State, clock_ms: Callable[[], int]) -> None:
        """Begin a group inside a transaction of `store`.

        Args:
            store: where the entries go.
            base: what stands after every stored entry; it is not changed.
            clock_ms: the time now, Unix milliseconds.
        """
        self.state = base.copy()
        self._base = base
        self._store = store
        self._clock_ms = clock_ms
        self._rows: list[Row] = []
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether the group should take no more."""
        return len(self._rows) >= ENTRIES_MAX or self._bytes >= BYTES_MAX

    def find(self, text: SubmissionText) -> int | None:
        """The entry that carries this very text, or None where its turn has not come.

        Raises:
            ConflictError: its counter holds another text.
        """
        head = self.state.heads.get(text.stream)
        if head is None or text.counter > head.counter:
            return None
        if text.counter == head.counter:
            if head.text_hash == submission.text_hash(text.encode()):
                return head.seq
        else:
            found = self._find_older(text, below=head.seq)
            if found is not None:
                return found
        message = (
            f"stream {text.stream}: counter {text.counter} holds another submission"
        )
        raise ConflictError(message)

    def _find_older(self, text: SubmissionText, *, below: int) -> int | None:
        """The entry of this text among those before its stream's head."""
        for row in self._rows:
            if _text_of(row.entry) == text:
                return row.seq
        counters = range(text.counter, text.counter + 1)
        stored = find_entries(self._store, text.stream, counters, below=below)
        for seq, entry in stored.values():
            if _text_of(entry) == text:
                return seq
        return None

    def add(self, note: bytes, event_lines: Sequence[bytes]) -> int:
        """Add a submission that `State.check_submission` let through; return its seq.

        Raises:
            InputError: it cannot follow what stands, or redacts what it may not; the
                group is as before.
            KeyTrustError: its signer may not sign it; the group is as before.
        """
        entry = Entry(
            seq=self.state.size,
            previous=self.state.previous,
            base=self.state.base,
            recorded_at_ms=max(self.state.recorded_at_ms, self._clock_ms()),
            submission=note,
        ).encode()
        row = Row(self.state.size, entry, submission.join_lines(event_lines))
        check_redactions(self._store, row)
        try:
            self.state.take(row)
        except IntegrityError as error:  # what stands was read; what is new is wrong
            self._rewind()
            raise InputError(str(error)) from None
        except KeyTrustError:
            self._rewind()
            raise
        self._rows.append(row)
        self._bytes += len(row.entry) + len(row.events)
        return row.seq

    def _rewind(self) -> None:
        """Forget what a refused entry left in the state."""
        self.state = self._base.copy()
        for row in self._rows:
            self.state.take(row)

    def seal(self, find_log_key: Callable[[State], Signer]) -> None:
        """Write the entries and one checkpoint over all of them; nothing if empty.

        Raises:
            KeyTrustError: the log key is missing.
        """
        if not self._rows:
            return
        state = self.state
        note = find_log_key(state).sign_note(
            Checkpoint(
                origin=state.grants.origin, size=state.size, root=state.root()
            ).encode()
        )
        state.take_checkpoint(note)
        for row in self._rows:
            self._store.insert_entry(row)
        self._store.insert_checkpoint(state.size, note)

    def receipt(self, seq: int) -> Receipt:
        """The receipt of an entry, once the group is sealed."""
        row = self._store.row(seq)
        if row is None:
            message = f"entry {seq} is missing"
            raise IntegrityError(message)
        return receipt_of(self._store, seq, row.entry)


def receipt_of(store: Store, seq: int, entry: bytes) -> Receipt:
    """The first receipt of a stored entry, always the same bytes.

    Raises:
        IntegrityError: no checkpoint covers the entry.
    """
    checkpoint = store.checkpoint_over(seq)
    if checkpoint is None:
        message = f"entry {seq} is covered by no checkpoint"
        raise IntegrityError(message)
    return Receipt(
        seq=seq,
        events=_text_of(entry).events,
        leaf=entry_leaf(entry),
        checkpoint=checkpoint,
    )


def find_entries(
    store: Store, stream: str, counters: range, *, below: int
) -> dict[int, tuple[int, bytes]]:
    """Seq and bytes of the stored entries that carry these counters of a stream.

    The search goes backwards from entry `below` and ends at the first counter, so what
    is new is found at once, and only a submission sent again long after costs a scan.
    """
    # The lines of a submission cannot occur elsewhere in an entry (SUB-1, ENT-1).
    header = re.compile(rf"\nstream {re.escape(stream)}\ncounter ([0-9]+)\n".encode())
    found: dict[int, tuple[int, bytes]] = {}
    for seq, entry in store.entries_down(below):
        match = header.search(entry)
        if match is None:
            continue
        counter = int(match[1])
        if counter in counters:
            found[counter] = (seq, entry)
        if counter <= counters.start:
            break
    return found


def _text_of(entry: bytes) -> SubmissionText:
    """The submission text that an entry carries."""
    return submission.parse_submission(parse_entry(entry).submission)[0]
