"""Why something could not be read, in words that name no host and no person.

A cause is told to whoever scans, and is in no event: what a verdict needs of it is the
event's outcome and reason.
"""

from collections.abc import Mapping
from typing import Final, Literal

FailureKind = Literal[
    "refused_url",
    "refused_address",
    "dns",
    "connection",
    "tls",
    "timeout",
    "protocol",
    "encoding",
    "redirect_limit",
    "retry_later",
    "deadline",
    "crawl_delay",
    "robots",
]
"""Why there is no answer."""

UnreadKind = Literal["too_large", "content", "too_many", "redirect"]
"""Why an answer could not be read, or was not."""

Cause = str
"""A word of `CAUSES`, or `http_` and the three digits of a status code; empty where
nothing is unread."""

CAUSES: Final[Mapping[str, str]] = {
    "refused_url": "no http or https URL that may be fetched",
    "refused_address": "the host has an address that is not public",
    "dns": "the host's name does not resolve",
    "connection": "no connection, or it broke",
    "tls": "no secure connection: its certificate or its handshake",
    "timeout": "the server took too long",
    "protocol": "what came is no HTTP answer, or not a whole one",
    "encoding": "the content coding is broken, or was not asked for",
    "redirect_limit": "more redirects than are followed",
    "retry_later": "the host asked for a longer pause than is waited out",
    "deadline": "the time for this URL had run out; not asked, or not to the end",
    "crawl_delay": "robots.txt asks for a longer delay than is waited out",
    "robots": "robots.txt, or a list, does not let us ask",
    "too_large": "longer than what is read",
    "content": "an answer, but not one that could be understood",
    "too_many": "more documents were named than are read",
    "redirect": "a redirect on the way spoke, or a refresh leads to what is not read",
}
"""What each word means."""


def cause_of_status(status: int) -> Cause:
    """The cause for an answer with another status than was needed."""
    return f"http_{status:03}"
