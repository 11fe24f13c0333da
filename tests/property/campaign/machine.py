"""The campaign: an honest operator and a thief, judged by an auditor and a model."""

import shutil
import tempfile
from pathlib import Path
from random import Random

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.property.campaign import moves_anchors, moves_bytes, moves_signed
from tests.property.campaign.audience import Audience
from tests.property.campaign.moves import MOVES
from tests.property.campaign.promise import hold_anchored, hold_authentic
from tests.property.campaign.world import NAMES, STREAMS, World, begin, new_event
from tests.simulator import Key
from tests.tamper.anchoring import Anchors
from tests.tamper.auditor import HOUR_MS, Outcome

WITHOUT_KEYS, WITH_KEYS, ON_ANCHORS = (
    tuple(name for name, run in MOVES.items() if run.__module__ == module.__name__)
    for module in (moves_bytes, moves_signed, moves_anchors)
)
ANY = tuple(MOVES)
NUMBERS = st.integers(0, 999)
SEEDS = st.integers(0, 2**32 - 1)
"""Of a uniform choice: hypothesis itself would often make the same one again."""
THIEVES_EACH = 3
THIEVES = (
    (),
    ("log",),
    ("log", "ingest"),
    ("log", "ingest", "scanner"),
    ("log", "ingest-2"),
    ("log", "root"),
    ("log", "scanner", "w0"),
    ("root", "ingest"),
    ("ingest", "scanner", "governance"),
    ("w0",),
    ("w0", "w1"),
    ("log", "ingest", "w0", "w1"),
    ("root", "log", *NAMES),
    ("root", "log", *NAMES, "w0", "w1", "w2"),
)
Moves = list[tuple[str, int, int]]
MANY = 9
"""Events of one submission that the verifier reads at once."""


def moves_of(random: Random, *names: tuple[str, ...]) -> Moves:
    """A move of each kind, or three of the only one.

    Each has two numbers, which mean whatever the move makes of them.
    """
    kinds = names if len(names) > 1 else names * 3
    return [
        (random.choice(kind), random.randrange(10**6), random.randrange(10**6))
        for kind in kinds
    ]


