"""What a stolen key is good for: to change history, or to go on with it.

A thief does the best that the keys allow. The past is changed in the thief's own name:
an event of a stolen role's stream says something else. The present is continued by one
more event. The thief then gets whatever anchors honest people give, and makes those
that stolen witness keys allow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.simulator import LedgerSimulator
from tests.tamper.anchoring import Anchors
from tests.tamper.attack import Scene
from tests.tamper.auditor import Outcome
from tests.tamper.chapters import LATE_RUN, Step, digest, ident
from tests.tamper.story import Story
from tests.tamper.thief import rewrite

CHANGES = {
    "governance": ("policy.adopted", "basket_version", "2020-01-01"),
    "scanner": ("optout.url_scanned", "scanner", "tuneledger/9.9"),
    "ingest": ("ingest.record_decided", "licence", "MIT"),
    "sharder": ("shards.map_declared", "load_per_mille", 1300),
    "trainer": ("training.run_started", "torch_version", "9.9.9"),
    "run": ("training.run_started", "torch_version", "9.9.9"),
    "eraser": ("erasure.requested", "received_at_ms", 1),
}
"""For each role an event, and a value of it that no other event contradicts."""
LIES = {
    "governance": {"policy_sha256": digest("lie")},
    "scanner": {"scan_id": ident("lie")},
    # Quarantined records rested on its own scan; nobody may cite that any more.
    "ingest": {"record_id": ident("lie"), "scan_id": ident("scan", 1)},
    "sharder": {"map_id": ident("lie")},
    "trainer": {"run_id": ident("lie")},
    "run": {},
    "eraser": {"erasure_id": ident("lie")},
}
"""What makes the same event a new one."""
WITNESSES = ("witness 0", "witness 1")
KEYS = ("root", "log", *CHANGES, "ci", "TSA", "witness 0")
OPERATOR = frozenset(["root", "log", *CHANGES, "ci"])
COMBINATIONS = (
    *(frozenset([key]) for key in KEYS),
    *(frozenset([role, "log"]) for role in CHANGES),
    frozenset(["root", "log"]),
    frozenset(["root", "ingest"]),
    frozenset(["log", "TSA"]),
    frozenset(["log", *WITNESSES]),
    frozenset(["ingest", "log", "witness 0"]),
    frozenset(["ingest", "log", *WITNESSES]),
    OPERATOR,
    OPERATOR | {"TSA"},
    OPERATOR | {"witness 0"},
    OPERATOR | {*WITNESSES},
    OPERATOR | {"TSA", *WITNESSES},
)
ACTS = ("change the past", "add a lie")


@dataclass(frozen=True)
class Attempt:
    """What a thief with some keys does.

    Attributes:
        stolen: the keys.
        act: one of `ACTS`.
    """

    stolen: frozenset[str]
    act: str

    @property
    def keys(self) -> str:
        """The keys in words."""
        rest = self.stolen - OPERATOR
        if self.stolen >= OPERATOR:
            return " + ".join(["all of the ledger", *sorted(rest)])
        return " + ".join(sorted(self.stolen))

    @property
    def role(self) -> str:
        """In whose name the thief speaks."""
        return next((role for role in CHANGES if role in self.stolen), "ingest")

    def read(self, folder: Path, auditor: str) -> Outcome:
        """What an auditor makes of it."""
        scene = Scene(folder, auditor)
        scene.ledger = self._forge(scene.ledger)
        if scene.anchored:
            self._dress(scene)
        scene.write()
        return scene.read()

    def promised(self, auditor: str) -> str:
        """The verdict that docs/threat-model.md allows."""
        speaks = self.role in self.stolen
        if self.act == "add a lie":
            # A run's key ends with its run, and only root replaces it.
            can = "log" in self.stolen and (
                "root" in self.stolen or (speaks and self.role != "run")
            )
            best = {"root": "L1", "policy": "L3", "pin": "L4"}
            return best[auditor] if can else "BROKEN"
        can = bool(self.stolen & {"root", "log"})
        if not can or auditor == "pin":
            return "BROKEN"
        witnessed = self.stolen.issuperset(WITNESSES)
        return {"root": "L1", "policy": "L3" if witnessed else "L2"}[auditor]

    def _forge(self, honest: LedgerSimulator) -> LedgerSimulator:
        if self.act == "change the past":
            if "root" in self.stolen:
                return self._new_ledger()
            if self.role not in self.stolen and "log" in self.stolen:
                return self._new_clock(honest)
            return rewrite(honest, self._names(), self._change)
        if {"root", "log"} <= self.stolen and self.role not in self.stolen:
            return rewrite(honest, self._names(), self._lie_with_own_key)
        return rewrite(honest, self._names(), self._lie)

    def _names(self) -> frozenset[str]:
        """The stolen keys by the names that the story gives them."""
        run = {f"trainer/{LATE_RUN}"} if "run" in self.stolen else set()
        own = {"own"} if {"root", "log"} <= self.stolen else set()
        return self.stolen | run | own

    def _change(self, story: Story) -> None:
        _, field, value = CHANGES[self.role]
        self._own_event(story)[field] = value

    def _lie(self, story: Story) -> None:
        event = self._own_event(story)
        changes = LIES[self.role]
        if self.role == "trainer":
            changes = changes | {"map_id": "", "shards": [], "slices": 0}
        story.repeat(event, **changes)

    def _own_event(self, story: Story) -> dict:
        """The first event of the role's kind that its key signed."""
        events = story.all(CHANGES[self.role][0])
        by_run_key = [e for e in events if e.get("run_id") == LATE_RUN]
        return (by_run_key if self.role == "run" else events)[0]

    def _lie_with_own_key(self, story: Story) -> None:
        """Root grants the thief a key of the role, which then says the lie."""
        own = story.ledger.key("own")
        grant = story.ledger.granted(own, "ingest", ["ingest"], "own")
        event = {**story.one("ingest.record_decided", 9), **LIES["ingest"]}
        story.steps += [Step("root", [grant]), Step("own", [event])]

    def _new_ledger(self) -> LedgerSimulator:
        """A new genesis under the true root, all other keys the thief's own."""
        story = Story(seed="thief")
        honest = LedgerSimulator()
        story.ledger.roots = honest.roots
        created = story.one("keys.ledger_created")
        created["root_keys"] = [
            {"name": key.name, "public_key": key.public.hex()} for key in honest.roots
        ]
        return story.build()

    def _new_clock(self, honest: LedgerSimulator) -> LedgerSimulator:
        """An entry recorded at another time, and all after it sealed again."""
        seq = len(honest.entries) - 2
        entry, lines = honest.entries[seq]
        head, name, rest = entry.partition(b"recorded_at_ms ")
        at, _, rest = rest.partition(b"\n")
        honest.entries[seq] = (b"%b%b%d\n%b" % (head, name, int(at) + 1, rest), lines)
        honest.rechain(seq)
        return honest

    def _dress(self, scene: Scene) -> None:
        """Take honest anchors, and make those that stolen keys allow."""
        scene.anchors = Anchors()
        scene.anchor()
        size = max(scene.ledger.checkpoints)
        note = scene.ledger.checkpoints[size]
        for name in self.stolen.intersection(WITNESSES):
            witness = scene.auditor.witnesses[int(name[-1])]
            line = witness.line(note, scene.ledger.now_ms + 1000)
            scene.anchors.cosignatures.append((size, line))


def attempts() -> Iterator[Attempt]:
    """Every combination with every act."""
    for act in ACTS:
        for stolen in COMBINATIONS:
            yield Attempt(stolen, act)
