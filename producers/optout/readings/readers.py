"""One reader for each channel: from the bytes that are kept as evidence to a statement.

A scan and a replay of it call the same reader on the same bytes, so that a verdict is a
function of evidence, URL, crawlers and the version of these rules. What is parsed is
remembered by digest: most sites share a few files.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ledger.errors import InputError
from ledger.events.optout import Channel, Layer
from producers.optout.documents.ai_txt import parse_ai_txt
from producers.optout.documents.rsl import parse_rsl
from producers.optout.documents.tdmrep import header_statement, parse_tdmrep
from producers.optout.documents.trust_txt import parse_trust_txt
from producers.optout.embedded.reader import part_statement
from producers.optout.page.page_tags import header_noai, meta_noai
from producers.optout.page.terms import terms_statement
from producers.optout.robots.content_signal import header_content_signal
from producers.optout.robots.content_usage import header_content_usage
from producers.optout.robots.reader import (
    RobotsDecision,
    RobotsFile,
    parse_robots,
)
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.signals import SILENCE, Statement

_PARSED_MAX = 512
"""Most parsed files that are remembered."""

_PARSED_BYTES_MAX = 16 * 1024 * 1024
"""Most bytes of their sources; parsed, a hostile file takes fifty times its size."""

CUT = "(cut)"
"""Name of the line that ends the evidence of a page whose head was not read whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a channel is asked.

    Attributes:
        url: in canonical form.
        agent: our own product token.
        basket: those of training crawlers that count as well.
    """

    url: str
    agent: str
    basket: tuple[str, ...]

    @property
    def agents(self) -> tuple[str, ...]:
        """Every crawler whose reservation counts."""
        return (self.agent, *self.basket)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a channel said.

    Attributes:
        statement: the answer.
        layer: which crawlers a rule of robots.txt spoke to.
        is_whole: whether all of it could be read; silence proves nothing without.
    """

    statement: Statement
    layer: Layer = ""
    is_whole: bool = True


class Readers:
    """Reads evidence; remembers what it parsed. May be shared by threads."""

    def __init__(self) -> None:
        """Nothing is remembered yet."""
        self._parsed: OrderedDict[tuple[Callable[..., Any], str], tuple[Any, int]]
        self._parsed = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def read(self, channel: Channel, content: bytes, question: Question) -> Answer:
        """Say what a channel's evidence answers.

        Raises:
            SignalError: it cannot be read at all.
            InputError: no channel of this name is read from evidence.
        """
        parse, decide = reader_of(channel)
        return decide(self.parse(parse, content), question)

    def parse(
        self, parse: Callable[[bytes], Any], content: bytes, sha256: str = ""
    ) -> Any:
        """`parse(content)`, remembered under its digest.

        Raises:
            SignalError: as `parse` does.
        """
        digest = sha256 or hashlib.sha256(content).hexdigest()
        return self.recall(parse, digest, lambda: content)

    def recall(
        self, parse: Callable[[bytes], Any], sha256: str, get: Callable[[], bytes]
    ) -> Any:
        """What `parse` makes of the bytes of this digest; `get` only if forgotten.

        Raises:
            SignalError: as `parse` does.
        """
        key = (parse, sha256)
        with self._lock:
            found = self._parsed.get(key)
            if found is not None:
                self._parsed.move_to_end(key)
                return found[0]
        content = get()
        parsed = parse(content)
        with self._lock:
            if key not in self._parsed:
                self._parsed[key] = (parsed, len(content))
                self._bytes += len(content)
            while self._bytes > _PARSED_BYTES_MAX or len(self._parsed) > _PARSED_MAX:
                _, (_, size) = self._parsed.popitem(last=False)
                self._bytes -= size
        return parsed


Reader = tuple[Callable[[bytes], Any], Callable[[Any, Question], Answer]]
"""Parse evidence; answer a question from what was parsed."""


def reader_of(channel: Channel) -> Reader:
    """The two halves of a channel's reader.

    Raises:
        InputError: the channel is not read from evidence.
    """
    found = _READERS.get(channel)
    if found is None:
        raise InputError(f"channel {channel}: expected one that is read from evidence")
    return found


def is_read(channel: Channel) -> bool:
    """Whether a channel is read from evidence; lists and access are not."""
    return channel in _READERS


