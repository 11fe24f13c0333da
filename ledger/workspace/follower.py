"""The vault takes note of what the ledger says, now or after a crash."""

from ledger.errors import ReadOnlyError
from ledger.events import Event
from ledger.events.ingest import DatasetClassified, RecordDecided
from ledger.events.optout import RecordsQuarantined, SiteRegistered, UrlScanned
from ledger.events.review import ReviewDecided
from ledger.events.shards import RecordAssigned
from ledger.log.ledger import Ledger
from ledger.log.projector import project
from ledger.vault import datasets, readings
from ledger.vault.names import Names
from ledger.vault.review_notes import ReviewNotes
from ledger.vault.vault import Vault
from ledger.workspace.scanned import quarantine


class Follower:
    """Notes events in one vault; noting an event again changes nothing."""

    def __init__(
        self, ledger: Ledger, vault: Vault, names: Names, review_notes: ReviewNotes
    ) -> None:
        """Events are those of `ledger`."""
        self._ledger = ledger
        self._vault = vault
        self._names = names
        self._review_notes = review_notes

    def follow(self) -> None:
        """Note what was appended since this was last done.

        Raises:
            ReadOnlyError: the ledger accepted records that the vault lacks.
        """
        with self._vault.transaction():
            size = self._vault.followed()
            accepted: set[str] = set()
            for recorded in self._ledger.events(size):
                event = recorded.event
                self.note(event)
                size = recorded.seq + 1
                if isinstance(event, RecordDecided) and event.commitment:
                    accepted.add(event.record_id)
            self._check_kept(accepted)
            self._vault.set_followed(size)

    def _check_kept(self, accepted: set[str]) -> None:
        """Refuse to go on where the vault fell behind the ledger."""
        lost = [one for one in accepted if not self._vault.has_record(one)]
        if lost:
            # What an erasure took is rightly gone.
            erased = project(self._ledger)["shards"].erased
            lost = [one for one in lost if one not in erased]
        if lost:
            message = (
                f"{self._vault.path.name} lacks {len(lost)} records that the ledger "
                "accepted: restore a newer copy before anything is written"
            )
            raise ReadOnlyError(message)

    def note(self, event: Event) -> None:
        """Note one event that the ledger holds."""
        match event:
            case RecordDecided(decision="accepted"):
                self._vault.settle(
                    event.record_id, hazard=event.hazard, scan_id=event.scan_id
                )
            case RecordDecided():
                readings.settle(self._vault, event.record_id)
            case DatasetClassified():
                datasets.settle(self._vault, event.dataset_id, event.review_commitment)
            case RecordAssigned():
                self._vault.place(
                    event.record_id,
                    map_id=event.map_id,
                    shard=event.shard,
                    slice_=event.slice,
                )
            case SiteRegistered(site_id=site_id):
                self._names.settle_site(site_id)
            case UrlScanned(scan_id=scan_id):
                self._names.settle_url(scan_id)
            case RecordsQuarantined(record_ids=record_ids):
                quarantine(self._vault, record_ids)
            case ReviewDecided(review_id=review_id):
                self._review_notes.settle(review_id)
            case _:
                pass
