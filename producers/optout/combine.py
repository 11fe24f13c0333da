"""Many readings, one verdict; and, beside it, what RFC 9309 alone would say.

    reserved   some channel reserves
    unknown    none does, but some channel could not be read
    allowed    every channel was asked and none reserves

Nothing that one channel allows cancels what another reserves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.events.optout import (
    Channel,
    ChannelRead,
    FetchOutcome,
    RobotsVerdict,
    ScanReason,
    Verdict,
)
from producers.optout.response import Failure, FetchResult
from producers.optout.robots import RobotsFile
from producers.optout.signals import Statement

_RESERVED_BY: dict[Channel, ScanReason] = {
    "robots_txt": "robots_disallow",
    "robots_basket": "basket",
    "ai_txt": "ai_txt_disallow",
    "tdmrep_file": "tdm_reserved",
    "tdm_header": "tdm_reserved",
    "tdm_meta": "tdm_reserved",
    "x_robots_tag": "noai",
    "meta_robots": "noai",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one channel said, and why that is not `allowed`.

    Attributes:
        read: as it is recorded.
        reasons: empty where the verdict is `allowed` or the channel was not asked.
    """

    read: ChannelRead
    reasons: tuple[ScanReason, ...]


def reading_of(
    channel: Channel,
    statement: Statement,
    *,
    evidence_sha256: str,
    outcome: FetchOutcome = "parsed",
    unreadable: ScanReason | None = None,
) -> Reading:
    """The reading of one channel.

    Args:
        channel: where we looked.
        statement: what was found there.
        evidence_sha256: digest of the bytes it was read from; empty where none.
        outcome: how asking ended.
        unreadable: why not everything could be read; silence then proves nothing.
    """
    verdict: Verdict = "allowed"
    reasons: tuple[ScanReason, ...] = ()
    if statement.reservation == "reserved":
        verdict, reasons = "reserved", (_RESERVED_BY[channel],)
    elif outcome == "not_recorded":
        verdict = "unknown"  # not asked, because of what another channel said
    elif unreadable is not None:
        verdict, reasons = "unknown", (unreadable,)
        outcome = "unreadable" if outcome == "parsed" else outcome
    elif statement.is_malformed:
        outcome, verdict, reasons = "unknown", "unknown", ("malformed_signal",)
    elif statement.is_unread:
        outcome, verdict, reasons = "unknown", "unknown", ("unknown_dialect",)
    read = ChannelRead(
        channel=channel,
        outcome=outcome,
        verdict=verdict,
        evidence_sha256=evidence_sha256,
        line=statement.line,
    )
    return Reading(read=read, reasons=reasons)


def combine(readings: Sequence[Reading]) -> tuple[Verdict, tuple[ScanReason, ...]]:
    """The strictest verdict and every reason for it, each once.

    No readings at all are `unknown`: nobody was asked.
    """
    verdicts = {reading.read.verdict for reading in readings}
    reasons = dict.fromkeys(
        reason for reading in readings for reason in reading.reasons
    )
    if "reserved" in verdicts:
        return "reserved", tuple(reasons)
    if "unknown" in verdicts or not readings:
        return "unknown", tuple(reasons) or ("unreadable",)
    return "allowed", ()


def robots_rfc9309(
    result: FetchResult, robots: RobotsFile, agent: str, url: str
) -> RobotsVerdict:
    """What a crawler may do by RFC 9309 to the letter.

    A refusal (4xx, 429 included) or too many redirects allow everything; a server
    error or no answer disallows everything.

    Args:
        result: how asking for robots.txt ended.
        robots: its content, parsed.
        agent: our product token.
        url: the page.

    Source: RFC 9309, section 2.3.1.
    """
    if isinstance(result, Failure):
        return "allow" if result.kind == "redirects" else "disallow"
    if 200 <= result.status < 300:
        return "allow" if robots.decide([agent], url).allowed else "disallow"
    return "allow" if 300 <= result.status < 500 else "disallow"
