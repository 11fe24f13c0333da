"""Erasure units: the records that must lie together. Pure.

An erasure unit is a connected component of {subject, exact duplicate, near duplicate,
record with several subjects}. A duplicate in another shard would defeat an erasure, and
a subject in two shards would cost two retrains.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ledger.errors import InputError
from ledger.events.ingest import Hazard
from ledger.ports import UnitRecord
from producers.placement.groups import Groups

__all__ = [
    "HAZARD_RANK",
    "HAZARD_WEIGHT",
    "NO_NEAR",
    "Near",
    "Unit",
    "UnitRecord",
    "components",
    "erasures_of",
    "links_of",
    "unit_of",
    "units_of",
]

HAZARD_RANK: Final[Mapping[Hazard, int]] = MappingProxyType(
    {"public": 0, "personal": 1, "consent": 2}
)
"""Order of slices: what is likely to be erased goes last."""

HAZARD_WEIGHT: Final[Mapping[Hazard, int]] = MappingProxyType(
    {"public": 0, "personal": 1, "consent": 4}
)
"""Expected erasures of one subject, in the unit of a subject without consent.

An assumption, not a measurement: consent can be withdrawn at any time without a reason
(Regulation (EU) 2016/679, Article 7(3)), other grounds need one (Article 17(1)). It
moves load between shards and never decides what an erasure must reach.
"""

Near = Mapping[str, Sequence[str]]
"""Ids of clusters of near duplicates, by record id; see `NearDuplicates`."""

NO_NEAR: Final[Near] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Records that must lie together.

    Attributes:
        unit_id: the smallest record id in it.
        size: bytes of the records that are not yet placed, at least 1.
        hazard: the highest hazard of any of its records.
        record_ids: the records that are not yet placed, sorted.
        shard: where other records of the unit lie already; None for a new unit.
        erasures: expected erasures that those records add, in `HAZARD_WEIGHT`.
    """

    unit_id: str
    size: int
    hazard: Hazard
    record_ids: tuple[str, ...] = ()
    shard: int | None = None
    erasures: int = 0


def links_of(record: UnitRecord, near: Near = NO_NEAR) -> list[tuple[str, str]]:
    """What a record shares with others: nodes that join it to them."""
    links = [("subject", subject) for subject in record.subjects]
    if record.duplicates:
        links.append(("duplicates", record.duplicates))
    links.extend(("near", cluster) for cluster in near.get(record.record_id, ()))
    return links


def units_of(records: Iterable[UnitRecord], near: Near = NO_NEAR) -> list[Unit]:
    """Group records into erasure units.

    Args:
        records: new records, and those placed already whose subjects or duplicates may
            link to a new one.
        near: clusters of near duplicates that a record belongs to.

    Returns:
        One unit for each component that holds a new record, sorted by unit id.

    Raises:
        InputError: a new record would link records of two shards, so that one erasure
            would hit both; leave the named records out.
    """
    units = map(unit_of, components(records, near))
    return sorted((unit for unit in units if unit), key=lambda unit: unit.unit_id)


def components(
    records: Iterable[UnitRecord], near: Near = NO_NEAR
) -> list[list[UnitRecord]]:
    """The records of each erasure unit, in no particular order."""
    by_id = {record.record_id: record for record in records}
    groups = Groups()
    for record in by_id.values():
        groups.join([("record", record.record_id), *links_of(record, near)])
    members: dict[object, list[UnitRecord]] = defaultdict(list)
    for record in by_id.values():
        members[groups.root(("record", record.record_id))].append(record)
    return list(members.values())


def erasures_of(records: Iterable[UnitRecord]) -> int:
    """Expected erasures of records: each subject once, with its highest hazard.

    A record without a subject counts as one that is its own.
    """
    highest: dict[str, int] = {}
    for record in records:
        weight = HAZARD_WEIGHT[record.hazard]
        for holder in record.subjects or (f"record {record.record_id}",):
            highest[holder] = max(weight, highest.get(holder, 0))
    return sum(highest.values())


def unit_of(members: Sequence[UnitRecord]) -> Unit | None:
    """The unit of one component; None where all of it is placed already.

    Raises:
        InputError: a new record would link records of two shards.
    """
    new = sorted(
        (record for record in members if record.shard is None),
        key=lambda record: record.record_id,
    )
    if not new:
        return None
    placed = [record for record in members if record.shard is not None]
    shards = sorted({record.shard for record in placed if record.shard is not None})
    if len(shards) > 1:
        names = ", ".join(record.record_id for record in new)
        message = (
            f"records {names}: expected links into one shard, "
            f"found links into shards {', '.join(map(str, shards))}"
        )
        raise InputError(message)
    return Unit(
        unit_id=min(record.record_id for record in members),
        size=sum(record.size for record in new),
        hazard=max((record.hazard for record in members), key=HAZARD_RANK.__getitem__),
        record_ids=tuple(record.record_id for record in new),
        shard=shards[0] if shards else None,
        erasures=erasures_of(members) - erasures_of(placed),
    )
