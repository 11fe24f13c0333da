"""Where ingest meets the workspace: a source in, decisions and records out.

A module of the composition, as `producers.wiring` is.
"""

import contextlib
from collections.abc import Callable, Sequence

import msgspec

from ledger.errors import InputError
from ledger.events import Event
from ledger.events.policy import Jurisdiction
from ledger.records.intake import Intake
from ledger.records.placer import Placer
from ledger.records.quarantine import Quarantine
from ledger.vault.readings import Reading
from ledger.workspace.workspace import Workspace
from producers import datasets
from producers.assign import assign
from producers.ingest import (
    FromDataset,
    IngestPolicy,
    IngestReport,
    InputRecord,
    ScanOutcome,
    UnscannableError,
    World,
    ingest,
)
from producers.ingest.dead_letters import stop_at_first
from producers.ingest.screening import NO_DATASET
from producers.ingest.sources import Mapping, Source, distinct
from producers.ingest.world import Refuse
from producers.placement.near import NearDuplicates
from producers.ports import Progress
from producers.rights import licence_port, outcome_port, shunned_port
from producers.scanning import (
    ScanOptions,
    adopted_policy,
    open_scanner,
    tell_taken,
)
from producers.screen import check_required, screen_port


def ingest_source(
    workspace: Workspace,
    source: Source,
    *,
    options: ScanOptions,
    progress: Progress,
    name: str = "",
    dataset: str = "",
    mapping: Mapping | None = None,
    refuse: Refuse = stop_at_first,
    resume: bool = False,
    jurisdictions: Sequence[Jurisdiction] = (),
) -> IngestReport:
    """Decide on every record of a source, keep and place what is accepted.

    What is kept already stays as it is.

    Args:
        workspace: where it goes.
        source: the input.
        options: how a scan is made where a record needs one.
        progress: told how far the work is.
        name: what an interrupted reading of the same source is known by.
        dataset: the dataset that it is; empty for none.
        mapping: what the source's fields were read with.
        refuse: told what is no record; stops at the first unless given.
        resume: go on with a reading that was interrupted: skip what it has decided.
        jurisdictions: decide for these instead of the settings'.

    Raises:
        InputError: the input cannot be read, or `refuse` raised it; what comes before
            is ingested.
        LockedError: another ingest is running.
    """
    with workspace.exclusive("ingest"), contextlib.ExitStack() as stack:
        policy = adopted_policy(workspace, jurisdictions)
        check_required(policy, workspace.settings.sensitive_required)
        origin = _dataset(workspace, dataset, source, mapping)
        known = Decided(workspace, policy, f"{dataset}\n{name}")
        if not resume:
            known.reading.finish()
        intake = open_intake(workspace)
        quarantine = Quarantine(workspace)

        def emit(events: Sequence[Event]) -> None:
            known.reading.write()
            intake.append_decisions(events)

        report = ingest(
            distinct(source.items()),
            policy=policy,
            dataset=origin,
            world=World(
                scan=_lazy_scan(workspace, policy, options, stack, quarantine),
                licensed=licence_port(workspace, policy),
                shunned=shunned_port(options),
                known=known.is_known,
                screen=screen_port(policy),
                keep=intake.keep,
                not_kept=known.note,
                refuse=refuse,
                emit=emit,
                random_bytes=workspace.random_bytes,
                progress=progress,
            ),
        )
        # Not after an error: what is resumed later may name people together who would
        # lie in different shards by then.
        assign(Placer(workspace), progress=progress)
        if origin.dataset_id:
            datasets.note_read(
                workspace, origin.dataset_id, unreadable=report.unreadable
            )
        known.reading.finish()
        tell_taken(quarantine, progress)
        return report


def open_intake(workspace: Workspace) -> Intake:
    """What keeps the records of one ingest, and knows what is near them."""
    vault = workspace.vault
    near = NearDuplicates(vault.near, key=vault.secret("near-duplicates"))
    return Intake(workspace, near)


class Decided:
    """What was decided on before: what is kept, and by an interrupted reading."""

    def __init__(self, workspace: Workspace, policy: IngestPolicy, name: str) -> None:
        """Look into the vault of `workspace`, for one policy and one source."""
        self.reading = Reading(workspace.vault, name)
        self._knows = workspace.vault.knows
        self._policy = policy.sha256().encode()

    def is_known(self, record: InputRecord) -> bool:
        """Whether a record is not to be decided on again."""
        return self._knows(record.id) or self.reading.is_decided(
            record.id, self._content(record)
        )

    def note(self, record_id: str, record: InputRecord) -> None:
        """Note a record that is not kept."""
        self.reading.add(record_id, record.id, self._content(record))

    def _content(self, record: InputRecord) -> bytes:
        """All that a decision is made from but the world."""
        return self._policy + msgspec.json.encode(record)


def _dataset(
    workspace: Workspace, name: str, source: Source, mapping: Mapping | None
) -> FromDataset:
    if not name:
        return NO_DATASET
    newest = datasets.for_reading(workspace, name, kind=source.format, mapping=mapping)
    return FromDataset(
        dataset_id=newest.dataset_id, consent_review=newest.consent_review
    )


def _lazy_scan(
    workspace: Workspace,
    policy: IngestPolicy,
    options: ScanOptions,
    stack: contextlib.ExitStack,
    quarantine: Quarantine,
) -> Callable[[str], ScanOutcome]:
    """A scan that is made on first use: no scan, no network library."""
    made: list[Callable[[str], ScanOutcome]] = []

    def make() -> Callable[[str], ScanOutcome]:
        scanner = stack.enter_context(
            open_scanner(workspace, policy, options, quarantine)
        )
        outcome_of = outcome_port(workspace)
        return lambda url: outcome_of(scanner.scan(url))

    def scan(url: str) -> ScanOutcome:
        if not made:
            made.append(make())
        try:
            return made[0](url)
        except InputError as error:
            raise UnscannableError(str(error)) from None

    return scan
