"""Ingest: decide on each record, keep what is accepted, emit one event a record.

Order of writes: what the vault and the corpus hold of a record is durable before its
event is emitted, so that a crash leaves pending rows, which the next open deletes, and
never an event without its record.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn

from ledger.errors import ErasedError, InputError, TiedUnitsError
from ledger.events.ingest import Decision, IngestReason, RecordDecided
from ledger.identifiers import normalise_identifier
from producers.ingest.decide import (
    Facts,
    RegisterLicence,
    Ruling,
    ScanOutcome,
    decide,
    needs_scan,
)
from producers.ingest.licences import Licence, Standing, read_licence
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord
from producers.ports import Emit, Kept, Progress, RandomBytes

BATCH_EVENTS: Final = 64
"""Events of one emit, so of one signature; a kill loses at most this many decisions."""


Scan = Callable[[str], ScanOutcome]
"""Scan one URL; the scan's events are in the ledger when it returns."""

Licensed = Callable[[Sequence[str], str], RegisterLicence | None]
"""The licence of the register that covers (URLs, stated licence) now, for training.

The URLs are the asked one and the one that answered; none where a record has none."""

Shunned = Callable[[str], bool]
"""Whether a URL's site is on the list of piracy sites, if one is consulted."""

Known = Callable[[str], bool]
"""Whether a record of this external id is kept already."""

