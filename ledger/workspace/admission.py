"""Refuses early what the verifier would find, by what stands in the ledger.

Whoever appends holds the vault's transaction from the check to the append, so nothing
that another process of this workspace writes comes in between.

Source: docs/spec.md, XEV-6 and XEV-18 to XEV-21.
"""

from collections.abc import Sequence
from itertools import takewhile

from ledger.errors import ConflictError, InputError
from ledger.events import Event
from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.events.optout import RecordsQuarantined, UrlScanned
from ledger.events.review import ReviewDecided
from ledger.format.checkpoint import parse_checkpoint
from ledger.log.ledger import Ledger
from ledger.log.projector import CHANGES_MAX, project_head
from ledger.projections import States, licences, optout, pending
from ledger.projections.licences import Licence, LicencesState
from ledger.projections.optout import OptoutState, ScanFacts, scan_facts
from ledger.vault.vault import Vault
from ledger.workspace.bases import Bases
from ledger.workspace.decisions import check_decisions
from ledger.workspace.scanned import standing


class Admission:
    """What stands in a ledger, as far as the next event may contradict it."""

    def __init__(self, ledger: Ledger, vault: Vault) -> None:
        """Nothing is read until the first check."""
        self._ledger = ledger
        self._vault = vault
        self._size = 0
        self._optout = OptoutState()
        self._licences = LicencesState()

    def bases(self, at_ms: int) -> Bases:
        """What records rest on, as the ledger stands now."""
        self._catch_up()
        return Bases(self._optout, self._licences, at_ms)

    def check_review(self, event: ReviewDecided) -> None:
        """Check a review against the scans and reviews before it (XEV-18).

        Raises:
            ConflictError: the review's id is taken.
            InputError: no such scan, a verdict that no person may clear, or an end
                before the decision.
        """
        self._catch_up()
        if event.review_id in self._optout.review_ids:
            message = f"review {event.review_id}: expected a new id, found it taken"
            raise ConflictError(message)
        scan = self._optout.by_scan.get(event.scan_id)
        if scan is None:
            message = f"review: expected a scan of this ledger, found {event.scan_id!r}"
            raise InputError(message)
        if not scan.is_reviewable:
            message = (
                f"scan {event.scan_id}: expected verdict unknown for reasons that a "
                f"person may clear, found {scan.verdict}; only a licence overrides a "
                "reservation"
            )
            raise InputError(message)
        _check_later(event.expires_at_ms, event.decided_at_ms, "the review's end")

    def check_grant(self, event: LicenceGranted) -> None:
        """Check a new licence (XEV-19).

        Raises:
            ConflictError: the licence's id is taken.
            InputError: it names unknown sites or scans, says too little, or ends before
                it starts.
        """
        self._catch_up()
        if event.licence_id in self._licences.licences:
            message = f"licence {event.licence_id}: expected a new id, found it taken"
            raise ConflictError(message)
        _check_later(event.expires_at_ms, event.starts_at_ms, "the licence's end")
        if not event.expression and not event.text_sha256:
            message = "licence: expected an SPDX expression or a text, found neither"
            raise InputError(message)
        if bool(event.model) != (event.covers == "model"):
            message = (
                "licence: expected the name of a model exactly where it covers one, "
                f"found {event.covers} and {'a' if event.model else 'no'} name"
            )
            raise InputError(message)
        sites = self._optout.sites
        for site_id in event.sites:
            if site_id not in sites or not sites[site_id].registered:
                message = f"licence: expected registered sites, found {site_id}"
                raise InputError(message)
        for scan_id in event.overrides:
            if scan_id not in self._optout.by_scan:
                message = f"licence: expected scans of this ledger, found {scan_id}"
                raise InputError(message)

    def check_revocation(self, event: LicenceRevoked) -> None:
        """Check the end of a licence (XEV-19).

        Raises:
            ConflictError: it is revoked already.
            InputError: there is no such licence.
        """
        licence = self._licence(event.licence_id)
        if licence.revoked_by:
            message = (
                f"licence {event.licence_id}: was revoked already, by event "
                f"{licence.revoked_by}"
            )
            raise ConflictError(message)

    def check_quarantines(self, events: Sequence[Event]) -> None:
        """Check quarantines against scans, licences and records (XEV-20).

        Raises:
            ConflictError: a record is quarantined already, or named twice.
            InputError: a scan is unknown or allowed, a licence is in the register and
                not revoked, or a record was not accepted, was erased or rests on
                something else.
        """
        named: set[str] = set()
        new: dict[str, ScanFacts] = {}
        for event in events:
            if isinstance(event, UrlScanned):
                new[event.scan_id] = scan_facts(event)
            elif isinstance(event, RecordsQuarantined):
                if event.licence_id:
                    self._check_ended(event)
                else:
                    self._check_scans(event, new)
                self._check_records(event.record_ids, named)
                self._check_cited(event)

    def _check_ended(self, event: RecordsQuarantined) -> None:
        """Check a quarantine whose cause is a licence."""
        if event.scan_id or event.earlier_scan_id:
            message = "quarantine: expected scans or a licence as its cause, found both"
            raise InputError(message)
        if not self._licence(event.licence_id).revoked_by:
            message = (
                f"quarantine: expected a revoked licence, found {event.licence_id}"
            )
            raise InputError(message)

    def _check_scans(
        self, event: RecordsQuarantined, new: dict[str, ScanFacts]
    ) -> None:
        """Check the two scans of a quarantine; `new` are those of its submission."""
        self._catch_up()
        known = self._optout.by_scan
        scan = known.get(event.scan_id) or new.get(event.scan_id)
        earlier = known.get(event.earlier_scan_id) or new.get(event.earlier_scan_id)
        if scan is None or earlier is None or event.scan_id == event.earlier_scan_id:
            message = "quarantine: expected two different scans of this ledger"
            raise InputError(message)
        if scan.site_id != earlier.site_id:
            message = (
                f"quarantine: expected two scans of one site, found {event.scan_id} "
                f"and {event.earlier_scan_id}"
            )
            raise InputError(message)
        if scan.verdict == "allowed":
            message = (
                f"quarantine: expected a scan that is not allowed, found "
                f"{event.scan_id} with verdict allowed"
            )
            raise InputError(message)

    def _check_records(self, record_ids: Sequence[str], named: set[str]) -> None:
        """Check that records may be quarantined, and add them to `named`."""
        known = standing(self._vault, record_ids)
        for record_id in record_ids:
            if record_id not in known:
                message = (
                    "quarantine: expected accepted records that were not erased, found "
                    f"{record_id}"
                )
                raise InputError(message)
            if known[record_id] or record_id in named:
                message = f"record {record_id}: expected to be quarantined once"
                raise ConflictError(message)
            named.add(record_id)

    def _check_cited(self, event: RecordsQuarantined) -> None:
        """Check that the decisions on records cite what is gone."""
        query = "SELECT scan_id FROM scan_of_record WHERE record_id = ?"
        for record_id in event.record_ids:
            if event.licence_id:
                found = self._licences.rests.get(record_id)
            else:
                row = self._vault.connection.execute(query, (record_id,)).fetchone()
                found = row and row[0]
            if found != (event.licence_id or event.earlier_scan_id):
                message = (
                    f"record {record_id}: expected one that rests on the scan or the "
                    f"licence that is gone, found {found or 'neither'}"
                )
                raise InputError(message)

    def check_decisions(self, events: Sequence[Event], now_ms: int) -> None:
        """Check decisions, and counts of datasets; see `ledger.workspace.decisions`.

        Raises:
            InputError: XEV-6, XEV-19 or XEV-21 does not allow one.
        """
        self._catch_up()
        check_decisions(events, self._optout, self._licences, now_ms)

    def _licence(self, licence_id: str) -> Licence:
        """A licence of the register.

        Raises:
            InputError: there is none of that id.
        """
        self._catch_up()
        licence = self._licences.licences.get(licence_id)
        if licence is None:
            message = f"expected a licence of the register, found {licence_id!r}"
            raise InputError(message)
        return licence

    def _catch_up(self) -> None:
        """Fold what was appended since the last check, by whomever."""
        states: States = {"optout": self._optout, "licences": self._licences}
        if not self._size or pending(states) >= CHANGES_MAX:
            states, self._size = project_head(self._ledger)
            self._optout, self._licences = states["optout"], states["licences"]
            return
        head, _ = parse_checkpoint(self._ledger.newest_checkpoint())
        new = self._ledger.events(self._size)
        for recorded in takewhile(lambda one: one.seq < head.size, new):
            optout.apply(self._optout, recorded)
            licences.apply(self._licences, recorded)
        self._size = head.size


def _check_later(end_ms: int, start_ms: int, what: str) -> None:
    if end_ms <= start_ms:
        message = f"{what}: expected later than {start_ms}, found {end_ms}"
        raise InputError(message)
