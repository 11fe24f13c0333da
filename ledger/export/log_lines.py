"""The events of a ledger as one document and as lines."""

from collections import deque
from typing import Any

import msgspec

from ledger.events import decode_event
from ledger.format.entry import parse_entry
from ledger.format.redacted import is_redacted, line_leaf
from ledger.format.submission import parse_submission, split_lines
from ledger.keys.grants import is_below
from ledger.log.ledger import Ledger
from ledger.log.redactions import named_lines

SCHEMA = "tuneledger.log/1"


def log_document(
    ledger: Ledger,
    *,
    stream: str | None = None,
    event_type: str | None = None,
    last: int | None = None,
) -> dict[str, Any]:
    """The events that match, oldest first; of redacted ones the leaf hash.

    Args:
        ledger: the ledger.
        stream: only this stream and those below; all by default.
        event_type: only types that begin with this, so no redacted ones.
        last: only the last so many.
    """
    events: deque[dict[str, Any]] = deque(maxlen=last)
    named = named_lines(ledger.rows())
    for row in ledger.rows():
        entry = parse_entry(row.entry)
        text, note = parse_submission(entry.submission)
        if stream is not None and not is_below(text.stream, stream):
            continue
        for index, line in enumerate(split_lines(row.events)):
            event_id = f"{row.seq}.{index}"
            said = _said(line, named.get((row.seq, index), ""))
            name = str(said["event"]["type"]) if said["event"] else ""
            if event_type is not None and not name.startswith(event_type):
                continue
            events.append(
                {
                    "event_id": event_id,
                    "recorded_at_ms": entry.recorded_at_ms,
                    "stream": text.stream,
                    "signed_by": [one.name for one in note.signatures],
                    **said,
                }
            )
    return {"schema": SCHEMA, "origin": ledger.origin, "events": list(events)}


def _said(line: bytes, by: str) -> dict[str, Any]:
    """What an event says; of a redacted one its leaf hash, and what redacted it."""
    if is_redacted(line):
        return {"event": None, "leaf": line_leaf(line).hex(), "redacted_by": by}
    return {"event": msgspec.to_builtins(decode_event(line))}


def log_text(document: dict[str, Any]) -> str:
    """One line an event: id, type, and its first fields."""
    lines = []
    for item in document["events"]:
        if item["event"] is None:
            by = item["redacted_by"] or "no event"
            lines.append(f"{item['event_id']:<9} REDACTED_BY {by}")
            continue
        event = dict(item["event"])
        name = event.pop("type")
        event.pop("salt")
        shown = " ".join(
            f"{key}={value}"
            for key, value in event.items()
            if isinstance(value, str | int) and len(str(value)) <= 40
        )
        lines.append(f"{item['event_id']:<9} {name:<32} {shown[:120]}".rstrip())
    return "\n".join(lines)
