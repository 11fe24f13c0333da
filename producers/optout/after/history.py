"""What a site's policy files said on a day, from the evidence of that time."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from ledger.events.optout import PolicyChannel, PolicyFileFetched
from producers.optout.cache.cached_file import CachedFile
from producers.optout.net.url import Url
from producers.optout.readings.channels import POLICY_PATHS, PolicyFile, policy_readings
from producers.optout.readings.readers import Question, Readers
from producers.optout.readings.reading import Reading, recorded_reason
from producers.ports import Evidence


class _Recorded(Protocol):
    """An event and where it stands."""

    @property
    def event(self) -> object: ...


@dataclass(frozen=True, slots=True)
class SiteThen:
    """A site as it was on record at one time.

    Attributes:
        files: the newest answer for each policy file until then.
        readings: what these say of the URL by today's rules.
    """

    files: tuple[PolicyFileFetched, ...]
    readings: tuple[Reading, ...]


def site_at(
    events: Iterable[_Recorded],
    *,
    site_id: str,
    until_ms: int,
    url: Url,
    question: Question,
    evidence: Evidence,
) -> SiteThen:
    """What the files of a site said of a URL at a time.

    Args:
        events: of the ledger, in order.
        site_id: the site of `url`.
        until_ms: Unix milliseconds; files fetched later are left out.
        url: in canonical form.
        question: what is asked.
        evidence: holds the bytes of the files.

    Raises:
        IntegrityError: the bytes of a file are missing or altered.
    """
    newest: dict[PolicyChannel, PolicyFileFetched] = {}
    for recorded in events:
        event = recorded.event
        if (
            isinstance(event, PolicyFileFetched)
            and event.site_id == site_id
            and event.channel in POLICY_PATHS
            and event.fetched_at_ms <= until_ms
        ):
            newest[event.channel] = event
    files = tuple(newest[channel] for channel in POLICY_PATHS if channel in newest)
    readings = policy_readings(
        [_as_file(event, url) for event in files],
        question,
        target="url",
        evidence=evidence,
        readers=Readers(),
    )
    return SiteThen(files, tuple(readings))


def _as_file(event: PolicyFileFetched, url: Url) -> PolicyFile:
    is_good = event.outcome in {"parsed", "absent"}
    fetched = CachedFile(
        channel=event.channel,
        status=event.http_status,
        outcome=event.outcome,
        reason=None if is_good else recorded_reason(event.channel, event.outcome),
        evidence_sha256=event.body_sha256,
        redirects=event.redirects,
        fetched_at_ms=event.fetched_at_ms,
    )
    path = POLICY_PATHS[event.channel]
    return PolicyFile(url=url.origin + path, as_fetched=fetched)
