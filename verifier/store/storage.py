"""The tables of a ledger file, with limits on all that is read (section 8)."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verifier.findings import Code, Finding, Violation
from verifier.format.checkpoint import CHECKPOINT_BYTES_MAX
from verifier.format.cosignature import COSIGNATURE_BYTES_MAX
from verifier.format.entry import ENTRY_BYTES_MAX, StoredRow
from verifier.format.submission import EVENTS_BYTES_MAX
from verifier.format.timestamp import TOKEN_BYTES_MAX
from verifier.store.sql_schema import ANCHOR_SCHEMA, ANCHOR_TABLES, SCHEMA, TABLES

APPLICATION_ID = 0x746C6467
FORMAT_VERSION = 1
_OBJECTS_MAX = 64
_SEQ_MIN = -(2**63)  # a hostile row may have any key that SQLite can store

_ENTRIES = f"""
SELECT seq, typeof(entry), length(entry), typeof(events), length(events),
    CASE WHEN length(entry) <= {ENTRY_BYTES_MAX} THEN entry END,
    CASE WHEN length(events) <= {EVENTS_BYTES_MAX} THEN events END
FROM main.entry NOT INDEXED WHERE seq >= ? ORDER BY seq
"""  # noqa: S608 (constants of ours)
_COUNTS = """
SELECT (SELECT count(*) FROM main.entry NOT INDEXED),
    (SELECT count(*) FROM main.checkpoint NOT INDEXED)
"""
_CHECKPOINTS = f"""
SELECT size, typeof(note), length(note),
    CASE WHEN length(note) <= {CHECKPOINT_BYTES_MAX} THEN note END
FROM main.checkpoint NOT INDEXED
"""  # noqa: S608 (constants of ours)
_ANCHORS = """
SELECT number, size, typeof({column}), length({column}),
    CASE WHEN length({column}) <= {limit} THEN {column} END
