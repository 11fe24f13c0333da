"""Where scans meet the ledger: what a scanner is made of, and lists of URLs.

A module of the composition, as `producers.wiring` is.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.corpus import EVIDENCE_BYTES_MAX
from ledger.errors import InputError
from ledger.events.optout import UrlScanned
from ledger.events.policy import Jurisdiction
from ledger.places import ledger_file
from ledger.workspace import Workspace
from producers.ingest import IngestPolicy
from producers.optout.net.resolve import Resolver
from producers.optout.net.turns import SPACING_S
from producers.optout.vocabulary.basket import load_basket
from producers.optout.vocabulary.policy import ScanPolicy
from producers.ports import Progress

if TYPE_CHECKING:
    from producers.optout.asking.looked import Looked
    from producers.optout.asking.scan import Scanner, ScanResult

RESCAN_AFTER_MS: Final = 24 * 3600 * 1000
"""How long a scan is taken for a new one when a list is resumed: as long as the policy
files that it rests on (RFC 9309, section 2.4)."""

UNREADABLE: Final = frozenset({"unreadable", "page_unreadable"})
"""Reasons of a scan that say nothing but that something could not be read."""


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
    """

    resolver: Resolver
    workers: int = 1
    terms_urls: tuple[str, ...] = ()
    piracy_list: Path | None = None
    registries: tuple[Path, ...] = ()
    spacing_s: float = SPACING_S


def adopted_policy(
    workspace: Workspace, jurisdictions: Sequence[Jurisdiction] = ()
) -> IngestPolicy:
    """The policy of the settings, adopted in the ledger and signed by governance."""
    settings = workspace.settings
    policy = IngestPolicy(
        basket_version=load_basket().version,
        jurisdictions=frozenset(jurisdictions or settings.jurisdictions),
        basket_relaxed=frozenset(settings.basket_relaxed),
    )
    workspace.adopt(policy.to_event(), policy.document())
    return policy


@contextlib.contextmanager
def needs_scan_extra() -> Iterator[None]:
    """Say which extra is missing where a module of it cannot be imported.

    Raises:
        InputError: it is missing.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").startswith("producers"):
            raise
        message = f"scanning needs the extra 'scan': module {error.name} not found"
        raise InputError(message) from None


@contextlib.contextmanager
def open_scanner(
    workspace: Workspace, policy: IngestPolicy, options: ScanOptions
) -> "Iterator[Scanner]":
    """What scans under a policy and appends what it finds.

    Raises:
        InputError: the extra `scan` is missing, or a list cannot be read.
    """
    with needs_scan_extra():
        # ruff: noqa: PLC0415 (an extra; importing it takes longer than most commands)
        from producers.optout.asking.files import PolicyFiles
        from producers.optout.asking.lists import Lists
        from producers.optout.asking.look import Look
        from producers.optout.asking.scan import Scanner
        from producers.optout.cache.policy_cache import PolicyCache
        from producers.optout.lists.piracy import load_piracy_list
        from producers.optout.lists.registry import SnapshotRegistry
        from producers.optout.net.fetch import HttpFetcher
        from producers.optout.net.polite import PoliteFetch
    scan_policy = ScanPolicy(
        policy_sha256=policy.sha256(),
        basket_version=policy.basket_version,
        basket_relaxed=tuple(sorted(policy.basket_relaxed)),
    )
    lists = Lists(
        registries=tuple(SnapshotRegistry(path) for path in options.registries),
        piracy=load_piracy_list(options.piracy_list) if options.piracy_list else None,
    )
    for path, registry in zip(options.registries, lists.registries, strict=True):
        _keep_list(workspace, path, registry.snapshot_sha256)
    if options.piracy_list:
        _keep_list(workspace, options.piracy_list, lists.piracy_sha256)
    fetch = PoliteFetch(
        HttpFetcher(resolver=options.resolver), spacing_s=options.spacing_s
    )
    path = ledger_file(workspace.folder).with_suffix(".cache")
    with PolicyCache(path, tag=lambda name: workspace.vault.tag("file", name)) as cache:
        files = PolicyFiles(
            fetch=fetch,
            evidence=workspace.evidence,
            clock_ms=workspace.clock_ms,
            cache=cache,
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
            emit=workspace.append_scan,
            names=workspace.names,
            policy=scan_policy,
            random_bytes=workspace.random_bytes,
        )


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
        resume: leave out what was scanned within the last day under the same policy
            by the same rules, and could be read.

    Returns:
        How many URLs there are of each verdict, those that were left out with the one
        on record; under `failed` those that could not be looked at.

    Raises:
        InputError: the extra `scan` is missing, or a list cannot be read.
        LockedError: an ingest is running.
    """
    skipped: Counter[str] = Counter()
    with workspace.exclusive("ingest"):
        policy = adopted_policy(workspace)
        with open_scanner(workspace, policy, options) as scanner:
            wanted = _not_recent(workspace, urls, policy, skipped) if resume else urls
            found = scan_each(
                scanner,
                wanted,
                workers=options.workers,
                report=report,
                progress=progress,
            )
    if skipped:
        counts = ", ".join(f"{skipped[name]} {name}" for name in sorted(skipped))
        progress(f"skipped, scanned within the last day: {counts}")
    return found + skipped


def scan_each(
    scanner: "Scanner",
    urls: Iterable[str],
    *,
    workers: int,
    report: "Callable[[ScanResult], None]",
    progress: Progress,
) -> Counter[str]:
    """Scan URLs with an open scanner; see `scan_urls`."""
    from producers.optout.net.bulk import FAILED, scan_all

    verdicts: Counter[str] = Counter()

    def commit(looked: "Sequence[Looked]") -> None:
        for result in scanner.commit(looked):
            verdicts[result.verdict] += 1
            report(result)

    counts = scan_all(urls, scanner.look, commit, workers=workers, progress=progress)
    if counts[FAILED]:
        verdicts["failed"] = counts[FAILED]
    return verdicts


def _not_recent(
    workspace: Workspace,
    urls: Iterable[str],
    policy: IngestPolicy,
    skipped: Counter[str],
) -> Iterator[str]:
    """The URLs that no scan of the last day could read by today's policy and rules.

    The newest verdict of each of the others is counted in `skipped`.
    """
    from producers.optout.asking.scan import SCANNER

    policy_sha256 = policy.sha256()
    since_ms = workspace.clock_ms() - RESCAN_AFTER_MS
    recent = {
        recorded.event.scan_id: recorded.event.verdict
        for recorded in workspace.ledger.events(stream="scan")
        if isinstance(recorded.event, UrlScanned)
        and recorded.event.scanned_at_ms > since_ms
        and recorded.event.policy_sha256 == policy_sha256
        and recorded.event.scanner == SCANNER
        and not UNREADABLE.intersection(recorded.event.reasons)
    }
    for url in urls:
        scans = workspace.names.scans_of(canonical(url))
        known = [recent[scan] for scan in scans if scan in recent]
        if known:
            skipped[known[-1]] += 1
        else:
            yield url


def canonical(url: str) -> str:
    """A URL as scans name it; as it is where it is none, which its scan tells.

    Raises:
        InputError: the extra `scan` is missing.
    """
    with needs_scan_extra():
        from producers.optout.net.url import parse_url

        try:
            return parse_url(url).text
        except InputError:
            return url


def origin_of(url: str) -> str:
    """The site of a URL, `scheme://host[:port]`.

    Raises:
        InputError: it is no http or https URL, or the extra `scan` is missing.
    """
    with needs_scan_extra():
        from producers.optout.net.url import parse_url

        return parse_url(url).origin
