"""What lies in one erasure unit, asked of a vault's tables.

A unit is a connected component of {subject, text, near text, record}. The query follows
each edge once in either direction, by an index, so it costs what the unit costs and not
what the vault does; SQLite holds its queue, and moves it to the disk where it is long.
"""

from typing import Final

from ledger.vault.rows import UNPLACED

MEMBER: Final = f"r.pending = 0 AND (r.quarantined = 0 OR r.shard <> {UNPLACED})"
"""The decided records that weights saw or may see: placed, or to be placed."""

ONE_NODE: Final = "SELECT ?, ?, NULL, NULL"
"""A seed: a kind, `subject`, `text` or `near`, and what the node is."""

_RECORD: Final = "UNION SELECT 'record', r.record_id, r.shard, r.bytes FROM unit"

# CROSS JOIN: in this order, whatever the planner thinks of the sizes.
_STEPS: Final = (
    (
        f"{_RECORD} CROSS JOIN record_subject s ON s.subject_id = unit.id "
        "CROSS JOIN record r ON r.record_id = s.record_id "
        f"WHERE unit.kind = 'subject' AND {MEMBER}"
    ),
    (
        f"{_RECORD} CROSS JOIN record r ON r.digest = unit.id "
        f"WHERE unit.kind = 'text' AND {MEMBER}"
    ),
    (
        f"{_RECORD} CROSS JOIN near_record n ON n.number = unit.id "
        "CROSS JOIN record r ON r.record_id = n.record_id "
        f"WHERE unit.kind = 'near' AND {MEMBER}"
    ),
    (
        "UNION SELECT 'subject', s.subject_id, NULL, NULL FROM unit "
        "CROSS JOIN record_subject s ON s.record_id = unit.id "
        "WHERE unit.kind = 'record'"
    ),
    (
        "UNION SELECT 'text', r.digest, NULL, NULL FROM unit "
        "CROSS JOIN record r ON r.record_id = unit.id WHERE unit.kind = 'record'"
    ),
    (
        "UNION SELECT 'near', n.number, NULL, NULL FROM unit "
        "CROSS JOIN near_record n ON n.record_id = unit.id WHERE unit.kind = 'record'"
    ),
)


def reached_from(seed: str) -> str:
    """A query for what is reached: kind, id, and of records the shard and the bytes.

    `seed` is SQL of this module.
    """
    return (
        f"WITH RECURSIVE unit (kind, id, shard, bytes) AS ({seed} {' '.join(_STEPS)}) "  # noqa: S608 (SQL of this module)
        "SELECT kind, id, shard, bytes FROM unit"
    )
