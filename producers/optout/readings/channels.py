"""The policy files of a site: from the answer for one to what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final

from ledger.events.optout import (
    Channel,
    FetchOutcome,
    PolicyChannel,
    ScanReason,
    Target,
)
from producers.optout.cache.cached_file import CachedFile
from producers.optout.net.response import FetchResult, Response, cause_of
from producers.optout.readings.readers import (
    SILENT,
    Answer,
    Question,
    Readers,
    read_robots,
    reader_of,
)
from producers.optout.readings.reading import Reading, reading_of
from producers.optout.robots.reader import RobotsFile
from producers.optout.vocabulary.causes import Cause
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SignalError
from producers.ports import Evidence

POLICY_PATHS: Final[dict[PolicyChannel, str]] = {
    "robots_txt": "/robots.txt",
    "ai_txt": "/ai.txt",
    "ai_txt_well_known": "/.well-known/ai.txt",
    "tdmrep_file": "/.well-known/tdmrep.json",
    "trust_txt": "/trust.txt",
    "trust_txt_well_known": "/.well-known/trust.txt",
}
"""Where an origin keeps each file."""

_CHANNELS_IN: Final[dict[PolicyChannel, tuple[Channel, ...]]] = {
    "robots_txt": (
        "robots_txt",
        "robots_basket",
        "robots_content_usage",
        "robots_content_signal",
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """One policy file of a site, as far as it could be had.

    Attributes:
        url: where it was asked for, in canonical form.
        as_fetched: how that ended.
        last_good_sha256: where the file cannot be had now, the digest of the newest
            copy that could; a reservation in it still holds.
    """

    url: str
    as_fetched: CachedFile
    last_good_sha256: str = ""

    @property
    def channel(self) -> PolicyChannel:
        """Which file it is."""
        return self.as_fetched.channel

    @property
    def sha256(self) -> str:
        """Digest of the bytes that are read; empty where there are none."""
        return self.as_fetched.evidence_sha256 or self.last_good_sha256


def take_policy_file(
    channel: PolicyChannel,
    result: FetchResult,
    *,
    evidence: Evidence,
    readers: Readers,
    now_ms: int,
) -> CachedFile:
    """See whether the answer for a policy file can be read, and keep its bytes.

    Only 404 and 410 mean that there is none, and only 200 brings one: 403 is as often
    a wall against us as a statement, and 202 or 206 is no file.
    """
    outcome: FetchOutcome = "unreadable"
    reason: ScanReason | None = "unreadable"
    cause = cause_of(result)
    sha256 = ""
    if isinstance(result, Response) and result.status in {404, 410}:
        outcome, reason, cause = "absent", None, ""
    elif isinstance(result, Response) and result.status == 200:
        sha256 = evidence.put(result.body)
        try:
            parsed = readers.parse(reader_of(channel)[0], result.body, sha256)
        except SignalError as error:
            outcome, reason, cause = error.outcome, error.reason, cause or "content"
        else:
            if len(result.body) >= POLICY_BYTES_MAX:
                cause = "too_large"
            elif isinstance(parsed, RobotsFile) and not parsed.is_whole:
                cause = cause or "content"
            if not cause:
                outcome, reason = "parsed", None
    return CachedFile(
        channel=channel,
        status=result.status,
        outcome=outcome,
        reason=reason,
        evidence_sha256=sha256,
        redirects=result.redirects,
        fetched_at_ms=now_ms,
        cause=cause,
    )


def policy_readings(
    files: Sequence[PolicyFile],
    question: Question,
    *,
    target: Target,
    evidence: Evidence,
    readers: Readers,
) -> list[Reading]:
    """What the files of a site say; robots.txt speaks in four channels."""
    readings: list[Reading] = []
    for file in files:
        fetched, sha256 = file.as_fetched, file.sha256
        channels = _CHANNELS_IN.get(fetched.channel, (fetched.channel,))
        parsed = _parsed(channels[0], sha256, evidence=evidence, readers=readers)
        for channel in channels:
            answer = SILENT
            if parsed is not None:
                answer = reader_of(channel)[1](parsed, question)
            how = (sha256, target, fetched.outcome, fetched.reason, fetched.cause)
            # Most channels are silent on most pages, and silence is always the same.
            if answer == SILENT:
                readings.append(_silence(channel, *how))
            else:
                readings.append(_reading(answer, channel, *how))
    return readings


def _parsed(
    channel: Channel, sha256: str, *, evidence: Evidence, readers: Readers
) -> Any:
    """The content of a file; none where there is none, or none can be read."""
    if not sha256:
        return None
    try:
        parse, _ = reader_of(channel)
        return readers.recall(parse, sha256, lambda: evidence.get(sha256))
    except SignalError:
        return None  # its outcome and reason were recorded when it was taken


def _reading(
    answer: Answer,
    channel: Channel,
    sha256: str,
    target: Target,
    outcome: FetchOutcome,
    reason: ScanReason | None,
    cause: Cause,
) -> Reading:
    return reading_of(
        channel,
        answer,
        evidence_sha256=sha256,
        target=target,
        outcome=outcome,
        unreadable=reason,
        cause=cause,
    )


_silence = lru_cache(maxsize=1024)(partial(_reading, SILENT))


def robots_of(
    files: Sequence[PolicyFile], *, evidence: Evidence, readers: Readers
) -> tuple[int, RobotsFile | None]:
    """Status and content of the robots.txt among `files`."""
    file = files[0].as_fetched
    sha256 = file.evidence_sha256
    if not sha256:
        return file.status, None
    robots = readers.recall(read_robots, sha256, lambda: evidence.get(sha256))
    return file.status, robots
