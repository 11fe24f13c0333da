"""The ledger's side of ingest: keep records, and decide on them.

Order of writes for each batch: vault rows (pending), then the encrypted files, then the
ledger. What the ledger never decided on is deleted on the next open.
"""

from collections.abc import Sequence

import msgspec

from ledger.events import Event
from ledger.events.ingest import RecordDecided
from ledger.ports import (
    IncomingRecord,
    Kept,
    NearTexts,
    Refusal,
    Sighting,
)
from ledger.records.links import Links
from ledger.vault import readings, record_keys
from ledger.vault.identifiers import normalise_identifier
from ledger.vault.record_keys import StoredRecord
from ledger.workspace.workspace import Workspace


class Intake:
    """Keeps records for one ingest; hold `Workspace.exclusive("ingest")` around it."""

    def __init__(self, workspace: Workspace, near: NearTexts) -> None:
        """Records go into `workspace`; `near` finds near texts among those kept."""
        self._workspace = workspace
        self._near = near
        self._links = Links(workspace.vault.connection)

    def keep(
        self, records: Sequence[tuple[str, IncomingRecord]]
    ) -> list[Kept | Refusal]:
        """Encrypt and store records, durably when it returns; all or none of them.

        Of a record that is refused nothing is stored, and the others are.

        Args:
            records: each with its record id; of ids and texts that are small enough
                to hold together.

        Returns:
            What became of each, in order.

        Raises:
            InputError: a record of one's own id is kept already.
            StorageError: the disk refused a write.
        """
        workspace = self._workspace
        # A signature takes a millisecond a kilobyte: not while the vault is locked.
        signed = [self._near.signature(record.text) for _, record in records]
        with workspace.vault.transaction():
            taken = [
                self._take(record_id, record, signature)
                for (record_id, record), signature in zip(records, signed, strict=True)
            ]
        sealed: dict[str, bytes] = {}
        results: list[Kept | Refusal] = []
        for (record_id, record), keys in zip(records, taken, strict=True):
            if isinstance(keys, str):
                results.append(keys)
                continue
            kept, sealed[record_id] = self._seal(record_id, record, keys)
            results.append(kept)
        if sealed:
            workspace.corpus.put(sealed)
        return results

    def _take(
        self, record_id: str, record: IncomingRecord, signature: bytes
    ) -> tuple[bytes, ...] | Refusal:
        """Add a record's pending row and give its keys, or say why not.

        The fences are asked in the same transaction: an erasure that is not seen here
        has not destroyed its subject yet, so the subject found here is the fenced one.
        """
        vault = self._workspace.vault
        if any(map(self._workspace.fences.is_fenced, record.subjects)):
            return "subject_fenced"
        sighting = self._near.sight(signature)
        if refusal := self._binds(record, sighting):
            return refusal
        kept = vault.add_record(
            record_id,
            external_id=record.id,
            subjects=[vault.subject(name) for name in record.subjects],
            text=record.text,
        )
        self._links.join(
            kept.subjects,
            kept.digest,
            near=self._near.add(record_id, sighting),
            size=kept.bytes,
        )
        return vault.keys_of(record_id)

    def _binds(self, record: IncomingRecord, sighting: Sighting) -> Refusal | None:
        """Why a record may not join what it shares something with; None if it may."""
        vault = self._workspace.vault
        found = {
            normalise_identifier(name): vault.find_identifier(name)
            for name in record.subjects
        }
        subjects = [one.subject_id if one else name for name, one in found.items()]
        digest = vault.digest(record.text)
        if self._links.would_tie(subjects, digest, sighting.near):
            return "links_units"
        bytes_max = self._workspace.settings.unit_bytes_max
        if bytes_max and self._links.would_pass(
            bytes_max,
            subjects=subjects,
            digest=digest,
            near=sighting.near,
            size=len(record.text.encode()),
        ):
            return "component_cap"
        return None

    def _seal(
        self, record_id: str, record: IncomingRecord, keys: tuple[bytes, ...]
    ) -> tuple[Kept, bytes]:
        """A record's commitment and its encrypted bytes."""
        content = msgspec.json.encode(
            StoredRecord(
                id=record.id, text=record.text, url=record.url, licence=record.licence
            )
        )
        sealed = record_keys.seal(
            keys,
            record_id,
            content,
            context=self._workspace.ledger.genesis,
            random_bytes=self._workspace.random_bytes,
        )
        kept = Kept(
            commitment=record_keys.commitment(keys, record_id, content),
            size_log2=len(record.text.encode()).bit_length(),
        )
        return kept, sealed

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
            # One reading of the clock: what held when it was checked holds by the
            # time that the submission claims (XEV-18, XEV-19).
            now_ms = workspace.clock_ms()
            workspace.admission.check_decisions(checked, now_ms)
            workspace.ledger.append(checked, stream="ingest", claimed_at_ms=now_ms)
            for event in checked:
                if isinstance(event, RecordDecided) and event.decision == "accepted":
                    workspace.vault.settle(
                        event.record_id, hazard=event.hazard, scan_id=event.scan_id
                    )
                elif isinstance(event, RecordDecided):
                    readings.settle(workspace.vault, event.record_id)

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
            event,
            decision="blocked",
            rule="subject_fenced",
            reasons=["subject_fenced"],
            commitment="",
        )
