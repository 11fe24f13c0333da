"""What a look at one URL found, before any of it is in the ledger."""

from dataclasses import dataclass

from ledger.events.optout import Access, RobotsVerdict
from producers.optout.net.url import Url
from producers.optout.readings.channels import PolicyFile
from producers.optout.readings.reading import Reading
from producers.optout.vocabulary.causes import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The readings of one URL, and what they were read from.

    Attributes:
        url: what was asked for.
        final_url: where redirects ended, in canonical form; `url` without any.
        http_status: status of the page; 0 when there was no answer.
        access: how it could be reached.
        body_sha256: hex digest of its body; empty without a whole page.
        readings: what each channel said.
        page_cause: why the page is unread; empty where it was read, or not asked for.
        robots_rfc9309: what RFC 9309 alone would allow.
        files: the policy files that it rests on.
        scanned_at_ms: when the page's answer ended.
    """

    url: Url
    final_url: str
    http_status: int
    access: Access
    body_sha256: str
    readings: tuple[Reading, ...]
    page_cause: Cause
    robots_rfc9309: RobotsVerdict
    files: tuple[PolicyFile, ...]
    scanned_at_ms: int
