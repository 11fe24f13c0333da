"""A redacted line: only the leaf hash of the event line that stood there (STO-5)."""

import re
from binascii import unhexlify
from collections.abc import Sequence

from verifier.format.tree import leaf_hash

_LINE = re.compile(rb"redacted ([0-9a-f]{64})")


def is_redacted(line: bytes) -> bool:
    """Return whether a stored line has the form of a redacted one."""
    return _LINE.fullmatch(line) is not None


def line_leaves(lines: Sequence[bytes]) -> list[bytes]:
    """Return the leaf hash of each line: that of its bytes, or the one that is left."""
    matches = map(_LINE.fullmatch, lines)
    return [
        leaf_hash(line) if match is None else unhexlify(match[1])
        for line, match in zip(lines, matches, strict=True)
    ]
