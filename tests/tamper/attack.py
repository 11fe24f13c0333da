"""Attacks as functions on a scene, and the register that tests and campaign share."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.simulator import LedgerSimulator
from tests.tamper.anchoring import Anchors, write_anchored
from tests.tamper.auditor import HOUR_MS, Auditor, Outcome
from tests.tamper.harness import told_ledger
from verifier import Report

AUDITORS = {
    "root": "the root key",
    "policy": "a policy with witnesses and a TSA",
    "pin": "that policy and an earlier checkpoint",
}


class Scene:
    """An honest ledger, its file, its anchors, and an auditor who looks at it.

    Attributes:
        ledger: the ledger in memory; an attack edits it and calls `write`.
        anchors: the rows of its anchor tables; empty for the auditor `root`.
        path: the ledger's file.
        now_ms: the auditor's clock.
    """

    def __init__(self, folder: Path, auditor: str = "root") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.ledger = self.make()
        self.anchors = Anchors()
        self.path = folder / "acme.ledger"
        self.now_ms = self.ledger.now_ms + HOUR_MS
        self.anchored = auditor != "root"
        self.auditor = Auditor(
            folder / "auditor",
            self.ledger,
            policy=auditor == "policy",
            pin=auditor == "pin",
        )
        if self.anchored:
            self.anchor()
        self.write()
        if auditor == "pin":
            self.read()  # a first look, which keeps the checkpoint

    def make(self) -> LedgerSimulator:
        """The honest ledger."""
        return told_ledger()

    def anchor(self) -> None:
        """Have the newest checkpoint stamped, and cosigned by all who agree."""
        size, at = max(self.ledger.checkpoints), self.ledger.now_ms + 1000
        note = self.ledger.checkpoints[size]
        stamp = self.auditor.authority.stamp(note, at)
        self.anchors.timestamps.append((size, stamp))
        for witness in self.auditor.witnesses:
            line = witness.ask(self.ledger, at)
            if line is not None:
                self.anchors.cosignatures.append((size, line))

    def write(self) -> None:
        """Write what is in memory over the file."""
        if self.anchored:
            write_anchored(self.ledger, self.anchors, self.path)
        else:
            self.path.unlink(missing_ok=True)
            self.ledger.write(self.path)

    def read(self) -> Outcome:
        """The auditor's verdict on the file as it is."""
        return self.auditor.read(self.path, self.now_ms)

    def report(self) -> Report:
        """The auditor's whole report on the file as it is."""
        return self.auditor.report(self.path, self.now_ms)


@dataclass(frozen=True)
class Attack:
    """One attack of the threat model.

    Attributes:
        row: the threat that it carries out: T1 to T24, S1 to S17.
        run: edits the scene; it may return the outcome to be judged itself.
        auditor: a key of `AUDITORS`: who looks.
        before, after: the verdicts on the honest and on the forged file.
        code: name of the finding that must be among those on the forged file.
    """

    row: str
    run: Callable[[Scene], Outcome | None]
    auditor: str
    before: str
    after: str
    code: str

    @property
    def name(self) -> str:
        seen = "" if self.auditor == "root" else f" ({self.auditor})"
        return f"{self.row} {self.run.__name__.replace('_', ' ')}{seen}"

    @property
    def is_found(self) -> bool:
        """Whether the reader's exit code is another than 0."""
        return self.after != self.before or self.code != ""

    @property
    def title(self) -> str:
        """What it does, in a sentence."""
        return re.sub(r"\s+", " ", self.run.__doc__ or "").strip()

    def carry_out(self, folder: Path) -> tuple[Outcome, Outcome]:
        """The verdicts before and after."""
        scene = Scene(folder, self.auditor)
        before = scene.read()
        after = self.run(scene)
        return before, after or scene.read()


REGISTER: list[Attack] = []


def attack(
    row: str,
    *,
    after: str,
    code: str = "",
    auditor: str = "root",
    before: str = "",
) -> Callable:
    """Enter a function as an attack."""
    honest = {"root": "L1", "policy": "L3", "pin": "L4"}[auditor]

    def enter(run):
        REGISTER.append(Attack(row, run, auditor, before or honest, after, code))
        return run

    return enter


def attacks(family: str) -> Iterator[Attack]:
    """The attacks of the rows T or S, by number, each for weaker auditors first."""
    rows = [attack for attack in REGISTER if attack.row.startswith(family)]
    places = {attack.run: place for place, attack in reversed([*enumerate(rows)])}
    auditors = list(AUDITORS)

    def place(attack: Attack) -> tuple[int, int, int]:
        row = int(attack.row[1:])
        return row, places[attack.run], auditors.index(attack.auditor)

    yield from sorted(rows, key=place)
