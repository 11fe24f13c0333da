"""From answers to readings: the files of an origin, and what comes with a page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.events.optout import (
    Channel,
    FetchOutcome,
    PolicyChannel,
    ScanReason,
)
from producers.optout.ai_txt import AiTxtFile, parse_ai_txt
from producers.optout.combine import Reading, reading_of
from producers.optout.html_meta import read_meta_tags
from producers.optout.page_tags import (
    canonical_lines,
    header_noai,
    meta_noai,
    relevant_headers,
    relevant_metas,
)
from producers.optout.response import FetchResult, Response
from producers.optout.robots import RobotsDecision, RobotsFile, parse_robots
from producers.optout.signals import SILENCE, SignalError, Statement
from producers.optout.tdmrep import TdmrepFile, header_statement, parse_tdmrep
from producers.ports import Evidence

POLICY_PATHS: dict[PolicyChannel, str] = {
    "robots_txt": "/robots.txt",
    "ai_txt": "/ai.txt",
    "tdmrep_file": "/.well-known/tdmrep.json",
}
"""Where an origin keeps each file."""

POLICY_BYTES_MAX = 500 * 1024
"""Bytes of a policy file that are read; RFC 9309, section 2.5 sets this floor."""

_UTF_16 = re.compile(r"utf[-_]?16[-_]?(be|le)?")

Parsed = RobotsFile | AiTxtFile | TdmrepFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """One policy file of an origin, as far as it could be had.

    Attributes:
        channel: which file.
        result: the answer, or why there was none.
        outcome: how it ended.
        reason: why it blocks; none where it is parsed or absent.
        parsed: its content; none unless parsed. A robots.txt is parsed even where it
            is not whole, since the rules that were found hold.
        evidence_sha256: digest of the exact bytes that were kept; empty where none.
    """

    channel: PolicyChannel
    result: FetchResult
    outcome: FetchOutcome
    reason: ScanReason | None
    parsed: Parsed | None
    evidence_sha256: str


def read_policy_file(
    channel: PolicyChannel, result: FetchResult, evidence: Evidence
) -> PolicyFile:
    """Parse the answer for a policy file and keep its bytes.

    Only 404 and 410 mean that there is none, and only 200 brings one: 403 is as often
    a wall against us as a statement, and 202 or 206 is no file.
    """
    outcome: FetchOutcome = "unreadable"
    reason: ScanReason | None = "unreadable"
    parsed: Parsed | None = None
    evidence_sha256 = ""
    if isinstance(result, Response) and result.status in {404, 410}:
        outcome, reason = "absent", None
    elif isinstance(result, Response) and result.status == 200:
        evidence_sha256 = evidence.put(result.body)
        try:
            parsed = _parse(channel, result)
        except SignalError as error:
            outcome, reason = error.outcome, error.reason
        else:
            is_whole = not isinstance(parsed, RobotsFile) or parsed.is_whole
            if is_whole:
                outcome, reason = "parsed", None
    return PolicyFile(
        channel=channel,
        result=result,
        outcome=outcome,
        reason=reason,
        parsed=parsed,
        evidence_sha256=evidence_sha256,
    )


def policy_readings(
    files: Sequence[PolicyFile], url: str, *, agent: str, basket: Sequence[str]
) -> list[Reading]:
    """What the files of an origin say about `url`; robots.txt speaks twice.

    Args:
        files: one for each channel.
        url: the page, in canonical form.
        agent: our own product token.
        basket: tokens of training crawlers; a group must name them, since `*` is
            read under our own token.
    """
    readings: list[Reading] = []
    for file in files:
        match file.parsed:
            case RobotsFile() as robots:
                own = robots.decide([agent], url)
                others = robots.decide(basket, url, star=False)
                statement = _statement(own, robots.unread_line)
                readings.append(_reading(file, "robots_txt", statement))
                readings.append(_reading(file, "robots_basket", _statement(others)))
            case AiTxtFile() as ai_txt:
                readings.append(_reading(file, "ai_txt", ai_txt.decide(agent, url)))
            case TdmrepFile() as tdmrep:
                readings.append(_reading(file, "tdmrep_file", tdmrep.decide(url)))
            case None:
                readings.append(_reading(file, file.channel, SILENCE))
                if file.channel == "robots_txt":
                    readings.append(_reading(file, "robots_basket", SILENCE))
    return readings


def page_readings(
    page: FetchResult | None, *, agents: Sequence[str], evidence: Evidence
) -> tuple[list[Reading], Statement, Statement]:
    """What came with the page, and what its header and its meta say by TDMRep.

    Args:
        page: the answer to the GET of the page; none where it was not asked for.
        agents: product tokens whose reservations count.
        evidence: keeps the header lines and elements that were read, not the page.
    """
    if not isinstance(page, Response) or page.status != 200 or page.truncated:
        outcome: FetchOutcome = "not_recorded" if page is None else "unreadable"
        return [_no_page(channel, outcome) for channel in _PAGE], SILENCE, SILENCE
    headers = relevant_headers(page.headers)
    headers_sha256 = evidence.put(canonical_lines(headers))
    metas = read_meta_tags(_ascii_superset(page)) if _is_markup(page) else None
    pairs = relevant_metas(metas.pairs, agents) if metas is not None else ()
    metas_sha256 = evidence.put(canonical_lines(pairs))
    is_whole = metas is None or metas.is_whole
    tdm_header, tdm_meta = header_statement(headers), header_statement(pairs)
    by_header: list[tuple[Channel, Statement]] = [
        ("tdm_header", tdm_header),
        ("x_robots_tag", header_noai(headers, agents)),
    ]
    by_meta: list[tuple[Channel, Statement]] = [
        ("tdm_meta", tdm_meta),
        ("meta_robots", meta_noai(pairs, agents)),
    ]
    readings = [
        reading_of(channel, statement, evidence_sha256=headers_sha256)
        for channel, statement in by_header
    ] + [
        reading_of(
            channel,
            statement,
            evidence_sha256=metas_sha256,
            unreadable=None if is_whole else "page_unreadable",
        )
        for channel, statement in by_meta
    ]
    return readings, tdm_header, tdm_meta


_PAGE: tuple[Channel, ...] = ("tdm_header", "x_robots_tag", "tdm_meta", "meta_robots")


def _parse(channel: PolicyChannel, response: Response) -> Parsed:
    if channel == "robots_txt":
        return parse_robots(response.body, truncated=response.truncated)
    if response.truncated:
        message = f"{channel}: expected at most {POLICY_BYTES_MAX} bytes"
        raise SignalError(message, outcome="unreadable", reason="unreadable")
    if channel == "ai_txt":
        return parse_ai_txt(response.body)
    return parse_tdmrep(response.body)


def _reading(file: PolicyFile, channel: Channel, statement: Statement) -> Reading:
    return reading_of(
        channel,
        statement,
        evidence_sha256=file.evidence_sha256,
        outcome=file.outcome,
        unreadable=file.reason,
    )


def _no_page(channel: Channel, outcome: FetchOutcome) -> Reading:
    return reading_of(
        channel,
        SILENCE,
        evidence_sha256="",
        outcome=outcome,
        unreadable="page_unreadable",
    )


def _statement(decision: RobotsDecision, unread_line: int = 0) -> Statement:
    if not decision.allowed:
        return Statement(reservation="reserved", line=decision.line)
    if unread_line:
        return Statement(reservation="unset", line=unread_line, is_unread=True)
    return Statement(reservation="unset", line=decision.line)


def _is_markup(page: Response) -> bool:
    kind = page.header("content-type").lower()
    return not kind or "html" in kind or "xml" in kind or _starts_markup(page.body)


def _starts_markup(body: bytes) -> bool:
    return body[:1024].lstrip(b"\xef\xbb\xbf \t\r\n\f").startswith(b"<")


def _ascii_superset(page: Response) -> bytes:
    """The page in a coding whose ASCII octets are ASCII; only UTF-16 is not."""
    codec = _utf_16(page)
    if codec is None:
        return page.body
    return page.body.decode(codec, "replace").encode("utf-8", "replace")


def _utf_16(page: Response) -> str | None:
    """The form of UTF-16 by mark, by declaration, or by where the first NUL is."""
    declared = _UTF_16.search(page.header("content-type").lower())
    if page.body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if declared is not None and declared[1]:
        return f"utf-16-{declared[1]}"
    if page.body.startswith(b"\0"):
        return "utf-16-be"
    if declared is not None or page.body[1:2] == b"\0":
        return "utf-16-le"
    return None
