"""How an erasure stands, as plain values and as lines for a person."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.projections.erasures import Erasure, is_overdue, outstanding

ID_SHOWN: Final = 16
"""How many characters of an erasure's id `erasure_line` shows."""

_SHOWN_MAX_S: Final = 253_402_300_799
"""The last second of the year 9999, where dates end."""


def erasure_document(
    erasure_id: str, erasure: Erasure, *, certificate: Path | None, now_ms: int
) -> dict[str, Any]:
    """One erasure as plain values, with the path of its certificate."""
    return {
        "schema": "tuneledger.erasure/1",
        **erasure_facts(erasure_id, erasure, now_ms),
        "certificate": str(certificate or ""),
    }


def erasure_text(document: dict[str, Any]) -> str:
    """The document as lines."""
    state = (
        f"certificate {document['certificate']}"
        if document["certificate"]
        else f"to do: {'; '.join(document['outstanding'])}"
    )
    return f"erasure {document['erasure_id']}: {_planned(document)}\n{state}"


def erasure_facts(erasure_id: str, erasure: Erasure, now_ms: int) -> dict[str, Any]:
    """One erasure as plain values.

    Args:
        erasure_id: its id.
        erasure: its state.
        now_ms: the time now, Unix milliseconds, for what is overdue.
    """
    return {
        "erasure_id": erasure_id,
        "ground": erasure.ground,
        "received_at_ms": erasure.received_at_ms,
        "due_at_ms": erasure.due_at_ms,
        "overdue": is_overdue(erasure, now_ms),
        "extended": erasure.extended,
        "restricted": erasure.restricted,
        "refused": erasure.refused,
        "phases": dict(erasure.phases),
        "records": len(erasure.records),
        "shards_hit": [hit.shard for hit in erasure.hits],
        "whole_models": [
            {
                **msgspec.to_builtins(one),
                "deleted": one.weights_sha256 in erasure.weights_deleted,
            }
            for one in erasure.whole
        ],
        "interim_measures": msgspec.to_builtins(erasure.measures),
        "recipients": {
            "told": erasure.notified,
            "impossible": erasure.impossible,
            "counted": erasure.recipients,
        },
        "outstanding": outstanding(erasure),
        "certified": erasure.certified,
    }


def erasure_line(erasure: dict[str, Any]) -> str:
    """One erasure, as `erasure_facts` gives it, on a line."""
    due_s = min(erasure["due_at_ms"] // 1000, _SHOWN_MAX_S)
    due = datetime.fromtimestamp(due_s, tz=UTC)
    owed = "; ".join(erasure["outstanding"])
    whole = [one for one in erasure["whole_models"] if not one["deleted"]]
    measures = [one["measure"] for one in erasure["interim_measures"]]
    parts = [
        f"erasure    {erasure['erasure_id'][:ID_SHOWN]} {_answer(erasure)}",
        _planned(erasure),
        f"due {due:%Y-%m-%d}" + (", OVERDUE" if erasure["overdue"] else ""),
        *(
            f"MODEL {one['weights_sha256'][:16]} SAW THEM: whole model, full retrain, "
            f"{one['tokens']} tokens"
            for one in whole
            if one["tokens"]
        ),
        *(
            f"WEIGHTS {one['weights_sha256'][:16]} SAW THEM: to delete"
            for one in whole
            if not one["tokens"]
        ),
    ]
    interim = f"; interim, not erasure: {', '.join(measures)}" if measures else ""
    return ", ".join(parts) + interim + (f"; to do: {owed}" if owed else "")


def _planned(erasure: dict[str, Any]) -> str:
    """What is erased; before the plan nobody has looked yet."""
    if "planned" not in erasure["phases"]:
        return "not planned yet"
    count = erasure["records"]
    noun = "record" if count == 1 else "records"
    return f"{count} {noun}, shards {erasure['shards_hit']}"


def _answer(erasure: dict[str, Any]) -> str:
    """Certified, refused, restricted or open."""
    if erasure["certified"]:
        return "certified"
    restricted = f"RESTRICTED ({erasure['restricted']})"
    refused = f"refused ({erasure['refused']})"
    words = [refused] * bool(erasure["refused"])
    words += [restricted] * bool(erasure["restricted"])
    return " and ".join(words) or "open"
