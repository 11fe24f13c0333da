"""One event with its path to the signature and to the checkpoint."""

import re
from typing import Any

from ledger.errors import InputError
from ledger.format import submission, tree
from ledger.format.checkpoint import parse_checkpoint
from ledger.format.entry import parse_entry
from ledger.format.redacted import line_leaves
from ledger.log.ledger import Ledger
from ledger.log.redactions import check_shown

SCHEMA = "tuneledger.event/1"


def event_document(ledger: Ledger, event_id: str) -> dict[str, Any]:
    """The event, the hashes up to its signed root, the signature and the tree.

    Raises:
        InputError: the id is malformed, the ledger has no such event, or it was
            redacted.
    """
    seq, index = parse_event_id(event_id)
    row = ledger.row(seq)
    event_lines = [] if row is None else submission.split_lines(row.events)
    if row is None or index >= len(event_lines):
        message = f"event {event_id}: the ledger has no such event"
        raise InputError(message)
    check_shown(ledger, seq, index, event_lines[index])
    entry = parse_entry(row.entry)
    text, note = submission.parse_submission(entry.submission)
    leaves = line_leaves(event_lines)
    # Another process may append while we read: the path is to the root that is shown.
    checkpoint = ledger.newest_checkpoint()
    entries = list(ledger.leaves(parse_checkpoint(checkpoint)[0].size))
    return {
        "schema": SCHEMA,
        "event_id": event_id,
        "event": event_lines[index].decode(),
        "leaf": leaves[index].hex(),
        "path_to_events_root": [
            one.hex() for one in tree.prove_inclusion(index, leaves)
        ],
        "events_root": text.events_root,
        "stream": text.stream,
        "counter": text.counter,
        "signed_by": [line.name for line in note.signatures],
        "submission": entry.submission.decode(),
        "entry_leaf": entries[seq].hex(),
        "recorded_at_ms": entry.recorded_at_ms,
        "path_to_root": [one.hex() for one in tree.prove_inclusion(seq, entries)],
        "checkpoint": checkpoint.decode(),
    }


def parse_event_id(text: str) -> tuple[int, int]:
    """Parse `seq.index`.

    Raises:
        InputError: malformed.
    """
    # 15 digits stay below 2^53, the largest number of the format.
    found = re.fullmatch(r"(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,3})", text)
    if found is None:
        message = f"event id: expected SEQ.INDEX such as 7.3, found {text[:24]!r}"
        raise InputError(message)
    return int(found[1]), int(found[2])


def event_text(document: dict[str, Any]) -> str:
    """The document as lines."""
    path = document["path_to_events_root"]
    lines = [
        f"event      {document['event_id']}",
        document["event"],
        "",
        f"leaf       {document['leaf']}",
        *(f"  with     {one}" for one in path),
        f"root       {document['events_root']}   signed below",
        "",
        document["submission"].rstrip("\n"),
        "",
        f"entry leaf {document['entry_leaf']}",
        *(f"  with     {one}" for one in document["path_to_root"]),
        "",
        document["checkpoint"].rstrip("\n"),
    ]
    return "\n".join(lines)
