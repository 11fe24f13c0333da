"""The text of a C2SP tlog-proof.  Source: https://c2sp.org/tlog-proof."""

import base64
from collections.abc import Sequence
from typing import Final

HEADER: Final = "c2sp.org/tlog-proof@v1"


def encode_tlog_proof(index: int, path: Sequence[bytes], checkpoint: bytes) -> bytes:
    """A proof that the leaf `index` is in the checkpoint's tree.

    There is never extra data: nobody signs it, so nobody may rely on it.

    Args:
        index: the entry's place in the log.
        path: audit path of its leaf, leaf to root.
        checkpoint: the note, with cosignature lines or without.
    """
    hashes = [base64.b64encode(node).decode() for node in path]
    head = "\n".join([HEADER, f"index {index}", *hashes])
    return head.encode() + b"\n\n" + checkpoint
