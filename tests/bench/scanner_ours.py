"""What our scanner makes of a case: the readers of a scan, on the bytes of the case."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ledger.events.optout import Channel, Verdict
from producers.optout.embedded.cawg import parse_training_mining
from producers.optout.embedded.epub import opf_statement
from producers.optout.embedded.xmp import plus_statement, tdm_statement
from producers.optout.page.html_meta import read_page_tags
from producers.optout.page.page_tags import (
    canonical_lines,
    relevant_headers,
    relevant_metas,
)
from producers.optout.readings.combine import combine
from producers.optout.readings.readers import CUT, Answer, Question, Readers
from producers.optout.readings.reading import Reading, reading_of
from producers.optout.vocabulary.signals import SignalError, Statement
from tests.bench.scanner_cases import Case
from tests.bench.scanner_peers import Answer as Said
from tests.bench.scanner_peers import Tool

_SAID: Final[dict[Verdict, Said]] = {
    "allowed": "pass",
    "unknown": "ask",
    "reserved": "block",
}
_READERS = Readers()


def ours() -> Tool:
    """Our scanner."""
    files: tuple[Channel, ...] = (
        "ai_txt",
        "trust_txt",
        "tdmrep_file",
        "rsl_file",
        "terms_page",
        "robots_content_usage",
        "robots_content_signal",
    )
    headers: tuple[Channel, ...] = (
        "x_robots_tag",
        "tdm_header",
        "content_usage",
        "content_signal",
    )
    metas: tuple[Channel, ...] = ("meta_robots", "tdm_meta")
    readers: dict[str, Callable[[Case], Said]] = {"robots_txt": _robots}
    readers |= {channel: _reader(channel, _body) for channel in files}
    readers |= {channel: _reader(channel, _header_lines) for channel in headers}
    readers |= {channel: _reader(channel, _meta_lines) for channel in metas}
    readers |= {name: _embedded(*how) for name, how in _EMBEDDED.items()}
    return Tool("tuneledger", readers)


def _robots(case: Case) -> Said:
    """Our own group or `*`, and the basket: as a scan reads one robots.txt twice."""
    url, (own, *others) = case.url, case.agents
    if not case.by_name:  # each of them falls under `*` too
        return _strictest(
            _read("robots_txt", case.body, Question(url=url, agent=agent, basket=()))
            for agent in case.agents
        )
    question = Question(url=url, agent=own, basket=tuple(others))
    return _strictest(
        [
            _read("robots_txt", case.body, question),
            _read("robots_basket", case.body, question),
        ]
    )


def _reader(
    channel: Channel, content_of: Callable[[Case], bytes]
) -> Callable[[Case], Said]:
    def read(case: Case) -> Said:
        question = Question(url=case.url, agent=case.agents[0], basket=())
        return _strictest([_read(channel, content_of(case), question)])

    return read


def _read(channel: Channel, content: bytes, question: Question) -> Reading:
    try:
        answer = _READERS.read(channel, content, question)
    except SignalError as error:
        return _unread(channel, error)
    return reading_of(channel, answer, evidence_sha256="")


def _embedded(
    channel: Channel, say: Callable[[Case], Statement]
) -> Callable[[Case], Said]:
    def read(case: Case) -> Said:
        try:
            reading = reading_of(channel, Answer(say(case)), evidence_sha256="")
        except SignalError as error:
            reading = _unread(channel, error)
        return _strictest([reading])

    return read


_EMBEDDED: Final[Mapping[str, tuple[Channel, Callable[[Case], Statement]]]] = {
    "epub_opf": ("tdm_embedded", lambda case: opf_statement(case.body)),
    "tdm_xmp": ("tdm_embedded", lambda case: tdm_statement(case.body)),
    "plus_data_mining": ("plus_data_mining", lambda case: plus_statement(case.text)),
    "cawg_training_mining": (
        "cawg_training_mining",
        lambda case: parse_training_mining(case.label, json.loads(case.body)),
    ),
}


def _unread(channel: Channel, error: SignalError) -> Reading:
    return reading_of(
        channel,
        Answer(Statement(reservation="unset")),
        evidence_sha256="",
        outcome=error.outcome,
        unreadable=error.reason,
    )


def _strictest(readings: Iterable[Reading]) -> Said:
    verdict, _ = combine(list(readings))
    return _SAID[verdict]


def _body(case: Case) -> bytes:
    return case.body


def _header_lines(case: Case) -> bytes:
    return canonical_lines(relevant_headers(case.headers))


def _meta_lines(case: Case) -> bytes:
    tags = read_page_tags(case.body)
    cut = () if tags.is_whole else ((CUT, ""),)
    return canonical_lines((*relevant_metas(tags.metas, case.agents), *cut))
