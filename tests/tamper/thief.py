"""A thief: signs with the keys that were stolen, and reuses what others signed."""

from dataclasses import dataclass, field

from tests.simulator import Key, LedgerSimulator, leaf, split_entry
from tests.tamper.story import Story

Harvest = dict[tuple[str, bytes], bytes]
"""Signature lines that lie open in a ledger, by key name and text."""


def harvest(ledger: LedgerSimulator) -> Harvest:
    """Every signature line of a ledger's submissions and checkpoints."""
    notes = [split_entry(entry)[1] for entry, _ in ledger.entries]
    lines: Harvest = {}
    for note in [*notes, *ledger.checkpoints.values()]:
        text, _, signatures = note.partition(b"\n\n")
        for line in signatures.splitlines(keepends=True):
            name = line.decode().split(" ")[1]
            lines[name, text + b"\n"] = line
    return lines


class BorrowedKey(Key):
    """A key of somebody else: true lines if it was stolen or said the same before."""

    def __init__(self, key: Key, harvested: Harvest, *, stolen: bool) -> None:
        self.name, self.private, self.public = key.name, key.private, key.public
        self._harvested = harvested
        self._stolen = stolen

    def line(self, text: bytes) -> bytes:
        if self._stolen:
            return super().line(text)
        seen = self._harvested.get((self.name, text))
        if seen is not None:
            return seen
        forged = Key(self.name, "the thief's own")
        forged.public = self.public  # another key's signature under this key's id
        return forged.line(text)


@dataclass
class ThiefLedger(LedgerSimulator):
    """A ledger written anew by somebody who holds some of its keys.

    Attributes:
        stolen: `root`, `log` and names of roles.
        harvested: what honest keys signed before.
    """

    stolen: frozenset[str] = frozenset()
    harvested: Harvest = field(default_factory=dict)

    def __post_init__(self):
        super().__post_init__()
        self.roots = [self._borrow(key, "root") for key in self.roots]

    @property
    def log(self) -> Key:
        return self._borrow(super().log, "log")

    def key(self, name: str) -> Key:
        return self._borrow(super().key(name), name)

    def _borrow(self, key: Key, role: str) -> Key:
        return BorrowedKey(key, self.harvested, stolen=role in self.stolen)


def rewrite(honest: LedgerSimulator, stolen: frozenset[str], change) -> ThiefLedger:
    """The story of `honest` again, changed, with true signatures where possible.

    Args:
        honest: the ledger as it is.
        stolen: the keys at hand.
        change: edits the story before it is built.
    """
    story = Story()
    thief = ThiefLedger(stolen=stolen, harvested=harvest(honest))
    thief.now_ms, thief.salts = story.ledger.now_ms, story.ledger.salts
    story.ledger = thief
    change(story)
    story.build()
    return thief


def drop_after(ledger: LedgerSimulator, size: int) -> None:
    """Cut a ledger off after `size` entries, with all later checkpoints."""
    del ledger.entries[size:], ledger.leaves[size:]
    for number in [n for n in ledger.checkpoints if n > size]:
        del ledger.checkpoints[number]


def set_entry(ledger: LedgerSimulator, seq: int, note: bytes, events: bytes) -> None:
    """Put another submission into an entry, its header as it was."""
    header, _ = split_entry(ledger.entries[seq][0])
    ledger.entries[seq] = (header + b"\n" + note, events)
    ledger.leaves[seq] = leaf(ledger.entries[seq][0])
