"""A cap on giant units: which linking record is held back. Pure.

Records of several subjects and shared texts chain units together; past a point most of
a corpus is one unit, which no placement can balance (random links percolate once each
subject has one link on average). Only a record that links is ever held back: the data
of one person are never cut, however large.

Source: Erdős and Rényi, Publ. Math. Inst. Hung. Acad. Sci. 5, 1960 (the giant component
    of a random graph appears at a mean degree of 1).
"""

from collections import Counter
from collections.abc import Iterable

from ledger.ports import UnitRecord
from producers.placement.groups import Groups
from producers.placement.units import NO_NEAR, Near, links_of


def held_back(
    records: Iterable[UnitRecord], *, cap_bytes: int, near: Near = NO_NEAR
) -> list[str]:
    """Say which new records of a batch to hold back so that no link passes the cap.

    The order is fixed, so the answer depends on the set of records only: what is placed
    is taken as it is; then the new records that link nothing; then the links, by
    ascending number of links and by record id. So the record that joins most is held
    back before others, and a unit heavier than the cap has no new link in it.

    Args:
        records: placed and new records, each once.
        cap_bytes: the heaviest unit that a link may lead to.
        near: clusters of near duplicates that a record belongs to.

    Returns:
        Record ids, sorted.
    """
    links = {record: links_of(record, near) for record in records}
    holders = Counter(link for found in links.values() for link in set(found))

    def is_link(record: UnitRecord) -> bool:
        return len(set(record.subjects)) > 1 or any(
            kind != "subject" and holders[kind, name] > 1
            for kind, name in links[record]
        )

    units = Groups()
    held = []
    for record in sorted(
        links,
        key=lambda record: (
            record.shard is None,
            is_link(record),
            len(set(links[record])),
            record.record_id,
        ),
    ):
        is_new_link = record.shard is None and is_link(record)
        heavier = units.size(links[record]) + record.size
        if is_new_link and heavier > cap_bytes:
            held.append(record.record_id)
        else:
            units.join(links[record], record.size)
    return sorted(held)
