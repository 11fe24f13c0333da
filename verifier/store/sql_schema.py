"""The objects of a ledger file: docs/spec.md, sections 8 and 8.1, as SQL."""

_APPEND_ONLY = "BEGIN SELECT raise(ABORT, '{} is append-only'); END"
# The triggers of docs/spec.md, section 8, by table and event.
_TRIGGERS = {
    ("entry", "append"): "INSERT ON entry WHEN new.seq IS NOT"
    " (SELECT coalesce(max(seq) + 1, 0) FROM entry)",
    ("entry", "no_update"): "UPDATE ON entry",
    ("entry", "no_delete"): "DELETE ON entry",
    ("checkpoint", "append"): "INSERT ON checkpoint WHEN new.size <="
    " (SELECT coalesce(max(size), 0) FROM checkpoint)",
    ("checkpoint", "no_update"): "UPDATE ON checkpoint",
    ("checkpoint", "no_delete"): "DELETE ON checkpoint",
    ("cosignature", "append"): "INSERT ON cosignature WHEN new.number IS NOT"
    " (SELECT coalesce(max(number), 0) + 1 FROM cosignature)",
    ("cosignature", "no_update"): "UPDATE ON cosignature",
    ("cosignature", "no_delete"): "DELETE ON cosignature",
    ("timestamp", "append"): "INSERT ON timestamp WHEN new.number IS NOT"
    " (SELECT coalesce(max(number), 0) + 1 FROM timestamp)",
    ("timestamp", "no_update"): "UPDATE ON timestamp",
    ("timestamp", "no_delete"): "DELETE ON timestamp",
}
TABLES = {
    "entry": "seq INTEGER PRIMARY KEY, entry BLOB NOT NULL, events BLOB NOT NULL",
    "checkpoint": "size INTEGER PRIMARY KEY, note BLOB NOT NULL",
}
ANCHOR_TABLES = {
    "cosignature": "number INTEGER PRIMARY KEY, size INTEGER NOT NULL,"
    " line BLOB NOT NULL",
    "timestamp": "number INTEGER PRIMARY KEY, size INTEGER NOT NULL,"
    " token BLOB NOT NULL",
}

SchemaRow = tuple[str, str, str, str]
"""(type, name, table, sql), as sqlite_schema lists them."""


def _objects(tables: dict[str, str]) -> frozenset[SchemaRow]:
    """Return the tables and their triggers."""
    rows = [
        ("table", name, name, f"CREATE TABLE {name} ({columns}) STRICT")
        for name, columns in tables.items()
    ]
    rows += [
        (
            "trigger",
            f"{table}_{name}",
            table,
            f"CREATE TRIGGER {table}_{name} BEFORE {when} {_APPEND_ONLY.format(table)}",
        )
        for (table, name), when in _TRIGGERS.items()
        if table in tables
    ]
    return frozenset(rows)


SCHEMA = _objects(TABLES)
"""What every ledger has (STO-1)."""

ANCHOR_SCHEMA = _objects(ANCHOR_TABLES)
"""What it has besides, or nothing of it (ANC-1)."""
