"""Ingest: decide on each record, keep what is accepted, emit one event a record.

Records are kept and emitted in batches, since a durable write costs about the same for
one record as for many. Order of writes: what the vault and the corpus hold of a batch
is durable before its events are emitted, so that a crash leaves pending rows, which the
next open deletes, and never an event without its record.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from ledger.errors import InputError
from ledger.events.ingest import Decision, IngestReason, RecordDecided
from producers.ingest.decide import decide, needs_scan, tighten
from producers.ingest.facts import Facts, Ruling
from producers.ingest.licences import Licence, Standing, explain, read_licence
from producers.ingest.policy import IngestPolicy
from producers.ingest.reader import InputRecord
from producers.ingest.screening import NO_DATASET, NOTHING_FOUND, FromDataset, Screened
from producers.ingest.sources.base import Item, Row, Unreadable
from producers.ingest.world import IngestReport, UnscannableError, World
from producers.ports import Kept, Refusal

BATCH_EVENTS: Final = 64
"""Records of a batch: of one write of the vault, and of one signature. A kill loses at
most this many decisions."""

BATCH_CHARACTERS: Final = 2**22
"""A batch whose texts have so many characters takes no more, so that memory is flat."""


def ingest(
    items: Iterable[Item],
    *,
    policy: IngestPolicy,
    world: World,
    dataset: FromDataset = NO_DATASET,
) -> IngestReport:
    """Decide on every record, in order, and emit the decisions in batches.

    Blocked and pending records leave nothing but their event, so a later ingest decides
    on them anew: the licence, the site or the policy may have changed since.

    Args:
        items: the input.
        policy: the rules in force, adopted in the ledger before.
        world: what is asked and told.
        dataset: the dataset that the input is.

    Raises:
        InputError: the input cannot be read on, or `refuse` raised it. The records
            before are ingested.
    """
    run = _Run(policy, world, dataset)
    try:
        for item in items:
            if isinstance(item, Unreadable):
                run.refuse(item)
            elif world.known(item.record):
                run.skipped += 1
            else:
                run.take(item)
    except InputError:
        run.flush()
        raise
    run.flush()
    return run.report()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """A record with its ruling, as long as nothing of it is kept.

    Attributes:
        row: the record as it was read.
        record_id: its id in the ledger.
        taken: the record as it would be kept, what is redacted taken out.
        ruling: the decision by law and by what was found in the text.
        screened: what was found.
        licence: what the stated licence is.
    """

    row: Row
    record_id: str
    taken: InputRecord
    ruling: Ruling
    screened: Screened
    licence: Licence


class _Run:
    """One ingest under way: the records not yet kept and emitted, and the counts."""

    def __init__(
        self, policy: IngestPolicy, world: World, dataset: FromDataset
    ) -> None:
        self._policy = policy
        self._policy_sha256 = policy.sha256()
        self._world = world
        self._dataset = dataset
        self._batch: list[_Judged] = []
        self._characters = 0
        self._decisions: Counter[Decision] = Counter()
        self._reasons: Counter[IngestReason] = Counter()
        self._scanned = 0
        self._unreadable = 0
        self.skipped = 0

    def refuse(self, item: Unreadable) -> None:
        """Count what is no record."""
        self._unreadable += 1
        self._world.refuse(item)

    def take(self, row: Row) -> None:
        """Decide on one record; it is kept and emitted with its batch."""
        record, licence = row.record, read_licence(row.record.licence)
        try:
            ruling = self._rule(record, licence.standing)
        except UnscannableError as error:
            refused = Unreadable(place=row.place, field="url", rule=str(error))
            self.refuse(refused)
            return
        screened = NOTHING_FOUND
        if ruling.decision != "blocked":
            screened = self._world.screen(record)
            ruling = tighten(
                ruling,
                self._policy,
                action=screened.action,
                consent_review=self._dataset.consent_review,
            )
        self._tell(row, ruling)
        text = record.text if screened.text is None else screened.text
        self._batch.append(
            _Judged(
                row=row,
                record_id=self._world.random_bytes(16).hex(),
                taken=msgspec.structs.replace(record, text=text),
                ruling=ruling,
                screened=screened,
                licence=licence,
            )
        )
        self._characters += len(text)
        is_full = self._characters >= BATCH_CHARACTERS
        if is_full or len(self._batch) == BATCH_EVENTS:
            self.flush()

    def flush(self) -> None:
        """Keep what is accepted since the last time, and emit its decisions."""
        # Emptied first: an emit that fails is never repeated, since part of it may
        # have reached the ledger.
        batch, self._batch, self._characters = self._batch, [], 0
        if not batch:
            return
        kept = self._keep(batch)
        events = [self._decided(one, kept.get(one.record_id)) for one in batch]
        self._world.emit(events)
        for event in events:
            self._decisions[event.decision] += 1
            self._reasons.update(event.reasons)
        counts = ", ".join(
            f"{count} {name}" for name, count in sorted(self._decisions.items())
        )
        total = self._decisions.total()
        noun = "record" if total == 1 else "records"
        self._world.progress(f"ingested {total} {noun}: {counts}")

    def _keep(self, batch: Sequence[_Judged]) -> Mapping[str, Kept | Refusal]:
        """Keep what is accepted; what became of it, by record id."""
        accepted = [
            (one.record_id, one.taken)
            for one in batch
            if one.ruling.decision == "accepted"
        ]
        if not accepted:
            return {}
        names = [record_id for record_id, _ in accepted]
        return dict(zip(names, self._world.keep(accepted), strict=True))

    def _decided(self, one: _Judged, kept: Kept | Refusal | None) -> RecordDecided:
        """The event of a record, by what became of it in the vault."""
        ruling = one.ruling
        if isinstance(kept, str):
            ruling = _overruled(ruling, kept)
            self._tell(one.row, ruling)
        if not isinstance(kept, Kept):
            self._world.not_kept(one.record_id, one.row.record)
            kept = Kept(commitment="", size_log2=size_log2(one.taken.text))
        return _event(
            one,
            ruling,
            kept,
            dataset_id=self._dataset.dataset_id,
            policy_sha256=self._policy_sha256,
        )

    def _rule(self, record: InputRecord, standing: Standing) -> Ruling:
        """Gather what the decision rests on, and decide."""
        facts = facts_of(record, standing)
        outcome = None
        is_shunned = bool(record.url) and self._world.shunned(record.url)
        if needs_scan(
            facts, has_url=bool(record.url), is_shunned=is_shunned, policy=self._policy
        ):
            outcome = self._world.scan(record.url)
            self._scanned += 1
        if standing not in {"licence", "public_domain"}:
            ends = record.url, outcome.final_url if outcome else ""
            urls = list(dict.fromkeys(filter(None, ends)))
            register = self._world.licensed(urls, record.licence)
            facts = replace(facts, register=register)
        return decide(facts, outcome, self._policy)

    def _tell(self, row: Row, ruling: Ruling) -> None:
        """Say on the terminal why a record was not accepted; never what it holds."""
        if ruling.decision == "accepted":
            return
        reasons = ", ".join(ruling.reasons)
        if why := licence_cause(row.record, ruling):
            reasons += f": {why}"
        name = "".join(c if c.isprintable() else "." for c in row.record.id)
        self._world.progress(f"{row.place} ({name}): {ruling.decision} ({reasons})")

    def report(self) -> IngestReport:
        """The counts so far."""
        return IngestReport(
            decisions=dict(self._decisions),
            reasons=dict(self._reasons),
            scanned=self._scanned,
            skipped=self.skipped,
            unreadable=self._unreadable,
        )


def size_log2(text: str) -> int:
    """Number of bits of the text's UTF-8 byte count: 0 for none, 11 for 1024 bytes.

    The ledger shows sizes in these buckets, since an exact size can identify a text.
    """
    return len(text.encode()).bit_length()


def facts_of(record: InputRecord, standing: Standing) -> Facts:
    """What a record itself says."""
    return Facts(
        standing=standing,
        source_kind=record.source_kind,
        has_subjects=bool(record.subjects),
        consent=record.consent,
        response_sha256=record.response_sha256,
    )


def licence_cause(record: InputRecord, ruling: Ruling) -> str:
    """Why the stated licence did not help, for a person; or nothing."""
    if not {"licence_unclear", "uk_no_licence"}.intersection(ruling.reasons):
        return ""
    return explain(record.licence)


def _overruled(ruling: Ruling, reason: Refusal) -> Ruling:
    """The ruling where the vault refused the record; the reason names the rule."""
    return replace(
        ruling,
        decision="blocked" if reason == "subject_fenced" else "pending",
        rule=reason,
        reasons=(reason,),
    )


def _event(
    one: _Judged, ruling: Ruling, kept: Kept, *, dataset_id: str, policy_sha256: str
) -> RecordDecided:
    return RecordDecided(
        record_id=one.record_id,
        dataset_id=dataset_id,
        decision=ruling.decision,
        rule=ruling.rule,
        reasons=list(ruling.reasons),
        policy_sha256=policy_sha256,
        source_kind=ruling.source_kind,
        licence=one.licence.expression,
        licence_id=ruling.licence_id,
        scan_id=ruling.scan_id,
        eu_basis=ruling.eu_basis,
        uk_basis=ruling.uk_basis,
        sensitive=list(one.screened.findings),
        action=one.screened.action,
        hazard=ruling.hazard,
        subjects=one.row.record.how_many_subjects,
        commitment=kept.commitment,
        size_log2=kept.size_log2,
    )
