"""Many readings, one verdict; and, beside it, what the specifications alone would say.

    reserved   some channel reserves
    unknown    none does, but some channel could not be read
    allowed    every channel was asked and none reserves

Nothing that one channel allows cancels what another reserves.
"""

from collections.abc import Iterable, Sequence
from typing import Final, get_args

from ledger.events.optout import Channel, RobotsVerdict, ScanReason, Usage, Verdict
from producers.optout.documents.tdmrep import effective_reservation
from producers.optout.readings.reading import Reading
from producers.optout.robots.reader import RobotsFile
from producers.optout.vocabulary.signals import Statement

USAGES: Final[tuple[Usage, ...]] = get_args(Usage)

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
