"""A ledger as plain rows, written as the specification says, or wrong on purpose.

Every part can be replaced before it is signed, so that one rule is broken and all
others hold. Keys come from their names; nothing is random.
"""

import base64
import hashlib
from dataclasses import dataclass, field

from ledger.events import encode_event
from ledger.events.keys import KeyRetired, LedgerCreated, RootKey
from ledger.events.shards import MapDeclared
from ledger.format import submission, tree
from ledger.format.checkpoint import Checkpoint
from ledger.format.entry import Entry
from ledger.format.submission import SubmissionText
from ledger.keys.files import RoleGrant, SigningKey, grant_event

ORIGIN = "example.org/vectors"
NOW_MS = 1_790_000_000_000
SALT = "00112233445566778899aabb"
ZEROS = "0" * 64
LOG_GRANT = RoleGrant(role="log", stream="log", families=())
SHARDER_GRANT = RoleGrant(role="sharder", stream="shards", families=("shards",))


def key(name, seed=None):
    """The key whose seed is SHA-256 of `seed`, its name by default."""
    return SigningKey.from_seed(name, hashlib.sha256((seed or name).encode()).digest())


ROOT, ROOT_2 = key(f"{ORIGIN}/root"), key(f"{ORIGIN}/root-2")
ROOT_3 = key(f"{ORIGIN}/root-3")
LOG, SHARDER = key(ORIGIN), key(f"{ORIGIN}/sharder")


def line(event):
    """The event's line, always with the same salt."""
    return encode_event(event, salt=SALT)


def granted(grant, signer, **changes):
    """A line that grants, with some fields replaced."""
    return line(replaced(grant_event(ORIGIN, grant, signer), **changes))


def retired(signer, **changes):
    """A line that retires a key."""
    public_key = signer.verifier.public_key.hex()
    event = KeyRetired(name=signer.name, public_key=public_key, reason="rotated")
    return line(replaced(event, **changes))


def created(roots=(ROOT,), threshold=1, **changes):
    """The line of event 0.0."""
    keys = [RootKey(name=k.name, public_key=k.verifier.public_key.hex()) for k in roots]
    event = LedgerCreated(
        origin=ORIGIN,
        format_version=1,
        root_threshold=threshold,
        root_keys=keys,
        line_bytes_max=16384,
        submission_bytes_max=1048576,
        entry_bytes_max=65535,
        submission_events_max=1024,
    )
    return line(replaced(event, **changes))


def mapped(number=1):
    """A line of the family shards that depends on nothing."""
    event = MapDeclared(
        map_id=f"{number:032x}",
        shards=4,
        slices=2,
        placement="rendezvous_bounded_load",
        load_per_mille=1250,
    )
    return line(event)


def replaced(event, **changes):
    """The event with some fields replaced."""
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**(fields | changes))


@dataclass
class Book:
    """Rows and checkpoints, and where each stream stands."""

    entries: list = field(default_factory=list)
    checkpoints: list = field(default_factory=list)
    heads: dict = field(default_factory=dict)
    genesis: str = ZEROS
    log: SigningKey = LOG

    @property
    def leaves(self):
        """The leaf hashes of all entries."""
        return [tree.leaf_hash(entry) for entry, _ in self.entries]

    def add(self, stream, lines, signers, *, text=None, entry=None, note=None):
        """Append one entry; `text`, `entry` and `note` replace what would be right."""
        counter, previous = self.heads.get(stream, (0, ZEROS))
        fields = {
            "origin": ORIGIN,
            "genesis": self.genesis,
            "stream": stream,
            "counter": counter,
            "previous": previous,
            "events": len(lines),
            "events_root": submission.events_root(lines),
            "claimed_at_ms": NOW_MS,
        }
        signed = SubmissionText(**(fields | (text or {}))).encode()
        signatures = b"".join(signer.note_line(signed) for signer in signers)
        header = {
            "seq": len(self.entries),
            "previous": self.leaves[-1].hex() if self.entries else ZEROS,
            "base": self.checkpoints[-1][0] if self.checkpoints else 0,
            "recorded_at_ms": NOW_MS + len(self.entries),
            "submission": note(signed) if note else signed + b"\n" + signatures,
        }
        content = Entry(**(header | (entry or {}))).encode()
        self.entries.append((content, submission.join_lines(lines)))
        self.heads[stream] = (counter + 1, submission.text_hash(signed))
        if len(self.entries) == 1:
            self.genesis = submission.text_hash(signed)
        return self

    def check(
        self, size=None, root=None, *, signers=None, key_size=None, origin=ORIGIN
    ):
        """Append a checkpoint over all entries; every part can be replaced."""
        size = len(self.entries) if size is None else size
        root = tree.root_hash(self.leaves[:size]) if root is None else root
        text = Checkpoint(origin=origin, size=size, root=root).encode()
        signers = [self.log] if signers is None else signers
        note = text + b"\n" + b"".join(signer.note_line(text) for signer in signers)
        self.checkpoints.append((size if key_size is None else key_size, note))
        return self

    def put(self, stream, lines, signers, **changes):
        """One entry and its checkpoint."""
        return self.add(stream, lines, signers, **changes).check()

    def shards(self, number=None, **changes):
        """One sound submission of the sharder, and its checkpoint."""
        number = len(self.entries) if number is None else number
        return self.put("shards", [mapped(number)], [SHARDER], **changes)

    def root(self, *lines, **changes):
        """One submission of key events by the one root key, and its checkpoint."""
        return self.put("root", list(lines), [ROOT], **changes)

    def case(self):
        """The ledger as the `in` of a vector."""
        rows = [
            pair("entry", entry) | pair("events", events)
            for entry, events in self.entries
        ]
        notes = [{"size": size} | pair("note", note) for size, note in self.checkpoints]
        return {"entries": rows, "checkpoints": notes}


def begun(roots=(ROOT,), threshold=1, *, grants=None, **changes):
    """A ledger with its genesis entry: a log key and a sharder."""
    grants = grants or [granted(LOG_GRANT, LOG), granted(SHARDER_GRANT, SHARDER)]
    lines = [created(roots, threshold, **changes), *grants]
    return Book().put("root", lines, list(roots)[:threshold])


def pair(name, content):
    """`{name: text}`, or `{name_b64: base64}` for bytes that are no plain text."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        text = "\x00"
    if any(ord(letter) < 32 and letter != "\n" for letter in text):
        return {f"{name}_b64": base64.b64encode(content).decode()}
    return {name: text}
