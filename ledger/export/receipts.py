"""Receipts: chosen events, each with its proof up to the checkpoint's root."""

import base64
from typing import Any, Final

from ledger.errors import InputError, IntegrityError
from ledger.export.canonical import canonical_json
from ledger.export.paths import audit_paths
from ledger.export.run import FinishedRun, ShownEntry
from ledger.format.redacted import line_leaves

FORMAT: Final = "tuneledger/receipts/v1"

RECEIPTS_BYTES_MAX: Final = 33_554_432
"""Longest receipts.json, 32 MiB (BUN-2)."""


def encode_receipts(run: FinishedRun) -> bytes:
    """The bytes of receipts.json (docs/bundle.md, section 3).

    Raises:
        InputError: the run has more events than one bundle may hold.
        IntegrityError: the entries do not make the root that the checkpoint signs.
    """
    entries = sorted([*run.key_entries, *run.run_entries], key=lambda shown: shown.seq)
    root, paths = audit_paths(run.leaves, [shown.seq for shown in entries])
    if (len(run.leaves), root) != (run.checkpoint.size, run.checkpoint.root):
        message = (
            f"checkpoint {run.checkpoint.size}: expected root "
            f"{run.checkpoint.root.hex()[:16]}, found {root.hex()[:16]} over "
            f"{len(run.leaves)} entries"
        )
        raise IntegrityError(message)
    receipts = [encode_receipt_of(shown, paths[shown.seq]) for shown in entries]
    content = canonical_json({"format": FORMAT, "receipts": receipts})
    if len(content) > RECEIPTS_BYTES_MAX:
        message = (
            f"run {run.started.run_id}: expected at most {RECEIPTS_BYTES_MAX} bytes "
            f"of receipts, found {len(content)}"
        )
        raise InputError(message)
    return content


def encode_receipt_of(shown: ShownEntry, path: list[bytes]) -> dict[str, Any]:
    """One entry, its path to the root, and the shown events with theirs."""
    return {
        "entry": shown.entry.decode(),
        "events": encode_events_of(shown),
        "index": shown.seq,
        "path": encode_path(path),
    }


def encode_events_of(shown: ShownEntry) -> list[dict[str, Any]]:
    """The shown events of an entry, each with its path to `events_root`."""
    _, paths = audit_paths(line_leaves(shown.event_lines), shown.shown)
    return [
        {
            "index": index,
            "line": shown.event_lines[index].decode(),
            "path": encode_path(paths[index]),
        }
        for index in shown.shown
    ]


def encode_path(path: list[bytes]) -> list[str]:
    """Hashes as base64."""
    return [base64.b64encode(node).decode() for node in path]
