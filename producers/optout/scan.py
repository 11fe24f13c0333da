"""Scan one URL: ask every channel, keep what it was read from, emit what was found.

The files of an origin are fetched once a day and shared by its pages. A page is asked
for only where RFC 9309 lets a crawler do so, and its answer is read for headers and
meta elements. Where a redirect leads elsewhere, the rules for that place count too.
Whether the text of a record is that page's is its owner's word.
"""

from collections import OrderedDict
from dataclasses import dataclass

from ledger.errors import InputError
from ledger.events import Event
from ledger.events.optout import (
    PolicyFileFetched,
    RobotsVerdict,
    ScanReason,
    SiteRegistered,
    UrlScanned,
    Verdict,
)
from producers.optout.basket import load_basket
from producers.optout.channels import (
    POLICY_BYTES_MAX,
    POLICY_PATHS,
    PolicyFile,
    page_readings,
    policy_readings,
    read_policy_file,
)
from producers.optout.combine import Reading, combine, robots_rfc9309
from producers.optout.policy import ScanPolicy
from producers.optout.response import Fetch, FetchResult, Response
from producers.optout.robots import RobotsFile
from producers.optout.signals import SILENCE, Reservation, Statement
from producers.optout.tdmrep import TdmrepFile, effective_reservation
from producers.optout.url import Url, parse_url
from producers.ports import ClockMs, Emit, Evidence, Names, RandomBytes

SCANNER = "tuneledger-optout/1"
"""Name and version of the rules by which channels are read; part of every scan."""

PAGE_BYTES_MAX = 8 * 1024 * 1024
"""Largest page that is taken."""

POLICY_TTL_MS = 24 * 3600 * 1000
"""How long the files of an origin are used (RFC 9309, section 2.4)."""

UNREADABLE_TTL_MS = 3600 * 1000
"""How long they are used where one could not be read: a site's bad hour passes."""

_ORIGINS_MAX = 4096
"""Most origins whose files are remembered."""

