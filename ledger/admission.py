"""Refuses early what the verifier would find: reviews, licences and quarantines.

Whoever appends holds the vault's transaction from the check to the append, so nothing
that another process of this workspace writes comes in between.

Source: docs/spec.md, XEV-6 and XEV-18 to XEV-20.
"""

from collections.abc import Sequence
from itertools import takewhile

from ledger.checkpoint import parse_checkpoint
from ledger.errors import ConflictError, InputError
from ledger.events import Event
from ledger.events.ingest import RecordDecided
from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.events.optout import RecordsQuarantined
from ledger.events.review import ReviewDecided
from ledger.log import Ledger
from ledger.projections import licences, optout
from ledger.projections.licences import Licence, LicencesState
from ledger.projections.optout import OptoutState
from ledger.projector import project
from ledger.scanned import standing
from ledger.vault import Vault


class Admission:
    """What stands in a ledger, as far as the next event may contradict it."""

    def __init__(self, ledger: Ledger, vault: Vault) -> None:
        """Nothing is read until the first check."""
        self._ledger = ledger
        self._vault = vault
        self._size = 0
        self._optout = OptoutState()
        self._licences = LicencesState()

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
        """Check quarantines against scans and records (XEV-20).

        Raises:
            ConflictError: a record is quarantined already, or named twice.
            InputError: a scan is unknown or allowed, or a record was not accepted or
                was erased.
        """
        named: set[str] = set()
        for event in events:
            if isinstance(event, RecordsQuarantined):
                self._check_scans(event)
                self._check_records(event.record_ids, named)

    def _check_scans(self, event: RecordsQuarantined) -> None:
        """Check the two scans of a quarantine."""
        self._catch_up()
        scan = self._optout.by_scan.get(event.scan_id)
        earlier = self._optout.by_scan.get(event.earlier_scan_id)
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

    def check_decisions(self, events: Sequence[Event], now_ms: int) -> None:
        """Check what decisions rest on: reviewed scans and licences (XEV-6, XEV-19).

        The verifier takes no claimed time for true, so only here it counts whether a
        review or a licence has ended.

        Raises:
            InputError: a decision rests on a scan that is neither allowed nor cleared,
                or on a licence that does not carry it.
        """
        decisions = [
            event
            for event in events
            if isinstance(event, RecordDecided)
            and (event.licence_id or event.eu_basis == "tdm_article_4")
        ]
        if decisions:
            self._catch_up()
        for event in decisions:
            if event.eu_basis == "tdm_article_4":
                self._check_scan(event, now_ms)
            if event.licence_id:
                self._check_licence(event, now_ms)

    def _check_scan(self, event: RecordDecided, now_ms: int) -> None:
        """Check that the cited scan is allowed, or was cleared by a person."""
        scan = self._optout.by_scan.get(event.scan_id)
        is_clear = scan is not None and (
            scan.verdict == "allowed"
            or now_ms < optout.cleared_until(self._optout, event.scan_id)
        )
        if not is_clear:
            found = "no scan" if scan is None else f"verdict {scan.verdict}"
            message = (
                f"record {event.record_id}: expected a scan that is allowed or was "
                f"cleared for basis tdm_article_4, found {found}"
            )
            raise InputError(message)

    def _check_licence(self, event: RecordDecided, now_ms: int) -> None:
        """Check that the cited licence carries the decision."""
        licence = self._licence(event.licence_id)
        scan = self._optout.by_scan.get(event.scan_id)
        bases = {"eu": event.eu_basis, "uk": event.uk_basis}
        missing = [
            name
            for name, basis in bases.items()
            if basis == "licence" and name not in licence.jurisdictions
        ]
        wrong = ""
        if licence.revoked_by:
            wrong = f"one that event {licence.revoked_by} revoked"
        elif not licences.is_in_force(licence, now_ms):
            wrong = "one that has not begun or has ended"
        elif not licences.is_basis(licence):
            wrong = "one that does not permit to train on content for gain"
        elif missing:
            wrong = f"one that does not hold in {', '.join(missing)}"
        elif scan is not None and licence.sites and scan.site_id not in licence.sites:
            wrong = "one of other sites"
        if wrong:
            message = (
                f"record {event.record_id}: expected a licence that carries the "
                f"decision, found {wrong}"
            )
            raise InputError(message)

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
        head, _ = parse_checkpoint(self._ledger.newest_checkpoint())
        if not self._size:
            states = project(self._ledger, size=head.size)
            self._optout, self._licences = states["optout"], states["licences"]
        else:
            new = self._ledger.events(self._size)
            for recorded in takewhile(lambda one: one.seq < head.size, new):
                optout.apply(self._optout, recorded)
                licences.apply(self._licences, recorded)
        self._size = head.size


def _check_later(end_ms: int, start_ms: int, what: str) -> None:
    if end_ms <= start_ms:
        message = f"{what}: expected later than {start_ms}, found {end_ms}"
        raise InputError(message)
