"""Entries: what the ledger appends (docs/spec.md, section 6)."""

from dataclasses import dataclass
from typing import Final

from ledger.errors import InputError, IntegrityError
from ledger.format import lines, tree

ENTRY_BYTES_MAX: Final = 65_535
"""Longest entry: a tlog-tiles bundle frames a leaf with 16 bits (ENT-1)."""

_PATTERN: Final = lines.header_pattern(
    "tuneledger/entry/v1",
    {
        "seq": lines.DECIMAL,
        "previous": lines.HASH,
        "base": lines.DECIMAL,
        "recorded_at_ms": lines.DECIMAL,
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: its place, its link and the submission that it carries.

    Attributes:
        seq: 0-based place in the ledger.
        previous: hex leaf hash of the entry before; zeros for entry 0.
        base: size of the newest checkpoint when it was appended; 0 for none.
        recorded_at_ms: the ledger's clock, never below the previous entry's.
        submission: the submission note's exact bytes, signatures included.
    """

    seq: int
    previous: str
    base: int
    recorded_at_ms: int
    submission: bytes

    def encode(self) -> bytes:
        """The stored bytes.

        Raises:
            InputError: the entry is too long (ENT-1).
        """
        header = (
            "tuneledger/entry/v1\n"
            f"seq {self.seq}\n"
            f"previous {self.previous}\n"
            f"base {self.base}\n"
            f"recorded_at_ms {self.recorded_at_ms}\n"
            "\n"
        )
        content = header.encode() + self.submission
        if len(content) > ENTRY_BYTES_MAX:
            message = (
                f"entry {self.seq}: expected at most {ENTRY_BYTES_MAX} bytes, "
                f"found {len(content)}"
            )
            raise InputError(message)
        return content


def parse_entry(content: bytes) -> Entry:
    """Parse an entry; the submission in it is not parsed.

    Raises:
        IntegrityError: the five header lines are malformed, or the entry is too long.
    """
    if len(content) > ENTRY_BYTES_MAX:
        message = (
            f"entry: expected at most {ENTRY_BYTES_MAX} bytes, found {len(content)}"
        )
        raise IntegrityError(message)
    match = _PATTERN.match(content)
    if match is None or content[match.end() : match.end() + 1] != b"\n":
        message = "entry does not begin with the five lines of its format"
        raise IntegrityError(message)
    seq, previous, base, recorded = match.groups()
    return Entry(
        seq=lines.decimal(seq, what="seq"),
        previous=previous.decode(),
        base=lines.decimal(base, what="base"),
        recorded_at_ms=lines.decimal(recorded, what="recorded_at_ms"),
        submission=content[match.end() + 1 :],
    )


def entry_leaf(content: bytes) -> bytes:
    """The leaf of stored entry bytes: SHA-256(0x00 || entry) (TRE-1)."""
    return tree.leaf_hash(content)
