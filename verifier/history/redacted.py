"""Event lines as they are stored, redacted ones among them, and the end of a pass.

Only the walk reads redacted lines. A submission that has one is left to it by all who
look ahead, so that lines of which none is redacted cost nothing more.
"""

from collections.abc import Iterator
from itertools import groupby

from verifier.findings import Code, Finding, FindingList, Violation
from verifier.format.entry import Entry
from verifier.format.redacted import is_redacted, line_leaves
from verifier.format.submission import EVENTS_MAX, Submission
from verifier.format.tree import root_of_leaves
from verifier.history.content import check_lines
from verifier.report.verdict import REDACTED_LISTED_MAX
from verifier.rules.redactions import REDACTABLE, Redactions, Told, event_id
from verifier.schema.lines import line_type
from verifier.store.storage import LedgerFile

Lines = tuple[list[bytes], frozenset[int]]
"""Event lines, and the places of the redacted ones."""

_NONE: frozenset[int] = frozenset()


def bound_lines(entry: Entry, submission: Submission) -> Lines:
    """Return the event lines, which are bound; nothing is asked of those of bulk.

    Raises:
        Violation: STO-3, STO-5 or SUB-4.
    """
    if entry.bulk is not None:
        return [], _NONE
    if entry.lines is not None:
        return entry.lines, _NONE
    try:
        return check_lines(submission, entry.row.events), _NONE
    except Violation:
        lines = entry.row.events.split(b"\n")
        places = frozenset(at for at, line in enumerate(lines) if is_redacted(line))
        if not places or lines.pop() != b"" or len(lines) != submission.events:
            raise
    root = root_of_leaves(line_leaves(lines))
    if root != submission.events_root:
        raise Violation(
            Code.EVENTS_ROOT,
            "STO-5",
            expected=f"events_root {submission.events_root.hex()}",
            found=root.hex(),
        )
    return lines, places


def settle(
    file: LedgerFile, redactions: Redactions, findings: FindingList, *, is_known: bool
) -> Told:
    """Check, after the last entry, that events and redacted lines fit each other.

    Lines that nobody named come before all other findings, which may follow from them.

    Args:
        file: the ledger.
        redactions: what the pass met.
        findings: takes what does not fit.
        is_known: whether every event was read and is of a known type. Otherwise none
            knows what is named, or whether the entries are in their places.

    Returns:
        What the report says of them.

    Raises:
        DAMAGED: one of these; the file is damaged.
    """
    if is_known:
        findings.put_first(map(_unnamed, redactions.unnamed()))
        for finding in _not_redactable(file, redactions):
            findings.add(finding)
    return redactions.told(REDACTED_LISTED_MAX)


def _unnamed(number: int) -> Finding:
    return Violation(
        Code.LINE_REDACTED,
        "STO-5",
        expected="a later erasure.lines_redacted.v1 that names this line",
        found="none",
    ).at(f"event {event_id(number)}")


def _not_redactable(file: LedgerFile, redactions: Redactions) -> Iterator[Finding]:
    """Return what is named, stands in clear and may not be redacted (XEV-22)."""
    named = redactions.outstanding()
    for seq, group in groupby(named, lambda each: each[0] // EVENTS_MAX):
        row = next(file.entries(seq), None)
        if row is None or row.seq != seq:
            continue  # a missing row is a finding of its own
        lines = dict(enumerate(row.events.split(b"\n")[:-1]))
        for number, by in group:
            kind = line_type(lines.get(number % EVENTS_MAX, b""))
            if kind is None or kind.name not in REDACTABLE:
                yield Violation(
                    Code.REDACTION,
                    "XEV-22",
                    expected="lines of types that may be redacted",
                    found=f"{event_id(number)}, {kind.name if kind else 'none'}",
                ).at(f"event {event_id(by)}")