FROM main.{table} NOT INDEXED ORDER BY number LIMIT ?
"""
_ANCHOR_COLUMNS = {
    "cosignature": ("line", COSIGNATURE_BYTES_MAX),
    "timestamp": ("token", TOKEN_BYTES_MAX),
}


# What reading a damaged file raises; the second comes from sqlite3 itself, where an
# error message quotes text that is not UTF-8.
DAMAGED = (sqlite3.Error, UnicodeDecodeError)


class UnreadableLedgerError(Exception):
    """The file cannot be judged: missing, not a ledger, or in the middle of a write."""


@dataclass(frozen=True, slots=True)
class AnchorRow:
    """A row of an anchor table; `content` is empty where `fault` says why."""

    number: int
    size: int
    content: bytes
    fault: Violation | None


class LedgerFile:
    """An open ledger.

    Attributes:
        path: the file that is read.
        copied: whether that is a temporary copy, since a `-wal` lay beside the ledger.
        has_anchors: whether it has the tables of anchors; known after `findings`.
    """

    def __init__(
        self, connection: sqlite3.Connection, *, path: Path, copied: bool
    ) -> None:
        """Wrap a guarded connection to `path`."""
        self._db = connection
        self.path = path
        self.copied = copied
        self.has_anchors = False

    def findings(self, *, structure: bool = True) -> list[Finding]:
        """Check header numbers, the list of objects and SQLite's own structure.

        Args:
            structure: whether to check the latter, which reads the whole file.

        Raises:
            UnreadableLedgerError: a SQLite file that is no ledger at all.
        """
        found: list[Finding] = []
        try:
            self._check_objects(found)
            if structure and not found:
                self._check_integrity(found)
        except DAMAGED as error:
            found.append(_broken(Code.FILE_INTEGRITY, "STO-2", "a sound file", error))
        return found

    def entries(self, first: int = _SEQ_MIN) -> Iterator[StoredRow]:
        """Yield the rows of `entry` in the order of seq, from `first` on.

        Raises:
            DAMAGED: one of these; the file is damaged.
        """
        for row in self._db.execute(_ENTRIES, (first,)):
            seq, entry_type, entry_length, events_type, events_length, *blobs = row
            fault = _column_fault("entry", entry_type, entry_length, ENTRY_BYTES_MAX)
            fault = fault or _column_fault(
                "events", events_type, events_length, EVENTS_BYTES_MAX
            )
            entry, events = (b"", b"") if fault else blobs
            yield StoredRow(seq, entry, events, fault)

    def entry_bytes(self, first: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield seq and `entry` of each row from seq `first` on, without its events.

        For a ledger that a pass found sound: nothing is checked but that it is a blob.

        Raises:
            DAMAGED: one of these; the file is damaged.
        """
        query = """SELECT seq, entry FROM main.entry
            WHERE seq >= ? AND typeof(entry) = 'blob' ORDER BY seq"""
        yield from self._db.execute(query, (first,))

    def count_rows(self) -> tuple[int, int]:
        """Return how many rows `entry` and `checkpoint` have.

        Raises:
            DAMAGED: one of these; the file is damaged.
        """
        entries, checkpoints = self._db.execute(_COUNTS).fetchone()
        return entries, checkpoints

    def checkpoint_sizes(self, at_most: int) -> list[int]:
        """Return the keys of the first `at_most` checkpoint rows, ascending.

        Raises:
            DAMAGED: one of these; the file is damaged.
        """
        query = "SELECT size FROM main.checkpoint ORDER BY size LIMIT ?"
        return [row[0] for row in self._db.execute(query, (at_most,))]

    def checkpoint_note(self, size: int) -> bytes | None:
        """Return the note of one checkpoint, None where there is none.

        Raises:
            DAMAGED: one of these; the file is damaged.
            Violation: the column has another type or is past its limit.
        """
        query = _CHECKPOINTS + " WHERE size = ?"
        row = self._db.execute(query, (size,)).fetchone()
        if row is None:
            return None
        fault = _column_fault("note", row[1], row[2], CHECKPOINT_BYTES_MAX)
        if fault is not None:
            raise fault
        note: bytes = row[3]
        return note

    def anchors(
        self, table: Literal["cosignature", "timestamp"], at_most: int
    ) -> Iterator[AnchorRow]:
        """Yield the first `at_most` rows of an anchor table, in the order of number.

        Raises:
            DAMAGED: one of these; the file is damaged.
        """
        if not self.has_anchors:
            return
        column, limit = _ANCHOR_COLUMNS[table]
        query = _ANCHORS.format(table=table, column=column, limit=limit)
        for number, size, kind, length, content in self._db.execute(query, (at_most,)):
            fault = _column_fault(column, kind, length, limit)
            yield AnchorRow(number, size, b"" if fault else content, fault)

    def _check_objects(self, found: list[Finding]) -> None:
        rows = self._db.execute(
            "SELECT type, name, tbl_name, substr(sql, 1, 1000) FROM sqlite_schema"
            " LIMIT ?",
            (_OBJECTS_MAX,),
        ).fetchall()
        numbers = {
            name: self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version")
        }
        names = {row[1] for row in rows}
        is_ours = numbers["application_id"] == APPLICATION_ID or names >= set(TABLES)
        if not is_ours:
            message = "a SQLite file, but no tuneledger file"
            raise UnreadableLedgerError(message)
        wanted = {"application_id": APPLICATION_ID, "user_version": FORMAT_VERSION}
        found += [
            _broken(
                Code.FILE_HEADER, "STO-1", f"{name} {wanted[name]:#x}", f"{number:#x}"
            )
            for name, number in numbers.items()
            if number != wanted[name]
        ]
        self.has_anchors = any(row[1] in ANCHOR_TABLES for row in rows)
        found += self._compare_objects(rows)

    def _compare_objects(self, rows: list[tuple[str, str, str, str]]) -> list[Finding]:
        """Return where the list of objects is not the specified one (STO-1, ANC-1)."""
        wanted_rows = SCHEMA | ANCHOR_SCHEMA if self.has_anchors else SCHEMA
        extra = [row for row in rows if row not in wanted_rows]
        missing = sorted(wanted_rows - set(rows))
        found = [
            _broken(Code.FILE_SCHEMA, "STO-1", "no other object", f"{row[0]} {row[1]}")
            for row in extra
        ]
        found += [
            _broken(
                Code.FILE_SCHEMA, "STO-1", f"{row[0]} {row[1]} as specified", "none"
            )
            for row in missing
            if row[1] not in {other[1] for other in extra}
        ]
        if len(rows) != len(set(rows)):
            found.append(
                _broken(Code.FILE_SCHEMA, "STO-1", "each object once", "a duplicate")
            )
        return found

    def _check_integrity(self, found: list[Finding]) -> None:
        for (line,) in self._db.execute("PRAGMA integrity_check(10)"):
            if line != "ok":
                found.append(_broken(Code.FILE_INTEGRITY, "STO-2", "ok", line))


_RULES = {
    "entry": "ENT-1",
    "events": "SUB-3",
    "note": "CHK-1",
    "line": "ANC-3",
    "token": "ANC-4",
}


def _column_fault(
    name: str, kind: str, length: int | None, limit: int
) -> Violation | None:
    if kind != "blob" or length is None:
        return Violation(
            Code.COLUMN_TYPE, "STO-2", expected=f"a blob in {name}", found=kind
        )
    if length > limit:
        return Violation(
            Code.ANCHOR_MALFORMED if _RULES[name][:3] == "ANC" else Code.OVER_LIMIT,
            _RULES[name],
            expected=f"at most {limit} bytes in {name}",
            found=f"{length} bytes",
        )
    return None


def _broken(code: Code, rule: str, expected: str, found: object) -> Finding:
    return Violation(code, rule, expected=expected, found=found).at("file")
