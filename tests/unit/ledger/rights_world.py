"""A world in which persons read scans, grant licences, and sites change their minds."""

from dataclasses import dataclass, field

from ledger.events.ingest import RecordDecided
from ledger.events.licence import LicenceGranted, LicenceRevoked
from ledger.events.optout import RecordsQuarantined, UrlScanned
from ledger.events.review import ReviewDecided
from tests.unit.ledger.workshop import NOW_MS
from tests.unit.ledger.world import MONTH_MS, World, changed


@dataclass
class RightsWorld(World):
    """A `World` with reviews, a register of licences, and quarantines.

    Attributes:
        unread: scans that only a person can read.
        cleared: those that a person cleared.
        refused: scans that are not allowed.
        scanned: every scan.
        site_of: the site of each.
        licences: licences that were not revoked.
        cited: the scan that each record was decided on; empty for none.
    """

    unread: list[str] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    scanned: list[str] = field(default_factory=list)
    site_of: dict[str, str] = field(default_factory=dict)
    licences: list[LicenceGranted] = field(default_factory=list)
    cited: dict[str, str] = field(default_factory=dict)

    def makers(self):
        """What may happen next."""
        rights = (self.review, self.licence, self.revocation, self.quarantine)
        return (*super().makers(), *rights)

    def _scan(self) -> UrlScanned:
        event = super()._scan()
        self.scanned.append(event.scan_id)
        self.site_of[event.scan_id] = event.site_id
        if event.verdict != "allowed":
            self.refused.append(event.scan_id)
        if event.verdict == "unknown":
            event = changed(event, reasons=["terms_of_use", "linked_rights"])
            self.unread.append(event.scan_id)
        return event

    def _decision(self) -> RecordDecided:
        event = self._by_right(super()._decision())
        self.cited[event.record_id] = event.scan_id
        return event

    def _by_right(self, event: RecordDecided) -> RecordDecided:
        """Rest an accepted record on a review or a licence, perhaps."""
        if event.decision != "accepted" or self.chance.random() < 0.5:
            return event
        if self.cleared and self.chance.random() < 0.5:
            scan_id = self.chance.choice(sorted(self.cleared))
            return changed(event, scan_id=scan_id, eu_basis="tdm_article_4")
        licences = [one for one in self.licences if not one.sites]
        if not licences:
            return event
        licence = self.chance.choice(licences)
        return changed(event, scan_id="", licence_id=licence.licence_id)

    def review(self):
        """A person reads a scan; perhaps not for the first time."""
        if not self.unread:
            return self.scans()
        scan_id = self.chance.choice(self.unread)
        outcome = self.chance.choice(["cleared", "upheld"])
        (self.cleared.add if outcome == "cleared" else self.cleared.discard)(scan_id)
        event = ReviewDecided(
            review_id=self._hex(32),
            scan_id=scan_id,
            outcome=outcome,
            note_commitment=self.chance.choice(["", self._hex(64)]),
            expires_at_ms=NOW_MS + MONTH_MS,
            decided_at_ms=NOW_MS,
        )
        return "policy", [event]

    def licence(self):
        """A licence of some sites is granted."""
        event = LicenceGranted(
            licence_id=self._hex(32),
            covers="content",
            expression="",
            text_sha256=self._hex(64),
            proof_sha256="",
            permits=["train", "commercial"],
            conditions=[],
            users_max=0,
            jurisdictions=["eu", "uk"],
            sites=self.chance.choice([[], self.sites[:2]]),
            overrides=self.refused[:2],
            model="",
            starts_at_ms=NOW_MS,
            expires_at_ms=NOW_MS + MONTH_MS,
        )
        self.licences.append(event)
        return "policy", [event]

    def revocation(self):
        """A licence ends."""
        if not self.licences:
            return self.licence()
        licence = self.licences.pop(self.chance.randrange(len(self.licences)))
        event = LicenceRevoked(
            licence_id=licence.licence_id,
            reason="rights_holder",
            revoked_at_ms=NOW_MS,
        )
        return "policy", [event]

    def quarantine(self):
        """A site has changed its mind about some records."""
        resting: dict[str, list[str]] = {}
        for record_id in self.accepted:
            resting.setdefault(self.cited[record_id], []).append(record_id)
        pairs = [
            (later, earlier)
            for place, earlier in enumerate(self.scanned)
            for later in self.scanned[place + 1 :]
            if earlier in resting
            and later in self.refused
            and self.site_of[later] == self.site_of[earlier]
        ]
        if not pairs:
            return self.scans()
        later, earlier = self.chance.choice(pairs)
        gone = resting[earlier][: self._some()]
        self.accepted = [one for one in self.accepted if one not in gone]
        self.cleared.discard(earlier)  # a basis for nothing any more
        self.unread = [one for one in self.unread if one != earlier]
        event = RecordsQuarantined(
            scan_id=later, earlier_scan_id=earlier, licence_id="", record_ids=gone
        )
        return "scan", [event]
