"""The verdict and its two renderings: text for people, JSON for programs."""

import json
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from verifier.findings import Code, Finding, FindingList, escaped

SCHEMA = "tuneledger.verify/1"

BROKEN = "BROKEN"
INCOMPLETE = "INCOMPLETE"
CONSISTENT = "L0"
AUTHENTIC = "L1"

# The JSON document lists more: up to findings.FINDINGS_MAX.
TEXT_FINDINGS_MAX = 10

EXIT_OK = 0
EXIT_TAMPERED = 1
EXIT_INCOMPLETE = 5
EXIT_UNREADABLE = 6
EXIT_TRUST = 7

_NAMES = {
    BROKEN: "BROKEN",
    INCOMPLETE: "INCOMPLETE",
    CONSISTENT: "L0 consistent",
    AUTHENTIC: "L1 authentic",
}
LEVELS = ("consistent", "authentic", "timed", "witnessed", "continuous")


@dataclass(slots=True)
class Report:
    """What was checked, what was found, and what it proves.

    Attributes:
        path: the file, as it was named.
        level_asked: 0 or 1.
        origin: the log's name; empty where entry 0 could not be read.
        head: entries, root and size of the newest checkpoint that holds.
        counts: how many of each thing were checked.
        checked: lines of what passed, each with its count.
        not_checked: lines of what was not checked, and why.
        not_proven: lines of what no check here can show.
        findings: rules that do not hold.
        unknown: events of unknown types.
        trust: why the root is not the reader's; empty where it is.
        levels: `yes`, `no` or `not asked` for each of `LEVELS`.
    """

    path: str
    level_asked: int
    origin: str = ""
    head: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)
    findings: FindingList = field(default_factory=FindingList)
    unknown: FindingList = field(default_factory=FindingList)
    trust: list[Finding] = field(default_factory=list)
    root_keys: list[str] = field(default_factory=list)
    levels: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(LEVELS, "not asked")
    )

    @property
    def first(self) -> Finding | None:
        """The first finding in the order of the ledger."""
        return next(iter(self.findings), None)

    @property
    def verdict(self) -> str:
        """`BROKEN`, `INCOMPLETE`, `L0` or `L1`."""
        if len(self.findings):
            return BROKEN
        if len(self.unknown):
            return INCOMPLETE
        return AUTHENTIC if self.levels["authentic"] == "yes" else CONSISTENT

    @property
    def exit_code(self) -> int:
        """The code of docs/spec.md, section 10."""
        match self.verdict:
            case "BROKEN":
                return EXIT_TAMPERED
            case "INCOMPLETE":
                return EXIT_INCOMPLETE
            case _ if self.trust:
                return EXIT_TRUST
            case _:
                return EXIT_OK

    def as_dict(self) -> dict[str, Any]:
        """Return the one JSON document of `--json`."""
        return {
            "schema": SCHEMA,
            "path": self.path,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "level_asked": self.level_asked,
            "levels": self.levels,
            "origin": self.origin,
            "head": self.head,
            "root_keys": self.root_keys,
            "counts": self.counts,
            "checked": self.checked,
            "not_checked": self.not_checked,
            "not_proven": self.not_proven,
            "first_finding": self.first.as_dict() if self.first else None,
            "findings": [finding.as_dict() for finding in self.findings],
            "findings_total": len(self.findings),
            "unknown": [finding.as_dict() for finding in self.unknown],
            "unknown_total": len(self.unknown),
            "trust": [finding.as_dict() for finding in self.trust],
        }

    def as_json(self) -> str:
        """Return that document as text."""
        return json.dumps(self.as_dict(), indent=2)

    def as_text(self) -> str:
        """Return the lines for a person."""
        lines = [_line("LEDGER", f"{escaped(self.path)}   {self.origin}".rstrip())]
        if self.head:
            head = "entries {entries}   checkpoint {size}   root {root}"
            lines.append(_line("HEAD", head.format(**self.head)))
        lines += [_line("PASS", text) for text in self.checked]
        lines += [_line("NOT CHECKED", text) for text in self.not_checked]
        lines += self._finding_lines()
        whose = (
            "pinned" if self.levels["authentic"] == "yes" else "in the file, not pinned"
        )
        lines += [_line("TRUST", f"root key {key}, {whose}") for key in self.root_keys]
        lines += [_line("TRUST", str(finding)) for finding in self.trust]
        lines += [_line("DOES NOT PROVE", text) for text in self.not_proven]
        lines += [_line(name, answer) for name, answer in self.levels.items()]
        lines += [_line("NEXT", text) for text in self._advice()]
        lines.append(_line("RESULT", f"{_NAMES[self.verdict]}   exit {self.exit_code}"))
        return "\n".join(lines) + "\n"

    def _advice(self) -> list[str]:
        """What a person does next where nothing is broken but the root is in doubt."""
        codes = {finding.code for finding in self.trust}
        if Code.ROOT_DIFFERS in codes:
            return [
                "the file has another root than the one you gave: do not rely on it"
            ]
        if Code.ROOT_NOT_PINNED in codes:
            return [
                "give the root key that you know from elsewhere: --root VKEY or @FILE"
            ]
        return []

    def _finding_lines(self) -> list[str]:
        lines: list[str] = []
        for number, finding in enumerate(islice(self.findings, TEXT_FINDINGS_MAX)):
            label = "FIRST BAD" if number == 0 else "ALSO BAD"
            lines.append(
                _line(label, f"{finding.where}   {finding.code} {finding.rule}")
            )
            lines.append(_line("", f"expected {finding.expected}"))
            lines.append(_line("", f"found    {finding.found}"))
        more = len(self.findings) - TEXT_FINDINGS_MAX
        if more > 0:
            lines.append(_line("ALSO BAD", f"{more} more, not listed"))
        lines += [
            _line("UNKNOWN", f"{item.where}   {item.found}")
            for item in islice(self.unknown, TEXT_FINDINGS_MAX)
        ]
        return lines


def _line(label: str, text: str) -> str:
    return f"{label:<15} {text}".rstrip()
