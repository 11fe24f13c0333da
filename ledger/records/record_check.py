"""Whether the files of accepted records are what the ledger says of them.

The verifier has no keys, so it cannot look into the corpus; whoever holds the vault
can. Everything is taken from the ledger's events, and nothing from a kept view: what
was accepted under which commitment, and which event erased it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Final, Literal, NamedTuple

from ledger.errors import InputError, IntegrityError
from ledger.events.erasure import RecordsErased
from ledger.events.ingest import RecordDecided
from ledger.vault import record_keys
from ledger.workspace.workspace import Workspace

Standing = Literal[
    "PRESENT", "ERASED_BY", "MISSING", "MISMATCH", "NOT_ERASED", "UNKNOWN"
]
"""What a record's file is.

PRESENT: it opens, and is what the decision is committed to. ERASED_BY: an event says
that the record was erased, and neither file nor key is there. MISSING: no file or no
key, and no event that says why. MISMATCH: a file that is not what was decided on.
NOT_ERASED: the event is there, and so is the file or the key. UNKNOWN: a file of a
record that no decision accepted.
"""

FAULTS: Final[tuple[Standing, ...]] = ("MISSING", "MISMATCH", "NOT_ERASED", "UNKNOWN")
"""The ones that nobody should find."""

# A file of its own that goes with the connection: memory stays flat.
_SCHEMA: Final = (
    "CREATE TABLE record (id TEXT PRIMARY KEY, commitment TEXT NOT NULL, "
    "erased_by TEXT NOT NULL DEFAULT '') WITHOUT ROWID"
)


class Checked(NamedTuple):
    """One record.

    Attributes:
        record_id: its id.
        standing: what its file is.
        event_id: the event that erased it, `seq.index`; empty where none did.
    """

    record_id: str
    standing: Standing
    event_id: str


def check_records(workspace: Workspace) -> Iterator[Checked]:
    """Check every record that was ever accepted, by record id; then what lies beside.

    Raises:
        IntegrityError: the ledger cannot be read.
        KeyTrustError: the vault's key store refuses.
    """
    with closing(sqlite3.connect("")) as found:
        _replay(workspace, found)
        rows = found.execute("SELECT id, commitment, erased_by FROM record ORDER BY id")
        for record_id, commitment, erased_by in rows:
            if erased_by:
                standing = _erased(workspace, record_id)
            else:
                standing = _accepted(workspace, record_id, commitment)
            yield Checked(record_id, standing, erased_by)
        for names in workspace.corpus.names():
            for name in names:
                query = "SELECT 1 FROM record WHERE id = ?"
                if found.execute(query, (name,)).fetchone() is None:
                    yield Checked(name, "UNKNOWN", "")


def _replay(workspace: Workspace, found: sqlite3.Connection) -> None:
    """Take from the events what was accepted and what was erased."""
    found.execute(_SCHEMA)
    for recorded in workspace.ledger.events():
        match recorded.event:
            case RecordDecided(decision="accepted") as event:
                found.execute(
                    "INSERT OR IGNORE INTO record (id, commitment) VALUES (?, ?)",
                    (event.record_id, event.commitment),
                )
            case RecordsErased(record_ids=record_ids):
                found.executemany(
                    "UPDATE record SET erased_by = ? WHERE id = ?",
                    [(recorded.event_id, one) for one in record_ids],
                )
            case _:
                pass


def _erased(workspace: Workspace, record_id: str) -> Standing:
    is_left = workspace.corpus.has(record_id) or workspace.vault.has_record(record_id)
    return "NOT_ERASED" if is_left else "ERASED_BY"


def _accepted(workspace: Workspace, record_id: str, commitment: str) -> Standing:
    try:
        sealed = workspace.corpus.get(record_id)
        keys = workspace.vault.keys_of(record_id)
    except (IntegrityError, InputError):
        return "MISSING"
    try:
        content = record_keys.unseal(
            keys, record_id, sealed, context=workspace.ledger.genesis
        )
    except IntegrityError:
        return "MISMATCH"
    is_same = record_keys.commitment(keys, record_id, content) == commitment
    return "PRESENT" if is_same else "MISMATCH"
