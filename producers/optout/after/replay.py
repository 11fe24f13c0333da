"""Read the evidence of earlier scans again, and say where today's rules differ.

Every channel whose bytes were kept is read anew for the same URLs and crawlers. What
rests on no bytes stands as it was recorded: a file that was absent, a page that was not
there, a list that was consulted, the way a page could be reached.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ledger.errors import IntegrityError
from ledger.events.optout import (
    ChannelRead,
    FetchOutcome,
    ScanReason,
    UrlScanned,
    UsageVerdict,
)
from producers.optout.readings.combine import combine, spec_verdict, usage_verdicts
from producers.optout.readings.readers import SILENT, Question, Readers, is_read
from producers.optout.readings.reading import (
    Reading,
    reading_of,
    recorded_reason,
    recorded_reasons,
)
from producers.optout.vocabulary.signals import SignalError


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where a scan would be recorded otherwise today.

    Attributes:
        scan_id: the scan.
        where: a channel, or a field of the scan.
        recorded: what the event says.
        replayed: what the evidence says by today's rules; `no evidence` where the
            bytes are gone or altered.
    """

    scan_id: str
    where: str
    recorded: str
    replayed: str


class Replay:
    """Replays scans.

    Args:
        get: the bytes of a digest; raises IntegrityError where missing or altered.
        agent: our own product token.
        basket: tokens of training crawlers, those that the scan's policy relaxes left
            out.
    """

    def __init__(
        self, get: Callable[[str], bytes], *, agent: str, basket: Sequence[str]
    ) -> None:
        self._get = get
        self._agent = agent
        self._basket = tuple(basket)
        self._readers = Readers()

    def replay(self, scan: UrlScanned, urls: Sequence[str]) -> list[Difference]:
        """Where the evidence of `scan` says something else than its event.

        Args:
            scan: as recorded.
            urls: what was asked for, and where its redirects ended if elsewhere.
        """
        differences: list[Difference] = []
        readings: list[Reading] = []
        for read in scan.channels:
            try:
                reading = self._again(read, urls)
            except IntegrityError:
                found = "no evidence"
                differences.append(_difference(scan, read.channel, _said(read), found))
                reading = _as_recorded(read)
            readings.append(reading)
            if _said(reading.read) != _said(read):
                found = _said(reading.read)
                differences.append(_difference(scan, read.channel, _said(read), found))
        verdict, reasons = combine(readings)
        usages = [
            UsageVerdict(usage=usage, verdict=said)
            for usage, said in usage_verdicts(readings)
        ]
        for where, recorded, replayed in (
            ("verdict", scan.verdict, verdict),
            ("reasons", " ".join(scan.reasons), " ".join(reasons)),
            ("usages", _usages(scan.usages), _usages(usages)),
            (
                "spec_verdict",
                scan.spec_verdict,
                spec_verdict(readings, scan.robots_rfc9309),
            ),
        ):
            if recorded != replayed:
                differences.append(_difference(scan, where, recorded, replayed))
        return differences

    def _again(self, read: ChannelRead, urls: Sequence[str]) -> Reading:
        if not read.evidence_sha256 or not is_read(read.channel):
            return _as_recorded(read)
        url = urls[0] if read.target == "url" else urls[-1]
        question = Question(url=url, agent=self._agent, basket=self._basket)
        content = self._get(read.evidence_sha256)
        outcome: FetchOutcome = "parsed"
        unreadable: ScanReason | None = None
        answer = SILENT
        try:
            answer = self._readers.read(read.channel, content, question)
        except SignalError as error:
            outcome, unreadable = error.outcome, error.reason
        if outcome == "parsed" and read.outcome == "unreadable":
            # It could not be had whole at the time, which the bytes do not show.
            outcome = read.outcome
            unreadable = recorded_reason(read.channel, read.outcome)
        return reading_of(
            read.channel,
            answer,
            evidence_sha256=read.evidence_sha256,
            target=read.target,
            outcome=outcome,
            unreadable=unreadable,
        )


def _as_recorded(read: ChannelRead) -> Reading:
    """The reading of a channel that rests on no bytes."""
    is_reserved = read.verdict == "reserved"
    return Reading(
        read=read,
        reasons=recorded_reasons(read),
        reservation="reserved" if is_reserved else "unset",
    )


def _said(read: ChannelRead) -> str:
    """What a reading comes to, in one line."""
    stated = " ".join(f"{said.usage}={said.preference}" for said in read.stated)
    words = [read.outcome, read.verdict, f"line {read.line}", read.layer, stated]
    return " ".join(word for word in words if word)


def _usages(usages: Sequence[UsageVerdict]) -> str:
    return " ".join(f"{one.usage}={one.verdict}" for one in usages)


def _difference(scan: UrlScanned, where: str, recorded: str, found: str) -> Difference:
    return Difference(
        scan_id=scan.scan_id, where=where, recorded=recorded, replayed=found
    )
