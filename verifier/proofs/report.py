"""The verdict on a proof file: text for people, JSON for programs."""

import json
from dataclasses import dataclass, field
from typing import Any

from verifier.bundle.findings import FINDINGS_MAX, BundleFinding
from verifier.findings import Finding, escaped
from verifier.report.verdict import (
    BROKEN,
    EXIT_INCOMPLETE,
    EXIT_OK,
    EXIT_TAMPERED,
    EXIT_TRUST,
    EXIT_UNREADABLE,
    INCOMPLETE,
    LEVELS,
)

SCHEMA = "tuneledger.check/1"
UNREADABLE = "UNREADABLE"
FORK = "FORK"

NOT_PROVEN = (
    "that an event was true when it was written",
    "that nothing was left out before it was appended",
    (
        "that the key events shown are all: a later one may retire a key or declare it "
        "compromised"
    ),
    "that the entries that are not shown follow docs/spec.md",
    "that nothing came after the checkpoint, such as a key's retirement or an erasure",
)
"""What no proof file can show (PRF-16)."""

NOT_TIMED = "when anything happened: every time is the operator's clock"
TIMED = "when it happened: the time stamps show only that it was there by then"
NOT_WITNESSED = (
    "that this history is the only one: no quorum of witnesses of yours cosigned it"
)
WITNESSED = "that the witnesses do not conspire with the operator"
WHO_FORKED = "who used the log's key, and which of the two histories is true"


@dataclass(slots=True)
class ProofReport:
    """What was checked in a proof file, what was found, and what it proves.

    Attributes:
        path: the file, as it was named.
        kind: what it is; empty where that was not found out.
        unreadable: why the file cannot be judged; empty where it can.
        origin: the log's name; empty where it was not established.
        genesis: hex hash of submission 0's text; the same.
        size: how many entries the checkpoint covers; 0 where none was read.
        facts: what the file shows, for people: label and text.
        content: the same for programs.
        checked: lines of what passed.
        not_checked: lines of what was not checked, and why.
        incomplete: what was asked for and could not be checked.
        findings: rules that do not hold.
        trust: what was asked for and does not hold.
        noted: what does not hold and need not.
        root_keys: the root keys that the file declares.
        levels: `yes`, `no` or `not asked` for each level.
        waived: names of levels that need not hold.
        is_fork: whether it shows that the log signed two histories.
        complete: whether every check ran to its end.
    """

    path: str
    kind: str = ""
    unreadable: str = ""
    origin: str = ""
    genesis: str = ""
    size: int = 0
    facts: list[tuple[str, str]] = field(default_factory=list)
    content: dict[str, Any] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    findings: list[BundleFinding] = field(default_factory=list)
    trust: list[Finding] = field(default_factory=list)
    noted: list[Finding] = field(default_factory=list)
    root_keys: list[str] = field(default_factory=list)
    levels: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(LEVELS, "not asked")
    )
    waived: frozenset[str] = frozenset()
    is_fork: bool = False
    complete: bool = False

    @property
    def level(self) -> int:
        """The highest level that holds with all below it held or waived."""
        held = 0
        for number, name in enumerate(LEVELS[1:], start=1):
            if self.levels[name] == "yes":
                held = number
            elif name not in self.waived:
                break
        return held

    @property
    def verdict(self) -> str:
        """`UNREADABLE`, `BROKEN`, `INCOMPLETE`, `FORK` or `L0` to `L3`."""
        if self.unreadable:
            return UNREADABLE
        if self.findings:
            return BROKEN
        if self.incomplete or not self.complete:
            return INCOMPLETE
        return FORK if self.is_fork else f"L{self.level}"

    @property
    def exit_code(self) -> int:
        """The code of docs/spec.md, section 10."""
        match self.verdict:
            case "UNREADABLE":
                return EXIT_UNREADABLE
            case "BROKEN":
                return EXIT_TAMPERED
            case "INCOMPLETE":
                return EXIT_INCOMPLETE
            case _ if self.trust:
                return EXIT_TRUST
            case "FORK":
                return EXIT_TAMPERED
            case _:
                return EXIT_OK

    @property
    def not_proven(self) -> list[str]:
        """What this file does not prove."""
        is_timed = self.levels["timed"] == "yes"
        is_witnessed = self.levels["witnessed"] == "yes"
        history = WITNESSED if is_witnessed else NOT_WITNESSED
        return [
            *NOT_PROVEN,
            TIMED if is_timed else NOT_TIMED,
            WHO_FORKED if self.is_fork else history,
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return the one JSON document of `--json`."""
        return {
            "schema": SCHEMA,
            "path": self.path,
            "kind": self.kind,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "unreadable": self.unreadable,
            "levels": self.levels,
            "origin": self.origin,
            "genesis": self.genesis,
            "size": self.size,
            "root_keys": self.root_keys,
            "content": self.content,
            "checked": self.checked,
            "not_checked": self.not_checked,
            "incomplete": self.incomplete,
            "not_proven": self.not_proven,
            "findings": [finding.as_dict() for finding in self._listed],
            "findings_total": len(self.findings),
            "trust": [finding.as_dict() for finding in self.trust],
            "noted": [finding.as_dict() for finding in self.noted],
        }

    def as_json(self) -> str:
        """Return that document as text."""
        return json.dumps(self.as_dict(), indent=2)

    def as_text(self) -> str:
        """Return the lines for a person."""
        label = self.kind.upper() or "FILE"
        lines = [_line(label, f"{escaped(self.path)}   {self.origin}".rstrip())]
        if self.unreadable:
            lines.append(_line("UNREADABLE", self.unreadable))
        lines += [_line(name, text) for name, text in self.facts]
        lines += [_line("PASS", text) for text in self.checked]
        lines += [_line("NOT CHECKED", text) for text in self.not_checked]
        lines += [_line("INCOMPLETE", text) for text in self.incomplete]
        lines += self._finding_lines()
        lines += [_line("TRUST", f"root key {key}") for key in self.root_keys]
        lines += [_line("TRUST", str(finding)) for finding in self.trust]
        lines += [_line("NOTED", str(finding)) for finding in self.noted]
        lines += [_line("DOES NOT PROVE", text) for text in self.not_proven]
        lines += [_line(name, answer) for name, answer in self.levels.items()]
        lines.append(_line("RESULT", f"{self._named_verdict}   exit {self.exit_code}"))
        return "\n".join(lines) + "\n"

    @property
    def _named_verdict(self) -> str:
        is_level = self.verdict == f"L{self.level}"
        return f"{self.verdict} {LEVELS[self.level]}" if is_level else self.verdict

    @property
    def _listed(self) -> list[BundleFinding]:
        return self.findings[:FINDINGS_MAX]

    def _finding_lines(self) -> list[str]:
        lines: list[str] = []
        for number, finding in enumerate(self._listed):
            label = "ALSO BAD" if number else "FIRST BAD"
            place = f"{finding.where}   {finding.code} {finding.rule}"
            lines.append(_line(label, place))
            lines.append(_line("", f"expected {finding.expected}"))
            lines.append(_line("", f"found    {finding.found}"))
        return lines


def printable(text: str) -> str:
    """Return text with all but printable ASCII escaped.

    What is escaped already stays as it is, so that a whole line can be taken.
    """
    return "".join(one if " " <= one <= "~" else escaped(one) for one in text)


def _line(label: str, text: str) -> str:
    return printable(f"{label:<15} {text}".rstrip())
