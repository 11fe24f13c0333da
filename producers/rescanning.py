"""Scan anew what records were copied from, and take out what is reserved by now.

A module of the composition, as `producers.wiring` is.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ledger.events.ingest import RecordDecided
from ledger.projections.affected import Affected
from ledger.quarantine import Quarantine
from ledger.scanned import ScannedRecord
from ledger.workspace import Workspace
from producers.ingest import ScanOutcome, in_register
from producers.ingest.register import is_basis, is_in_force
from producers.ports import Progress
from producers.rights import outcome_port
from producers.scanning import (
    UNREADABLE,
    ScanOptions,
    adopted_policy,
    canonical,
    open_scanner,
    scan_each,
)

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Rescanned:
    """What a rescan found.

    Attributes:
        verdicts: how many URLs there are of each verdict; under `failed` those that
            could not be looked at, whose records stay.
        quarantined: ids of the records that were taken out.
        kept: how many records stay although their site could not be read.
        failed: URLs that could not be looked at; they may name persons.
        kept_failed: how many records of those URLs stay as they are.
        affected: the shards that hold what was taken out, and what saw it.
    """

    verdicts: Counter[str]
    quarantined: tuple[str, ...]
    kept: int
    failed: tuple[str, ...]
    kept_failed: int
    affected: Affected

    @property
    def is_clear(self) -> bool:
        """Whether every URL was looked at and found allowed, or cleared by a person."""
        return not self.quarantined and not self.kept and not self.failed


@dataclass(slots=True)
class _Sweep:
    """A rescan under way: who rests on which URL, and what was taken out.

    Attributes:
        quarantine: takes records out.
        by_url: the records of each URL that is scanned.
        licensed: ids of those that rest on a licence, and not on what the site says.
        keep_unreadable: keep records whose site merely could not be read.
        seen: URLs that were scanned.
        quarantined: ids of the records that were taken out.
        kept: how many records stay although their site could not be read.
    """

    quarantine: Quarantine
    by_url: dict[str, list[ScannedRecord]]
    licensed: set[str]
    keep_unreadable: bool
    seen: set[str] = field(default_factory=set)
    quarantined: list[str] = field(default_factory=list)
    kept: int = 0

    @property
    def failed(self) -> list[str]:
        """The URLs that no scan looked at."""
        return [url for url in self.by_url if url not in self.seen]

    def take(self, outcome: ScanOutcome, url: str) -> None:
        """Quarantine the records of a URL unless it is still allowed.

        No licence keeps a text of a piracy site: such a site has nothing to grant.
        """
        self.seen.add(url)
        if outcome.verdict == "allowed" or outcome.is_cleared:
            return
        records = [
            one
            for one in self.by_url[url]
            if outcome.is_piracy or one.record_id not in self.licensed
        ]
        if self.keep_unreadable and UNREADABLE.issuperset(outcome.reasons):
            self.kept += len(records)
            return
        by_scan: dict[str, list[str]] = {}
        for one in records:
            by_scan.setdefault(one.scan_id, []).append(one.record_id)
        for earlier_scan_id, record_ids in by_scan.items():
            self.quarantined += self.quarantine.put(
                outcome.scan_id, earlier_scan_id, record_ids
            )


def rescan(
    workspace: Workspace,
    *,
    options: ScanOptions,
    report: "Callable[[ScanResult], None]",
    progress: Progress,
    keep_unreadable: bool = False,
) -> Rescanned:
    """Scan every URL anew that an accepted record rests on.

    Records of a URL that is no longer allowed are quarantined, each as soon as its scan
    is in the ledger. What rests on a licence that is in force is left alone, unless its
    site is on a list of piracy sites that `options` names.

    Args:
        workspace: whose records.
        options: how to scan.
        report: told of every scan once its events are durable.
        progress: told how far the work is, and of every URL that cannot be scanned.
        keep_unreadable: keep records whose site merely could not be read.

    Raises:
        InputError: the extra `scan` is missing, or a list cannot be read.
        LockedError: an ingest is running.
    """
    with workspace.exclusive("ingest"):
        policy = adopted_policy(workspace)
        quarantine = Quarantine(workspace)
        records = quarantine.scanned()
        licensed = _licensed(workspace, {one.record_id for one in records})
        if options.piracy_list is None:
            records = [one for one in records if one.record_id not in licensed]
        sweep = _Sweep(quarantine, _by_url(records), licensed, keep_unreadable)
        verdicts: Counter[str] = Counter()
        if sweep.by_url:
            outcome_of = outcome_port(workspace)

            def take(result: "ScanResult") -> None:
                report(result)
                sweep.take(outcome_of(result), result.url)

            with open_scanner(workspace, policy, options) as scanner:
                verdicts = scan_each(
                    scanner,
                    sweep.by_url,
                    workers=options.workers,
                    report=take,
                    progress=progress,
                )
    return Rescanned(
        verdicts=verdicts,
        quarantined=tuple(sweep.quarantined),
        kept=sweep.kept,
        failed=tuple(sweep.failed),
        kept_failed=sum(len(sweep.by_url[url]) for url in sweep.failed),
        affected=quarantine.affected(sweep.quarantined),
    )


def _by_url(records: Sequence[ScannedRecord]) -> dict[str, list[ScannedRecord]]:
    """Records by the URL that they were copied from."""
    by_url: dict[str, list[ScannedRecord]] = {}
    for one in records:
        by_url.setdefault(canonical(one.url), []).append(one)
    return by_url


def _licensed(workspace: Workspace, record_ids: set[str]) -> set[str]:
    """Those of some records that rest on a licence in the EU, and not on a scan.

    One of the register must be in force; one that the record stated has no id.
    """
    now_ms = workspace.clock_ms()
    policy = (recorded.event for recorded in workspace.ledger.events(stream="policy"))
    in_force = {
        one.licence_id
        for one in in_register(policy)
        if is_basis(one) and is_in_force(one, now_ms)
    }
    return {
        recorded.event.record_id
        for recorded in workspace.ledger.events(stream="ingest")
        if isinstance(recorded.event, RecordDecided)
        and recorded.event.record_id in record_ids
        and recorded.event.eu_basis in {"licence", "public_domain"}
        and recorded.event.licence_id in {*in_force, ""}
    }
