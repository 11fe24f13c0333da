"""The anchor tables of a ledger file, row by row (docs/spec.md, section 8.1)."""

from typing import Literal

from verifier.findings import Code, FindingList, Violation
from verifier.store.storage import AnchorRow, LedgerFile
from verifier.trust.anchors import ANCHORS_MAX, Judge

_TABLES: tuple[Literal["cosignature", "timestamp"], ...] = ("cosignature", "timestamp")


def judge_anchors(file: LedgerFile, judge: Judge, findings: FindingList) -> None:
    """Judge every row; what does not hold becomes a finding.

    Raises:
        DAMAGED: one of these; the file is damaged.
    """
    for table in _TABLES:
        notes = _Notes(file)
        rows = file.anchors(table, ANCHORS_MAX + 1)
        for expected, row in enumerate(rows, start=1):
            try:
                _check_number(table, row, expected)
                note = notes.at(row.size)
                if table == "cosignature":
                    text = note[: note.rindex(b"\n\n") + 1]
                    judge.cosignature(row.content, text, row.size, row.number)
                else:
                    judge.timestamp(row.content, note, row.size, row.number)
            except Violation as violation:
                findings.add(violation.at(f"{table} {row.number}"))


class _Notes:
    """The notes of stored checkpoints; anchors of one lie together, so one is kept."""

    def __init__(self, file: LedgerFile) -> None:
        self._file = file
        self._size = 0
        self._note = b""

    def at(self, size: int) -> bytes:
        """Return the note of a checkpoint.

        Raises:
            Violation: ANC-2: there is none, or it is none.
        """
        if size != self._size:
            self._note, self._size = self._file.checkpoint_note(size) or b"", size
        if b"\n\n" not in self._note:
            raise Violation(
                Code.ANCHOR_MALFORMED,
                "ANC-2",
                expected="the size of a stored checkpoint",
                found=size,
            )
        return self._note


def _check_number(table: str, row: AnchorRow, expected: int) -> None:
    """Check a row's number and column (ANC-2)."""
    if row.number != expected or row.number > ANCHORS_MAX:
        raise Violation(
            Code.ANCHOR_MALFORMED,
            "ANC-2",
            expected=f"numbers of {table} from 1 to at most {ANCHORS_MAX} without gap",
            found=row.number,
        )
    if row.fault is not None:
        raise row.fault
