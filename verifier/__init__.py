"""The auditor's half of tuneledger: proves that no event of a ledger was altered.

It is written from docs/spec.md and docs/events.md, needs `cryptography` and nothing
else, and shares no code with the writer.

    report = verify("acme.ledger", root_keys=["example.org/acme/root+1a2b3c4d+AQ..."])
    print(report.as_text())
    raise SystemExit(report.exit_code)
"""

import os
from collections.abc import Callable, Sequence
from contextlib import closing

from verifier.file import open_ledger
from verifier.findings import Code, Finding, Violation
from verifier.pin import RootKeyError, check_pins, parse_pins
from verifier.report import Report
from verifier.rules.index import Index
from verifier.rules.state import History
from verifier.storage import DAMAGED, LedgerFile, UnreadableLedgerError
from verifier.summary import summarise
from verifier.walk import Walk

__all__ = [
    "Code",
    "Finding",
    "Report",
    "RootKeyError",
    "UnreadableLedgerError",
    "verify",
]


def verify(
    path: str | os.PathLike[str],
    *,
    root_keys: Sequence[str] = (),
    level: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Verify a ledger file, which is not changed.

    Args:
        path: the file.
        root_keys: the root keys that the reader knows from outside the file, as
            vkeys (KEY-3) or as 64 hex digits each.
        level: 1 to ask for L1 authentic, 0 to be content with L0 consistent.
        progress: called after each entry with the number of entries so far.

    Returns:
        The report; `exit_code` is that of docs/spec.md, section 10.

    Raises:
        UnreadableLedgerError: the file cannot be judged (exit code 6).
        RootKeyError: a root key is malformed (exit code 2).
        ValueError: `level` is neither 0 nor 1.
    """
    if level not in (0, 1):
        message = f"level {level}: this reader knows 0 and 1"
        raise ValueError(message)
    pins = parse_pins(root_keys)
    report = Report(path=os.fspath(path), level_asked=level)
    with open_ledger(path) as file:
        for finding in file.findings():
            report.findings.add(finding)
        walk = None if len(report.findings) else _walk(file, report, progress)
        summarise(report, walk, copied=file.copied)
    if walk is not None:
        check_pins(report, pins, walk.ring, walk.genesis_signers)
    return report


def _walk(
    file: LedgerFile, report: Report, progress: Callable[[int], None] | None
) -> Walk | None:
    """Make the pass; damage below the rows is one more finding."""
    try:
        with closing(Index()) as index:
            walk = Walk(file, report, History(index))
            walk.run(progress)
            return walk
    except DAMAGED as error:
        violation = Violation(
            Code.FILE_INTEGRITY, "STO-2", expected="readable rows", found=error
        )
        report.findings.add(violation.at("file"))
        return None
