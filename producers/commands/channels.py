"""Channels for a person: what each said, of which site, and which were not asked."""

from typing import TYPE_CHECKING, Final, get_args

from ledger.events.optout import Channel, ChannelRead
from producers.urls import origin_of

if TYPE_CHECKING:
    from producers.optout.asking.scan import ScanResult
    from producers.optout.readings.reading import Reading

_GIVEN_BY: Final[dict[Channel, str]] = {
    "registry": "for lack of --registry",
    "piracy_list": "for lack of --piracy-list",
    "rsl_file": "since no licence document was named",
    "terms_page": "since no terms of use were named (--tos names some)",
}
"""Why a channel has nothing to ask that comes from no fixed place."""

_IN_PAGE: Final[frozenset[Channel]] = frozenset(
    {"rsl_page", "tdm_embedded", "plus_data_mining", "cawg_training_mining"}
)
"""Parts of a page; where one is absent, the page itself was read."""


def channel_line(read: ChannelRead) -> str:
    """What one channel said, in a line."""
    stated = " ".join(f"{one.usage}={one.preference}" for one in read.stated)
    where = f"line {read.line} of {read.evidence_sha256[:16]}" if read.line else ""
    says = "says nothing" if is_silent(read) else stated
    parts = (read.channel, read.layer, read.outcome, read.verdict, says, where)
    return "  ".join(part for part in parts if part)


def is_silent(read: ChannelRead) -> bool:
    """Whether a channel was read, or looked for in a page that was, and says nothing.

    How a page could be reached is no statement of anybody.
    """
    if read.verdict != "allowed" or read.channel == "access":
        return False
    if read.outcome == "absent":
        return read.channel in _IN_PAGE
    return not read.stated and not read.line


def reading_line(result: "ScanResult", reading: "Reading") -> str:
    """What one channel said of a scan, why it could not be read, and of which site."""
    site = site_of(result, reading.read)
    parts = (
        channel_line(reading.read),
        f"({reading.cause})" if reading.cause else "",
        f"at {site}" if site and site != origin_of(result.url) else "",
    )
    return "  ".join(part for part in parts if part)


def site_of(result: "ScanResult", read: ChannelRead) -> str:
    """The site whose file or page a channel is; empty where a reading does not say.

    A licence document, terms of use and a registry may lie anywhere.
    """
    if read.channel in _GIVEN_BY:
        return ""
    return origin_of(result.url if read.target == "url" else result.final_url)


def unasked(result: "ScanResult") -> dict[Channel, str]:
    """The channels that were not asked, and why.

    None where the scan has as many readings as an event holds: one that is missing may
    have been silent.
    """
    from producers.optout.asking.look import READINGS_MAX

    if len(result.readings) >= READINGS_MAX:
        return {}
    asked = {
        reading.read.channel
        for reading in result.readings
        if reading.read.outcome != "not_recorded"
    }
    return {
        channel: _GIVEN_BY.get(channel) or _no_page(result)
        for channel in get_args(Channel)
        if channel not in asked
    }


def _no_page(result: "ScanResult") -> str:
    """Why nothing of the page was read."""
    if result.page_cause:
        return f"since the page could not be read ({result.page_cause})"
    if result.robots_rfc9309 == "allow":
        return "since a list names the site"
    if cause := result.causes.get("robots_txt"):
        return f"since robots.txt could not be read ({cause})"
    return "since robots.txt does not let a crawler fetch the page (RFC 9309)"
