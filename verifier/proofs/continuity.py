"""Level L4: does the ledger extend the checkpoint that the reader kept (VER-5)?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from verifier.findings import Code, Finding, Violation, escaped
from verifier.format.checkpoint import Checkpoint
from verifier.proofs.pair import PairError, make_pair
from verifier.report.verdict import Report
from verifier.store.lookup import root_at
from verifier.store.storage import LedgerFile
from verifier.trust.pin_store import Kept, PinStore, PinStoreError, write_durably

_TRIES_MAX = 8
_PROOFS_MAX = 100


@dataclass(slots=True, kw_only=True)
class Continuity:
    """One ledger against one pin store.

    Attributes:
        store: where the reader's checkpoints are kept.
        file: the ledger, in which a pass found nothing.
        newest: its newest checkpoint.
        genesis: SHA-256 of its submission 0's note text.
        entries: how many it has.
        before: the kept checkpoint that it is judged by; None at the first use.
        roots: by size, roots that the pass established; others are computed.
        fork_out: where the proof of a fork is written; beside the pin by default.
    """

    store: PinStore
    file: LedgerFile
    newest: Checkpoint
    genesis: bytes
    entries: int
    before: Kept | None
    roots: Mapping[int, bytes]
    fork_out: Path | None

    @property
    def now(self) -> Kept:
        """The newest checkpoint as it would be kept."""
        note = self.file.checkpoint_note(self.newest.size) or b""
        return Kept(self.genesis, self.newest.size, self.newest.root, note)

    def compare(self, report: Report) -> None:
        """Answer `continuous`, where a checkpoint was kept.

        Raises:
            PinStoreError: the proof of a fork cannot be written.
            DAMAGED: the file is damaged.
        """
        if self.before is None:
            return
        finding = self._contradiction(self.before)
        report.levels["continuous"] = "no" if finding else "yes"
        if finding is None:
            report.answers["continuous"] = (
                f"since the kept checkpoint {self.before.size}"
            )
            return
        report.findings.add(finding)
        size = self.before.size
        report.pin.append(f"kept checkpoint {size} contradicts the file; it is kept")
        if finding.code is not Code.FORKED:
            return
        if report.levels["authentic"] == "yes":
            report.pin.append(self._prove(self.before))
        else:
            report.pin.append(
                "no proof of a fork: without your root key, this may be anybody's file"
            )

    def remember(self, report: Report) -> None:
        """Keep the newest checkpoint, where nothing that was asked for is missing.

        Raises:
            PinStoreError: the store cannot be read or written.
            DAMAGED: the file is damaged.
        """
        now = self.now
        for _ in range(_TRIES_MAX):
            if self.before == now:
                report.pin.append(f"checkpoint {now.size} is the kept one")
                return
            if self.store.replace(self.newest.origin, self.before, now):
                was = f", before {self.before.size}" if self.before else ", the first"
                report.pin.append(f"checkpoint {now.size} is remembered now{was}")
                return
            # Another verification was faster: judge against what it kept.
            self.before = self.store.load(self.newest.origin)
            if self.before is not None and self.before.size > now.size:
                size = self.before.size
                report.pin.append(
                    f"another verification kept checkpoint {size} meanwhile; it is kept"
                )
                return
            self.compare(report)
            if len(report.findings):
                return
        message = (
            f"{escaped(str(self.store.folder))}: the kept checkpoint keeps changing"
        )
        raise PinStoreError(message)

    def _contradiction(self, kept: Kept) -> Finding | None:
        where = f"checkpoint {kept.size}"
        if kept.genesis != self.genesis:
            expected = f"genesis {kept.genesis.hex()}, as kept"
            return _broken(Code.FORKED, where, expected, self.genesis.hex())
        if kept.size > self.entries:
            expected = f"at least the {kept.size} entries of the kept checkpoint"
            found = f"{self.entries} entries"
            return _broken(Code.ROLLED_BACK, where, expected, found)
        root = self.roots.get(kept.size) or root_at(self.file, kept.size)
        if root != kept.root:
            expected = f"root {kept.root.hex()} at size {kept.size}, as kept"
            return _broken(Code.FORKED, where, expected, root.hex())
        return None

    def _prove(self, kept: Kept) -> str:
        """Write both notes and the proof; return a line that says where."""
        try:
            content = make_pair(self.file, kept.note)
        except PairError as error:
            return f"no proof of the fork could be made: {error}"
        try:
            path = self.fork_out or self._proof_path(content)
            write_durably(path, content)
        except OSError as error:
            place = escaped(str(self.fork_out or self.store.folder))
            message = f"{place}: the proof of the fork: {error.strerror}"
            raise PinStoreError(message) from None
        return f"the proof of the fork is in {escaped(str(path))}"

    def _proof_path(self, content: bytes) -> Path:
        """Return a path beside the pin; an earlier, other proof is not written over."""
        path = self.store.path(self.newest.origin, "fork.json")
        for number in range(2, _PROOFS_MAX):
            if not path.exists() or path.read_bytes() == content:
                break
            path = self.store.path(self.newest.origin, f"fork-{number}.json")
        return path


def _broken(code: Code, where: str, expected: str, found: str) -> Finding:
    return Violation(code, "VER-5", expected=expected, found=found).at(where)
