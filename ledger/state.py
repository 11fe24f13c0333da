"""Everything the next entry depends on: size, frontier, streams and grants.

A state is made by taking entries one by one, so a cached one can be checked against a
signed checkpoint and only the entries after it are read again.
"""

from typing import Final

import msgspec

from ledger import lines
from ledger.checkpoint import parse_checkpoint
from ledger.entry import entry_leaf, parse_entry
from ledger.errors import IntegrityError
from ledger.events import decode_event
from ledger.events.keys import (
    KeyGranted,
    KeyRetired,
    LedgerCreated,
    StreamAbandoned,
)
from ledger.grants import Grants
from ledger.note import check_exact
from ledger.store import Row
from ledger.submission import (
    ROOT_STREAM,
    SubmissionText,
    parse_submission,
    split_lines,
    text_hash,
)
from ledger.tree import Frontier

_KEY_EVENTS: Final = (LedgerCreated, KeyGranted, KeyRetired, StreamAbandoned)


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
        return msgspec.convert(msgspec.to_builtins(self), State)

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

    def take(self, row: Row) -> None:
        """Take the next stored entry.

        Links, counters and key events are checked; signatures and event lines are the
        verifier's work, or were checked when the entry was appended.

        Raises:
            IntegrityError: the row does not follow from this state.
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
        self._take_submission(text, entry.seq)
        if text.stream == ROOT_STREAM:
            self._take_keys(row)
            self.grants.check_root(note)
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
            self.grants.apply(event, row.seq)

    def _grow(self, entry: bytes) -> None:
        """Add the entry's leaf to the tree."""
        frontier = self.tree()
        leaf = entry_leaf(entry)
        frontier.append(leaf)
        self.frontier = [root.hex() for root in frontier.roots]
        self.previous = leaf.hex()
        self.size = frontier.size

    def check_checkpoint(self, note_bytes: bytes) -> None:
        """Check that a checkpoint is signed by the log key and over this very tree.

        Raises:
            IntegrityError: it is not.
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
        check_exact(note, [self.grants.log_key()])
