"""Scan URLs: ask every channel, keep what it was read from, emit what was found.

`look` fetches and reads, and may run in many threads; `commit` writes what was seen to
the ledger, in one. The files of a site are fetched once a day and shared by its pages.
A page is asked for only where RFC 9309 lets a crawler fetch its URL. Where a redirect
or a meta refresh led elsewhere, the rules of that place decide on what it showed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from ledger.events import Event
from ledger.events.optout import (
    Access,
    Channel,
    PolicyChannel,
    PolicyFileFetched,
    RobotsVerdict,
    ScanReason,
    SiteRegistered,
    UrlScanned,
    Usage,
    UsageVerdict,
    Verdict,
    may_be_cleared,
)
from producers.optout.asking.files import PolicyFiles
from producers.optout.asking.lists import Lists
from producers.optout.asking.look import Look
from producers.optout.asking.looked import Looked
from producers.optout.net.url import parse_url
from producers.optout.readings.channels import PolicyFile
from producers.optout.readings.combine import (
    combine,
    contradictions,
    spec_verdict,
    usage_verdicts,
)
from producers.optout.readings.reading import Reading
from producers.optout.vocabulary.causes import Cause
from producers.optout.vocabulary.policy import ScanPolicy
from producers.ports import Emit, Names, RandomBytes

SCANNER = "tuneledger-optout/4"
"""Name and version of the rules by which channels are read; part of every scan."""

EVENTS_MAX = 1024
"""Most events of one emit (SUB-2)."""

SCANS_MAX = 40
"""Most scans of one emit: of the largest size, with the events of their files, they
stay below 1 MiB (SUB-3)."""

_POLICY_CHANNELS: Final = frozenset[str](get_args(PolicyChannel))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The outcome of one scan.

    Attributes:
        scan_id: random id of the event `optout.url_scanned.v1`.
        site_id: the site of `url`.
        url: the URL in canonical form.
        final_url: where its redirects ended.
        verdict: the strictest verdict over all channels, for training.
        reasons: why it is not `allowed`.
        spec_verdict: what the specifications' own precedence makes of the channels.
        robots_rfc9309: what RFC 9309 alone would allow.
        usages: the strictest verdict for every usage.
        access: how the page could be reached.
        contradictions: channels of which the first allows and the second does not.
        readings: what each channel said.
        page_cause: why the page is unread, a word of
            `producers.optout.vocabulary.causes`; empty where it was read, or not asked
            for.
        body_sha256: hex digest of the page's body; empty without a whole page.
        scanned_at_ms: when the page's answer ended.
    """

    scan_id: str
    site_id: str
    url: str
    final_url: str
    verdict: Verdict
    reasons: tuple[ScanReason, ...]
    spec_verdict: Verdict
    robots_rfc9309: RobotsVerdict
    usages: tuple[tuple[Usage, Verdict], ...]
    access: Access
    contradictions: tuple[tuple[Channel, Channel], ...]
    readings: tuple[Reading, ...]
    page_cause: Cause
    body_sha256: str
    scanned_at_ms: int

    @property
    def causes(self) -> dict[Channel, Cause]:
        """Why policy files, licences and terms are unread; what was read is left out.

        Of several for one channel, such as those of two origins, the first.
        """
        found: dict[Channel, Cause] = {}
        for reading in self.readings:
            if reading.cause and reading.read.channel in _POLICY_CHANNELS:
                found.setdefault(reading.read.channel, reading.cause)
        return found

    @property
    def needs_review(self) -> bool:
        """Whether a person, and nobody else, can say more."""
        return may_be_cleared(self.verdict, self.reasons)


@dataclass(slots=True)
class _Batch:
    """Events of one emit, the files they record and the sites they name."""

    events: list[Event] = field(default_factory=list)
    files: dict[tuple[str, str], PolicyFile] = field(default_factory=dict)
    sites: dict[str, str] = field(default_factory=dict)
    scans: int = 0

    def has_no_room(self, files: Sequence[PolicyFile]) -> bool:
        """Whether a scan, `files` and a site for each of them are too many events."""
        return len(self.events) + 2 * len(files) + 2 > EVENTS_MAX

    def without(self, files: Sequence[PolicyFile]) -> list[PolicyFile]:
        """Those of `files` that this batch does not record yet."""
        return [file for file in files if (file.channel, file.url) not in self.files]


