"""An auditor: what they trust, kept outside the file, and what they read off it."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.simulator import LedgerSimulator
from tests.tamper.anchoring import TimeAuthority, Witness
from verifier import Report, UnreadableLedgerError, load_policy, verify

HOUR_MS = 3_600_000
ORDER = ("UNREADABLE", "BROKEN", "INCOMPLETE", "L0", "L1", "L2", "L3", "L4")


@dataclass(frozen=True)
class Outcome:
    """What a verification came to.

    Attributes:
        verdict: one of `ORDER`.
        exit_code: that of docs/spec.md, section 10.
        codes: names of all findings and of all doubts about trust, each once.
        levels: yes, no or not asked for each of the five.
    """

    verdict: str
    exit_code: int
    codes: tuple[str, ...] = ()
    levels: tuple[tuple[str, str], ...] = ()

    @property
    def rank(self) -> int:
        return ORDER.index(self.verdict)

    def answer(self, level: str) -> str:
        return dict(self.levels)[level]

    def __str__(self) -> str:
        codes = " ".join(self.codes[:3]) + (" ..." if len(self.codes) > 3 else "")
        return f"{self.verdict}, exit {self.exit_code}" + (f", {codes}" * bool(codes))


def judge(path: Path, **options) -> Outcome:
    """Verify a file, and require that verification left no trace beside it."""
    before = evidence(path)
    try:
        report = verify(path, **options)
    except UnreadableLedgerError:
        outcome = Outcome("UNREADABLE", 6)
    else:
        found = [*report.findings, *report.unknown, *report.trust]
        codes = dict.fromkeys(finding.code.name for finding in found)
        outcome = Outcome(
            report.verdict,
            report.exit_code,
            tuple(codes),
            tuple(report.levels.items()),
        )
    if evidence(path) != before:
        message = f"{path.name} or what lies beside it changed while it was verified"
        raise AssertionError(message)
    return outcome


def evidence(path: Path) -> dict[str, tuple[str, int, int]]:
    """Digest, mode and time of the file and of all that SQLite keeps beside it."""
    return {
        item.name: (
            hashlib.sha256(item.read_bytes()).hexdigest(),
            item.stat().st_mode,
            item.stat().st_mtime_ns,
        )
        for item in sorted(path.parent.glob(path.name + "*"))
        if item.is_file()
    }


class Auditor:
    """Keeps a root key, and as far as asked a policy file and a pin store.

    Attributes:
        roots, threshold: the root keys, and how many must sign a key event.
        witnesses: those of the policy; two of three make its quorum.
        authority: the policy's time-stamp authority.
    """

    def __init__(
        self, folder: Path, ledger: LedgerSimulator, *, policy: bool, pin: bool
    ) -> None:
        self.folder = folder
        self.roots = [key.vkey for key in ledger.roots]
        self.threshold = ledger.threshold
        self.witnesses = [Witness(f"w{n}.example.net") for n in range(3)]
        self.authority = TimeAuthority()
        self._policy = policy or pin
        if self._policy:
            folder.mkdir(parents=True, exist_ok=True)
            self._write(ledger, pin=pin)

    def read(self, path: Path, now_ms: int) -> Outcome:
        """Verify a file as this auditor does, and require that it stays as it is."""
        return judge(path, **self._options(now_ms))

    def report(self, path: Path, now_ms: int) -> Report:
        """The whole report."""
        return verify(path, **self._options(now_ms))

    def _options(self, now_ms: int) -> dict[str, Any]:
        if not self._policy:
            return {"root_keys": self.roots, "root_threshold": self.threshold}
        policy = load_policy(self.folder / "trust.toml")
        return {"policy": policy, "now_ms": now_ms}

    def kept(self) -> dict[str, bytes]:
        """What the pin store holds."""
        store = self.folder / "pins"
        return {
            os.fspath(item.relative_to(store)): item.read_bytes()
            for item in sorted(store.rglob("*"))
            if item.is_file()
        }

    def _write(self, ledger: LedgerSimulator, *, pin: bool) -> None:
        (self.folder / "tsa-root.pem").write_bytes(self.authority.root_pem)
        names = [f"w{n}" for n in range(3)]
        lines = [
            f"witness {name} {witness.vkey}"
            for name, witness in zip(names, self.witnesses, strict=True)
        ]
        lines += [f"group all-three 2 {' '.join(names)}", "quorum all-three"]
        (self.folder / "witnesses.policy").write_text("\n".join(lines) + "\n")
        keys = ", ".join(f'"{key}"' for key in self.roots)
        text = f"""\
format = "tuneledger/trust/v1"
[log]
origins = ["{ledger.origin}"]
[root]
threshold = {ledger.threshold}
keys = [{keys}]
[timestamps]
roots = ["tsa-root.pem"]
max_age_hours = 24
[witnesses]
policy = "witnesses.policy"
max_age_hours = 24
[clock]
delay_max_s = 604800
"""
        text += '[pin]\nstore = "pins"\n' if pin else ""
        (self.folder / "trust.toml").write_text(text)
