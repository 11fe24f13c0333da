"""One channel's answer as it is recorded: a verdict for training, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.events.optout import (
    Channel,
    ChannelRead,
    FetchOutcome,
    ScanReason,
    Stated,
    Target,
    Verdict,
)
from producers.optout.readings.readers import Answer
from producers.optout.vocabulary.causes import Cause
from producers.optout.vocabulary.signals import Reservation

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

_WITH_THE_PAGE: Final[frozenset[Channel]] = frozenset(
    {
        "tdm_header",
        "x_robots_tag",
        "content_usage",
        "content_signal",
        "tdm_meta",
        "meta_robots",
        "access",
    }
)
"""Channels that cannot be read without the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one channel said, and why that is not `allowed`.

    Attributes:
        read: as it is recorded.
        reasons: empty where the verdict is `allowed` or the channel was not asked.
        reservation: what it says by its own specification.
        cause: what kept it from being read; empty where nothing did.
    """

    read: ChannelRead
    reasons: tuple[ScanReason, ...]
    reservation: Reservation
    cause: Cause = ""


def reading_of(
    channel: Channel,
    answer: Answer,
    *,
    evidence_sha256: str,
    target: Target = "url",
    outcome: FetchOutcome = "parsed",
    unreadable: ScanReason | None = None,
    cause: Cause = "",
) -> Reading:
    """The reading of one channel.

    Args:
        channel: where we looked.
        answer: what was found there.
        evidence_sha256: digest of the bytes it was read from; empty where none.
        target: for which URL.
        outcome: how asking ended.
        unreadable: why not everything could be read; silence then proves nothing.
        cause: what kept it from being read.
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
    return Reading(
        read=read, reasons=reasons, reservation=said.reservation, cause=cause
    )


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
    return "page_unreadable" if channel in _WITH_THE_PAGE else "unreadable"


def recorded_reasons(read: ChannelRead) -> tuple[ScanReason, ...]:
    """Why an earlier reading was not `allowed`, as far as its event shows."""
    if read.verdict == "reserved":
        return (_RESERVED_BY[read.channel],)
    if read.verdict == "allowed" or read.outcome == "not_recorded":
        return ()
    return (recorded_reason(read.channel, read.outcome),)


def recorded_reason(channel: Channel, outcome: FetchOutcome) -> ScanReason:
    """Why a channel that was neither parsed nor absent blocks."""
    if outcome != "unknown":
        return _part_unread(channel)
    is_ai_txt = channel in {"ai_txt", "ai_txt_well_known"}
    return "unknown_dialect" if is_ai_txt else "malformed_signal"


def bounded(readings: Sequence[Reading], most: int) -> tuple[Reading, ...]:
    """At most `most` of `readings`, in order; their verdict stays."""
    if len(readings) <= most:
        return tuple(readings)
    order: dict[Verdict, int] = {"reserved": 0, "unknown": 1, "allowed": 2}
    places = range(len(readings))
    ranked = sorted(places, key=lambda at: order[readings[at].read.verdict])
    return tuple(readings[at] for at in sorted(ranked[:most]))
