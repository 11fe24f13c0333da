"""Who looks at the file: somebody with the root key, somebody with policy and pin."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.property.campaign.answers import Answers, Trust, judge_all
from tests.property.campaign.world import World
from tests.simulator import LedgerSimulator, tree_root
from tests.tamper.anchoring import write_anchored
from tests.tamper.auditor import Auditor, Outcome
from tests.tamper.auditor import judge as judge_file

MINUTE_MS = 60_000


class Audience:
    """Two readers, and the model of what they may be told.

    Attributes:
        looks: how many files were judged by now, over all sequences.
        auditor: the one with policy and pin.
        kept: size and root of the checkpoint that the auditor keeps.
    """

    looks = 0

    def __init__(self, folder: Path, ledger: LedgerSimulator) -> None:
        self._file = folder / "acme.ledger"
        self.auditor = Auditor(folder / "auditor", ledger, policy=True, pin=True)
        self.kept: tuple[int, bytes] | None = None
        self._roots = frozenset(key.public for key in ledger.roots)

    def read(
        self, world: World, now_ms: int, *, keep: bool = False
    ) -> tuple[Outcome, Outcome]:
        """The verdicts for the reader who has the root key alone, and for the auditor.

        Unless asked, what the auditor's look did to the store is undone.
        """
        Audience.looks += 2
        path = self._write(world)
        plain = judge_file(path, root_keys=self.auditor.roots)
        store = self.auditor.folder / "pins"
        saved = {item: item.read_bytes() for item in store.glob("*")}
        outcome = self.auditor.read(path, now_ms + MINUTE_MS)
        if not keep:
            for item in store.glob("*"):
                item.unlink()
            for item, content in saved.items():
                item.write_bytes(content)
        return plain, outcome

    def expected_plainly(self, world: World) -> Answers:
        """What the model has the first reader told."""
        return self._judge(world, Trust(self._roots, (), {}, None, 0))

    def expected(self, world: World, now_ms: int) -> Answers:
        """What the model has the auditor told."""
        trust = Trust(
            roots=self._roots,
            witnesses=tuple((w.key.name, w.key.public) for w in world.witnesses),
            stamps=world.stamps,
            kept=self.kept,
            now_ms=now_ms + MINUTE_MS,
        )
        return self._judge(world, trust)

    def audit(self, world: World, now_ms: int) -> None:
        """Read the honest file; what holds is kept.

        Holding all means L4; the first time there is nothing to be continuous with.
        """
        expected = self.expected(world, now_ms)
        plain, outcome = self.read(world, now_ms, keep=True)
        assert expected.verdict == outcome.verdict, (expected, outcome)
        assert (expected.verdict == "L4") == (outcome.exit_code == 0)
        assert plain.verdict == "L1"
        if expected.timed and expected.witnessed and not expected.contradicted:
            leaves = world.ledger.leaves
            self.kept = (len(leaves), tree_root(leaves))

    def _judge(self, world: World, trust: Trust) -> Answers:
        ledger = world.ledger
        return judge_all(ledger.entries, ledger.checkpoints, world.anchors, trust)

    def _write(self, world: World) -> Path:
        write_anchored(world.ledger, world.anchors, self._file)
        if world.flaws:
            with closing(sqlite3.connect(self._file)) as database:
                for sql in dict.fromkeys(world.flaws):
                    database.execute(sql)
        return self._file
