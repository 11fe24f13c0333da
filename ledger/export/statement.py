"""The statement that CI signs about a run: in-toto Statement v1.

Every field follows from the checkpoint and the receipts, so a verifier makes the
statement again and compares; nothing in it has to be believed on its own.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from ledger.errors import InputError
from ledger.export.canonical import canonical_json
from ledger.export.run import FLOP_FIELDS, FinishedRun

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""Source: in-toto attestation, spec/v1/envelope.md."""

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
"""Source: in-toto attestation, spec/v1/statement.md."""

PREDICATE_TYPE: Final = "urn:tuneledger:finetune-run:v1"

DOES_NOT_PROVE: Final = (
    "that an event was true when it was written",
    "that nothing was left out before it was appended",
    "that the key events in receipts.json are all: a later one may retire a key",
    "that receipts.json shows every slice_trained event of the run",
    "that the entries without a receipt follow docs/spec.md",
    "that everybody was shown this history: no witness signed the checkpoint",
    "that nobody who holds every key wrote this history anew",
    "that nothing came after the checkpoint, such as an erasure",
    "when anything happened: every time is the operator's clock",
    "that training again gives the same adapters",
)
"""What a bundle leaves open, in the words that the statement carries (BUN-18)."""

_STARTED_FIELDS: Final = (
    "run_id",
    "objective",
    "technique",
    "purpose",
    "model_name",
    "base_name",
    "base_sha256",
    "recipe_sha256",
)
_FINISHED_FIELDS: Final = ("batches", "steps", "tokens", "completeness", *FLOP_FIELDS)


def encode_statement(run: FinishedRun, files: Mapping[str, bytes]) -> bytes:
    """The payload: what is stated about the adapters and about `files`.

    Args:
        run: the run.
        files: the bundle's other files, by name, in the order of the subjects.

    Raises:
        InputError: two adapters of the run are for one shard.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "predicate": _predicate(run),
        "predicateType": PREDICATE_TYPE,
        "subject": _adapters(run)
        + [
            _subject(name, hashlib.sha256(content).hexdigest())
            for name, content in files.items()
        ],
    }
    return canonical_json(statement)


def _predicate(run: FinishedRun) -> dict[str, Any]:
    """What is stated about the run; names are those of the events."""
    seqs = [shown.seq for shown in run.run_entries]
    return {
        "origin": run.checkpoint.origin,
        "genesis": run.genesis,
        "tree_size": run.checkpoint.size,
        "root": base64.b64encode(run.checkpoint.root).decode(),
        "entries": {"count": len(seqs), "first": seqs[0], "last": seqs[-1]},
        **{name: getattr(run.started, name) for name in _STARTED_FIELDS},
        **{name: getattr(run.finished, name) for name in _FINISHED_FIELDS},
        "does_not_prove": list(DOES_NOT_PROVE),
    }


def _adapters(run: FinishedRun) -> list[dict[str, Any]]:
    """One subject for each adapter, in the order of `run_finished`."""
    adapters = run.finished.adapters
    if len({adapter.shard for adapter in adapters}) < len(adapters):
        message = f"run {run.started.run_id}: two adapters are for one shard"
        raise InputError(message)
    return [
        _subject(f"shard-{adapter.shard}.safetensors", adapter.weights_sha256)
        for adapter in adapters
    ]


def _subject(name: str, sha256: str) -> dict[str, Any]:
    return {"digest": {"sha256": sha256}, "name": name}
