"""Where scans meet the ledger: what a scanner is made of, and lists of URLs.

A module of the composition, as `producers.wiring` is.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.disk.places import ledger_file
from ledger.errors import InputError
from ledger.events.optout import UrlScanned
from ledger.events.policy import Jurisdiction
from ledger.projections.optout import UNREADABLE
from ledger.records.quarantine import Quarantine
from ledger.workspace.corpus import EVIDENCE_BYTES_MAX
from ledger.workspace.workspace import Workspace
from producers.ingest import IngestPolicy
from producers.optout.net.resolve import Resolver
from producers.optout.net.turns import SPACING_S
from producers.policies import policy_of, scan_policy_of
from producers.ports import Progress
from producers.urls import canonical, needs_scan_extra

if TYPE_CHECKING:
    from producers.optout.asking.lists import Lists
    from producers.optout.asking.looked import Looked
    from producers.optout.asking.scan import Scanner, ScanResult
    from producers.optout.cache.policy_cache import PolicyCache

RESCAN_AFTER_MS: Final = 24 * 3600 * 1000
"""How long a scan is taken for a new one when a list is resumed: as long as the policy
files that it rests on (RFC 9309, section 2.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How a scan is made.

    Attributes:
        resolver: where it connects to.
        workers: how many sites are asked at the same time, at least 1.
        terms_urls: terms of use to be read beside those that a page names.
        piracy_list: file with sites that publish without the rights holders.
        registries: files with snapshots of registries of reservations.
        spacing_s: seconds between requests to one host, on average; 0 spaces nothing,
            which is for whoever plays the sites too.
        is_fresh: whether policy files are asked for that were read within the day.
    """

    resolver: Resolver
    workers: int = 1
    terms_urls: tuple[str, ...] = ()
    piracy_list: Path | None = None
    registries: tuple[Path, ...] = ()
    spacing_s: float = SPACING_S
    is_fresh: bool = False


def adopted_policy(
    workspace: Workspace, jurisdictions: Sequence[Jurisdiction] = ()
) -> IngestPolicy:
    """The policy of the settings, adopted in the ledger and signed by governance."""
    policy = policy_of(workspace.settings, jurisdictions)
    workspace.adopt(policy.to_event(), policy.document())
    return policy


@contextlib.contextmanager
def open_scanner(
    workspace: Workspace,
    policy: IngestPolicy,
    options: ScanOptions,
    quarantine: Quarantine,
) -> "Iterator[Scanner]":
    """What scans under a policy and appends what it finds.

    What rested on a URL that is not allowed any more is taken out of training.

    Args:
        workspace: where it goes.
        policy: what is scanned for.
        options: how.
        quarantine: what takes records out.

    Raises:
        InputError: the extra `scan` is missing, or a list cannot be read.
    """
    with needs_scan_extra():
        # ruff: noqa: PLC0415 (an extra; importing it takes longer than most commands)
        from producers.optout.asking.files import PolicyFiles
        from producers.optout.asking.look import Look
        from producers.optout.asking.scan import Scanner
        from producers.optout.net.fetch import HttpFetcher
        from producers.optout.net.polite import PoliteFetch
    scan_policy = scan_policy_of(policy)
    lists = _lists(workspace, options)
    fetch = PoliteFetch(
        HttpFetcher(resolver=options.resolver), spacing_s=options.spacing_s
    )
    with _policy_cache(workspace, is_fresh=options.is_fresh) as cache:
        files = PolicyFiles(
            fetch=fetch,
            evidence=workspace.evidence,
            clock_ms=workspace.clock_ms,
            cache=cache,
            agent=scan_policy.agent_token,
        )
        look = Look(
            fetch=fetch,
            evidence=workspace.evidence,
            policy=scan_policy,
            clock_ms=workspace.clock_ms,
            files=files,
            lists=lists,
            terms=options.terms_urls,
        )
        yield Scanner(
            look,
            files=files,
            lists=lists,
            emit=quarantine.append_scans,
            names=workspace.names,
            policy=scan_policy,
            random_bytes=workspace.random_bytes,
        )


def _policy_cache(workspace: Workspace, *, is_fresh: bool) -> "PolicyCache":
    """What is known of policy files, beside the ledger."""
    from producers.optout.cache.policy_cache import PolicyCache

    return PolicyCache(
        ledger_file(workspace.folder).with_suffix(".cache"),
        tag=lambda name: workspace.vault.tag("file", name),
        asked_since_ms=workspace.clock_ms() if is_fresh else 0,
    )


def _lists(workspace: Workspace, options: ScanOptions) -> "Lists":
    """The lists that are consulted; their bytes are kept as evidence.

    Raises:
        InputError: one cannot be read.
    """
    from producers.optout.asking.lists import Lists
    from producers.optout.lists.piracy import load_piracy_list
    from producers.optout.lists.registry import SnapshotRegistry

    piracy = load_piracy_list(options.piracy_list) if options.piracy_list else None
    registries = tuple(map(SnapshotRegistry, options.registries))
    for path, registry in zip(options.registries, registries, strict=True):
        _keep_list(workspace, path, registry.snapshot_sha256)
    if options.piracy_list and piracy:
        _keep_list(workspace, options.piracy_list, piracy.sha256)
    return Lists(registries, piracy)


def _keep_list(workspace: Workspace, path: Path, sha256: str) -> None:
    """Keep the bytes of a list as evidence.

    Raises:
        InputError: it is longer than evidence may be, or changed since it was read.
    """
    with path.open("rb") as file:
        content = file.read(EVIDENCE_BYTES_MAX + 1)
    if len(content) > EVIDENCE_BYTES_MAX:
        message = f"{path}: expected at most {EVIDENCE_BYTES_MAX} bytes"
        raise InputError(message)
    if workspace.evidence.put(content) != sha256:
        message = f"{path}: expected a file that stands still, found another content"
        raise InputError(message)


def scan_urls(
    workspace: Workspace,
    urls: Iterable[str],
    *,
    options: ScanOptions,
    report: "Callable[[ScanResult], None]",
    progress: Progress,
    resume: bool = False,
) -> Counter[str]:
    """Scan every URL under the policy of the settings.

    Args:
        workspace: where the verdicts go.
        urls: read as they are needed.
        options: how to scan.
        report: told of every scan once its events are durable, in the order in which
            the sites answered.
        progress: told how far the work is, and of every URL that cannot be scanned.
        resume: leave out what was last scanned within the last day under the same
            policy by the same rules, lists and terms, and could be read.

    Returns:
        How many URLs there are of each verdict, those that were left out with the one
        on record; under `failed` those that could not be looked at, and under
        `internal_error` those where this program itself failed.

    Raises:
        InputError: the extra `scan` is missing, or a list cannot be read.
        LockedError: an ingest is running.
    """
    skipped: Counter[str] = Counter()
    with workspace.exclusive("ingest"):
        policy = adopted_policy(workspace)
        quarantine = Quarantine(workspace)
        with open_scanner(workspace, policy, options, quarantine) as scanner:
            wanted = _not_recent(workspace, urls, scanner, skipped) if resume else urls
            found = scan_each(
                scanner,
                wanted,
                workers=options.workers,
                since_ms=workspace.clock_ms(),
                report=report,
                progress=progress,
            )
    if skipped:
        counts = ", ".join(f"{skipped[name]} {name}" for name in sorted(skipped))
        progress(f"skipped, scanned within the last day: {counts}")
    tell_taken(quarantine, progress)
    return found + skipped


def scan_each(
    scanner: "Scanner",
    urls: Iterable[str],
    *,
    workers: int,
    since_ms: int,
    report: "Callable[[ScanResult], None]",
    progress: Progress,
) -> Counter[str]:
    """Scan URLs with an open scanner; see `scan_urls`.

    Says last how many sites' policy files were known before `since_ms`, which is when
    the scan began, Unix milliseconds.
    """
    from producers.optout.asking.reused import Reused
    from producers.optout.net.bulk import SCANNED, scan_all

    verdicts: Counter[str] = Counter()
    reused = Reused(since_ms)

    def commit(looked: "Sequence[Looked]") -> None:
        for one in looked:
            reused.take(one)
        for result in scanner.commit(looked):
            verdicts[result.verdict] += 1
            report(result)

    counts = scan_all(urls, scanner.look, commit, workers=workers, progress=progress)
    del counts[SCANNED]  # its verdicts say more
    if line := reused.line():
        progress(line)
    return verdicts + counts


def tell_taken(quarantine: Quarantine, progress: Progress) -> None:
    """Say what scans took out of training, which nobody asked for."""
    if quarantine.taken:
        count = len(quarantine.taken)
        records = "1 record" if count == 1 else f"{count} records"
        progress(
            f"quarantined {records} of these URLs: the next "
            "train leaves them out; affected weights are named by rescan"
        )


def _not_recent(
    workspace: Workspace,
    urls: Iterable[str],
    scanner: "Scanner",
    skipped: Counter[str],
) -> Iterator[str]:
    """The URLs whose newest scan is not of the last day, or could not be read.

    Nor is it counted where it did not ask all that `scanner` asks, or where its time is
    yet to come: a clock was set back, and how old it is nobody knows. The verdict of
    each of the others is counted in `skipped`.
    """
    now_ms = workspace.clock_ms()
    recent = {
        recorded.event.scan_id: recorded.event.verdict
        for recorded in workspace.ledger.events(stream="scan")
        if isinstance(recorded.event, UrlScanned)
        and 0 <= now_ms - recorded.event.scanned_at_ms < RESCAN_AFTER_MS
        and not UNREADABLE.intersection(recorded.event.reasons)
        and scanner.would_repeat(recorded.event)
    }
    for url in urls:
        newest = workspace.names.scans_of(canonical(url))[-1:]
        if recent.keys().isdisjoint(newest):
            yield url
        else:
            skipped[recent[newest[0]]] += 1
