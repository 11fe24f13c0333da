"""What an ingest may ask of the world, and what it reports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ledger.errors import InputError
from ledger.events.ingest import Decision, IngestReason
from producers.ingest.facts import RegisterLicence, ScanOutcome
from producers.ingest.reader import InputRecord
from producers.ingest.screening import NOTHING_FOUND, Screened
from producers.ingest.sources.base import Unreadable
from producers.ports import Emit, Kept, Progress, RandomBytes, Refusal

Scan = Callable[[str], ScanOutcome]
"""Scan one URL; the scan's events are in the ledger when it returns.

Raises UnscannableError where it is no URL that can be scanned."""

Licensed = Callable[[Sequence[str], str], RegisterLicence | None]
"""The licence of the register that covers (URLs, stated licence) now, for training.

The URLs are the asked one and the one that answered; none where a record has none."""

Shunned = Callable[[str], bool]
"""Whether a URL's site is on the list of piracy sites, if one is consulted."""

Known = Callable[[InputRecord], bool]
"""Whether a record is not to be decided on again: it is kept, or an interrupted reading
of the same source has decided on it."""

Screen = Callable[[InputRecord], Screened]
"""What the policy finds in a text, and does about it."""

Refuse = Callable[[Unreadable], None]
"""Take note of what is no record; raises InputError where the ingest shall stop."""

NotKept = Callable[[str, InputRecord], None]
"""Told the id of each record that is decided on and not kept, before its event."""

Keep = Callable[[Sequence[tuple[str, InputRecord]]], Sequence[Kept | Refusal]]
"""Encrypt and store records, each under its record id, durably when it returns.

Returns what became of each, in order; of a refused one nothing is stored."""


class UnscannableError(InputError):
    """The site of a record cannot be asked: its URL is none that a scan takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What an ingest may ask of the world.

    Attributes:
        scan: asked for a record that has a URL and states no licence that is a basis,
            where the EU or research counts; and for every record whose site is shunned.
        shunned: asked for every record that has a URL.
        licensed: asked for every record that states no licence that is a basis.
        known: asked for every record, before anything else.
        screen: asked for every record that the law does not block.
        keep: called with 1 .. 64 records that the rules accept, before their events.
        not_kept: called for every other record.
        refuse: called for what is no record.
        emit: called with 1 .. 64 decisions.
        random_bytes: gives the 16 bytes of each record id.
        progress: told the counts after each batch.
    """

    scan: Scan
    shunned: Shunned
    licensed: Licensed
    known: Known
    screen: Screen = lambda _: NOTHING_FOUND
    keep: Keep
    not_kept: NotKept = lambda _id, _record: None
    refuse: Refuse
    emit: Emit
    random_bytes: RandomBytes
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """Counts of one ingest.

    Attributes:
        decisions: records by decision.
        reasons: records by reason; a record may have several.
        scanned: URLs that were scanned.
        skipped: records left out because they were decided on before.
        unreadable: what could not be read as a record.
    """

    decisions: Mapping[Decision, int]
    reasons: Mapping[IngestReason, int]
    scanned: int
    skipped: int
    unreadable: int
