"""The index of a pass that may only acquit: that ids differ is checked in the end.

Most questions are about what was added last. So ids stay in memory for a while and are
then only written down, in the order in which they came, which costs a tenth of sorting
them in. The first question about something older, an erasure and a quarantine turn this
index into the plain one.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from verifier.doubt import Doubt
from verifier.rules import placed, recent
from verifier.rules.index import Assignment, Index, Scan
from verifier.rules.index_tables import (
    ADD_ASSIGNMENT,
    ADD_RECORD,
    ADD_SCAN,
    BY_RECORD,
    CACHE,
)
from verifier.rules.placed import Placed
from verifier.rules.recent import (
    Recent,
    pack_commitments,
    pack_nothing,
    pack_scans,
    unpack_commitments,
    unpack_scans,
)

# Assignments to one shard that are put in order in memory: about 40 MB.
_SORTED_MAX = 131_072
# The newest ids of every map are in memory, about 10 MB each.
_MAPS_MAX = 16
# What is only written down is not looked at again for a long time.
_CACHE = "PRAGMA cache_size=-8192"


class LateIndex(Index):
    """Knows the newest scans and records, and doubts where it cannot tell."""

    def __init__(self) -> None:
        super().__init__()
        self._is_late = True
        self._scans = Recent(self._db, "scan", pack_scans)
        self._records = Recent(self._db, "record", pack_commitments)
        self._placed = Placed(self._db)
        # The ids of records that were assigned, by number of the map.
        self._assigned: dict[int, Recent[None]] = {}

    def _prepare(self) -> None:
        super()._prepare()
        self._execute("DROP INDEX assignment_record")
        self._execute(recent.SCHEMA)
        self._db.executescript(placed.SCHEMA)
        self._execute(_CACHE)
        self._execute("BEGIN")

    def save(self, path: Path, note: str) -> None:
        """See `Index.save`."""
        self.become_plain()
        super().save(path, note)

    def settle(self) -> None:
        """Check, after the last entry, that no id was added twice.

        Raises:
            Doubt: some id was.
        """
        if self._is_late:
            self._scans.check_distinct()
            self._records.check_distinct()
            for records in self._assigned.values():
                records.check_distinct()

    def become_plain(self) -> None:
        """Sort in all that was written down; from here on this is the plain index.

        Raises:
            Doubt: some id was added twice.
        """
        if not self._is_late:
            return
        self._is_late = False
        self._execute(CACHE)
        for scans in self._scans.rows(unpack_scans):
            self._insert_all(ADD_SCAN, sorted((id_, *said) for id_, said in scans))
        del self._scans
        for records in self._records.rows(unpack_commitments):
            self._insert_all(ADD_RECORD, sorted(records))
        del self._records, self._assigned
        self._execute("DROP TABLE written")
        self._execute(BY_RECORD)
        for assignments in self._placed.assignments():
            self._insert_all(ADD_ASSIGNMENT, sorted(assignments))
        del self._placed
        self._execute("DROP TABLE placed")

    def add_scan(self, scan: bytes, said: Scan) -> bool:
        """See `Index.add_scan`."""
        if self._is_late:
            return self._scans.add({scan: said})
        return super().add_scan(scan, said)

    def add_scans(self, scans: Sequence[bytes], said: Sequence[Scan]) -> None:
        """See `Index.add_scans`."""
        if not self._is_late:
            super().add_scans(scans, said)
            return
        fresh = dict(zip(scans, said, strict=True))
        if len(fresh) < len(scans) or not self._scans.add(fresh):
            raise Doubt

    def scan(self, scan: bytes) -> Scan | None:
        """See `Index.scan`."""
        if self._is_late:
            said = self._scans.get(scan)
            if said is not None:
                return said
            self.become_plain()
        return super().scan(scan)

    def scans(self, scans: Collection[bytes]) -> list[Scan | None]:
        """See `Index.scans`."""
        if self._is_late:
            said = self._scans.get_all(scans)
            if None not in said:
                return said
        return super().scans(scans)

    def set_scan(self, scan: bytes, said: Scan) -> None:
        """See `Index.set_scan`."""
        if self._is_late:
            if self._scans.replace(scan, said):
                return
            self.become_plain()
        super().set_scan(scan, said)

    def add_record(self, record: bytes, commitment: bytes) -> bool:
        """See `Index.add_record`."""
        if self._is_late:
            return self._records.add({record: commitment})
        return super().add_record(record, commitment)

    def add_records(
        self, records: Sequence[bytes], commitments: Sequence[bytes]
    ) -> None:
        """See `Index.add_records`."""
        if not self._is_late:
            super().add_records(records, commitments)
            return
        fresh = dict(zip(records, commitments, strict=True))
        if len(fresh) < len(records) or not self._records.add(fresh):
            raise Doubt

    def commitment(self, record: bytes) -> bytes:
        """See `Index.commitment`."""
        if self._is_late:
            commitment = self._records.get(record)
            if commitment is not None:
                return commitment
            self.become_plain()
        return super().commitment(record)

    def commitments_of(self, records: Sequence[bytes]) -> list[bytes]:
        """See `Index.commitments_of`."""
        if self._is_late:
            commitments = self._records.get_all(records)
            if None not in commitments:
                return [commitment or b"" for commitment in commitments]
        return super().commitments_of(records)

    def assign(self, row: Assignment) -> bool:
        """See `Index.assign`."""
        if self._is_late:
            return self._place([row])
        return super().assign(row)

    def assign_all(self, rows: Sequence[Assignment]) -> None:
        """See `Index.assign_all`."""
        if not self._is_late:
            super().assign_all(rows)
        elif not self._place(rows):
            raise Doubt

    def stock(
        self, *, map_number: int, shard: int, before: int
    ) -> Iterator[tuple[int, bytes]]:
        """See `Index.stock`."""
        if self._is_late and self._placed.counts[map_number, shard] > _SORTED_MAX:
            self.become_plain()
        if not self._is_late:
            return super().stock(map_number=map_number, shard=shard, before=before)
        rows = self._placed.stock(map_number, shard)
        return ((slice_, said) for _, slice_, at, said in rows if at < before)

    def quarantine(self, record: bytes) -> None:
        """See `Index.quarantine`."""
        self.become_plain()
        super().quarantine(record)

    def erase(self, record: bytes) -> list[tuple[int, int]]:
        """See `Index.erase`."""
        self.become_plain()
        return super().erase(record)

    def _place(self, rows: Sequence[Assignment]) -> bool:
        """Add assignments; return whether none is among the newest of its map."""
        self.assigned += len(rows)
        self._placed.add(rows)
        for number in {row[1] for row in rows}:
            records = [row[0] for row in rows if row[1] == number]
            fresh = dict.fromkeys(records)
            if number not in self._assigned:
                name = f"assigned under {number}"
                self._assigned[number] = Recent(self._db, name, pack_nothing)
            if len(fresh) < len(records) or not self._assigned[number].add(fresh):
                return False
        if len(self._assigned) > _MAPS_MAX:
            self.become_plain()
        return True
