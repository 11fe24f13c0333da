"""Doubt: how a pass that may only acquit says that something is not in order.

A ledger is read in the fastest way first: many lines at a time, in several processes,
or from where an earlier run ended. Such a pass finds nothing and names no place. At
the first thing that is not as it should be, or that it cannot tell, it stops, and the
plain pass reads every entry, one line at a time, and makes the findings.
"""

from collections.abc import Iterable
from typing import NoReturn

from verifier.findings import Finding, FindingList


class Doubt(Exception):  # noqa: N818 (no error: the plain pass decides)
    """This pass cannot vouch for the ledger."""


class NoFindings(FindingList):
    """Stays empty: the first finding is a reason to doubt."""

    def add(self, finding: Finding) -> NoReturn:
        """Raise instead of keeping the finding.

        Raises:
            Doubt: always.
        """
        raise Doubt(str(finding))

    def put_first(self, findings: Iterable[Finding]) -> None:
        """Raise instead of keeping findings, if there are any.

        Raises:
            Doubt: there are.
        """
        for finding in findings:
            self.add(finding)
