"""What comes with a page: header, elements and what lies in its body."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.events.optout import Access, Channel, FetchOutcome, ScanReason, Target
from producers.optout.embedded.reader import embedded_parts
from producers.optout.net.response import FetchResult, Response, cause_of
from producers.optout.page.charset import ascii_superset, is_markup
from producers.optout.page.html_meta import PageTags, read_page_tags
from producers.optout.page.page_tags import (
    canonical_lines,
    relevant_headers,
    relevant_metas,
)
from producers.optout.readings.readers import CUT, SILENT, Answer, Question, Readers
from producers.optout.readings.reading import Reading, reading_of
from producers.optout.vocabulary.causes import Cause
from producers.optout.vocabulary.signals import SILENCE, SignalError, Statement
from producers.ports import Evidence

_IN_HEADER: Final[tuple[Channel, ...]] = (
    "tdm_header",
    "x_robots_tag",
    "content_usage",
    "content_signal",
)
_IN_HEAD: Final[tuple[Channel, ...]] = ("tdm_meta", "meta_robots")
_IN_BODY: Final[tuple[Channel, ...]] = (
    "rsl_page",
    "tdm_embedded",
    "plus_data_mining",
    "cawg_training_mining",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is read of a page; its body is not kept.

    Attributes:
        readings: of every channel that comes with it, `access` included.
        tags: its elements; none where it is no markup, or there is no page.
        access: how it could be reached.
        policies: URLs of licence offers and terms that its statements name.
        cause: why it, or a part of it, is unread; empty without an answer to read.
    """

    readings: tuple[Reading, ...]
    tags: PageTags | None
    access: Access
    policies: tuple[str, ...] = ()
    cause: Cause = ""


def read_page(
    page: FetchResult | None,
    question: Question,
    *,
    target: Target,
    evidence: Evidence,
    readers: Readers,
    access_of: Callable[[Response, PageTags | None], Access],
) -> Page:
    """What comes with a page.

    Args:
        page: the answer to the GET of the page; none where it was not asked for.
        question: what is asked.
        target: which URL the page answered for.
        evidence: keeps the header lines and elements that were read, not the page.
        readers: read them.
        access_of: says how the page could be reached.
    """
    if not isinstance(page, Response):
        cause: Cause = "" if page is None else page.kind
        return Page(
            readings=_no_page(target, cause), tags=None, access="unknown", cause=cause
        )
    text = ascii_superset(page)
    tags = read_page_tags(text or b"") if is_markup(page) else None
    access = access_of(page, tags)
    is_hidden = tags is not None and text is None  # in a coding that is not read
    cause = cause_of(page) or ("content" if is_hidden else "")
    if cause:
        unread = (*_no_page(target, cause), _access(access, target, cause))
        return Page(readings=unread, tags=None, access=access, cause=cause)
    readings, policies = _read_parts(
        _parts(page, tags, question),
        question,
        target=target,
        evidence=evidence,
        readers=readers,
    )
    is_cut = tags is not None and not tags.is_whole
    return Page(
        readings=(*readings, _access(access, target)),
        tags=tags,
        access=access,
        policies=tuple(policies),
        cause="too_large" if is_cut else "",
    )


def _read_parts(
    parts: Sequence[tuple[Channel, bytes]],
    question: Question,
    *,
    target: Target,
    evidence: Evidence,
    readers: Readers,
) -> tuple[list[Reading], list[str]]:
    """What the parts of a page say, and the URLs of policies that they name."""
    readings: list[Reading] = []
    policies: list[str] = []
    for channel, content in parts:
        answer, outcome, reason = _answer(channel, content, question, readers)
        readings.append(
            reading_of(
                channel,
                answer,
                evidence_sha256=evidence.put(content),
                target=target,
                outcome=outcome,
                unreadable=reason,
                cause="content" if reason is not None else "",
            )
        )
        if answer.statement.policy:
            policies.append(answer.statement.policy)
    found = {channel for channel, _ in parts}
    readings += [_absent(one, target) for one in _IN_BODY if one not in found]
    return readings, policies


def header_readings(
    headers: tuple[tuple[str, str], ...], question: Question, readers: Readers
) -> list[Reading]:
    """What the header of an answer says that is no page; nothing of it is kept."""
    content = canonical_lines(relevant_headers(headers))
    readings = []
    for channel in _IN_HEADER:
        answer, outcome, reason = _answer(channel, content, question, readers)
        readings.append(
            reading_of(
                channel,
                answer,
                evidence_sha256="",
                outcome=outcome,
                unreadable=reason,
            )
        )
    return readings


def _parts(
    page: Response, tags: PageTags | None, question: Question
) -> list[tuple[Channel, bytes]]:
    """The bytes that are read and kept, each with the channel that reads them."""
    headers = canonical_lines(relevant_headers(page.headers))
    pairs = relevant_metas(tags.metas, question.agents) if tags is not None else ()
    cut = ((CUT, ""),) if tags is not None and not tags.is_whole else ()
    elements = canonical_lines((*pairs, *cut))
    documents = tags.rsl_documents if tags is not None else ()
    return [
        *((channel, headers) for channel in _IN_HEADER),
        *((channel, elements) for channel in _IN_HEAD),
        *(("rsl_page", document) for document in documents),
        *(
            (part.channel, part.kind.encode() + b"\n" + part.content)
            for part in embedded_parts(page.header("content-type"), page.body)
        ),
    ]


def _answer(
    channel: Channel, content: bytes, question: Question, readers: Readers
) -> tuple[Answer, FetchOutcome, ScanReason | None]:
    """What a part of the page says, and why it cannot be read if so."""
    try:
        return readers.read(channel, content, question), "parsed", None
    except SignalError as error:
        return SILENT, error.outcome, error.reason


def _access(access: Access, target: Target, cause: Cause = "") -> Reading:
    """How the page could be reached; text that is not open to us is not used."""
    if access == "unknown":
        return reading_of(
            "access",
            SILENT,
            evidence_sha256="",
            target=target,
            unreadable="page_unreadable",
            cause=cause,
        )
    is_open = access in {"open", "licensed"}
    said = SILENCE if is_open else Statement(reservation="reserved")
    return reading_of("access", Answer(said), evidence_sha256="", target=target)


def _no_page(target: Target, cause: Cause) -> tuple[Reading, ...]:
    """Nothing of a page; without a cause it was not asked for."""
    outcome: FetchOutcome = "unreadable" if cause else "not_recorded"
    return tuple(
        reading_of(
            channel,
            SILENT,
            evidence_sha256="",
            target=target,
            outcome=outcome,
            unreadable="page_unreadable",
            cause=cause,
        )
        for channel in (*_IN_HEADER, *_IN_HEAD)
    )


def _absent(channel: Channel, target: Target) -> Reading:
    return reading_of(
        channel, SILENT, evidence_sha256="", target=target, outcome="absent"
    )
