"""The ledger's side of ingest: keep a record, decide it, place it.

Order of writes: vault row (pending), then the encrypted file, then the ledger. What the
ledger never decided on is deleted on the next open.
"""

from collections.abc import Iterable, Sequence
from typing import Final, cast

import msgspec

from ledger import record_keys
from ledger.errors import ErasedError, TiedUnitsError
from ledger.events import Event
from ledger.events.ingest import Hazard, RecordDecided
from ledger.events.shards import MapDeclared, RecordAssigned
from ledger.links import Links
from ledger.ports import IncomingRecord, Kept, UnitRecord
from ledger.record_keys import StoredRecord
from ledger.vault_rows import UNPLACED, Record
from ledger.workspace import Workspace

EVENTS_MAX: Final = 1024
"""Assignments in one submission."""


class Intake:
    """Keeps records for one ingest; hold `Workspace.exclusive("ingest")` around it."""

    def __init__(self, workspace: Workspace) -> None:
        """Records go into `workspace`."""
        self._workspace = workspace
        self._links = Links(workspace.vault.members())

    def known(self, external_id: str) -> bool:
        """Whether a record of this id is kept already."""
        return self._workspace.vault.knows(external_id)

    def keep(self, record_id: str, record: IncomingRecord) -> Kept:
        """Encrypt and store a record, durably when it returns.

        Raises:
            ErasedError: one of its subjects is fenced; nothing was stored.
            TiedUnitsError: it would tie two shards together; nothing was stored.
            StorageError: the disk refused the write.
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            # In the same transaction: an erasure that is not seen here has not
            # destroyed its subject yet, so the subject found here is the fenced one.
            self._check_fences(record.subjects)
            subjects = [workspace.vault.subject(name) for name in record.subjects]
            kept = workspace.vault.add_record(
                record_id, external_id=record.id, subjects=subjects, text=record.text
            )
            if self._links.would_tie(kept.subjects, kept.digest):
                message = "a record names subjects whose data lie in different shards"
                raise TiedUnitsError(message)
        content = msgspec.json.encode(
            StoredRecord(
                id=record.id, text=record.text, url=record.url, licence=record.licence
            )
        )
        sealed = record_keys.seal(
            kept.keys,
            record_id,
            content,
            context=workspace.ledger.genesis,
            random_bytes=workspace.random_bytes,
        )
        workspace.corpus.put(record_id, sealed)
        self._links.join(kept.subjects, kept.digest)
        return Kept(
            commitment=record_keys.commitment(kept.keys, record_id, content),
            size_log2=len(record.text.encode()).bit_length(),
        )

    def _check_fences(self, subjects: Iterable[str]) -> None:
        """Refuse a record of a fenced person."""
        if any(self._workspace.fences.is_fenced(name) for name in subjects):
            message = "a subject of this record was erased"
            raise ErasedError(message)

    def append_decisions(self, events: Sequence[Event]) -> None:
        """Append decisions; the fences are asked again in the same transaction.

        A record whose subject was fenced since it was kept is decided as blocked, and
        its file and keys go.

        Raises:
            InputError: a decision rests on a scan or a licence that does not carry it
                (XEV-6, XEV-19).
        """
        workspace = self._workspace
        with workspace.vault.transaction():
            checked = [self._recheck(event) for event in events]
            workspace.admission.check_decisions(checked, workspace.clock_ms())
            workspace.ledger.append(checked, stream="ingest")
            for event in checked:
                if isinstance(event, RecordDecided) and event.decision == "accepted":
                    workspace.vault.settle(
                        event.record_id, hazard=event.hazard, scan_id=event.scan_id
                    )

    def _recheck(self, event: Event) -> Event:
        """The event as it may be written now."""
        if not isinstance(event, RecordDecided) or event.decision != "accepted":
            return event
        workspace = self._workspace
        found = workspace.vault.records("record_id = ?", event.record_id)
        fenced = (
            workspace.fences.of_subject(subject)
            for record in found
            for subject in record.subjects
        )
        if found and not any(fenced):
            return event
        workspace.corpus.delete([event.record_id])
        workspace.vault.delete_records([event.record_id])
        return msgspec.structs.replace(
            event, decision="blocked", reasons=["subject_fenced"], commitment=""
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

    def members(self) -> list[UnitRecord]:
        """Every accepted record, placed or not; none that was quarantined before.

        A placed one that is quarantined still binds its subjects to its shard.
        """
        # A record that an interrupted append left unnoted may join two others.
        self._workspace.follow()
        return [_member(record) for record in self._workspace.vault.members()]

    def loads(self, shards: int) -> list[int]:
        """Bytes that each shard trains on."""
        loads = [0] * shards
        for record in self._workspace.vault.members():
            if record.shard != UNPLACED and not record.quarantined:
                loads[record.shard] += record.bytes
        return loads

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
                unplaced = {
                    record.record_id
                    for record in workspace.vault.members()
                    if record.shard == UNPLACED
                }
                batch = [
                    event
                    for event in events[start : start + EVENTS_MAX]
                    if event.record_id in unplaced
                ]
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
