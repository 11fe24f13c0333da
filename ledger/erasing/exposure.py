"""Who saw a person's records: from the subject to slices, runs, weights and models.

Every step is a look-up by an index, so the answer costs what the person's own records
and the runs cost, whatever the number of all records.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.projections import States
from ledger.projections.affected import Affected, affected
from ledger.projections.shards import ShardsState
from ledger.vault.rows import Record
from ledger.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Records of some people, and what saw them.

    Attributes:
        records: their decided records that are not erased, by record id.
        slices: (map id, shard, slice) of each slice that holds one of them, sorted.
        saw: the shards, runs, weights and models.
    """

    records: tuple[Record, ...]
    slices: tuple[tuple[str, int, int], ...]
    saw: Affected


def exposure(vault: Vault, states: States, subject_ids: Iterable[str]) -> Exposure:
    """What saw the records of some subjects.

    Args:
        vault: who knows whose records are whose.
        states: the projections.
        subject_ids: the subjects' ids, as `Vault.find_identifier` tells them.
    """
    shards: ShardsState = states["shards"]
    found = {one.record_id: one for who in subject_ids for one in vault.records_of(who)}
    slices = {
        (map_id, place.shard, place.slice)
        for record_id in found
        for map_id, place in shards.places.get(record_id, {}).items()
    }
    return Exposure(
        records=tuple(found[record_id] for record_id in sorted(found)),
        slices=tuple(sorted(slices)),
        saw=affected(shards, states["compute"], sorted(found)),
    )
