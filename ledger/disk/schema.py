"""The tables of a ledger's file: the exact SQL of docs/spec.md (STO-1, ANC-1)."""

from typing import Final

from ledger.disk.store import AnchorTable


def _refuse(table: str, when: str) -> str:
    """The SQL of one append-only trigger's end."""
    return f"{when} BEGIN SELECT raise(ABORT, '{table} is append-only'); END"


_APPEND_ENTRY: Final = (
    "WHEN new.seq IS NOT (SELECT coalesce(max(seq) + 1, 0) FROM entry)"
)
_APPEND_CHECKPOINT: Final = (
    "WHEN new.size <= (SELECT coalesce(max(size), 0) FROM checkpoint)"
)
SCHEMA: Final = (
    (
        "CREATE TABLE entry (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, "
        "events BLOB NOT NULL) STRICT"
    ),
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT",
    "CREATE TRIGGER entry_append BEFORE INSERT ON entry "
    + _refuse("entry", _APPEND_ENTRY),
    "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry" + _refuse("entry", ""),
    "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry" + _refuse("entry", ""),
    "CREATE TRIGGER checkpoint_append BEFORE INSERT ON checkpoint "
    + _refuse("checkpoint", _APPEND_CHECKPOINT),
    "CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint"
    + _refuse("checkpoint", ""),
    "CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint"
    + _refuse("checkpoint", ""),
)
"""The exact SQL of docs/spec.md, STO-1; the triggers are seat belts, not the proof."""


def _anchor_schema(table: AnchorTable, content: str) -> tuple[str, ...]:
    """One anchor table and its triggers."""
    next_number = f"SELECT coalesce(max(number), 0) + 1 FROM {table}"  # noqa: S608
    append = f"WHEN new.number IS NOT ({next_number})"
    columns = "number INTEGER PRIMARY KEY, size INTEGER NOT NULL"
    return (
        f"CREATE TABLE {table} ({columns}, {content} BLOB NOT NULL) STRICT",
        f"CREATE TRIGGER {table}_append BEFORE INSERT ON {table} "
        + _refuse(table, append),
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}"
        + _refuse(table, ""),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}"
        + _refuse(table, ""),
    )


ANCHOR_SCHEMA: Final = (
    *_anchor_schema("cosignature", "line"),
    *_anchor_schema("timestamp", "token"),
)
"""The exact SQL of docs/spec.md, ANC-1: there from the first anchor on."""
