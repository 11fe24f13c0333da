"""Bulk: submissions whose lines are all of one type, read with one expression.

A producer of bulk sends a thousand events of one type at a time. Then one call finds
all lines, and their values come as columns, to be checked together.
"""

from verifier.format.entry import Bulk
from verifier.rules import BULK
from verifier.schema.lines import LINE_BYTES_MAX, bulk_pattern, line_type

# For fewer lines, one at a time is as fast.
_LINES_MIN = 8


def read_bulk(lines: list[bytes], stored: bytes) -> Bulk | None:
    """Return the bulk that a submission's lines are, None where they are none.

    Args:
        lines: the lines, without newlines.
        stored: the same lines, each with its newline.
    """
    kind = line_type(lines[0])
    rules = None if kind is None else BULK.get(kind.name)
    if kind is None or rules is None or len(lines) < _LINES_MIN:
        return None
    if line_type(lines[-1]) != kind or max(map(len, lines)) > LINE_BYTES_MAX:
        return None
    # A match is a whole line, and there are no more lines than matches.
    rows = bulk_pattern(kind.name, rules.fields, rules.narrower).findall(stored)
    if len(rows) != len(lines):
        return None
    gist = rules.gather(*zip(*rows, strict=True))
    return None if gist is None else Bulk(kind.name, kind.family, len(lines), gist)
