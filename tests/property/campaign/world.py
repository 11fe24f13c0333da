"""One version of a ledger's file, and what stands around it."""

from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256

from tests.property.campaign.reference import ENTRY
from tests.simulator import ZEROS, Key, LedgerSimulator, Stream, leaf
from tests.tamper.anchoring import Anchors, TimeAuthority, Witness
from tests.tamper.chapters import digest, ident

POLICY = digest("policy")
NAMES = {
    "governance": ("governance", ["policy"]),
    "scanner": ("scanner", ["optout"]),
    "ingest": ("ingest", ["ingest"]),
    "ingest-2": ("ingest", ["ingest"]),
}
"""Role and families of each key; its name is also the stream that it may sign."""
STREAMS = ("ingest", "ingest/worker-1", "scanner", "ingest-2")


def begin() -> LedgerSimulator:
    """A ledger with its keys and a policy."""
    ledger = LedgerSimulator()
    grants = [ledger.granted(ledger.log, "log", [], "log")]
    grants += [
        ledger.granted(ledger.key(name), role, families, name)
        for name, (role, families) in NAMES.items()
    ]
    ledger.submit("root", [ledger.created(), *grants])
    adopted = ledger.event(
        "policy.adopted.v1",
        policy_sha256=POLICY,
        jurisdictions=["eu"],
        purpose="commercial",
        basket_version="2026-11-01",
        basket_relaxed=[],
    )
    ledger.submit("governance", [adopted])
    return ledger


def new_event(ledger: LedgerSimulator, stream: str, name: object) -> dict:
    """An event that a key of this stream may sign."""
    if stream.startswith("scanner"):
        return ledger.event(
            "optout.site_registered.v1",
            site_id=ident("site", name),
            commitment=digest("site", name),
        )
    return ledger.event(
        "ingest.record_decided.v1",
        record_id=ident("record", name),
        dataset_id="",
        decision="pending",
        rule="default",
        reasons=["scan_missing"],
        policy_sha256=POLICY,
        source_kind="web",
        licence="CC-BY-4.0",
        licence_id="",
        scan_id="",
        eu_basis="none",
        uk_basis="none",
        sensitive=[],
        action="none",
        hazard="personal",
        subjects="one",
        commitment="",
        size_log2=11,
    )


@dataclass
class World:
    """One version of the file and what stands around it.

    Attributes:
        ledger: entries and checkpoints.
        anchors: rows of the anchor tables.
        witnesses: they remember what they cosigned.
        authority: stamps whatever it is given.
        stamps: of every token that it gave: note, time, and whether it is as given.
        keys: the thief's: stolen ones as they were then, and `own` ones.
        flaws: SQL that leaves the file outside its specification.
        murky: whether an anchor's bytes were edited, so that only a bound is known.
        serial: how many names the thief made up.
        replaced: keys that gave way to others, which nobody guards any more.
    """

    ledger: LedgerSimulator
    anchors: Anchors
    witnesses: list[Witness]
    authority: TimeAuthority
    stamps: dict[bytes, tuple[bytes, int, bool]]
    keys: dict[str, Key] = field(default_factory=dict)
    flaws: list[str] = field(default_factory=list)
    murky: bool = False
    serial: int = 0
    replaced: list[tuple[str, Key]] = field(default_factory=list)

    def copy(self) -> "World":
        """An independent copy; the authority and its list of tokens are shared."""
        shared = {id(self.authority): self.authority, id(self.stamps): self.stamps}
        return deepcopy(self, shared)

    def rows(self) -> tuple:
        """All that the file says."""
        anchors = (self.anchors.cosignatures, self.anchors.timestamps)
        return self.ledger.entries, self.ledger.checkpoints, anchors, self.flaws

    @property
    def size(self) -> int:
        return len(self.ledger.entries)

    def stamp(self) -> None:
        """Have the newest checkpoint stamped."""
        size = max(self.ledger.checkpoints, default=0)
        if size:
            note, at = self.ledger.checkpoints[size], self.ledger.now_ms
            token = self.authority.stamp(note, at)
            self.stamps[token] = (note, at, True)
            self.anchors.timestamps.append((size, token))

    def cosign(self, number: int) -> None:
        """Ask a witness about the newest checkpoint."""
        size = max(self.ledger.checkpoints, default=0)
        if 0 < size <= len(self.ledger.leaves):
            line = self.witnesses[number % 3].ask(self.ledger, self.ledger.now_ms)
            if line is not None:
                self.anchors.cosignatures.append((size, line))

    def refresh(self) -> None:
        """Compute leaves and streams from the stored bytes, as a thief would."""
        ledger = self.ledger
        ledger.leaves = [leaf(entry) for entry, _ in ledger.entries]
        ledger.streams = {}
        for entry, _ in ledger.entries:
            match = ENTRY.fullmatch(entry)
            if match is not None:
                head = ledger.streams.setdefault(match[8].decode(), Stream(0, ZEROS))
                head.counter += 1
                head.previous = sha256(match[5]).hexdigest()

    def key_for(self, stream: str) -> Key:
        """The stolen key that signs in a stream, else one that only looks like it."""
        role = stream.split("/", maxsplit=1)[0]
        if role in self.keys:
            return self.keys[role]
        honest = {"root": self.ledger.roots[0], "log": self.ledger.log}
        return impostor(honest.get(role) or self.ledger.key(role))

    def fresh(self) -> str:
        """A name that nothing has yet."""
        self.serial += 1
        return f"forged {self.serial} {len(self.ledger.entries)}"


def impostor(key: Key) -> Key:
    """Another pair under a key's name and public half: its signatures do not hold."""
    forged = Key(key.name, "thief")
    forged.public = key.public
    return forged