Keep = Callable[[str, InputRecord], Kept]
"""Encrypt and store a record under its record id, durably when it returns.

Raises, with nothing stored, ErasedError where a subject was erased or is fenced, and
TiedUnitsError where the record would tie two shards together.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestReport:
    """Counts of one ingest.

    Attributes:
        decisions: records by decision.
        reasons: records by reason; a record may have several.
        scanned: URLs that were scanned.
        skipped: records left out because they are kept already.
    """

    decisions: Mapping[Decision, int]
    reasons: Mapping[IngestReason, int]
    scanned: int
    skipped: int


def ingest(
    records: Iterable[InputRecord],
    *,
    policy: IngestPolicy,
    scan: Scan,
    licensed: Licensed,
    shunned: Shunned,
    known: Known,
    keep: Keep,
    emit: Emit,
    random_bytes: RandomBytes,
    progress: Progress,
    skip_known: bool = False,
) -> IngestReport:
    """Decide on every record, in order, and emit the decisions in batches.

    Blocked and pending records leave nothing but their event, so a later ingest decides
    on them anew: the licence, the site or the policy may have changed since.

    Args:
        records: the input; the n-th record is called line n in messages.
        policy: the rules in force, adopted in the ledger before.
        scan: asked for a record that has a URL and states no licence that is a basis,
            where the EU counts; and for every record whose site is shunned.
        shunned: asked for every record that has a URL.
        licensed: asked for every record that states no licence that is a basis.
        known: asked for every record, before anything else.
        keep: called for every record that the rules accept.
        emit: called with 1 .. 64 decisions.
        random_bytes: gives the 16 bytes of each record id.
        progress: told the counts after each batch.
        skip_known: skip records that are kept already instead of refusing them.

    Raises:
        InputError: a line is no record, or its id is kept already. The records before
            it are ingested; nothing of the line itself is.
    """
    run = _Run(policy, scan, licensed, shunned, keep, emit, random_bytes, progress)
    try:
        for line, record in enumerate(records, start=1):
            if not known(record.id):
                _take(run, record, line)
                run.tell(line)
            elif skip_known:
                run.skipped += 1
            else:
                _refuse_known(line)
    except InputError:
        run.flush()
        raise
    run.flush()
    return run.report()


def _take(run: "_Run", record: InputRecord, line: int) -> None:
    """Take one record; what its scan refuses is refused at its line."""
    try:
        run.take(record)
    except InputError as error:
        message = f"line {line}: {error}"
        raise InputError(message) from None


def _refuse_known(line: int) -> NoReturn:
    message = (
        f"line {line}: expected a new id, found one already ingested; "
        "run again with --resume to skip what is kept"
    )
    raise InputError(message)


class _Run:
    """One ingest under way: the decisions not yet emitted, and the counts."""

    def __init__(
        self,
        policy: IngestPolicy,
        scan: Scan,
        licensed: Licensed,
        shunned: Shunned,
        keep: Keep,
        emit: Emit,
        random_bytes: RandomBytes,
        progress: Progress,
    ) -> None:
        self._policy = policy
        self._policy_sha256 = policy.sha256()
        self._scan = scan
        self._licensed = licensed
        self._shunned = shunned
        self._keep = keep
        self._emit = emit
        self._random_bytes = random_bytes
        self._progress = progress
        self._batch: list[RecordDecided] = []
        self._decisions: Counter[Decision] = Counter()
        self._reasons: Counter[IngestReason] = Counter()
        self._scanned = 0
        self.skipped = 0

    def take(self, record: InputRecord) -> None:
        """Decide on one record, and keep it if it is accepted."""
        licence = read_licence(record.licence)
        ruling = self._rule(record, licence.standing)
        record_id = self._random_bytes(16).hex()
        kept = Kept(commitment="", size_log2=size_log2(record.text))
        if ruling.decision == "accepted":
            try:
                kept = self._keep(record_id, record)
            except ErasedError:
                ruling = replace(
                    ruling, decision="blocked", reasons=("subject_fenced",)
                )
            except TiedUnitsError:
                ruling = replace(ruling, decision="pending", reasons=("links_units",))
        self._decided(
            _event(
                record,
                record_id=record_id,
                ruling=ruling,
                kept=kept,
                licence=licence,
                policy_sha256=self._policy_sha256,
            )
        )

    def _rule(self, record: InputRecord, standing: Standing) -> Ruling:
        """Gather what the decision rests on, and decide."""
        facts = Facts(
            standing=standing,
            source_kind=record.source_kind,
            has_subjects=bool(record.subjects),
            consent=record.consent,
            response_sha256=record.response_sha256,
        )
        outcome = None
        is_shunned = bool(record.url) and self._shunned(record.url)
        if needs_scan(
            facts, has_url=bool(record.url), is_shunned=is_shunned, policy=self._policy
        ):
            outcome = self._scan(record.url)
            self._scanned += 1
        if standing not in {"licence", "public_domain"}:
            ends = record.url, outcome.final_url if outcome else ""
            urls = list(dict.fromkeys(filter(None, ends)))
            register = self._licensed(urls, record.licence)
            facts = replace(facts, register=register)
        return decide(facts, outcome, self._policy)

    def tell(self, line: int) -> None:
        """Say of the newest record why it was not accepted; never what it holds."""
        if self._newest.decision != "accepted":
            reasons = ", ".join(self._newest.reasons)
            self._progress(f"line {line}: {self._newest.decision} ({reasons})")

    def flush(self) -> None:
        """Emit what was decided since the last time."""
        # Emptied first: an emit that fails is never repeated, since part of it may
        # have reached the ledger.
        batch, self._batch = self._batch, []
        if not batch:
            return
        self._emit(batch)
        counts = ", ".join(
            f"{count} {name}" for name, count in sorted(self._decisions.items())
        )
        self._progress(f"ingested {self._decisions.total()} records: {counts}")

    def report(self) -> IngestReport:
        """The counts so far."""
        return IngestReport(
            decisions=dict(self._decisions),
            reasons=dict(self._reasons),
            scanned=self._scanned,
            skipped=self.skipped,
        )

    def _decided(self, event: RecordDecided) -> None:
        self._newest = event
        self._batch.append(event)
        self._decisions[event.decision] += 1
        self._reasons.update(event.reasons)
        if len(self._batch) == BATCH_EVENTS:
            self.flush()


def size_log2(text: str) -> int:
    """Number of bits of the text's UTF-8 byte count: 0 for none, 11 for 1024 bytes.

    The ledger shows sizes in these buckets, since an exact size can identify a text.
    """
    return len(text.encode()).bit_length()


def _event(
    record: InputRecord,
    *,
    record_id: str,
    ruling: Ruling,
    kept: Kept,
    licence: Licence,
    policy_sha256: str,
) -> RecordDecided:
    return RecordDecided(
        record_id=record_id,
        decision=ruling.decision,
        reasons=list(ruling.reasons),
        policy_sha256=policy_sha256,
        source_kind=ruling.source_kind,
        licence=licence.expression,
        licence_id=ruling.licence_id,
        scan_id=ruling.scan_id,
        eu_basis=ruling.eu_basis,
        uk_basis=ruling.uk_basis,
        hazard=ruling.hazard,
        subjects=_how_many(record),
        commitment=kept.commitment,
        size_log2=kept.size_log2,
    )


def _how_many(record: InputRecord) -> Literal["none", "one", "several"]:
    match len({normalise_identifier(subject) for subject in record.subjects}):
        case 0:
            return "none"
        case 1:
            return "one"
        case _:
            return "several"
