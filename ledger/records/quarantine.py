"""Take records out of training whose source reserves them, or whose licence ended.

A scan and the quarantine of what rested on its URL are one submission: a kill leaves
both or neither.
"""

from collections.abc import Collection, Iterator, Sequence

from ledger.events import Event
from ledger.events.base import LIST_MAX
from ledger.events.codec import encode_event
from ledger.events.licence import LicenceEnd
from ledger.events.optout import RecordsQuarantined, UrlScanned
from ledger.format.submission import EVENT_BYTES_MAX, EVENTS_MAX
from ledger.projections.affected import Affected, affected
from ledger.projections.optout import scan_facts
from ledger.workspace.bases import sites_of
from ledger.workspace.governance import Governance
from ledger.workspace.scanned import (
    ScannedRecord,
    resting_on,
    scanned_records,
    standing,
)
from ledger.workspace.workspace import Workspace

_SALT = "0" * 24
"""As long as every salt, to count bytes with."""


class Quarantine:
    """Appends scans and revocations, each with what it takes out of training.

    Attributes:
        taken: ids of the records that were taken out, in order.
        kept: ids of records that stay although a scan of their URL could not read it.
    """

    def __init__(self, workspace: Workspace, *, keep_unreadable: bool = True) -> None:
        """Records are those of `workspace`.

        Args:
            workspace: whose records.
            keep_unreadable: keep records whose site merely could not be read.
        """
        self._workspace = workspace
        self._keep_unreadable = keep_unreadable
        self.taken: list[str] = []
        self.kept: dict[str, None] = {}

    def scanned(self) -> list[ScannedRecord]:
        """What a rescan looks at: see `ledger.workspace.scanned.scanned_records`."""
        self._workspace.follow()
        return scanned_records(self._workspace.vault)

    def append_scans(self, events: Sequence[Event]) -> None:
        """Append scans with the quarantine of the records that rested on their URLs.

        Where these are too many for a submission, the rest follow in further ones.

        Args:
            events: events of scans, no more than one submission holds.
        """
        with self._workspace.vault.transaction():
            out = self._fallen(events)
            for part in _submissions([*events, *out]) if out else [events]:
                self._workspace.append_scan(part)
        self.taken += [record_id for event in out for record_id in event.record_ids]

    def _fallen(self, events: Sequence[Event]) -> list[RecordsQuarantined]:
        """The quarantines that scans lead to."""
        found: list[RecordsQuarantined] = []
        named: set[str] = set()
        for event in events:
            if not isinstance(event, UrlScanned) or event.verdict == "allowed":
                continue
            for earlier, record_ids in self._no_longer_allowed(event).items():
                left = [one for one in record_ids if one not in named]
                named.update(left)
                found += _quarantines(left, scan=event.scan_id, earlier=earlier)
        return found

    def _no_longer_allowed(self, event: UrlScanned) -> dict[str, list[str]]:
        """Records that stand on the URL of a scan and fall with it, by their scan."""
        workspace = self._workspace
        resting = resting_on(workspace.vault, event.scan_id)
        if not resting:
            return {}
        scan, bases = scan_facts(event), workspace.admission.bases(workspace.clock_ms())
        url = workspace.names.urls(event.scan_id)[0]
        if bases.allows(scan, workspace.names.scans_of(url)):
            return {}
        sites = sites_of(workspace.names, event.scan_id)
        fallen = [one for one in resting if not bases.carries(one[0], scan, sites)]
        if scan.is_silent and self._keep_unreadable:
            self.kept.update((record_id, None) for record_id, _ in fallen)
            return {}
        by_scan: dict[str, list[str]] = {}
        for record_id, earlier_scan_id in fallen:
            by_scan.setdefault(earlier_scan_id, []).append(record_id)
        return by_scan

    def revoke(self, licence_id: str, reason: LicenceEnd) -> None:
        """End a licence, and take out the records whose decision cites it.

        Governance signs the one and the scanner's key the other, so these are two
        submissions; after a kill between them, `take_unlicensed` does the rest.

        Raises:
            ConflictError: it is revoked already.
            InputError: there is no such licence.
        """
        with self._workspace.vault.transaction():
            Governance(self._workspace).revoke_licence(licence_id, reason)
            self.take_unlicensed()

    def take_unlicensed(self) -> None:
        """Take out the records that rest on a revoked licence."""
        workspace = self._workspace
        with workspace.vault.transaction():
            by_licence = workspace.admission.bases(workspace.clock_ms()).revoked()
            for licence_id, record_ids in by_licence.items():
                known = standing(workspace.vault, record_ids)
                left = [one for one, is_out in known.items() if not is_out]
                for part in _submissions(_quarantines(left, licence=licence_id)):
                    workspace.append_scan(part)
                self.taken += left

    def affected(self, record_ids: Collection[str]) -> Affected:
        """What saw any of the records and remains; see `projections.affected`."""
        states = self._workspace.states()
        return affected(states["shards"], states["compute"], record_ids)


def _quarantines(
    record_ids: Sequence[str], *, scan: str = "", earlier: str = "", licence: str = ""
) -> list[RecordsQuarantined]:
    """The events that take records out for one cause."""
    return [
        RecordsQuarantined(
            scan_id=scan,
            earlier_scan_id=earlier,
            licence_id=licence,
            record_ids=list(record_ids[start : start + LIST_MAX]),
        )
        for start in range(0, len(record_ids), LIST_MAX)
    ]


def _submissions(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Events in parts, in order, each as large as a submission may be (SUB-3)."""
    part: list[Event] = []
    size = 0
    for event in events:
        length = len(encode_event(event, salt=_SALT)) + 1
        if part and (len(part) == EVENTS_MAX or size + length > EVENT_BYTES_MAX):
            yield part
            part, size = [], 0
        part.append(event)
        size += length
    if part:
        yield part
