"""LedgerSimulator: ledgers made from docs/spec.md alone, valid or forged at will.

It shares no code with `ledger` nor with `verifier`: Merkle roots are the RFC's
recursive definition, files are written with plain SQL. Keys come from a seed and
time from a counter, so the same calls make the same bytes.
"""

import base64
import sqlite3
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "example.org/acme"
ZEROS = "0" * 64
SCHEMA = """\
CREATE TABLE entry (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, events BLOB NOT NULL) STRICT
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT
CREATE TRIGGER entry_append BEFORE INSERT ON entry WHEN new.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM entry) BEGIN SELECT raise(ABORT, 'entry is append-only'); END
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'entry is append-only'); END
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'entry is append-only'); END
CREATE TRIGGER checkpoint_append BEFORE INSERT ON checkpoint WHEN new.size <= (SELECT coalesce(max(size), 0) FROM checkpoint) BEGIN SELECT raise(ABORT, 'checkpoint is append-only'); END
CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint BEGIN SELECT raise(ABORT, 'checkpoint is append-only'); END
CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint BEGIN SELECT raise(ABORT, 'checkpoint is append-only'); END
""".splitlines()  # noqa: E501 (as docs/spec.md, section 8, spells it)
APPLICATION_ID = 0x746C6467


def leaf(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """The root over leaf hashes, as RFC 6962, section 2.1 defines it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = tree_root(leaves[:split]), tree_root(leaves[split:])
    return sha256(b"\x01" + left + right).digest()


class Key:
    """A named key pair that follows from its name and a seed."""

    def __init__(self, name: str, seed: str = "") -> None:
        self.name = name
        self.private = Ed25519PrivateKey.from_private_bytes(
            sha256(f"{seed}/{name}".encode()).digest()
        )
        self.public = self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        material = base64.b64encode(b"\x01" + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    def line(self, text: bytes) -> bytes:
        """The signature line for a note text."""
        blob = base64.b64encode(self.key_id + self.private.sign(text))
        return "\u2014 ".encode() + self.name.encode() + b" " + blob + b"\n"


def sign_note(text: bytes, *keys: Key) -> bytes:
    """A signed note over the text."""
    return text + b"\n" + b"".join(key.line(text) for key in keys)


def encode(event: dict) -> bytes:
    """An event line, without its newline: no spaces, fields in the given order."""
    return _json(event).encode()


def _json(value) -> str:
    match value:
        case dict():
            return "{" + ",".join(f'"{k}":{_json(v)}' for k, v in value.items()) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_json, value)) + "]"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    return f'"{value}"'


@dataclass
class Stream:
    """The head of one stream."""

    counter: int = 0
    previous: str = ZEROS


@dataclass
class LedgerSimulator:
    """A ledger in memory.

    Attributes:
        entries: stored (entry, events) bytes; edit them to forge.
        checkpoints: stored notes by size; edit them to forge.
        now_ms: the clock; grows by 1000 with each entry.
        turns: how often the key of a name was rotated.
        run_streams: the name of the run key that signs a stream.
    """

    origin: str = ORIGIN
    seed: str = "seed"
    root_count: int = 1
    threshold: int = 1
    now_ms: int = 1_790_000_000_000
    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    checkpoints: dict[int, bytes] = field(default_factory=dict)
    leaves: list[bytes] = field(default_factory=list)
    streams: dict[str, Stream] = field(default_factory=dict)
    genesis: str = ZEROS
    salts: int = 0
    log_seed: str = "log-0"
    turns: dict[str, int] = field(default_factory=dict)
    run_streams: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.roots = [
            Key(f"{self.origin}/root-{n}", self.seed) for n in range(self.root_count)
        ]

    @property
    def log(self) -> Key:
        """The log key, whose name is always the origin."""
        return Key(self.origin, f"{self.seed}/{self.log_seed}")

    def key(self, name: str) -> Key:
        """The key of a role or worker, or of the run `name` ends with, as it is now."""
        return Key(f"{self.origin}/{name}", self.seed + "+" * self.turns.get(name, 0))

    def successor(self, name: str) -> Key:
        """The key that the one of a role gives way to when it is rotated next."""
        if name == "log":
            return Key(self.origin, f"{self.seed}/{self.log_seed}+")
        later = self.seed + "+" * (self.turns.get(name, 0) + 1)
        return Key(f"{self.origin}/{name}", later)

    def event(self, kind: str, **fields) -> dict:
        """An event with the next salt."""
        self.salts += 1
        return {"type": kind, "salt": f"{self.salts:024x}", **fields}

    def created(self, **changes) -> dict:
        """Event 0.0."""
        return self.event(
            "keys.ledger_created.v1",
            **{
                "origin": self.origin,
                "format_version": 1,
                "root_threshold": self.threshold,
                "root_keys": [
                    {"name": key.name, "public_key": key.public.hex()}
                    for key in self.roots
                ],
                "line_bytes_max": 16384,
                "submission_bytes_max": 1048576,
                "entry_bytes_max": 65535,
                "submission_events_max": 1024,
                **changes,
            },
        )

    def granted(
        self, key: Key, role: str, families: list[str], prefix: str, **changes
    ) -> dict:
        """A grant with a true proof of possession."""
        text = (
            f"tuneledger/possession/v1\n{self.origin}\n{key.name}\n{role}\n"
            f"{key.public.hex()}\n"
        )
        return self.event(
            "keys.granted.v1",
            **{
                "name": key.name,
                "public_key": key.public.hex(),
                "role": role,
                "families": families,
                "stream_prefix": prefix,
                "possession": key.private.sign(text.encode()).hex(),
                **changes,
            },
        )

    def retired(self, key: Key, **changes) -> dict:
        """A retirement."""
        return self.event(
            "keys.retired.v1",
            **{
                "name": key.name,
                "public_key": key.public.hex(),
                "reason": "rotated",
                **changes,
            },
        )

    def rotated(self, old: Key, new: Key, role: str, **changes) -> dict:
        """A rotation that both keys signed."""
        text = (
            f"tuneledger/rotation/v1\n{self.origin}\n{old.name}\n{role}\n"
            f"{old.public.hex()}\n{new.public.hex()}\n"
        ).encode()
        return self.event(
            "keys.rotated.v1",
            **{
                "name": old.name,
                "old_public_key": old.public.hex(),
                "new_public_key": new.public.hex(),
                "consent": old.private.sign(text).hex(),
                "possession": new.private.sign(text).hex(),
                **changes,
            },
        )

    def compromised(self, key: Key, since_seq: int, **changes) -> dict:
        """A declaration that somebody else may have used a key."""
        return self.event(
            "keys.compromised.v1",
            **{
                "name": key.name,
                "public_key": key.public.hex(),
                "since_seq": since_seq,
                **changes,
            },
        )

    def certified(self, run: str, *, trainer: str = "trainer", **changes) -> dict:
        """The trainer's certification of the key of one run."""
        key = self.key(f"{trainer}/{run}")
        text = (
            f"tuneledger/possession/v1\n{self.origin}\n{key.name}\nrun\n"
            f"{key.public.hex()}\n"
        )
        return self.event(
            "training.run_key_certified.v1",
            **{
                "run_id": run,
                "public_key": key.public.hex(),
                "stream": f"{trainer}/{run}",
                "possession": key.private.sign(text.encode()).hex(),
                **changes,
            },
        )

    def submission(
        self, stream: str, lines: list[bytes], changes: dict | None = None
    ) -> bytes:
        """The text of the next submission of a stream."""
        head = self.streams.get(stream, Stream())
        values = {
            "origin": self.origin,
            "genesis": self.genesis,
            "stream": stream,
            "counter": head.counter,
            "previous": head.previous,
            "events": len(lines),
            "events_root": tree_root([leaf(line) for line in lines]).hex(),
            "claimed_at_ms": self.now_ms,
            **(changes or {}),
        }
        text = "".join(f"{name} {value}\n" for name, value in values.items())
        return b"tuneledger/submission/v1\n" + text.encode()

    def submit(
        self,
        stream: str,
        events,
        *signers: Key,
        checkpoint: bool = True,
        lines_changed: dict | None = None,
    ) -> int:
        """Append one submission, by default with a checkpoint; return its seq.

        `lines_changed` overrides header lines, or adds one.
        """
        lines = [e if isinstance(e, bytes) else encode(e) for e in events]
        text = self.submission(stream, lines, lines_changed or {})
        if stream == "root":
            signers = signers or tuple(self.roots[: self.threshold])
        usual = self.run_streams.get(stream, stream.split("/", maxsplit=1)[0])
        note = sign_note(text, *(signers or (self.key(usual),)))
        seq = self.append(note, b"".join(line + b"\n" for line in lines))
        head = self.streams.setdefault(stream, Stream())
        head.counter += 1
        head.previous = sha256(text).hexdigest()
        if seq == 0:
            self.genesis = sha256(text).hexdigest()
        for event in events:
            if isinstance(event, dict):
                self._follow(event)
        if checkpoint:
            self.checkpoint()
        return seq

    def _follow(self, event: dict) -> None:
        """Sign with the keys from now on that a key event names."""
        match event["type"]:
            case "keys.rotated.v1" if event["name"] == self.origin:
                self.log_seed += "+"
            case "keys.rotated.v1":
                name = event["name"].removeprefix(f"{self.origin}/")
                self.turns[name] = self.turns.get(name, 0) + 1
            case "training.run_key_certified.v1":
                self.run_streams[event["stream"]] = event["stream"]

    def append(self, note: bytes, events: bytes, **changes) -> int:
        """Append an entry around a submission note; return its seq."""
        seq = len(self.leaves)
        self.now_ms += 1000
        values = {
            "seq": seq,
            "previous": self.leaves[-1].hex() if seq else ZEROS,
            "base": max(self.checkpoints, default=0),
            "recorded_at_ms": self.now_ms,
            **changes,
        }
        text = "".join(f"{name} {value}\n" for name, value in values.items())
        entry = b"tuneledger/entry/v1\n" + text.encode() + b"\n" + note
        self.entries.append((entry, events))
        self.leaves.append(leaf(entry))
        return seq

    def checkpoint(self, *, root: bytes | None = None, key: Key | None = None) -> None:
        """Sign the tree over all entries."""
        size = len(self.leaves)
        encoded = base64.b64encode(root or tree_root(self.leaves)).decode()
        text = f"{self.origin}\n{size}\n{encoded}\n".encode()
        self.checkpoints[size] = sign_note(text, key or self.log)

    def rechain(self, first: int = 0) -> None:
        """Make links, tree and the newest checkpoint fit edited entries again.

        This is what somebody with the log key can do: every `seq` and `previous`
        from `first` on and all later checkpoints are made anew.
        """
        del self.leaves[first:]
        notes = [(split_entry(entry)[1], events) for entry, events in self.entries]
        headers = [split_entry(entry)[0] for entry, _ in self.entries]
        del self.entries[first:]
        self.checkpoints = {n: c for n, c in self.checkpoints.items() if n <= first}
        for header, (note, events) in zip(headers[first:], notes[first:], strict=True):
            recorded = header.decode().partition("recorded_at_ms ")[2].strip()
            self.append(note, events, recorded_at_ms=recorded)
            self.checkpoint()

    def write(self, path: Path, *, extra_sql: tuple[str, ...] = ()) -> Path:
        """Write the file, in journal mode DELETE."""
        with sqlite3.connect(path) as database:
            self.fill(database)
            for sql in extra_sql:
                database.execute(sql)
        database.close()
        return path

    def fill(self, database: sqlite3.Connection) -> None:
        """Create the schema and insert what is in memory, in any shape it is in."""
        database.execute("PRAGMA synchronous=OFF")
        database.execute(f"PRAGMA application_id={APPLICATION_ID}")
        database.execute("PRAGMA user_version=1")
        for sql in SCHEMA[:2]:
            database.execute(sql)
        database.executemany(
            "INSERT INTO entry VALUES (?, ?, ?)",
            [(seq, *row) for seq, row in enumerate(self.entries)],
        )
        database.executemany(
            "INSERT INTO checkpoint VALUES (?, ?)", self.checkpoints.items()
        )
        for sql in SCHEMA[2:]:
            database.execute(sql)


def split_entry(entry: bytes) -> tuple[bytes, bytes]:
    """The header text and the submission note of an entry."""
    header, _, note = entry.partition(b"\n\n")
    return header + b"\n", note


def edit_rows(path: Path, *statements: str | tuple[str, tuple]) -> Path:
    """Run SQL on a written ledger with its triggers out of the way for a moment."""
    database = sqlite3.connect(path, isolation_level=None)
    for sql in SCHEMA[2:]:
        database.execute(f"DROP TRIGGER {sql.split()[2]}")
    for statement in statements:
        sql, values = (statement, ()) if isinstance(statement, str) else statement
        database.execute(sql, values)
    for sql in SCHEMA[2:]:
        database.execute(sql)
    database.close()
    return path
