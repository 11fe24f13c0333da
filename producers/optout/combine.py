"""Many readings, one verdict; and, beside it, what the specifications alone would say.

    reserved   some channel reserves
    unknown    none does, but some channel could not be read
    allowed    every channel was asked and none reserves

Nothing that one channel allows cancels what another reserves.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from ledger.events.optout import (
    Channel,
    ChannelRead,
    FetchOutcome,
    RobotsVerdict,
    ScanReason,
    Stated,
    Target,
    Usage,
    Verdict,
)
from producers.optout.readers import Answer
from producers.optout.robots import RobotsFile
from producers.optout.signals import Reservation, Statement
from producers.optout.tdmrep import effective_reservation

USAGES: Final[tuple[Usage, ...]] = get_args(Usage)

_RESERVED_BY: Final[dict[Channel, ScanReason]] = {
    "robots_txt": "robots_disallow",
    "robots_basket": "basket",
    "robots_content_usage": "content_usage",
    "robots_content_signal": "content_signal",
    "content_usage": "content_usage",
    "content_signal": "content_signal",
    "ai_txt": "ai_txt_disallow",
    "ai_txt_well_known": "ai_txt_disallow",
    "tdmrep_file": "tdm_reserved",
    "tdm_header": "tdm_reserved",
    "tdm_meta": "tdm_reserved",
    "x_robots_tag": "noai",
    "meta_robots": "noai",
    "rsl_file": "rsl_prohibits",
    "rsl_page": "rsl_prohibits",
    "trust_txt": "trust_txt_no",
    "trust_txt_well_known": "trust_txt_no",
    "tdm_embedded": "embedded_reserved",
    "plus_data_mining": "embedded_reserved",
    "cawg_training_mining": "embedded_reserved",
    "registry": "registry_listed",
    "access": "not_open",
    "piracy_list": "piracy_site",
}

_TDM_LAYERS: Final[tuple[Channel, ...]] = (
    "tdmrep_file",
    "tdm_header",
    "tdm_meta",
    "tdm_embedded",
)
"""In the order of TDMRep's own precedence, weakest first."""

_NO_RIGHTS_HOLDER: Final = frozenset({"robots_basket", "access", "piracy_list"})
"""Channels that are our own caution and not the site's word to us."""

