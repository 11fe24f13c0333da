"""What a pass over the first entries of a ledger established, for the next to go on."""

from collections import Counter
from dataclasses import dataclass, field

from verifier.format.note import VerifierKey
from verifier.format.tree import Frontier
from verifier.keys.ring import KeyRing
from verifier.rules.state import Dataset, Erasure, Policy, Run, ShardMap
from verifier.rules.streams import Streams


@dataclass(slots=True)
class Standing:
    """The state after some entries in which nothing was found; at first, after none.

    What grows with the records is not here but in an `Index`.

    Attributes:
        head: leaf hash of the last entry.
        genesis: hash of submission 0's text.
        recorded_at_ms: time of the last entry.
        links: entries that the next one confirmed.
        checkpoints: checkpoints that hold.
        dropped: by stream and reason, how many events its producer dropped.
        judged: events to which the rules across events were applied.
        watched: root, and time of the last entry below it, of sizes asked for.
        assigned, gone: as the index counts them.
    """

    head: bytes = b""
    genesis: bytes = b""
    recorded_at_ms: int = 0
    events: int = 0
    signatures: int = 0
    links: int = 0
    checkpoints: int = 0
    judged: int = 0
    assigned: int = 0
    gone: int = 0
    types: Counter[str] = field(default_factory=Counter)
    dropped: dict[str, Counter[str]] = field(default_factory=dict)
    genesis_signers: tuple[VerifierKey, ...] = ()
    watched: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    tree: Frontier = field(default_factory=Frontier)
    ring: KeyRing = field(default_factory=KeyRing)
    streams: Streams = field(default_factory=Streams)
    policies: dict[bytes, Policy] = field(default_factory=dict)
    datasets: dict[bytes, Dataset] = field(default_factory=dict)
    maps: dict[bytes, ShardMap] = field(default_factory=dict)
    runs: dict[bytes, Run] = field(default_factory=dict)
    erasures: dict[bytes, Erasure] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        """How many entries were read."""
        return self.tree.size
