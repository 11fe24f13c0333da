"""A checkpoint pair: that one tree of this ledger is a prefix of another one."""

import base64
from typing import Final

from ledger.export.proof_parts import encode_proof, read_basis
from ledger.export.receipts import encode_path
from ledger.format.checkpoint import parse_checkpoint
from ledger.log.anchors import consistency_proof
from ledger.log.ledger import Ledger

FORMAT: Final = "tuneledger/checkpoint-pair/v1"


def encode_pair(ledger: Ledger, old_size: int, new_size: int) -> bytes:
    """The pair of two checkpoints of one ledger (docs/proofs.md, section 4).

    The key events are those under the newer one, which has those of the older.

    Raises:
        InputError: a size has no checkpoint, or the older one is not the smaller.
        IntegrityError: the ledger contradicts its checkpoint.
    """
    old = ledger.checkpoint_note(old_size, cosigned=False)
    new = ledger.checkpoint_note(new_size, cosigned=False)
    basis = read_basis(ledger, [], new_size)
    proof = consistency_proof(ledger, old_size, new_size)
    return encode_proof(
        {
            "format": FORMAT,
            "keys_new": basis.encode_keys(),
            "keys_old": [],
            "new": new.decode(),
            "old": old.decode(),
            "proof": encode_path(proof),
            "root_at_old_size": base64.b64encode(
                parse_checkpoint(old)[0].root
            ).decode(),
        }
    )