class Scanner:
    """Scans URLs under one policy.

    Args:
        look: asks every channel; its threads never touch what follows.
        files: the policy files that it rests on.
        lists: what it consults beside the sites.
        emit: appends the events of scans; 1 .. 1024 a call.
        names: the register of sites and URLs.
        policy: what is scanned for.
        random_bytes: source of scan ids.
    """

    def __init__(
        self,
        look: Look,
        *,
        files: PolicyFiles,
        lists: Lists,
        emit: Emit,
        names: Names,
        policy: ScanPolicy,
        random_bytes: RandomBytes,
    ) -> None:
        self.look = look
        self._files = files
        self.lists = lists
        self._emit = emit
        self._names = names
        self._policy = policy
        self._random_bytes = random_bytes

    def would_repeat(self, scan: UrlScanned) -> bool:
        """Whether a scan on record asked all that this scanner asks.

        By the same policy and rules, of the same lists, and with the terms of use that
        every URL is read with: as they are now, if that is known.
        """
        terms = {self._files.digest("terms_page", url) for url in self.look.terms}
        read = {one.evidence_sha256 for one in scan.channels} - {""}
        return (
            scan.policy_sha256 == self._policy.policy_sha256
            and scan.scanner == SCANNER
            and self.lists.are_those_of(scan)
            and terms <= read
        )

    def scan(self, url: str) -> ScanResult:
        """Scan one URL and emit the events of it.

        Raises:
            InputError: `url` is not one that may be fetched; nothing was emitted.
        """
        [result] = self.commit([self.look(url)])
        return result

    def commit(self, looked: Sequence[Looked]) -> list[ScanResult]:
        """Emit the events of looks, each with the files that it rests on before it."""
        results: list[ScanResult] = []
        batch = _Batch()
        for one in looked:
            fresh = batch.without(self._files.unrecorded(one.files))
            if batch.scans == SCANS_MAX or batch.has_no_room(fresh):
                self._send(batch)
                batch = _Batch()
                fresh = self._files.unrecorded(one.files)
            results.append(self._add(batch, one, fresh))
        self._send(batch)
        return results

    def _send(self, batch: "_Batch") -> None:
        if batch.events:
            self._emit(batch.events)
            # Only now: a file that is used again is always on record.
            self._files.keep(list(batch.files.values()))

    def _add(
        self, batch: "_Batch", looked: Looked, fresh: Sequence[PolicyFile]
    ) -> ScanResult:
        """Add the events of one look to a batch."""
        site_id = self._site(batch, looked.url.origin)
        for file in fresh:
            file_site = self._site(batch, parse_url(file.url).origin)
            batch.events.append(self._policy_file_fetched(file, file_site))
            batch.files[file.channel, file.url] = file
        result = self._result(looked, site_id)
        batch.events.append(self._url_scanned(looked, result))
        batch.scans += 1
        return result

    def _site(self, batch: "_Batch", origin: str) -> str:
        """The id of a site, registered in this batch where the ledger lacks it."""
        site_id = batch.sites.get(origin)
        if site_id is None:
            site = self._names.site(origin)
            batch.sites[origin] = site_id = site.site_id
            if site.is_new:
                batch.events.append(
                    SiteRegistered(site_id=site_id, commitment=site.commitment)
                )
        return site_id

    def _result(self, looked: Looked, site_id: str) -> ScanResult:
        verdict, reasons = combine(looked.readings)
        return ScanResult(
            scan_id=self._random_bytes(16).hex(),
            site_id=site_id,
            url=looked.url.text,
            final_url=looked.final_url,
            verdict=verdict,
            reasons=reasons,
            spec_verdict=spec_verdict(looked.readings, looked.robots_rfc9309),
            robots_rfc9309=looked.robots_rfc9309,
            usages=usage_verdicts(looked.readings),
            access=looked.access,
            contradictions=contradictions(looked.readings),
            readings=looked.readings,
            page_cause=looked.page_cause,
            body_sha256=looked.body_sha256,
            scanned_at_ms=looked.scanned_at_ms,
        )

    def _url_scanned(self, looked: Looked, result: ScanResult) -> UrlScanned:
        url_commitment, response_commitment = self._names.commit_scan(
            result.scan_id, (result.url, result.final_url), result.body_sha256
        )
        return UrlScanned(
            scan_id=result.scan_id,
            site_id=result.site_id,
            url_commitment=url_commitment,
            response_commitment=response_commitment,
            policy_sha256=self._policy.policy_sha256,
            scanner=SCANNER,
            http_status=looked.http_status,
            access=result.access,
            piracy_list_sha256=self.lists.piracy_sha256,
            channels=[reading.read for reading in result.readings],
            robots_rfc9309=result.robots_rfc9309,
            spec_verdict=result.spec_verdict,
            verdict=result.verdict,
            usages=[
                UsageVerdict(usage=usage, verdict=said) for usage, said in result.usages
            ],
            reasons=list(result.reasons),
            scanned_at_ms=result.scanned_at_ms,
        )

    def _policy_file_fetched(self, file: PolicyFile, site_id: str) -> PolicyFileFetched:
        fetched = file.as_fetched
        return PolicyFileFetched(
            site_id=site_id,
            channel=fetched.channel,
            outcome=fetched.outcome,
            http_status=fetched.status,
            body_sha256=fetched.evidence_sha256,
            body_bytes=self._files.size(file),
            redirects=fetched.redirects,
            fetched_at_ms=fetched.fetched_at_ms,
        )
