"""The verdict and all that it rests on."""

import json
from dataclasses import dataclass, field
from typing import Any

from verifier.findings import Finding, FindingList
from verifier.report.advice import next_steps
from verifier.report.text import render

SCHEMA = "tuneledger.verify/1"

BROKEN = "BROKEN"
INCOMPLETE = "INCOMPLETE"
CONSISTENT = "L0"
AUTHENTIC = "L1"

ANCHORS_LISTED_MAX = 100
REDACTED_LISTED_MAX = 100

EXIT_OK = 0
EXIT_TAMPERED = 1
EXIT_INCOMPLETE = 5
EXIT_UNREADABLE = 6
EXIT_TRUST = 7

LEVELS = ("consistent", "authentic", "timed", "witnessed", "continuous")
"""The names of levels 0 to 4."""


@dataclass(slots=True)
class Report:
    """What was checked, what was found, and what it proves.

    Attributes:
        path: the file, as it was named.
        level_asked: 0 to 4.
        waived: names of levels that need not hold for a higher one.
        policy: path and SHA-256 of the trust policy; empty without one.
        origin: the log's name; empty where entry 0 could not be read.
        head: entries, root and size of the newest checkpoint that holds.
        counts: how many of each thing were checked.
        checked: lines of what passed, each with its count.
        not_checked: lines of what was not checked, and why.
        not_proven: lines of what no check here can show.
        findings: rules that do not hold.
        unknown: events of unknown types.
        trust: what the reader asked for and did not get, and why.
        noted: the same of levels that were not asked for or are waived.
        root_keys: the ledger's, by name and key.
        anchors: the last `ANCHORS_LISTED_MAX` of those that were accepted.
        anchors_total: how many were accepted.
        redacted: the first `REDACTED_LISTED_MAX` lines that an event names for
            redaction or of which only the leaf hash is left: the event that stood
            there, `by` which event, and its state, `redacted` or still `named`.
        redacted_total: how many there are.
        tails: lines that name entries after the newest anchored checkpoint.
        pin: lines on the kept checkpoint.
        levels: `yes`, `no` or `not asked` for each of `LEVELS`.
        answers: what a `yes` or `no` of them rests on, where there is more to say.
    """

    path: str
    level_asked: int
    waived: tuple[str, ...] = ()
    policy: dict[str, str] = field(default_factory=dict)
    origin: str = ""
    head: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)
    findings: FindingList = field(default_factory=FindingList)
    unknown: FindingList = field(default_factory=FindingList)
    trust: list[Finding] = field(default_factory=list)
    noted: list[Finding] = field(default_factory=list)
    root_keys: list[str] = field(default_factory=list)
    anchors: list[dict[str, str | int]] = field(default_factory=list)
    anchors_total: int = 0
    redacted: list[dict[str, str]] = field(default_factory=list)
    redacted_total: int = 0
    tails: list[str] = field(default_factory=list)
    pin: list[str] = field(default_factory=list)
    levels: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(LEVELS, "not asked")
    )
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def first(self) -> Finding | None:
        """The first finding in the order of the ledger."""
        return next(iter(self.findings), None)

    @property
    def verdict(self) -> str:
        """`BROKEN`, `INCOMPLETE`, or `L0` to `L4`: the highest that holds.

        A level counts where each one below it holds or is waived.
        """
        if len(self.findings):
            return BROKEN
        if len(self.unknown):
            return INCOMPLETE
        highest = 0
        for number, name in enumerate(LEVELS):
            if self.levels[name] == "yes":
                highest = number
            elif number and name not in self.waived:
                break
        return f"L{highest}"

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
            "waived": list(self.waived),
            "answers": self.answers,
            "policy": self.policy or None,
            "origin": self.origin,
            "head": self.head,
            "root_keys": self.root_keys,
            "counts": self.counts,
            "checked": self.checked,
            "not_checked": self.not_checked,
            "not_proven": self.not_proven,
            "anchors": self.anchors,
            "anchors_total": self.anchors_total,
            "redacted": self.redacted,
            "redacted_total": self.redacted_total,
            "tails": self.tails,
            "pin": self.pin,
            "first_finding": self.first.as_dict() if self.first else None,
            "findings": [finding.as_dict() for finding in self.findings],
            "findings_total": len(self.findings),
            "unknown": [finding.as_dict() for finding in self.unknown],
            "unknown_total": len(self.unknown),
            "trust": [finding.as_dict() for finding in self.trust],
            "noted": [finding.as_dict() for finding in self.noted],
            "next": next_steps(self),
        }

    def as_json(self) -> str:
        """Return that document as text."""
        return json.dumps(self.as_dict(), indent=2)

    def as_text(self) -> str:
        """Return the lines for a person."""
        return render(self)
