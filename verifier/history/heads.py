"""The stored checkpoints, each checked where the walk reaches its size."""

from verifier.findings import Code, FindingList, Violation
from verifier.format.checkpoint import Checkpoint, parse_checkpoint
from verifier.history.chain import Chain
from verifier.keys.authority import UnknownSignerError, check_checkpoint
from verifier.keys.ring import KeyRing
from verifier.store.storage import LedgerFile

CHECKPOINTS_SPARE = 100_000
"""Rows of `checkpoint` that are read beyond one for each entry.

Sound checkpoints have the sizes 1 to n, so they never outnumber the entries (CHK-2). A
ledger that lost entries has some to spare, which say what is missing; their keys are
held in memory, so a file of millions must not decide how many.
"""


class Heads:
    """Checks signer, size and root of every checkpoint.

    Attributes:
        chain: the tree that roots are compared with; the walk appends to it.
        stored: how many rows there are.
        passed: how many of them hold.
        unsigned: how many have a signer that the ring may not know.
        last_good: the newest one that holds.
        ahead: checkpoints that a worker process has read already, by size.
    """

    def __init__(self, file: LedgerFile, ring: KeyRing, findings: FindingList) -> None:
        """Read the checkpoints' keys from the file."""
        self._file = file
        self._ring = ring
        self._findings = findings
        entries, self.stored = file.count_rows()
        limit = entries + CHECKPOINTS_SPARE
        self._sizes = frozenset(file.checkpoint_sizes(limit))
        sizes = sorted(size for size in self._sizes if size > 0)
        self.chain = Chain(sizes, self.root_at)
        self.passed = 0
        self.unsigned = 0
        self.last_good: Checkpoint | None = None
        self.ahead: dict[int, Checkpoint] = {}
        if self.stored > limit:
            fault = Violation(
                Code.CHECKPOINT_SIZE,
                "CHK-2",
                expected=f"at most one checkpoint for each of {entries} entries",
                found=f"{self.stored} checkpoints",
            )
            self._find("file", fault)

    def check(self, size: int, *, damaged: bool) -> None:
        """Check the checkpoint over the entries so far, if one is stored.

        Args:
            size: number of entries so far.
            damaged: whether a finding already names the newest one's bytes.
        """
        if size not in self._sizes:
            return
        checkpoint = self._read(size)
        if checkpoint is None:
            return
        fault = self.chain.check_root(checkpoint, damaged=damaged)
        if fault is not None:
            self._find(*fault)
        elif not self.chain.tree_lost:
            self.passed += 1
            self.last_good = checkpoint

    def end(self, entries: int) -> None:
        """Check, after the last entry, what only the whole table shows."""
        for size in sorted(self._sizes - set(self.chain.sizes)):
            fault = Violation(
                Code.CHECKPOINT_SIZE, "CHK-2", expected="at least 1", found=size
            )
            self._find(f"checkpoint {size}", fault)
        beyond = [size for size in self.chain.sizes if size > entries]
        if beyond:
            self._check_beyond(beyond, entries)
        elif entries and entries not in self._sizes:
            fault = Violation(
                Code.CHECKPOINT_MISSING,
                "CHK-4",
                expected=f"a checkpoint over all {entries} entries",
                found=f"the newest over {max(self.chain.sizes, default=0)}",
            )
            self._find(f"checkpoint {entries}", fault)

    def root_at(self, size: int) -> bytes | None:
        """Return the root in the checkpoint of a size, None where unreadable."""
        try:
            note = self._file.checkpoint_note(size)
            return None if note is None else parse_checkpoint(note).root
        except Violation:
            return None

    def _check_beyond(self, sizes: list[int], entries: int) -> None:
        """Report checkpoints over entries that are not there.

        Their log key may have been granted in one of those, so another signer than
        the last known log key is no fault of the checkpoint.
        """
        self._ring.unsure = self._ring.unsure or f"after entry {entries - 1}"
        faults = self._findings.total
        for size in sizes:
            self._read(size)
        if self._findings.total - faults < len(sizes):
            fault = Violation(
                Code.ENTRY_MISSING,
                "CHK-2",
                expected=f"the {sizes[-1]} entries that the checkpoints cover",
                found=f"{entries} entries",
            )
            self._find(f"entry {entries}", fault)

    def _read(self, size: int) -> Checkpoint | None:
        """Return a checkpoint that is well signed, None where it is not."""
        try:
            checkpoint = self.ahead.pop(size, None) or parse_checkpoint(
                self._file.checkpoint_note(size) or b""
            )
            check_checkpoint(checkpoint, size, self._ring)
        except UnknownSignerError:
            self.unsigned += 1
            return None
        except Violation as violation:
            self.chain.blamed_checkpoints.add(size)
            self._find(f"checkpoint {size}", violation)
            return None
        return checkpoint

    def _find(self, where: str, violation: Violation) -> None:
        self._findings.add(violation.at(where))
