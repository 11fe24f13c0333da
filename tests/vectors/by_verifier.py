"""The verifier's answers to the vectors."""

import re
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from tests.vectors import reading
from verifier import verify
from verifier.findings import Violation
from verifier.format import tree
from verifier.format.checkpoint import parse_checkpoint
from verifier.format.ed25519 import check_public_key
from verifier.format.entry import ENTRY_BYTES_MAX, StoredRow, read_entry
from verifier.format.note import NoteError, parse_note, parse_vkey, signed_by_exactly
from verifier.format.submission import EVENTS_BYTES_MAX, parse_submission
from verifier.history.content import check_lines
from verifier.schema import lines as schema

SPEC = Path(__file__).parents[2] / "docs" / "spec.md"


def _asked(check):
    """An answer from a check that raises, or returns why not."""

    def answer(given):
        try:
            reason = check(given)
        except (Violation, NoteError, tree.ProofError):
            return "refuse"
        return "refuse" if reason else "accept"

    return answer


def _event(given):
    line = reading.content(given, "line")
    start = len(schema.TYPE_PREFIX)
    kind = schema.event_type(line[: max(line.find(b'"', start), 0)])
    if len(line) > schema.LINE_BYTES_MAX:
        return "too long"
    return kind is None or kind.pattern.fullmatch(line) is None


def _key(given):
    if "vkey" in given:
        parse_vkey(given["vkey"])
    else:
        check_public_key(bytes.fromhex(given["public_key"]))


def _note(given):
    note = parse_note(reading.content(given, "note"))
    return signed_by_exactly(note, [parse_vkey(text) for text in given["vkeys"]])


def _submission(given):
    found = parse_submission(reading.content(given, "note"))
    lines = reading.lines(given)
    if lines is None:
        return ""
    stored = b"".join(line + b"\n" for line in lines)
    if len(stored) > EVENTS_BYTES_MAX:
        return "too many bytes"
    check_lines(found, stored)
    return ""


def _entry(given):
    content = reading.entry(given)
    found = read_entry(StoredRow(7, content, b"", None))
    return len(content) > ENTRY_BYTES_MAX or found.fault


def _checkpoint(given):
    note = parse_checkpoint(reading.content(given, "note")).note
    return signed_by_exactly(note, [parse_vkey(given["vkey"])])


def _root(given):
    return tree.root_of(line.encode() for line in given["lines"]).hex() != given["root"]


def _inclusion(given):
    tree.check_inclusion(
        index=given["index"],
        size=given["size"],
        leaf=bytes.fromhex(given["leaf"]),
        proof=reading.nodes(given["proof"]),
        root=bytes.fromhex(given["root"]),
    )


def _consistency(given):
    tree.check_consistency(
        size_old=given["old_size"],
        size_new=given["new_size"],
        root_old=bytes.fromhex(given["old_root"]),
        root_new=bytes.fromhex(given["new_root"]),
        proof=reading.nodes(given["proof"]),
    )


def _report(given):
    """The report on a file with these rows, written by the SQL of docs/spec.md."""
    block = re.search(r"```sql\n(.*?)```", SPEC.read_text("utf-8"), re.DOTALL)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vector.ledger"
        with closing(sqlite3.connect(path)) as connection:
            for statement in block[1].splitlines():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {0x746C6467}")
            connection.execute("PRAGMA user_version = 1")
            for seq, row in enumerate(given["entries"]):
                columns = reading.content(row, "entry"), reading.content(row, "events")
                connection.execute(
                    "INSERT INTO entry VALUES (?, ?, ?)", (seq, *columns)
                )
            for one in given["checkpoints"]:
                columns = one["size"], reading.content(one, "note")
                connection.execute("INSERT INTO checkpoint VALUES (?, ?)", columns)
            connection.commit()
        return verify(path, level=0)


def _ledger(given):
    return {0: "accept", 1: "refuse", 5: "incomplete"}[_report(given).exit_code]


def first_rule(given):
    """The rule of the first finding, or None without one."""
    found = _report(given).first
    return None if found is None else found.rule


ANSWERS = {
    "event": _asked(_event),
    "key": _asked(_key),
    "note": _asked(_note),
    "submission": _asked(_submission),
    "entry": _asked(_entry),
    "checkpoint": _asked(_checkpoint),
    "root": _asked(_root),
    "inclusion": _asked(_inclusion),
    "consistency": _asked(_consistency),
    "ledger": _ledger,
}
