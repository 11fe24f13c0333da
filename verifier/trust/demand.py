"""What the reader asks of a ledger, and how an answer to it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass

from verifier.findings import FINDINGS_MAX, Code, Finding, Violation
from verifier.report.verdict import LEVELS, Report
from verifier.trust.pin import Pin
from verifier.trust.policy import TrustPolicy

LEVEL_MAX = len(LEVELS) - 1


@dataclass(frozen=True, slots=True)
class Demand:
    """The reader's demand.

    Attributes:
        level: 0 to 4.
        asked: names of the levels that must be answered yes.
        waived: names of those that need not hold for a higher one.
    """

    level: int
    asked: frozenset[str]
    waived: frozenset[str]

    def settle(self, report: Report, name: str, findings: Sequence[Finding]) -> None:
        """Answer a level: yes where nothing is missing.

        What is missing is the reader's affair only where the level was asked for. Of
        very many findings the first are kept.
        """
        report.levels[name] = "no" if findings or len(report.findings) else "yes"
        (report.trust if name in self.asked else report.noted).extend(
            findings[:FINDINGS_MAX]
        )

    def skip(self, report: Report, name: str, code: Code, expected: str) -> None:
        """Answer a level for which the reader gave nothing to judge it by."""
        if name in self.asked:
            missing = Violation(
                code, f"L{LEVELS.index(name)}", expected=expected, found="none"
            )
            self.settle(report, name, [missing.at("policy")])


def make_demand(
    level: int | None, policy: TrustPolicy | None, pins: Sequence[Pin]
) -> Demand:
    """Return what is asked for.

    Args:
        level: as the caller asks; None for the policy's own, or 1 without a policy.
        policy: the trust policy, if there is one.
        pins: all root keys that the reader knows. Giving one asks for L1.

    Raises:
        ValueError: the level is not 0 to 4.
    """
    if level is None:
        level = policy.level if policy else 1
    if not 0 <= level <= LEVEL_MAX:
        message = f"level {level}: expected 0 to {LEVEL_MAX}"
        raise ValueError(message)
    waived = policy.waive if policy else frozenset()
    asked = set(LEVELS[1 : level + 1]) - waived
    if pins:
        asked.add("authentic")
    return Demand(level, frozenset(asked), waived)
