"""The signed statement: made again from what was verified, and compared."""

from base64 import b64encode
from hashlib import sha256
from typing import Any

from verifier.bundle.chain import Chain
from verifier.bundle.dsse import Envelope, parse_envelope, signers
from verifier.bundle.files import CHECKPOINT, RECEIPTS, STATEMENT, SUMS
from verifier.bundle.findings import BundleCode, BundleViolation
from verifier.bundle.json_files import Reader, canonical
from verifier.bundle.run import TOTALS, Run
from verifier.format.note import VerifierKey
from verifier.schema.model_tables import FLOP_FIELDS

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:tuneledger:finetune-run:v1"
CI_ROLE = "ci"

DOES_NOT_PROVE = (
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
"""What a bundle leaves open (BUN-18)."""

_TEXTS = (
    "run_id",
    "objective",
    "technique",
    "purpose",
    "model_name",
    "base_name",
    "base_sha256",
    "recipe_sha256",
)


def check_signed(content: bytes, chain: Chain) -> Envelope:
    """Check the signature before the payload is read (BUN-14, BUN-15).

    Raises:
        BundleViolation: malformed, another type, or not signed by an active ci key.
    """
    envelope = parse_envelope(content, where=STATEMENT)
    reader = Reader(BundleCode.STATEMENT_MALFORMED, "BUN-14", where=STATEMENT)
    if envelope.payload_type != PAYLOAD_TYPE:
        reader.refuse(f"payloadType {PAYLOAD_TYPE}", envelope.payload_type)
    if len(envelope.signatures) != 1:
        reader.refuse("one signature", len(envelope.signatures))
    granted = [g.key for g in chain.ring.grants.values() if g.role == CI_ROLE]
    signed = signers(envelope, granted)
    if not signed:
        raise BundleViolation(
            BundleCode.STATEMENT_SIGNATURE,
            "BUN-15",
            where=STATEMENT,
            expected=f"a signature by one of {len(granted)} active ci keys",
            found="none that holds",
        )
    if canonical(_envelope(envelope, signed[0])) != content:
        reader.refuse("the envelope in its one spelling", content)
    return envelope


def check_statement(
    envelope: Envelope, *, files: dict[str, bytes], chain: Chain, run: Run
) -> None:
    """Compare the signed payload with the statement that the receipts make.

    Raises:
        BundleViolation: BUN-16, BUN-17 or BUN-18.
    """
    reader = Reader(BundleCode.STATEMENT_MALFORMED, "BUN-3", where=STATEMENT)
    found = reader.parse(envelope.payload)
    expected = {
        "_type": STATEMENT_TYPE,
        "predicate": _predicate(chain, run),
        "predicateType": PREDICATE_TYPE,
        "subject": _subjects(files, run),
    }
    different = _first_difference("statement", expected, found)
    if different is not None:
        place, ours, theirs = different
        rule = "BUN-16" if ".subject" in place else "BUN-17"
        raise BundleViolation(
            BundleCode.STATEMENT_DIFFERS,
            rule,
            where=STATEMENT,
            expected=f"{place} {canonical(ours).decode()}",
            found=canonical(theirs),
        )


def _subjects(files: dict[str, bytes], run: Run) -> list[dict[str, Any]]:
    digests = [(f"shard-{shard}.safetensors", hex_) for shard, hex_ in run.adapters]
    digests += [
        (name, sha256(files[name]).hexdigest()) for name in (CHECKPOINT, RECEIPTS, SUMS)
    ]
    return [{"digest": {"sha256": digest}, "name": name} for name, digest in digests]


def _predicate(chain: Chain, run: Run) -> dict[str, Any]:
    counts = ("batches", *(name for name in TOTALS if name not in FLOP_FIELDS))
    return {
        "origin": chain.ring.origin,
        "genesis": chain.genesis.hex(),
        "tree_size": chain.checkpoint.size,
        "root": b64encode(chain.checkpoint.root).decode(),
        "entries": {
            "count": len(chain.run_entries),
            "first": chain.run_entries[0],
            "last": chain.run_entries[-1],
        },
        **{name: run.started[name].decode() for name in _TEXTS},
        **{name: int(run.finished[name]) for name in counts},
        **{
            name: run.finished[name].decode() for name in ("completeness", *FLOP_FIELDS)
        },
        "does_not_prove": list(DOES_NOT_PROVE),
    }


def _envelope(envelope: Envelope, key: VerifierKey) -> dict[str, Any]:
    """Return the envelope as the writer spells it, with the key's own id."""
    signature = {
        "keyid": f"{key.name}+{key.key_id.hex()}",
        "sig": b64encode(envelope.signatures[0].sig).decode(),
    }
    return {
        "payload": b64encode(envelope.payload).decode(),
        "payloadType": envelope.payload_type,
        "signatures": [signature],
    }


def _first_difference(
    place: str, expected: Any, found: Any
) -> tuple[str, Any, Any] | None:
    """Return where two JSON values first differ, and both values there."""
    if type(expected) is not type(found):
        return place, expected, found
    if isinstance(expected, dict):
        if expected.keys() != found.keys():
            return place, sorted(expected), sorted(found)
        pairs = [(f"{place}.{name}", expected[name], found[name]) for name in expected]
    elif isinstance(expected, list):
        if len(expected) != len(found):
            return f"{place} length", len(expected), len(found)
        pairs = [
            (f"{place}[{number}]", *pair)
            for number, pair in enumerate(zip(expected, found, strict=True))
        ]
    else:
        return None if expected == found else (place, expected, found)
    differences = (_first_difference(*pair) for pair in pairs)
    return next((item for item in differences if item is not None), None)
