"""The certificate of an erasure: what was done, what it rests on, what it leaves out.

Nothing in it names the person.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ledger.ports import Residue
from ledger.projections.erasures import Erasure
from producers.erasing.certificate_page import certificate_page
from producers.erasing.due import utc

SCHEMA: Final = "tuneledger.erasure-certificate/2"

KEY_STORES: Final = {
    "file": (
        "a file of this machine: the keys were overwritten in a file with "
        "secure_delete; copies of the file system and remnants on the disk are out of "
        "reach, and no hardware guarantees it"
    ),
    "passphrase": (
        "a file wrapped under a passphrase: as with a file, and whoever has an old "
        "copy of it and the passphrase opens it"
    ),
    "keyring": (
        "the operating system's key ring: as far as the system deletes; backups of it "
        "are out of reach"
    ),
    "kms": (
        "a key service: as far as its operator deletes; a service may keep a destroyed "
        "key for a waiting time"
    ),
}
"""What each key store can promise; docs/threat-model.md says more."""

NOT_COVERED: Final = (
    "the base model's own training data is not touched",
    (
        "originals outside this workspace, and copies already handed to others (GDPR "
        "Article 19), are not touched"
    ),
    (
        "what texts of other records say of the person without declaring it: corpus "
        "and weights are encrypted, and the search for identifiers does not open them"
    ),
    "records that declare the person by another identifier than those erased",
    (
        "backups of the vault made before the erasure still open the records until "
        "they are deleted; restored here, they are erased again from the fences"
    ),
    (
        "weights deleted as files may remain in copies, in backups and on the disk "
        "beneath the file system"
    ),
    (
        "trainings by other trainers and by vendors: what they read is not on record, "
        "so none is called clean; the snapshots that they saved, and a vendor's "
        "copies, are for whoever keeps them to delete"
    ),
    "the record ids that were erased together stay visible in the ledger",
)
"""What every certificate says it does not prove."""

RESIDUE: Final = {
    "everything": (
        "every file of the workspace was searched, as its bytes lie, after the keys "
        "were gone"
    ),
    "without_vault": (
        "every file but the vault was searched, as its bytes lie, before the keys were "
        "destroyed, and none since; the vault's rows of the person are deleted"
    ),
    "too_short": "not searched: an identifier is too short for a match to mean much",
}
"""What was searched for the person's identifiers, by scope."""

EXACTNESS: Final = {
    "bitwise_equal": (
        "the retrained weights equal, bit for bit, a training in a clean process that "
        "never saw the records"
    ),
    "not_re_executable_here": "this machine cannot repeat the recipe: not compared",
    "not_run": "no comparison was asked for, or no weights had seen the records",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a certificate is made from.

    Attributes:
        erasure_id: the erasure.
        erasure: its state, verified.
        people: how many were erased together.
        anchor: the ledger, with its checkpoint.
        receipts: a receipt of each of the erasure's events.
        recipients: how many recipients are known now.
        residue: what was searched; None where it is not known.
    """

    erasure_id: str
    erasure: Erasure
    people: int
    anchor: dict[str, str]
    receipts: Sequence[dict[str, Any]]
    recipients: int
    residue: Residue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate.

    Attributes:
        content: its bytes, JSON.
        page: the same to print, HTML.
        sha256: digest of `content`, hex.
    """

    content: bytes
    page: bytes
    sha256: str


def make_certificate(facts: Facts) -> Certificate:
    """The certificate of a verified erasure; the same facts give the same bytes."""
    document = certificate_document(facts)
    content = json.dumps(document, indent=2).encode() + b"\n"
    sha256 = hashlib.sha256(content).hexdigest()
    page = certificate_page(document, sha256)
    return Certificate(content=content, page=page, sha256=sha256)


def certificate_document(facts: Facts) -> dict[str, Any]:
    """The certificate as plain values."""
    erasure = facts.erasure
    return {
        "schema": SCHEMA,
        "erasure_id": facts.erasure_id,
        "ledger": facts.anchor,
        "ground": _ground(erasure.ground),
        "received_at": utc(erasure.received_at_ms),
        "due_at": utc(erasure.due_at_ms),
        "extended_for": erasure.extended,
        "people": facts.people,
        "records_erased": len(erasure.records),
        "keys_destroyed": erasure.keys_destroyed,
        "key_store": erasure.key_store,
        "key_store_guarantee": KEY_STORES[erasure.key_store],
        **_weights(erasure),
        "records_readable_afterwards": erasure.records_readable,
        "files_left_afterwards": erasure.blobs_left,
        "files_with_an_identifier": erasure.residue,
        "searched": RESIDUE[facts.residue.scope] if facts.residue else "not known",
        "interim_measures": [one.measure for one in erasure.measures],
        "recipients": {
            "known": facts.recipients,
            "told": erasure.notified,
            "impossible": erasure.impossible,
        },
        "evidence": dict(erasure.phases),
        "not_covered": list(NOT_COVERED),
        "receipts": list(facts.receipts),
    }


def _ground(ground: str) -> str:
    if ground == "not_stated":
        return "not stated; GDPR Article 17(1) names what it can be"
    return f"GDPR Article 17(1), {ground}"


def _weights(erasure: Erasure) -> dict[str, Any]:
    """What was retrained and deleted, and how exact the result is."""
    return {
        "shards_retrained": sorted(erasure.retrained),
        "whole_models_deleted": [one.weights_sha256 for one in erasure.whole],
        "weights_replaced": sorted(erasure.weights_replaced),
        "weights_deleted": sorted(erasure.weights_deleted),
        "weights_deletion_methods": sorted(erasure.deletion_methods),
        "tokens_to_retrain_expected": erasure.tokens_expected,
        "tokens_to_retrain_everything": erasure.tokens_full,
        "tokens_retrained": erasure.tokens_retrained,
        "exactness": erasure.exactness,
        "exactness_means": EXACTNESS[erasure.exactness],
        "run_it_again": (
            "the retraining run is on record with its recipe, seeds and records; on a "
            "machine of that recipe, a clean process gives the same digests"
        ),
    }
