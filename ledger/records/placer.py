"""The ledger's side of shard assignment."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from ledger.events.ingest import Hazard
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.ports import UnitRecord
from ledger.vault.reached import MEMBER, ONE_NODE, reached_from
from ledger.vault.rows import UNPLACED, Record
from ledger.workspace.workspace import Workspace

EVENTS_MAX: Final = 1024
"""Assignments in one submission."""

_REACHED: Final = reached_from(ONE_NODE)

_TO_PLACE: Final = (
    "SELECT record_id, digest FROM record r "  # noqa: S608 (our names)
    f"WHERE r.map_id = '' AND r.shard = {UNPLACED} AND {MEMBER}"
)
_AMONG: Final = "record_id IN (SELECT value FROM json_each(?))"
_TOLD: Final = f"DELETE FROM temp.to_place WHERE record_id = ? OR {_AMONG}"  # noqa: S608 (our names)
_HELD: Final = (
    "SELECT shard, sum(weight) FROM (SELECT r.shard AS shard, "  # noqa: S608 (our names)
    "max(w.value) AS weight FROM record r LEFT JOIN record_subject s USING (record_id) "
    "JOIN json_each(?) w ON w.key = r.hazard "
    f"WHERE r.shard <> {UNPLACED} AND {MEMBER} "
    "GROUP BY r.shard, coalesce(s.subject_id, 'record ' || r.record_id)) GROUP BY shard"
)


class Placer:
    """The ledger's side of shard assignment."""

    def __init__(self, workspace: Workspace) -> None:
        """Assignments go into `workspace`."""
        self._workspace = workspace

    def map(self) -> MapDeclared:
        """The map in force; the first call declares it from the settings."""
        workspace = self._workspace
        with workspace.vault.transaction():
            for recorded in workspace.ledger.events(stream="shards"):
                if isinstance(recorded.event, MapDeclared):
                    return recorded.event
            settings = workspace.settings
            declared = MapDeclared(
                map_id=workspace.random_bytes(16).hex(),
                shards=settings.shards,
                slices=settings.slices,
                placement="rendezvous_bounded_load",
                load_per_mille=settings.load_per_mille,
            )
            workspace.ledger.append([declared], stream="shards")
            return declared

    def units(self) -> Iterator[list[UnitRecord]]:
        """The records of each unit that has one to place, unit by unit.

        Those that were quarantined before they had a place are left out; a placed one
        that is quarantined still binds its subjects to its shard. What was placed
        meanwhile is left out of units that were not told yet.
        """
        # A record that an interrupted append left unnoted may join two others.
        self._workspace.follow()
        vault = self._workspace.vault
        run = vault.connection.execute
        run("DROP TABLE IF EXISTS temp.to_place")
        # At once, so that nobody who writes waits for the units to be told.
        run(f"CREATE TEMP TABLE to_place AS {_TO_PLACE}")
        run("CREATE UNIQUE INDEX temp.to_place_record ON to_place (record_id)")
        query = "SELECT record_id, digest FROM temp.to_place LIMIT 1"
        while (row := run(query).fetchone()) is not None:
            record_id, digest = row
            reached = run(_REACHED, ("text", digest))
            ids = json.dumps([one for kind, one, *_ in reached if kind == "record"])
            run(_TOLD, (record_id, ids))
            yield [_member(record) for record in vault.records(_AMONG, ids)]

    def loads(self, shards: int) -> list[int]:
        """Bytes that each shard trains on."""
        loads = [0] * shards
        for (shard, _), size in self._workspace.vault.bytes_by_place().items():
            loads[shard] += size
        return loads

    def erasures(self, shards: int, weights: Mapping[Hazard, int]) -> list[int]:
        """Expected erasures that each shard holds already.

        Each subject of a shard counts once, with its highest hazard; a record without
        one counts as one that is its own.

        Args:
            shards: how many there are.
            weights: expected erasures of one subject, by hazard.
        """
        held = [0] * shards
        rows = self._workspace.vault.connection.execute(
            _HELD, (json.dumps(dict(weights)),)
        )
        for shard, erasures in rows:
            held[shard] = erasures
        return held

    def key(self) -> bytes:
        """A secret for the placement hash, so that nobody can aim at a shard."""
        return self._workspace.vault.secret("placement")

    def append(self, events: Sequence[RecordAssigned]) -> None:
        """Append assignments and note them in the vault.

        A record that was erased, quarantined or placed meanwhile is left out.
        """
        workspace = self._workspace
        for start in range(0, len(events), EVENTS_MAX):
            with workspace.vault.transaction():
                batch = self._unplaced(events[start : start + EVENTS_MAX])
                if not batch:
                    continue
                workspace.ledger.append(batch, stream="shards")
                for event in batch:
                    workspace.vault.place(
                        event.record_id,
                        map_id=event.map_id,
                        shard=event.shard,
                        slice_=event.slice,
                    )

    def _unplaced(self, events: Sequence[RecordAssigned]) -> list[RecordAssigned]:
        """The assignments of records that are still to be placed."""
        marks = ", ".join("?" * len(events))
        found = self._workspace.vault.records(
            f"pending = 0 AND quarantined = 0 AND shard = {UNPLACED} "
            f"AND record_id IN ({marks})",
            *(event.record_id for event in events),
        )
        unplaced = {record.record_id for record in found}
        return [event for event in events if event.record_id in unplaced]


def _member(record: Record) -> UnitRecord:
    """What placement must know of a record."""
    return UnitRecord(
        record_id=record.record_id,
        subjects=record.subjects,
        size=max(record.bytes, 1),
        hazard=cast("Hazard", record.hazard),
        duplicates=record.digest.hex(),
        shard=None if record.shard == UNPLACED else record.shard,
    )
