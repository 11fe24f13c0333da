"""Everything the next entry depends on: size, frontier, streams and grants.

A state is made by taking entries one by one, so a cached one can be checked against a
signed checkpoint and only the entries after it are read again.
"""

from typing import Final, get_args

import msgspec

from ledger.disk.store import Row
from ledger.errors import ConflictError, GapError, InputError, IntegrityError
from ledger.events import decode_event
from ledger.events.keys import KeysEvent, StreamAbandoned
from ledger.format import lines
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.entry import entry_leaf, parse_entry
from ledger.format.note import Note, check_exact
from ledger.format.submission import (
    ROOT_STREAM,
    SubmissionText,
    parse_submission,
    split_lines,
    text_hash,
)
from ledger.format.tree import Frontier
from ledger.keys.grants import Grants
from ledger.keys.rules import take_key_event
from ledger.keys.run_rules import take_training

_KEY_EVENTS: Final = get_args(KeysEvent)

STREAMS_MAX: Final = 100_000
"""Most streams in a ledger (SUB-5)."""


class StreamHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a stream stands.

    Attributes:
        counter: counter of its newest submission.
        text_hash: hex SHA-256 of that submission's note text.
        seq: the entry that carries it.
    """

    counter: int
    text_hash: str
    seq: int


class State(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What stands after `size` entries.

    Attributes:
        size: how many entries were taken.
        frontier: hex roots of the tree's perfect subtrees, largest first.
        previous: hex leaf hash of the newest entry.
        recorded_at_ms: its recorded time.
        base: size of the newest checkpoint.
        genesis: hex hash of submission 0's text.
        heads: the streams, by name.
        grants: who may sign what.
    """

    size: int = 0
    frontier: list[str] = []
    previous: str = lines.ZERO_HASH
    recorded_at_ms: int = 0
    base: int = 0
    genesis: str = lines.ZERO_HASH
    heads: dict[str, StreamHead] = {}
    grants: Grants = msgspec.field(default_factory=Grants)

    def copy(self) -> "State":
        """An independent state, to try an append on."""
        return msgspec.structs.replace(
            self,
            frontier=list(self.frontier),
            heads=dict(self.heads),
            grants=self.grants.copy(),
        )

    def tree(self) -> Frontier:
        """The tree's frontier."""
        return Frontier(self.size, [bytes.fromhex(root) for root in self.frontier])

    def root(self) -> bytes:
        """The root over all entries taken."""
        return self.tree().root()

    def next_in(self, stream: str) -> tuple[int, str]:
        """Counter and previous hash of the next submission in `stream`."""
        head = self.heads.get(stream)
        if head is None:
            return 0, lines.ZERO_HASH
        return head.counter + 1, head.text_hash

    def check_submission(
        self, text: SubmissionText, note: Note, families: set[str]
    ) -> None:
        """Check that a producer's submission may come next; its lines are read already.

        The root signatures of stream `root` are checked by `take`.

        Raises:
            ConflictError: it does not link to its stream's head.
            GapError: its counter skips.
            InputError: it is for another ledger, or its stream cannot carry it.
            KeyTrustError: the signer may not sign this.
        """
        self.check_ledger(text)
        counter, previous = self.next_in(text.stream)
        if text.counter != counter:
            message = (
                f"stream {text.stream}: expected counter {counter}, "
                f"found {text.counter}"
            )
            raise GapError(message)
        if text.previous != previous:
            message = f"stream {text.stream}: previous hash is not that of its head"
            raise ConflictError(message)
        self.grants.check_stream(text.stream, families)
        if text.stream != ROOT_STREAM:
            key = self.grants.active_key(note.signatures[0].name)
            self.grants.check_signer(key, text.stream, families)
            check_exact(note, [key])

    def check_ledger(self, text: SubmissionText) -> None:
        """Check that a submission names this ledger (SUB-2).

        Raises:
            InputError: it is for another one.
        """
        if (text.origin, text.genesis) != (self.grants.origin, self.genesis):
            message = f"submission is for another ledger, {text.origin}"
            raise InputError(message)

    def take(self, row: Row) -> None:
        """Take the next stored entry.

        Links, counters, times, key events and the keys of runs are checked;
        producers' signatures and other event lines were checked by
        `check_submission`, and are the verifier's work.

        Raises:
            IntegrityError: the row does not follow from this state.
            KeyTrustError: a key event is not signed by root, a run's event not by the
                run's key, or a key must not be trusted.
        """
        entry = parse_entry(row.entry)
        text, note = parse_submission(entry.submission)
        if (row.seq, entry.seq) != (self.size, self.size):
            message = f"entry {self.size}: found seq {entry.seq} in row {row.seq}"
            raise IntegrityError(message)
        if entry.previous != self.previous:
            message = (
                f"entry {entry.seq} links to {entry.previous[:16]}, but entry "
                f"{entry.seq - 1} hashes to {self.previous[:16]}"
            )
            raise IntegrityError(message)
        if entry.base != self.base:
            message = (
                f"entry {entry.seq}: expected base {self.base}, the newest checkpoint "
                f"before it, found {entry.base}"
            )
            raise IntegrityError(message)
        if entry.recorded_at_ms < self.recorded_at_ms:
            message = (
                f"entry {entry.seq}: expected recorded_at_ms of at least "
                f"{self.recorded_at_ms}, found {entry.recorded_at_ms}"
            )
            raise IntegrityError(message)
        self._take_submission(text, entry.seq)
        if text.stream == ROOT_STREAM:
            self._take_keys(row)
            self.grants.check_root(note)
        else:
            take_training(
                self.grants, row.events, note=note, stream=text.stream, seq=row.seq
            )
        if text.origin != self.grants.origin:
            message = (
                f"entry {entry.seq}: expected origin {self.grants.origin}, "
                f"found {text.origin}"
            )
            raise IntegrityError(message)
        self._grow(row.entry)
        self.recorded_at_ms = entry.recorded_at_ms

    def _take_submission(self, text: SubmissionText, seq: int) -> None:
        """Move the stream's head."""
        counter, previous = self.next_in(text.stream)
        if (text.counter, text.previous) != (counter, previous):
            message = (
                f"entry {seq}: stream {text.stream} expects counter {counter}, "
                f"found {text.counter}"
            )
            raise IntegrityError(message)
        if text.genesis != self.genesis:
            message = (
                f"entry {seq}: expected genesis {self.genesis[:16]}, "
                f"found {text.genesis[:16]}"
            )
            raise IntegrityError(message)
        if counter == 0 and len(self.heads) >= STREAMS_MAX:
            message = f"entry {seq}: expected at most {STREAMS_MAX} streams"
            raise IntegrityError(message)
        hashed = text_hash(text.encode())
        if not self.size:
            self.genesis = hashed
        self.heads[text.stream] = StreamHead(counter, hashed, seq)

    def _take_keys(self, row: Row) -> None:
        """Apply the key events of a submission in the root stream."""
        for line in split_lines(row.events):
            event = decode_event(line)
            if not isinstance(event, _KEY_EVENTS):
                message = f"entry {row.seq}: stream root carries another family"
                raise IntegrityError(message)
            take_key_event(self.grants, event, row.seq)
            if isinstance(event, StreamAbandoned):
                self._check_abandoned(event, row.seq)
        self.grants.check_log_keys(row.seq)

    def _check_abandoned(self, event: StreamAbandoned, seq: int) -> None:
        """Check the number of submissions that a closed stream is said to hold."""
        counter, _ = self.next_in(event.stream)
        if event.submissions != counter:
            message = (
                f"entry {seq}: stream {event.stream} holds {counter} submissions, "
                f"found {event.submissions} in its abandonment (SUB-9)"
            )
            raise IntegrityError(message)

    def _grow(self, entry: bytes) -> None:
        """Add the entry's leaf to the tree."""
        frontier = self.tree()
        leaf = entry_leaf(entry)
        frontier.append(leaf)
        self.frontier = [root.hex() for root in frontier.roots]
        self.previous = leaf.hex()
        self.size = frontier.size

    def take_checkpoint(self, note_bytes: bytes, *, check_signer: bool = True) -> None:
        """Take a checkpoint over this very tree; later entries name it as their base.

        Args:
            note_bytes: the stored note.
            check_signer: whether to check the log key's signature; older ones were
                checked when they were written, and are the verifier's work.

        Raises:
            IntegrityError: it is of another tree, or not signed by just the log key.
            KeyTrustError: its signature does not verify.
        """
        checkpoint, note = parse_checkpoint(note_bytes)
        found = (checkpoint.origin, checkpoint.size, checkpoint.root)
        if found != (self.grants.origin, self.size, self.root()):
            message = (
                f"checkpoint {self.size}: expected root {self.root().hex()[:16]}, "
                f"found {checkpoint.root.hex()[:16]} for size {checkpoint.size}"
            )
            raise IntegrityError(message)
        if check_signer:
            check_exact(note, [self.grants.log_key()])
        self.base = self.size
