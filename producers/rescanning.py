"""Scan anew what records were copied from, and take out what is reserved by now.

A module of the composition, as `producers.wiring` is.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.projections.affected import Affected
from ledger.records.quarantine import Quarantine
from ledger.workspace.scanned import ScannedRecord
from ledger.workspace.workspace import Workspace
from producers.ports import Progress
from producers.scanning import (
    ScanOptions,
    adopted_policy,
    open_scanner,
    scan_each,
)
from producers.urls import canonical

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


def rescan(
    workspace: Workspace,
    *,
    options: ScanOptions,
    report: "Callable[[ScanResult], None]",
    progress: Progress,
    keep_unreadable: bool = False,
) -> Rescanned:
    """Scan every URL anew that an accepted record rests on.

    Records of a URL that is no longer allowed are quarantined together with its scan:
    a kill leaves both or neither. A licence that is in force keeps a record where it
    covers the site that was asked and the one that redirects lead to now, unless the
    site is on a list of piracy sites that `options` names. What rests on a revoked
    licence is quarantined without a look at its URL.

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
        quarantine = Quarantine(workspace, keep_unreadable=keep_unreadable)
        workspace.follow()
        quarantine.take_unlicensed()
        by_url = _by_url(quarantine.scanned())
        seen: set[str] = set()
        verdicts: Counter[str] = Counter()
        if by_url:

            def take(result: "ScanResult") -> None:
                seen.add(result.url)
                report(result)

            with open_scanner(workspace, policy, options, quarantine) as scanner:
                verdicts = scan_each(
                    scanner,
                    by_url,
                    workers=options.workers,
                    since_ms=workspace.clock_ms(),
                    report=take,
                    progress=progress,
                )
    failed = tuple(url for url in by_url if url not in seen)
    return Rescanned(
        verdicts=verdicts,
        quarantined=tuple(quarantine.taken),
        kept=len(quarantine.kept),
        failed=failed,
        kept_failed=sum(len(by_url[url]) for url in failed),
        affected=quarantine.affected(quarantine.taken),
    )


def _by_url(records: Sequence[ScannedRecord]) -> dict[str, list[ScannedRecord]]:
    """Records by the URL that they were copied from."""
    by_url: dict[str, list[ScannedRecord]] = {}
    for one in records:
        by_url.setdefault(canonical(one.url), []).append(one)
    return by_url
