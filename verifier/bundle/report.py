"""The verdict on a bundle: text for people, JSON for programs."""

import json
from dataclasses import dataclass, field
from typing import Any

from verifier.bundle.findings import FINDINGS_MAX, BundleFinding
from verifier.bundle.statement import DOES_NOT_PROVE
from verifier.findings import Code, Finding, escaped
from verifier.report.verdict import (
    AUTHENTIC,
    BROKEN,
    CONSISTENT,
    EXIT_INCOMPLETE,
    EXIT_OK,
    EXIT_TAMPERED,
    EXIT_TRUST,
    EXIT_UNREADABLE,
    INCOMPLETE,
    LEVELS,
)

SCHEMA = "tuneledger.verify-bundle/1"
UNREADABLE = "UNREADABLE"

_NAMES = {CONSISTENT: "L0 consistent", AUTHENTIC: "L1 authentic"}


@dataclass(slots=True)
class BundleReport:
    """What was checked in a bundle, what was found, and what it proves.

    Attributes:
        path: the folder, as it was named.
        unreadable: why the folder cannot be judged; empty where it can.
        origin: the log's name; empty where it was not established.
        run_id: the run; the same.
        checked: lines of what passed, with counts.
        not_checked: lines of what was not checked, and why.
        incomplete: what was asked for and could not be checked.
        findings: rules that do not hold.
        trust: why the root is not the reader's; empty where it is.
        root_keys: the root keys that the bundle declares.
        complete: whether every check of docs/bundle.md, section 6, ran to its end.
    """

    path: str
    unreadable: str = ""
    origin: str = ""
    run_id: str = ""
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    findings: list[BundleFinding] = field(default_factory=list)
    trust: list[Finding] = field(default_factory=list)
    root_keys: list[str] = field(default_factory=list)
    complete: bool = False

    @property
    def verdict(self) -> str:
        """`UNREADABLE`, `BROKEN`, `INCOMPLETE`, `L0` or `L1`."""
        if self.unreadable:
            return UNREADABLE
        if self.findings:
            return BROKEN
        if self.incomplete or not self.complete:
            return INCOMPLETE
        return CONSISTENT if self.trust else AUTHENTIC

    @property
    def exit_code(self) -> int:
        """The code of docs/spec.md, section 10."""
        return {
            UNREADABLE: EXIT_UNREADABLE,
            BROKEN: EXIT_TAMPERED,
            INCOMPLETE: EXIT_INCOMPLETE,
            CONSISTENT: EXIT_TRUST,
            AUTHENTIC: EXIT_OK,
        }[self.verdict]

    @property
    def levels(self) -> dict[str, str]:
        """`yes`, `no` or `not asked` for each level of docs/spec.md, section 10."""
        answers = dict.fromkeys(LEVELS, "not asked")
        holds = self.verdict in (INCOMPLETE, CONSISTENT, AUTHENTIC)
        answers["consistent"] = "yes" if holds else "no"
        if not any(item.code is Code.ROOT_NOT_PINNED for item in self.trust):
            answers["authentic"] = "yes" if holds and not self.trust else "no"
        return answers

    def as_dict(self) -> dict[str, Any]:
        """Return the one JSON document of `--json`."""
        return {
            "schema": SCHEMA,
            "path": self.path,
            "verdict": self.verdict,
            "exit_code": self.exit_code,
            "unreadable": self.unreadable,
            "levels": self.levels,
            "origin": self.origin,
            "run_id": self.run_id,
            "root_keys": self.root_keys,
            "checked": self.checked,
            "not_checked": self.not_checked,
            "incomplete": self.incomplete,
            "not_proven": list(DOES_NOT_PROVE),
            "findings": [finding.as_dict() for finding in self._listed],
            "findings_total": len(self.findings),
            "trust": [finding.as_dict() for finding in self.trust],
        }

    def as_json(self) -> str:
        """Return that document as text."""
        return json.dumps(self.as_dict(), indent=2)

    def as_text(self) -> str:
        """Return the lines for a person."""
        lines = [_line("BUNDLE", f"{escaped(self.path)}   {self.origin}".rstrip())]
        if self.run_id:
            lines.append(_line("RUN", self.run_id))
        if self.unreadable:
            lines.append(_line("UNREADABLE", self.unreadable))
        lines += [_line("PASS", text) for text in self.checked]
        lines += [_line("NOT CHECKED", text) for text in self.not_checked]
        lines += [_line("INCOMPLETE", text) for text in self.incomplete]
        lines += self._finding_lines()
        lines += [_line("TRUST", f"root key {key}") for key in self.root_keys]
        lines += [_line("TRUST", str(finding)) for finding in self.trust]
        lines += [_line("DOES NOT PROVE", text) for text in DOES_NOT_PROVE]
        lines += [_line(name, answer) for name, answer in self.levels.items()]
        name = _NAMES.get(self.verdict, self.verdict)
        lines.append(_line("RESULT", f"{name}   exit {self.exit_code}"))
        return "\n".join(lines) + "\n"

    @property
    def _listed(self) -> list[BundleFinding]:
        return self.findings[:FINDINGS_MAX]

    def _finding_lines(self) -> list[str]:
        lines: list[str] = []
        for number, finding in enumerate(self._listed):
            label = "FIRST BAD" if number == 0 else "ALSO BAD"
            place = f"{finding.where}   {finding.code} {finding.rule}"
            lines.append(_line(label, place))
            lines.append(_line("", f"expected {finding.expected}"))
            lines.append(_line("", f"found    {finding.found}"))
        more = len(self.findings) - FINDINGS_MAX
        if more > 0:
            lines.append(_line("ALSO BAD", f"{more} more, not listed"))
        return lines


def _line(label: str, text: str) -> str:
    return f"{label:<15} {text}".rstrip()
