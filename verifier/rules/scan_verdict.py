"""What a scan says, against itself: XEV-4."""

import re
from typing import NamedTuple, NoReturn

from verifier.findings import Code
from verifier.rules.state import refuse

ACCESS = (b"open", b"licensed")
"""How a page is reached that lawful access is had to."""

ASKED = b'"channel":"robots_txt"'
"""The channel that is asked for every page."""

PIRACY = b'"piracy_site"'
"""The reason of a scan whose site is on a list of piracy sites."""

# A channel that states a reservation against training, and is not reserved itself. A no
# to mining is a no to training. Source: Directive (EU) 2019/790, Article 2(2).
_PASSED_OVER = re.compile(
    rb'"verdict":"(?:allowed|unknown)",'
    rb'"stated":\[[^]]*"usage":"(?:train|tdm)","preference":"disallow"'
)
_LISTED = re.compile(rb'"channel":"piracy_list",[^}\]]*"verdict":"reserved"')
_RESERVED, _UNKNOWN = b'"verdict":"reserved"', b'"verdict":"unknown"'
# An outcome is parsed or absent, or one of unknown, unreadable and not_recorded; what
# begins as the first two of these do may be a verdict as well.
_BEGINS_UN, _NOT_RECORDED = b':"un', b'"not_recorded"'
_MAY_TRAIN = b'{"usage":"train","verdict":"allowed"}'


class Said(NamedTuple):
    """What a scan says beside its channels, as its fields are written."""

    robots_rfc9309: bytes
    spec_verdict: bytes
    verdict: bytes
    usages: bytes
    reasons: bytes


def is_read(http_status: bytes, access: bytes) -> bool:
    """Return whether a page was read, with lawful access to it.

    Its status is 200 to 299. Source: RFC 9110, section 15.3.
    """
    return access in ACCESS and len(http_status) == 3 and http_status[:1] == b"2"


def read_channels(
    channels: bytes, http_status: bytes, access: bytes, reasons: bytes
) -> str:
    """Return the verdict that a scan must have: the strictest of its channels.

    Raises:
        Violation: XEV-4: the channels contradict themselves, the page or the reasons.
    """
    if b'"disallow"' in channels and _PASSED_OVER.search(channels):
        expected = "reserved for each channel that states disallow for train or tdm"
        _refuse(expected, "another verdict of one")
    if _RESERVED in channels:
        verdict = "reserved"
    elif _BEGINS_UN in channels and _UNKNOWN in channels:
        verdict = "unknown"
    elif is_read(http_status, access):
        verdict = "allowed"
        if ASKED not in channels:
            _refuse("the channel robots_txt for verdict allowed", "none")
        if _BEGINS_UN in channels or _NOT_RECORDED in channels:
            _refuse("channels that were read for verdict allowed", "one that was not")
        return verdict
    else:
        verdict = "unknown"
    if PIRACY not in reasons and _LISTED.search(channels):
        _refuse("the reason piracy_site, since piracy_list is reserved", reasons)
    return verdict


def check_said(said: Said, verdict: str) -> None:
    """Check what a scan says beside its channels.

    Args:
        said: all of that.
        verdict: the one that it must have.
    """
    if said.verdict.decode() != verdict:
        expected = f"verdict {verdict}, which its channels and page lead to"
        _refuse(expected, said.verdict)
    if (said.reasons == b"[]") != (verdict == "allowed"):
        found = f"{verdict} with {said.reasons.decode()}"
        _refuse("reasons exactly when the verdict is not allowed", found)
    if verdict != "allowed":
        return
    if said.robots_rfc9309 != b"allow":
        _refuse("robots_rfc9309 allow for verdict allowed", said.robots_rfc9309)
    if said.spec_verdict != b"allowed":
        _refuse("spec_verdict allowed for verdict allowed", said.spec_verdict)
    if _MAY_TRAIN not in said.usages or said.usages.count(b'"train"') != 1:
        _refuse("usages with train once, as allowed, for verdict allowed", said.usages)


def _refuse(expected: str, found: object) -> NoReturn:
    refuse(Code.SCAN_VERDICT, 4, expected=expected, found=found)
