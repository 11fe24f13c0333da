"""The ledger: append events, durable on return, or change nothing.

    with Ledger.open("acme/") as ledger:
        receipt = ledger.append(events, stream="ingest")

The calling process is the sequencer: it loads the stream's key and the log key, and
holds SQLite's write lock from reading the head to writing behind it.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ledger.disk.places import ledger_file
from ledger.disk.sqlite import LOCK_WAIT_MS, SqliteStore
from ledger.disk.store import Store
from ledger.errors import KeyTrustError
from ledger.events import Event, decode_event, families_of
from ledger.events.keys import Role
from ledger.format import sealing, submission
from ledger.format.cosignature import CosignerKey
from ledger.format.sealing import Head
from ledger.format.signers import Signer
from ledger.format.submission import ROOT_STREAM
from ledger.keys.chain import KeyChain
from ledger.log import anchors
from ledger.log.group import Group, Receipt
from ledger.log.reader import Reader
from ledger.log.redactions import redact_rows
from ledger.log.sequencer import Drained, check_clear, sequencer_lock, take_spools
from ledger.log.state import State
from ledger.log.views import Views
from ledger.spool.spool import SPOOL_FOLDER, Spool, spools_in

WAIT_SECONDS: Final = LOCK_WAIT_MS / 1000
"""How long an append waits for another writer."""


def system_clock_ms() -> int:
    """The time now, Unix milliseconds, UTC."""
    return time.time_ns() // 1_000_000


class Ledger(Reader):
    """An open ledger of one workspace."""

    def __init__(
        self,
        store: Store,
        keys: KeyChain,
        views: Views,
        *,
        folder: Path,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Use `open`, or `ledger.log.genesis.create_ledger` for a new one.

        Raises:
            IntegrityError: the stored entries do not follow from each other.
            NotALedgerError: the store is empty.
        """
        super().__init__(store, views)
        self._keys = keys
        self._folder = folder
        self._clock_ms = clock_ms
        self._random_bytes = random_bytes
        self.settle_keys()

    @classmethod
    def open(
        cls,
        workspace: str | Path,
        *,
        root_folder: Path | None = None,
        passphrase: bytes | None = None,
        clock_ms: Callable[[], int] = system_clock_ms,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> "Ledger":
        """Open the ledger of a workspace folder; a missing one is never created.

        A `.ledger` file by itself is read without leaving anything beside it.

        Args:
            workspace: the folder, or a `.ledger` file.
            root_folder: where the root keys' files are; with the other keys by default.
            passphrase: opens the key files.
            clock_ms: the time now, Unix milliseconds.
            random_bytes: makes salts.

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
                KeyChain(
                    folder / "keys", root_folder=root_folder, passphrase=passphrase
                ),
                views,
                folder=folder,
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
            self._keys.close()
            self._views.save_state(self._state)
            self._views.close()
            self._store.close()

    @property
    def keys(self) -> KeyChain:
        """The private keys that this process may use."""
        return self._keys

    def signer(self, name: str) -> Signer:
        """The private half of the active key of that name.

        Raises:
            KeyTrustError: no active key has that name, or its file cannot be used.
        """
        return self._keys.find(self.origin, self._state.grants.active_key(name))

    def role_signer(self, role: Role) -> Signer:
        """The private half of an active key of a role, the oldest that is here.

        Raises:
            KeyTrustError: none is active, or the file of none is here or can be used.
        """
        active = [one for one in self._state.grants.active() if one.role == role]
        for grant in active:
            if self._keys.has(self.origin, grant.verifier):
                return self._keys.find(self.origin, grant.verifier)
        if active:
            return self._keys.find(self.origin, active[0].verifier)  # says what lacks
        message = f"no key of role {role} is active: tuneledger key add {role}"
        raise KeyTrustError(message)

    def root_signers(self) -> list[Signer]:
        """As many root keys as sign a key event.

        Raises:
            KeyTrustError: fewer are here; the message says which ones are missing.
        """
        return self._stream_keys(self._state, ROOT_STREAM, {"keys"})

    def settle_keys(self) -> None:
        """Move key files to their places that a rotation left beside the old ones."""
        active = [grant.verifier for grant in self._state.grants.active()]
        self._keys.settle(self.origin, active)

    def add_cosignature(self, line: bytes, size: int, witness: CosignerKey) -> int:
        """Store a witness's cosignature of the checkpoint of that size, once.

        Returns:
            The witness's time, Unix seconds.

        Raises:
            InputError: there is no checkpoint of that size, or no room for the line.
            IntegrityError: not one well-formed signature line.
            KeyTrustError: the line is not the witness's, or does not verify.
            LockedError: another writer kept the lock for 10 s.
        """
        with self._lock, self._store.writing():
            return anchors.add_cosignature(self._store, line, size, witness)

    def add_timestamp(self, token: bytes, size: int) -> int:
        """Store a time-stamping authority's reply on the checkpoint of that size, once.

        The authority's certificate is for the reader to judge; it is not checked here.

        Returns:
            The authority's time, Unix milliseconds.

        Raises:
            InputError: there is no checkpoint of that size, no room for the token, or
                the extra `timestamps` is missing.
            IntegrityError: not a granted reply over this checkpoint.
            LockedError: another writer kept the lock for 10 s.
        """
        with self._lock, self._store.writing():
            return anchors.add_timestamp(self._store, token, size)

    def append(
        self,
        events: Sequence[Event],
        *,
        stream: str,
        claimed_at_ms: int | None = None,
    ) -> Receipt:
        """Append 1 to 1024 events under one signature; durable on return.

        On any error the ledger is unchanged.

        Args:
            events: the events.
            stream: the stream whose key signs them.
            claimed_at_ms: the time that the events were checked against, Unix
                milliseconds, so that they claim no other; by default the time now.

        Raises:
            InputError: an event breaks its schema, a limit is passed, the stream
                cannot carry these events, or a key event contradicts what stands.
            KeyTrustError: the stream's key is missing or may not sign these families.
            LockedError: another writer kept the lock for 10 s.
            StorageError: the disk refused the write.
        """
        event_lines = sealing.encode_lines(events, self._random_bytes)
        families = families_of(events)
        with self._sequencing() as (group, drained):
            keys = self._stream_keys(group.state, stream, families)
            if stream != ROOT_STREAM:
                check_clear(Spool(self._folder / SPOOL_FOLDER, stream), drained)
            if claimed_at_ms is None:
                claimed_at_ms = self._clock_ms()
            text = _head(group.state, stream).next_text(
                stream, event_lines, claimed_at_ms=claimed_at_ms
            )
            seq = group.add(sealing.sign(text, keys), event_lines)
        return group.receipt(seq)

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
        with self._sequencing() as (group, _):
            group.state.check_ledger(text)
            seq = group.find(text)
            if seq is None:
                group.state.check_submission(text, note, families)
                seq = group.add(note_bytes, event_lines)
        return group.receipt(seq)

    def drain(self, *, wait_seconds: float = WAIT_SECONDS) -> Drained:
        """Append what is durable in the spools now, as much as one commit takes.

        Returns:
            How many submissions were appended, and why a stream's next one was not.

        Raises:
            KeyTrustError: the log key is missing; everything stays spooled.
            LockedError: another writer kept the lock.
            StorageError: the disk refused the write; everything stays spooled.
        """
        with self._sequencing(wait_seconds) as (_, drained):
            pass
        return drained

    def redact_named(self) -> int:
        """Replace lines that an event redacts by their leaf hashes; gone on return.

        Nothing is replaced that the ledger does not name (docs/spec.md, STO-5).

        Returns:
            How many lines stood in clear.

        Raises:
            IntegrityError: an event names a line that is not there or may not be
                redacted.
            LockedError: another writer kept the lock, or another process keeps pages
                from before.
            StorageError: the disk refused the write.
        """
        with self._lock, sequencer_lock(self._folder, WAIT_SECONDS):
            with self._store.writing():
                count = redact_rows(self._store)
                if count:
                    self._views.discard()  # what was folded from these lines
            self._store.empty_wal()
        return count

    def stream_head(self, stream: str) -> Head:
        """Where `stream` goes on after what is stored.

        Raises:
            IntegrityError: the stored entries do not follow from each other.
            LockedError: another writer kept the lock.
        """
        with self._lock, sequencer_lock(self._folder, WAIT_SECONDS):
            with self._store.reading():
                self._state = self._caught_up()
            return _head(self._state, stream)

    def stream_signer(
        self, stream: str, families: set[str], signer: Signer | None = None
    ) -> Signer:
        """The key that signs these families in a stream other than root.

        Args:
            stream: its name.
            families: of the events to sign.
            signer: the key that the caller holds; one that this process may use by
                default.

        Raises:
            InputError: the stream cannot carry these families, or was abandoned.
            KeyTrustError: no such key, or the caller's may not sign this.
        """
        if signer is None:
            return self._stream_keys(self._state, stream, families)[0]
        self._state.grants.check_stream(stream, families)
        self._state.grants.check_signer(signer.verifier, stream, families)
        return signer

    @contextlib.contextmanager
    def _sequencing(
        self, wait_seconds: float = WAIT_SECONDS
    ) -> Iterator[tuple[Group, Drained]]:
        """Be the sequencer: what is spooled goes in first, then the body's entries."""
        with self._lock, sequencer_lock(self._folder, wait_seconds):
            with self._store.writing():
                group = Group(self._store, self._caught_up(), self._clock_ms)
                drained = take_spools(group, spools_in(self._folder))
                yield group, drained
                group.seal(self._log_key)
            self._state = group.state
            drained.settle()

    def _log_key(self, state: State) -> Signer:
        """The key that signs the next checkpoint."""
        return self._keys.find(state.grants.origin, state.grants.log_key())

    def _stream_keys(
        self, state: State, stream: str, families: set[str]
    ) -> list[Signer]:
        """The private keys that must sign in `stream`, checked against the grants."""
        grants = state.grants
        grants.check_stream(stream, families)
        if stream == ROOT_STREAM:
            roots = grants.root_verifiers
            return self._keys.roots(grants.origin, roots, grants.root_threshold)
        allowed = grants.allowed(stream, families)
        here = (g for g in allowed if self._keys.has(grants.origin, g.verifier))
        grant = next(here, allowed[0])
        return [self._keys.find(grants.origin, grant.verifier)]


def _head(state: State, stream: str) -> Head:
    """Where a stream goes on after what the state has taken."""
    counter, previous = state.next_in(stream)
    return Head(
        origin=state.grants.origin,
        genesis=state.genesis,
        counter=counter,
        previous=previous,
    )