_BODIES_BYTES_MAX = 16 * 1024 * 1024
"""Most bytes of their files; parsed, a hostile file takes some fifty times its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """The outcome of one scan.

    Attributes:
        scan_id: random id of the event `optout.url_scanned.v1`.
        url: the URL in canonical form.
        verdict: the strictest verdict over all channels.
        reasons: why it is not `allowed`.
        robots_rfc9309: what RFC 9309 alone would allow.
        tdmrep: what TDMRep's own precedence makes of file, header and meta; for
            information, the verdict takes the strictest.
        readings: what each channel said.
        page: the answer for the page; none where it could not or must not be fetched.
    """

    scan_id: str
    url: str
    verdict: Verdict
    reasons: tuple[ScanReason, ...]
    robots_rfc9309: RobotsVerdict
    tdmrep: Reservation
    readings: tuple[Reading, ...]
    page: Response | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """The policy files of an origin, as fetched at one time."""

    site_id: str
    files: tuple[PolicyFile, ...]
    fetched_at_ms: int

    @property
    def body_bytes(self) -> int:
        answers = [file.result for file in self.files]
        return sum(len(a.body) for a in answers if isinstance(a, Response))

    def is_fresh(self, now_ms: int) -> bool:
        is_readable = all(file.reason is None for file in self.files)
        ttl_ms = POLICY_TTL_MS if is_readable else UNREADABLE_TTL_MS
        return 0 <= now_ms - self.fetched_at_ms < ttl_ms


class Scanner:
    """Scans URLs under one policy.

    Args:
        fetch: GET with limits.
        emit: appends the events of a scan; one call for each.
        evidence: keeps policy files, header lines and meta elements.
        names: the register of sites and URLs.
        policy: what is scanned for.
        clock_ms: time of fetches and scans.
        random_bytes: source of scan ids.
    """

    def __init__(
        self,
        *,
        fetch: Fetch,
        emit: Emit,
        evidence: Evidence,
        names: Names,
        policy: ScanPolicy,
        clock_ms: ClockMs,
        random_bytes: RandomBytes,
    ) -> None:
        basket = load_basket()
        if policy.basket_version != basket.version:
            raise InputError(
                f"scan policy: expected basket {basket.version}, "
                f"found {policy.basket_version}"
            )
        self._basket = basket.agents(policy.basket_relaxed)
        self._fetch = fetch
        self._emit = emit
        self._evidence = evidence
        self._names = names
        self._policy = policy
        self._clock_ms = clock_ms
        self._random_bytes = random_bytes
        self._origins: OrderedDict[str, _Origin] = OrderedDict()

    def scan(self, url: str) -> ScanResult:
        """Scan one URL and emit the events of it.

        Raises:
            InputError: `url` is not one that may be fetched; nothing was emitted.
        """
        target = parse_url(url)
        events: list[Event] = []
        fresh: dict[str, _Origin] = {}
        origin = self._origin(target, events, fresh)
        readings = self._policy_readings(origin, target)
        tdm_file = _tdm_file(origin, target)
        rfc9309 = self._rfc9309(origin, target)
        page: FetchResult | None = None
        if rfc9309 == "allow":
            page = self._fetch(target.text, bytes_max=PAGE_BYTES_MAX)
        if isinstance(page, Response) and page.final_url != target.text:
            final = parse_url(page.final_url)
            final_origin = self._origin(final, events, fresh)
            readings += self._policy_readings(final_origin, final)
            tdm_file = _tdm_file(final_origin, final)
        from_page, *tdm_layers = page_readings(
            page,
            agents=(self._policy.agent_token, *self._basket),
            evidence=self._evidence,
        )
        readings += from_page
        verdict, reasons = combine(readings)
        result = ScanResult(
            scan_id=self._random_bytes(16).hex(),
            url=target.text,
            verdict=verdict,
            reasons=reasons,
            robots_rfc9309=rfc9309,
            tdmrep=effective_reservation([tdm_file, *tdm_layers]),
            readings=tuple(readings),
            page=page if isinstance(page, Response) else None,
        )
        events.append(self._url_scanned(result, origin.site_id))
        self._emit(events)
        if fresh:
            self._remember(fresh)
        return result

    def _origin(
        self, url: Url, events: list[Event], fresh: dict[str, _Origin]
    ) -> _Origin:
        """The policy files of the URL's origin, fetched where none are fresh."""
        key = url.origin
        known = fresh.get(key) or self._origins.get(key)
        if known is not None and known.is_fresh(self._clock_ms()):
            return known
        site = self._names.site(key)
        if site.is_new:
            events.append(
                SiteRegistered(site_id=site.site_id, commitment=site.commitment)
            )
        started_at_ms = self._clock_ms()
        files: list[PolicyFile] = []
        for channel, path in POLICY_PATHS.items():
            result = self._fetch(key + path, bytes_max=POLICY_BYTES_MAX)
            file = read_policy_file(channel, result, self._evidence)
            events.append(_policy_file_fetched(file, site.site_id, self._clock_ms()))
            files.append(file)
        fresh[key] = _Origin(
            site_id=site.site_id, files=tuple(files), fetched_at_ms=started_at_ms
        )
        return fresh[key]

    def _remember(self, fresh: dict[str, _Origin]) -> None:
        # Only after the events are durable: a file that was used is always on record.
        self._origins.update(fresh)
        kept_bytes = sum(origin.body_bytes for origin in self._origins.values())
        while len(self._origins) > _ORIGINS_MAX or kept_bytes > _BODIES_BYTES_MAX:
            _, oldest = self._origins.popitem(last=False)
            kept_bytes -= oldest.body_bytes

    def _policy_readings(self, origin: _Origin, url: Url) -> list[Reading]:
        return policy_readings(
            origin.files,
            url.text,
            agent=self._policy.agent_token,
            basket=self._basket,
        )

    def _rfc9309(self, origin: _Origin, url: Url) -> RobotsVerdict:
        file = origin.files[0]
        robots = file.parsed if isinstance(file.parsed, RobotsFile) else _NO_RULES
        return robots_rfc9309(file.result, robots, self._policy.agent_token, url.text)

    def _url_scanned(self, result: ScanResult, site_id: str) -> UrlScanned:
        return UrlScanned(
            scan_id=result.scan_id,
            site_id=site_id,
            url_commitment=self._names.commit_url(result.scan_id, result.url),
            policy_sha256=self._policy.policy_sha256,
            scanner=SCANNER,
            http_status=result.page.status if result.page is not None else 0,
            channels=[reading.read for reading in result.readings],
            robots_rfc9309=result.robots_rfc9309,
            verdict=result.verdict,
            reasons=list(result.reasons),
            scanned_at_ms=self._clock_ms(),
        )


_NO_RULES = RobotsFile((), (), is_whole=True)


def _policy_file_fetched(
    file: PolicyFile, site_id: str, fetched_at_ms: int
) -> PolicyFileFetched:
    answer = file.result if isinstance(file.result, Response) else None
    return PolicyFileFetched(
        site_id=site_id,
        channel=file.channel,
        outcome=file.outcome,
        http_status=answer.status if answer is not None else 0,
        body_sha256=file.evidence_sha256,
        body_bytes=len(answer.body) if answer and file.evidence_sha256 else 0,
        redirects=file.result.redirects,
        fetched_at_ms=fetched_at_ms,
    )


def _tdm_file(origin: _Origin, url: Url) -> Statement:
    for file in origin.files:
        if isinstance(file.parsed, TdmrepFile):
            return file.parsed.decide(url.text)
    return SILENCE
