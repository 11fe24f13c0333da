"""What a ledger says: its entries, events, checkpoints and anchors.

The state that an append starts from is read here too: from the cache where a signed
checkpoint confirms it, and from the entries after it.
"""

import threading
from collections.abc import Iterator

from ledger.disk.store import AnchorTable, Row, Store
from ledger.errors import IntegrityError, KeyTrustError, NotALedgerError
from ledger.events import decode_event
from ledger.format import submission
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.note import VerifierKey
from ledger.format.recorded import Recorded
from ledger.format.redacted import is_redacted
from ledger.keys.grants import Grant, is_below
from ledger.log import anchors
from ledger.log.group import Receipt, find_entries, receipt_of
from ledger.log.state import State
from ledger.log.views import Views


class Reader:
    """The reading half of a `Ledger`."""

    def __init__(self, store: Store, views: Views) -> None:
        """Read where the ledger stands.

        Raises:
            IntegrityError: the stored entries do not follow from each other.
            NotALedgerError: the store is empty.
        """
        self._store = store
        self._views = views
        self._lock = threading.RLock()
        with store.reading():
            self._state = self._restore()
        if self._state.size == 0:
            message = "the ledger is empty: it has no genesis entry"
            raise NotALedgerError(message)

    @property
    def origin(self) -> str:
        """Name of the log."""
        return self._state.grants.origin

    @property
    def genesis(self) -> str:
        """Hex hash of submission 0's text: what this ledger is."""
        return self._state.genesis

    @property
    def size(self) -> int:
        """How many entries this process has taken."""
        return self._state.size

    @property
    def root(self) -> bytes:
        """Root over the entries that this process has taken."""
        return self._state.root()

    @property
    def root_keys(self) -> list[str]:
        """The root keys as vkey texts, in genesis order."""
        return [str(key) for key in self._state.grants.root_verifiers]

    @property
    def log_key(self) -> VerifierKey:
        """The key that signs the next checkpoint: what a witness is given."""
        return self._state.grants.log_key()

    @property
    def views(self) -> Views:
        """The derived file; the store underneath is nobody else's business."""
        return self._views

    @property
    def grants(self) -> list[Grant]:
        """Every grant, oldest first."""
        return self._state.grants.grants

    def newest_checkpoint(self) -> bytes:
        """The newest signed checkpoint note.

        Raises:
            IntegrityError: there is none.
        """
        found = self._store.newest_checkpoint()
        if found is None:
            message = "the ledger has no checkpoint"
            raise IntegrityError(message)
        return found[1]

    def root_at(self, size: int) -> bytes | None:
        """The root that the checkpoint of that size signs, or None without one."""
        note = self._store.checkpoint(size)
        if note is None:
            return None
        return parse_checkpoint(note)[0].root

    def checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Size and note of every checkpoint, newest first."""
        return self._store.checkpoints()

    def checkpoint_note(
        self, size: int | None = None, *, cosigned: bool = True
    ) -> bytes:
        """A stored checkpoint, the newest by default.

        Args:
            size: the number of entries that it covers.
            cosigned: with the newest cosignature line of each witness after its own.

        Raises:
            InputError: there is no checkpoint of that size.
        """
        stored, note = anchors.checkpoint_of(self._store, size)
        if cosigned:
            note += anchors.newest_lines(self.cosignatures(stored))
        return note

    def anchors(self, table: AnchorTable) -> Iterator[tuple[int, bytes]]:
        """Size and content of every anchor of one kind, oldest first."""
        return self._store.anchors(table)

    def cosignatures(self, size: int) -> list[bytes]:
        """The cosignature lines over the checkpoint of that size, oldest first."""
        return [line for at, line in self.anchors("cosignature") if at == size]

    def timestamps(self, size: int) -> list[bytes]:
        """The RFC 3161 replies over the checkpoint of that size, oldest first."""
        return [token for at, token in self.anchors("timestamp") if at == size]

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The stored entries from `start` on."""
        return self._store.rows(start)

    def leaves(self, size: int) -> Iterator[bytes]:
        """Leaf hashes of the first `size` entries, from their stored bytes."""
        for row in self._store.rows():
            if row.seq >= size:
                return
            yield entry_leaf(row.entry)

    def row(self, seq: int) -> Row | None:
        """One stored entry, or None."""
        return self._store.row(seq)

    def events(
        self, start: int = 0, *, stream: str | None = None
    ) -> Iterator[Recorded]:
        """Every event of the entries from `start` on, in order, but redacted ones.

        Args:
            start: the first entry.
            stream: only entries of this stream and those below; others are not
                decoded.

        Raises:
            IntegrityError: a stored line is not an event of format 1.
        """
        for row in self._store.rows(start):
            entry = parse_entry(row.entry)
            recorded_at_ms = entry.recorded_at_ms
            if stream is not None:
                text, _ = submission.parse_submission(entry.submission)
                if not is_below(text.stream, stream):
                    continue
            for index, line in enumerate(submission.split_lines(row.events)):
                if is_redacted(line):
                    continue
                yield Recorded(
                    seq=row.seq,
                    index=index,
                    recorded_at_ms=recorded_at_ms,
                    event=decode_event(line),
                )

    def receipts(self, stream: str, counters: range) -> list[Receipt]:
        """The receipts of a stream's submissions, in order; missing ones are left out.

        Args:
            stream: its name.
            counters: consecutive counters.
        """
        if not counters:
            return []  # where nothing was asked for, nothing ends the search
        with self._lock, self._store.reading():
            newest = self._store.size() - 1
            found = find_entries(self._store, stream, counters, below=newest)
            return [receipt_of(self._store, *found[one]) for one in sorted(found)]

    def _caught_up(self) -> State:
        """A copy of the state that has taken what other processes appended."""
        state = self._state.copy()
        if self._store.size() < state.size:
            message = (
                f"the ledger became shorter: expected {state.size} entries, "
                f"found {self._store.size()}"
            )
            raise IntegrityError(message)
        self._take_rows(state)
        return state

    def _take_rows(self, state: State) -> None:
        """Take every stored entry that the state has not seen, and its checkpoints."""
        before = state.size
        newest = self._store.newest_checkpoint()
        newest_size = 0 if newest is None else newest[0]
        for row in self._store.rows(state.size):
            state.take(row)
            note = self._store.checkpoint(state.size)
            if note is not None:
                is_newest = state.size == newest_size
                state.take_checkpoint(note, check_signer=is_newest)
        if state.size > before and not state.base == newest_size == state.size:
            message = "the newest checkpoint does not cover every entry"
            raise IntegrityError(message)

    def _restore(self) -> State:
        """The cached state where a checkpoint confirms it, else from the start."""
        state = self._views.load_state()
        if state is not None and 0 < state.size <= self._store.size():
            note = self._store.checkpoint(state.size)
            try:
                if note is not None:
                    state.take_checkpoint(note)
                    self._take_rows(state)
                    return state
            except (IntegrityError, KeyTrustError, ValueError):
                pass  # a stale, foreign or damaged cache: the ledger is the truth
        state = State()
        self._take_rows(state)
        return state