_SPEAKS_OF: Final[dict[Channel, tuple[Usage, ...]]] = {
    "robots_txt": USAGES,  # what may not be fetched may not be used at all
    "access": USAGES,
    "piracy_list": USAGES,
    **dict.fromkeys(_TDM_LAYERS, ("tdm", "train")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one channel said, and why that is not `allowed`.

    Attributes:
        read: as it is recorded.
        reasons: empty where the verdict is `allowed` or the channel was not asked.
        reservation: what it says by its own specification.
    """

    read: ChannelRead
    reasons: tuple[ScanReason, ...]
    reservation: Reservation


def reading_of(
    channel: Channel,
    answer: Answer,
    *,
    evidence_sha256: str,
    target: Target = "url",
    outcome: FetchOutcome = "parsed",
    unreadable: ScanReason | None = None,
) -> Reading:
    """The reading of one channel.

    Args:
        channel: where we looked.
        answer: what was found there.
        evidence_sha256: digest of the bytes it was read from; empty where none.
        target: for which URL.
        outcome: how asking ended.
        unreadable: why not everything could be read; silence then proves nothing.
    """
    said = answer.statement
    verdict, reasons = _judge(channel, answer, outcome, unreadable)
    if verdict == "unknown" and outcome == "parsed":
        outcome = "unreadable" if reasons[0] in _UNREADABLE else "unknown"
    read = ChannelRead(
        channel=channel,
        target=target,
        layer=answer.layer,
        outcome=outcome,
        verdict=verdict,
        stated=[Stated(usage=use, preference=what) for use, what in said.stated],
        evidence_sha256=evidence_sha256,
        line=said.line,
    )
    return Reading(read=read, reasons=reasons, reservation=said.reservation)


_UNREADABLE: Final = frozenset({"unreadable", "page_unreadable"})


def _judge(
    channel: Channel,
    answer: Answer,
    outcome: FetchOutcome,
    unreadable: ScanReason | None,
) -> tuple[Verdict, tuple[ScanReason, ...]]:
    said = answer.statement
    if said.reservation == "reserved" or ("train", "disallow") in said.stated:
        is_offer = said.licence_required
        return "reserved", ("licence_required" if is_offer else _RESERVED_BY[channel],)
    if outcome == "not_recorded":
        return "unknown", ()  # not asked, because of what another channel said
    doubt = unreadable or _doubt(channel, answer)
    return ("allowed", ()) if doubt is None else ("unknown", (doubt,))


def _doubt(channel: Channel, answer: Answer) -> ScanReason | None:
    """Why the silence of a channel proves nothing; None where it does."""
    said = answer.statement
    if not answer.is_whole:
        return _part_unread(channel)
    if said.review:
        return said.review
    if said.is_malformed:
        return "malformed_signal"
    return "unknown_preference" if said.is_unread else None


def _part_unread(channel: Channel) -> ScanReason:
    is_page = channel in {"tdm_meta", "meta_robots"}
    return "page_unreadable" if is_page else "unreadable"


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


def usage_verdicts(readings: Sequence[Reading]) -> tuple[tuple[Usage, Verdict], ...]:
    """The strictest verdict for each usage.

    A source that reserves training and names no usage speaks of what its
    specification is about: a page that must not be fetched is closed to every use.
    """
    silent: Verdict = "allowed"
    if not readings or any(r.read.verdict == "unknown" for r in readings):
        silent = "unknown"
    closed = {usage for reading in readings for usage in _closed_by(reading)}
    return tuple((use, "reserved" if use in closed else silent) for use in USAGES)


def _closed_by(reading: Reading) -> Iterable[Usage]:
    read = reading.read
    yield from (said.usage for said in read.stated if said.preference == "disallow")
    if read.verdict == "reserved":
        yield from _SPEAKS_OF.get(read.channel, ("train",))


def spec_verdict(readings: Sequence[Reading], robots: RobotsVerdict) -> Verdict:
    """What the specifications' own rules of precedence make of the readings.

    RFC 9309 decides on robots.txt, a missing or refused one included; of the layers of
    TDMRep a later one supersedes; AIPREF lets any no decide; what is malformed says
    nothing; and nobody but the rights holder speaks.

    Args:
        readings: of all channels.
        robots: `robots_rfc9309` of the scan.

    Source: RFC 9309, section 2.3.1; TDM Reservation Protocol, section "Processing
    priority"; draft-ietf-aipref-vocab, section "Combining Preferences".
    """
    by_tdm = [
        reading.reservation
        for channel in _TDM_LAYERS
        for reading in readings
        if reading.read.channel == channel
    ]
    others = {
        reading.reservation
        for reading in readings
        if reading.read.channel not in {*_TDM_LAYERS, "robots_txt", *_NO_RIGHTS_HOLDER}
    }
    layers = [Statement(reservation=said) for said in by_tdm]
    is_reserved = (
        robots == "disallow"
        or effective_reservation(layers) == "reserved"
        or "reserved" in others
    )
    return "reserved" if is_reserved else "allowed"


def contradictions(readings: Sequence[Reading]) -> tuple[tuple[Channel, Channel], ...]:
    """Pairs of channels of which the first allows training and the second does not."""
    yes = dict.fromkeys(r.read.channel for r in readings if _allows(r))
    no = dict.fromkeys(
        r.read.channel
        for r in readings
        if r.read.verdict == "reserved" and r.read.channel not in _NO_RIGHTS_HOLDER
    )
    return tuple((one, other) for one in yes for other in no if one != other)


def _allows(reading: Reading) -> bool:
    return reading.reservation == "not_reserved" or any(
        said.usage == "train" and said.preference == "allow"
        for said in reading.read.stated
    )


def robots_rfc9309(
    status: int, robots: RobotsFile | None, agent: str, url: str
) -> RobotsVerdict:
    """What a crawler may do by RFC 9309 to the letter.

    A refusal (4xx, 429 included) or too many redirects allow everything; a server
    error or no answer disallows everything.

    Args:
        status: of the answer for robots.txt; that of the last redirect where there were
            too many; 0 where there was no answer.
        robots: its content, parsed; none where it was not understood at all.
        agent: our product token.
        url: the page.

    Source: RFC 9309, section 2.3.1.
    """
    if 200 <= status < 300:
        is_open = robots is None or robots.decide([agent], url).allowed
        return "allow" if is_open else "disallow"
    return "allow" if 300 <= status < 500 else "disallow"
