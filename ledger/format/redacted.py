"""A redacted line: only the leaf hash of the event line that stood there (STO-5).

The hash is all that the tree over a submission's events takes of a line, so roots,
signatures and receipts are what they were.
"""

import re
from collections.abc import Iterable
from typing import Final

from ledger.format.tree import leaf_hash

_LINE: Final = re.compile(rb"redacted ([0-9a-f]{64})")


def redacted(line: bytes) -> bytes:
    """What stands in the place of an event line after its redaction."""
    return b"redacted " + leaf_hash(line).hex().encode()


def is_redacted(line: bytes) -> bool:
    """Whether a stored line is a redacted one; an event line begins with a brace."""
    return _LINE.fullmatch(line) is not None


def line_leaf(line: bytes) -> bytes:
    """The leaf hash of a stored line: that of its bytes, or the one that is left."""
    match = _LINE.fullmatch(line)
    return leaf_hash(line) if match is None else bytes.fromhex(match[1].decode())


def line_leaves(lines: Iterable[bytes]) -> list[bytes]:
    """The leaf hash of each stored line."""
    return list(map(line_leaf, lines))
