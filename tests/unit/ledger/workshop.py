"""What the tests of the ledger build with: small events, keys from seeds, a clock.

Nothing here is random: the same calls give the same bytes.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from ledger import Ledger, create_ledger
from ledger.events import encode_event
from ledger.events.policy import PolicyAdopted
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.format import submission
from ledger.format.submission import SubmissionText
from ledger.keys.files import SigningKey, load_key

ORIGIN = "example.org/acme"
NOW_MS = 1_790_000_000_000
SALT = "00112233445566778899aabb"
LOW_ORDER_KEY = "01" + "00" * 31


@dataclass
class Clock:
    """A clock that tests set; it never moves by itself."""

    now_ms: int = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Random:
    """Reproducible bytes: SHA-256 of a label and a counter, as often as asked."""

    label: str = "random"
    calls: int = field(default=0)

    def __call__(self, count: int) -> bytes:
        self.calls += 1
        content = b""
        while len(content) < count:
            seed = f"{self.label} {self.calls} {len(content)}"
            content += hashlib.sha256(seed.encode()).digest()
        return content[:count]


def key(name: str) -> SigningKey:
    """The key whose seed is SHA-256 of its name."""
    return SigningKey.from_seed(name, hashlib.sha256(name.encode()).digest())


def new_workspace(folder: Path, label: str = "random") -> Path:
    """A workspace with a genesis entry, reproducible."""
    create_ledger(folder, origin=ORIGIN, clock_ms=Clock(), random_bytes=Random(label))
    return folder


def open_ledger(folder: Path, clock: Clock | None = None) -> Ledger:
    """The ledger of a workspace under a clock that stands still."""
    return Ledger.open(folder, clock_ms=clock or Clock(), random_bytes=Random("open"))


def role_key(folder: Path, role: str) -> SigningKey:
    """A role's private key in a workspace of `new_workspace`."""
    name = ORIGIN if role == "log" else f"{ORIGIN}/{role}"
    return load_key(folder / "keys", role, name, None)


def assigned(number: int = 0, *, salt: str = "") -> RecordAssigned:
    """An event of the family shards."""
    return RecordAssigned(
        salt=salt,
        map_id="5b" * 16,
        record_id=f"{number:032x}",
        shard=number % 4,
        slice=0,
    )


def map_declared() -> MapDeclared:
    """The shard map that `assigned` names."""
    return MapDeclared(
        map_id="5b" * 16,
        shards=4,
        slices=1,
        placement="rendezvous_bounded_load",
        load_per_mille=1250,
    )


def adopted(tokens: int = 0) -> PolicyAdopted:
    """An event of the family policy, longer with more tokens."""
    return PolicyAdopted(
        policy_sha256="aa" * 32,
        jurisdictions=["eu"],
        purpose="commercial",
        basket_version="2025-01-01",
        basket_relaxed=["x" * 64] * tokens,
    )


@dataclass
class Spool:
    """A producer without the database: it signs submissions of one stream by itself."""

    origin: str
    genesis: str
    stream: str
    signer: SigningKey
    counter: int = 0
    previous: str = "0" * 64

    def seal(self, event_lines: list[bytes], **changes) -> bytes:
        """The signed note over the next text; `changes` replace its fields."""
        fields = {
            "origin": self.origin,
            "genesis": self.genesis,
            "stream": self.stream,
            "counter": self.counter,
            "previous": self.previous,
            "events": len(event_lines),
            "events_root": submission.events_root(event_lines),
            "claimed_at_ms": NOW_MS,
        }
        text = SubmissionText(**(fields | changes)).encode()
        self.counter += 1
        self.previous = submission.text_hash(text)
        return self.signer.sign_note(text)


def lines_of(*events) -> list[bytes]:
    """The events as lines, all with the same salt."""
    return [encode_event(event, salt=SALT) for event in events]


def spool(folder: Path, ledger: Ledger, role: str = "sharder", stream: str = "shards"):
    """A producer of that role and stream."""
    return Spool(ledger.origin, ledger.genesis, stream, role_key(folder, role))