def read_robots(body: bytes) -> RobotsFile:
    """Parse a robots.txt; one of the largest size that is kept may go on beyond it."""
    return parse_robots(body, truncated=len(body) >= POLICY_BYTES_MAX)


def pairs_of(content: bytes) -> tuple[tuple[str, str], ...]:
    """`name: value` lines as `canonical_lines` writes them, back as pairs."""
    lines = content.decode().split("\n")[:-1]
    return tuple((name, value) for name, _, value in (s.partition(": ") for s in lines))


def _robots(robots: RobotsFile, question: Question) -> Answer:
    decision = robots.decide([question.agent], question.url)
    statement = _of_decision(decision, robots.unread_line)
    return Answer(statement, decision.layer, robots.is_whole)


def _basket(robots: RobotsFile, question: Question) -> Answer:
    # A group must name them: `*` is read under our own token.
    decision = robots.decide(question.basket, question.url, star=False)
    layer: Layer = "basket" if decision.layer else ""
    return Answer(_of_decision(decision), layer, robots.is_whole)


def _of_decision(decision: RobotsDecision, unread_line: int = 0) -> Statement:
    if not decision.allowed:
        return Statement(reservation="reserved", line=decision.line)
    if unread_line:
        return Statement(reservation="unset", line=unread_line, is_unread=True)
    return Statement(reservation="unset", line=decision.line, review=decision.review)


def _robots_usage(robots: RobotsFile, question: Question) -> Answer:
    statement = robots.content_usage(question.agents, question.url)
    return Answer(statement, is_whole=robots.is_whole)


def _robots_signal(robots: RobotsFile, question: Question) -> Answer:
    statement = robots.content_signal(question.agents, question.url)
    return Answer(statement, is_whole=robots.is_whole)


def _page_elements(
    say: Callable[[Sequence[tuple[str, str]], Question], Statement],
) -> Reader:
    def decide(pairs: Sequence[tuple[str, str]], question: Question) -> Answer:
        is_whole = not pairs or pairs[-1][0] != CUT
        return Answer(say(pairs, question), is_whole=is_whole)

    return pairs_of, decide


def _embedded(channel: Channel) -> Reader:
    def decide(content: bytes, _question: Question) -> Answer:
        kind, _, part = content.partition(b"\n")
        return Answer(part_statement(channel, kind.decode("ascii"), part))

    return bytes, decide


def _by_url(parsed: Any, question: Question) -> Answer:
    return Answer(parsed.decide(question.url))


_READERS: dict[Channel, Reader] = {
    "robots_txt": (read_robots, _robots),
    "robots_basket": (read_robots, _basket),
    "robots_content_usage": (read_robots, _robots_usage),
    "robots_content_signal": (read_robots, _robots_signal),
    "ai_txt": (
        parse_ai_txt,
        lambda file, q: Answer(file.decide(q.agent, q.url, q.basket)),
    ),
    "tdmrep_file": (parse_tdmrep, _by_url),
    "trust_txt": (parse_trust_txt, lambda file, _: Answer(file.decide())),
    "rsl_file": (parse_rsl, _by_url),
    "rsl_page": (parse_rsl, _by_url),
    "terms_page": (terms_statement, lambda statement, _: Answer(statement)),
    "tdm_header": _page_elements(lambda pairs, _: header_statement(pairs)),
    "x_robots_tag": _page_elements(lambda pairs, q: header_noai(pairs, q.agents)),
    "content_usage": _page_elements(lambda pairs, _: header_content_usage(pairs)),
    "content_signal": _page_elements(lambda pairs, _: header_content_signal(pairs)),
    "tdm_meta": _page_elements(lambda pairs, _: header_statement(pairs)),
    "meta_robots": _page_elements(lambda pairs, q: meta_noai(pairs, q.agents)),
    "tdm_embedded": _embedded("tdm_embedded"),
    "plus_data_mining": _embedded("plus_data_mining"),
    "cawg_training_mining": _embedded("cawg_training_mining"),
}
_READERS["ai_txt_well_known"] = _READERS["ai_txt"]
_READERS["trust_txt_well_known"] = _READERS["trust_txt"]

SILENT = Answer(SILENCE)
"""A channel that says nothing."""
