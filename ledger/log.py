"""The ledger: append events, durable on return, or change nothing.

    with Ledger.open("acme/") as ledger:
        receipt = ledger.append(events, stream="ingest")

The calling process is the sequencer: it loads the stream's key and the log key, and
holds SQLite's write lock from reading the head to writing behind it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger import submission
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.entry import Entry, entry_leaf, parse_entry
from ledger.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    KeyTrustError,
    NotALedgerError,
)
from ledger.events import Event, decode_event, encode_event, families_of
from ledger.grants import Grant
from ledger.keys import SigningKey, load_key
from ledger.note import VerifierKey
from ledger.recorded import Recorded
from ledger.sqlite import SqliteStore
from ledger.state import State
from ledger.store import Row, Store
from ledger.submission import ROOT_STREAM, SubmissionText
from ledger.views import Views

SALT_BYTES = 12


def system_clock_ms() -> int:
    """The time now, Unix milliseconds, UTC."""
    return time.time_ns() // 1_000_000


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


class Ledger:
    """An open ledger of one workspace."""

    def __init__(
        self,
        store: Store,
        keys_folder: Path,
        views: Views,
        *,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Use `open`, or `ledger.genesis.create_ledger` for a new one.

        Raises:
            IntegrityError: the stored entries do not follow from each other.
            NotALedgerError: the store is empty.
        """
        self._store = store
        self._keys_folder = keys_folder
        self._views = views
        self._passphrase = passphrase
        self._clock_ms = clock_ms
        self._random_bytes = random_bytes
        self._keys: dict[str, SigningKey] = {}
        self._lock = threading.RLock()
        self._state = self._restore()
        if self._state.size == 0:
            message = "the ledger is empty: it has no genesis entry"
            raise NotALedgerError(message)

    @classmethod
    def open(
        cls,
        workspace: str | Path,
        *,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> "Ledger":
        """Open the ledger of a workspace folder; a missing one is never created.

        A `.ledger` file by itself is read without leaving anything beside it.

        Raises:
            NotALedgerError: the folder holds no `.ledger` file, or several.
            IntegrityError: the stored entries do not follow from each other.
        """
        given = Path(workspace)
        is_file = given.suffix == ".ledger" and not given.is_dir()
        path = given if is_file else ledger_file(given)
        folder = path.parent
        store = SqliteStore.open(path)
        views = Views(path.with_suffix(".views"), is_kept=not is_file)
        try:
            return cls(
                store,
                folder / "keys",
                views,
                passphrase=passphrase,
                clock_ms=clock_ms,
                random_bytes=random_bytes,
            )
        except BaseException:
            views.close()
            store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remember where we stand, and leave one plain file behind."""
        with self._lock:
            self._views.save_state(self._state)
            self._views.close()
            self._store.close()

    # What stands

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

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The stored entries from `start` on."""
        return self._store.rows(start)

    def row(self, seq: int) -> Row | None:
        """One stored entry, or None."""
        return self._store.row(seq)

    def events(
        self, start: int = 0, *, stream: str | None = None
    ) -> Iterator[Recorded]:
        """Every event of the entries from `start` on, in order.

        Args:
            start: the first entry.
            stream: only entries of this stream; others are not decoded.

        Raises:
            IntegrityError: a stored line is not an event of format 1.
        """
        for row in self._store.rows(start):
            entry = parse_entry(row.entry)
            recorded_at_ms = entry.recorded_at_ms
            if stream is not None:
                text, _ = submission.parse_submission(entry.submission)
                if text.stream != stream:
                    continue
            for index, line in enumerate(submission.split_lines(row.events)):
                yield Recorded(
                    seq=row.seq,
                    index=index,
                    recorded_at_ms=recorded_at_ms,
                    event=decode_event(line),
                )

    # Append

    def append(self, events: Sequence[Event], *, stream: str) -> Receipt:
        """Append 1 to 1024 events under one signature; durable on return.

        On any error the ledger is unchanged.

        Raises:
            InputError: an event breaks its schema, a limit is passed, the stream
                cannot carry these events, or a key event contradicts what stands.
            KeyTrustError: the stream's key is missing or may not sign these families.
            LockedError: another writer kept the lock for 10 s.
            StorageError: the disk refused the write.
        """
        event_lines = self._encode(events)
        families = families_of(events)
        with self._lock, self._store.writing():
            state = self._caught_up()
            keys = self._stream_keys(state, stream, families)
            text = self._next_text(state, stream, event_lines)
            note = text.encode() + b"\n"
            note += b"".join(key.note_line(text.encode()) for key in keys)
            receipt = self._insert(state, note, event_lines)
        self._state = state
        return receipt

    def submit(self, note_bytes: bytes, event_lines: Sequence[bytes]) -> Receipt:
        """Append a submission that its producer signed, once.

        Sending the same text again returns the first receipt.

        Raises:
            ConflictError: the counter is taken by another text.
            GapError: the counter is higher than the next one.
            InputError: the submission is for another ledger, a limit is passed, its
                stream cannot carry it, or a key event contradicts what stands.
            IntegrityError: the note or a line is malformed, or not what was signed.
            KeyTrustError: the signer may not sign this.
            LockedError: another writer kept the lock for 10 s.
            StorageError: the disk refused the write.
        """
        text, note = submission.parse_submission(note_bytes)
        submission.check_lines(text, event_lines)
        families = families_of([decode_event(line) for line in event_lines])
        with self._lock, self._store.writing():
            state = self._caught_up()
            state.check_ledger(text)
            first = self._known(state, text)
            if first is not None:
                return first
            state.check_submission(text, note, families)
            receipt = self._insert(state, note_bytes, event_lines)
        self._state = state
        return receipt

    def _encode(self, events: Sequence[Event]) -> list[bytes]:
        """Event lines within the limits of a submission."""
        salts = self._random_bytes(SALT_BYTES * len(events)).hex()
        width = 2 * SALT_BYTES
        event_lines = [
            encode_event(event, salt=salts[width * place : width * (place + 1)])
            for place, event in enumerate(events)
        ]
        submission.check_limits(event_lines)
        return event_lines

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

    def _stream_keys(
        self, state: State, stream: str, families: set[str]
    ) -> list[SigningKey]:
        """The private keys that must sign in `stream`, checked against the grants."""
        state.grants.check_stream(stream, families)
        if stream == ROOT_STREAM:
            keys = state.grants.root_verifiers[: state.grants.root_threshold]
            return [self._load(key.name.rpartition("/")[2], key) for key in keys]
        for grant in state.grants.active():
            if grant.covers(stream) and families <= set(grant.families):
                return [self._load(grant.role, grant.verifier)]
        message = (
            f"no active key may sign {', '.join(sorted(families))} in stream {stream}"
        )
        raise KeyTrustError(message)

    def _load(self, role: str, verifier: VerifierKey) -> SigningKey:
        """The private half of a granted key, read again when the grant changed.

        Raises:
            KeyTrustError: the file holds another key.
        """
        key = self._keys.get(role)
        if key is None or key.verifier != verifier:
            key = load_key(self._keys_folder, role, verifier.name, self._passphrase)
        if key.verifier != verifier:
            message = (
                f"key {role}: expected the key with id {verifier.key_id.hex()}, "
                f"found {key.verifier.key_id.hex()} in its file"
            )
            raise KeyTrustError(message)
        self._keys[role] = key
        return key

    def _next_text(
        self, state: State, stream: str, event_lines: Sequence[bytes]
    ) -> SubmissionText:
        """The header of the next submission in `stream`."""
        counter, previous = state.next_in(stream)
        return SubmissionText(
            origin=state.grants.origin,
            genesis=state.genesis,
            stream=stream,
            counter=counter,
            previous=previous,
            events=len(event_lines),
            events_root=submission.events_root(event_lines),
            claimed_at_ms=self._clock_ms(),
        )

    def _insert(
        self, state: State, note: bytes, event_lines: Sequence[bytes]
    ) -> Receipt:
        """Write the entry and its checkpoint; `state` moves on with them."""
        entry = Entry(
            seq=state.size,
            previous=state.previous,
            base=state.base,
            recorded_at_ms=max(state.recorded_at_ms, self._clock_ms()),
            submission=note,
        ).encode()
        row = Row(state.size, entry, submission.join_lines(event_lines))
        try:
            state.take(row)
        except IntegrityError as error:  # what stands was read; what is new is wrong
            raise InputError(str(error)) from None
        log_key = self._load("log", state.grants.log_key())
        checkpoint = log_key.sign_note(
            Checkpoint(
                origin=state.grants.origin, size=state.size, root=state.root()
            ).encode()
        )
        state.take_checkpoint(checkpoint)
        self._store.insert_entry(row)
        self._store.insert_checkpoint(state.size, checkpoint)
        return Receipt(
            seq=row.seq,
            events=len(event_lines),
            leaf=entry_leaf(entry),
            checkpoint=checkpoint,
        )

    def _known(self, state: State, text: SubmissionText) -> Receipt | None:
        """The first receipt of a submission that is already in the ledger.

        Raises:
            ConflictError: its counter holds another text.
        """
        counter, _ = state.next_in(text.stream)
        if text.counter >= counter:
            return None
        for row in self._store.rows():
            stored, _ = submission.parse_submission(parse_entry(row.entry).submission)
            if (stored.stream, stored.counter) == (text.stream, text.counter):
                if stored != text:
                    break
                return Receipt(
                    seq=row.seq,
                    events=stored.events,
                    leaf=entry_leaf(row.entry),
                    checkpoint=self._covering(row.seq),
                )
        message = (
            f"stream {text.stream}: counter {text.counter} holds another submission"
        )
        raise ConflictError(message)

    def _covering(self, seq: int) -> bytes:
        """The first checkpoint that covers entry `seq`, written together with it."""
        return self._store.checkpoint(seq + 1) or self.newest_checkpoint()


def ledger_file(folder: Path) -> Path:
    """The one `.ledger` file of a workspace.

    Raises:
        NotALedgerError: there is none, or there are several.
    """
    found = sorted(folder.glob("*.ledger")) if folder.is_dir() else []
    if len(found) != 1:
        message = (
            f"{folder} is no workspace: expected one .ledger file, found {len(found)}; "
            "name the folder with -w"
        )
        raise NotALedgerError(message)
    return found[0]


def vault_beside(path: Path) -> Path:
    """Where the vault of a workspace, or beside a ledger file, would be.

    Raises:
        NotALedgerError: `path` is neither.
    """
    file = ledger_file(path) if path.is_dir() else path
    return file.with_suffix(".vault")