class Campaign(RuleBasedStateMachine):
    """Honest work and thefts in any order.

    Attributes:
        honest: the ledger as its operator knows it.
        copies: old states that the thief kept.
        audience: who looks, and what they should be told.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="campaign-"))
        ledger = begin()
        self.audience = Audience(self.folder, ledger)
        auditor = self.audience.auditor
        self.honest = World(ledger, Anchors(), auditor.witnesses, auditor.authority, {})
        self.copies: list[World] = []
        self.serial = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # Honest work.

    @initialize(
        count=st.integers(1, 4),
        rotated=st.sampled_from([None, *range(10)]),
        anchored=st.booleans(),
        audited=st.booleans(),
    )
    def start(
        self, count: int, rotated: int | None, anchored: bool, audited: bool
    ) -> None:
        for number in range(count):
            self.append(number + 1, 1 + number % 2)
        if rotated is not None:
            self.rotate(rotated)
        if anchored:
            self.anchor()
        if audited:
            self.audit()

    @rule(n=NUMBERS, group=st.integers(1, 3))
    def append(self, n: int, group: int) -> None:
        """Entries of some stream under one checkpoint, some with many events."""
        ledger, stream = self.honest.ledger, STREAMS[n % 4]
        for _ in range(group):
            events = []
            for _ in range(MANY if n % 5 == 0 else 1):
                self.serial += 1
                events.append(new_event(ledger, stream, self.serial))
            ledger.submit(stream, events, checkpoint=False)
        ledger.checkpoint()

    @rule(n=NUMBERS)
    def rotate(self, n: int) -> None:
        """A key gives way to its successor, or is retired and another granted."""
        ledger = self.honest.ledger
        name = ("log", *NAMES)[n % 5]
        role, families = NAMES.get(name, ("log", []))
        old, new = self.key_of(name), ledger.successor(name)
        self.honest.replaced.append((name, old))
        if n % 2:
            ledger.submit("root", [ledger.rotated(old, new, role)])
            return
        if name == "log":
            ledger.log_seed += "+"
        else:
            ledger.turns[name] = ledger.turns.get(name, 0) + 1
        grant = ledger.granted(new, role, families, name)
        ledger.submit("root", [ledger.retired(old), grant])

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        """Nothing happens for a while."""
        self.honest.ledger.now_ms += hours * HOUR_MS

    @rule()
    def anchor(self) -> None:
        """A time stamp and three cosignatures."""
        self.honest.stamp()
        for number in range(3):
            self.honest.cosign(number)

    @rule(n=NUMBERS)
    def anchor_in_part(self, n: int) -> None:
        """One anchor of some kind."""
        if n % 4 == 3:
            self.honest.stamp()
        else:
            self.honest.cosign(n)

    @rule()
    def audit(self) -> None:
        """The honest file is worth what it was, to both readers."""
        self.audience.audit(self.honest, self.honest.ledger.now_ms)

    @rule()
    def keep_copy(self) -> None:
        """The thief copies the file for later."""
        self.copies.append(self.honest.copy())

    # Thefts. Each begins with the file as it is, or was.

    @rule(seed=SEEDS)
    def attack(self, seed: int) -> None:
        """Anything."""
        self.attack_with(Random(seed), ANY)

    @rule(seed=SEEDS)
    def attack_bytes(self, seed: int) -> None:
        """What needs no key."""
        self.attack_with(Random(seed), WITHOUT_KEYS)

    @rule(seed=SEEDS)
    def attack_meaning(self, seed: int) -> None:
        """What somebody must sign."""
        self.attack_with(Random(seed), WITH_KEYS)

    @rule(seed=SEEDS)
    def attack_anchors(self, seed: int) -> None:
        """Another history, dressed up with anchors."""
        self.attack_with(Random(seed), WITH_KEYS, ON_ANCHORS, ON_ANCHORS)

    @precondition(lambda self: self.copies)
    @rule(seed=SEEDS)
    def put_back(self, seed: int) -> None:
        """An old copy takes the place of the file, and is then changed."""
        random = Random(seed)
        world = self.honest.copy()
        old = random.choice(self.copies).copy()
        world.ledger, world.anchors = old.ledger, old.anchors
        self.look(world)
        self.carry_out(world, random.choice(THIEVES), moves_of(random, ANY, ANY))

    def attack_with(self, random: Random, *names: tuple[str, ...]) -> None:
        """Some thieves, one after the other, each with a few moves."""
        for _ in range(THIEVES_EACH):
            thief, moves = random.choice(THIEVES), moves_of(random, *names)
            note(f"{thief}: {moves}")
            self.carry_out(self.honest.copy(), thief, moves)

    def carry_out(self, world: World, thief: tuple[str, ...], moves: Moves) -> None:
        """Make one move after the other; most that break the file are taken back."""
        world.keys = {name: self.key_of(name) for name in thief}
        for name, n, m in moves:
            before = world.copy()
            MOVES[name](world, n, m)
            if self.look(world).verdict == "BROKEN" and m % 4:
                world = before

    def key_of(self, name: str) -> Key:
        """A key as it is now."""
        ledger = self.honest.ledger
        match name:
            case "root":
                return ledger.roots[0]
            case "log":
                return ledger.log
            case "w0" | "w1" | "w2":
                return self.honest.witnesses[int(name[1])].key
        return ledger.key(name)

    # What must hold.

    def look(self, world: World) -> Outcome:
        """Show a forged file to both readers, and hold it against the model."""
        now_ms, audience = self.honest.ledger.now_ms, self.audience
        plain, whole = audience.read(world, now_ms)
        if world.flaws:
            assert {plain.verdict, whole.verdict} <= {"BROKEN", "UNREADABLE"}, whole
            return whole
        expected = audience.expected(world, now_ms)
        if world.murky:
            assert whole.rank <= Outcome(expected.verdict, 0).rank, (expected, whole)
        else:
            alone = audience.expected_plainly(world)
            assert alone.verdict == plain.verdict, (alone, plain)
            assert expected.verdict == whole.verdict, (expected, whole)
            if whole.verdict != "BROKEN":
                assert expected.as_levels() == dict(whole.levels), (expected, whole)
        if plain.verdict == "L1":
            hold_authentic(world, [self.honest, *self.copies])
        if whole.verdict != "BROKEN":
            hold_anchored(world, whole, audience.kept)
        if world.rows() == self.honest.rows():
            assert (plain, whole) == audience.read(self.honest, now_ms)
        return plain
