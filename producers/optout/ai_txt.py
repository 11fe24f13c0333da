"""/ai.txt in the dialect of Spawning: User-Agent, Disallow and Allow, by file type.

    User-Agent: *
    Disallow: *.txt
    Allow: *.css

At least four unlike formats share the name of this file. Only this dialect is read: a
file with any other line is refused as unknown, so that prose is neither a "no" nor a
"yes". Spawning publishes no matching rules; ours are the strict reading:

- `*.ext` is the file extension of the path, whatever its case; a path without an
  extension counts as `.html`, which is what such a page is;
- every other value is a path pattern of RFC 9309;
- the longest rule wins, and disallow wins a tie.

Source: ai.txt files as deployed by site owners (spawning.ai/ai-txt, 2023).
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from producers.optout.patterns import (
    canonical_escapes,
    escape_octets,
    parse_glob,
    path_of,
)
from producers.optout.robots_lines import (
    ASCII_SPACE,
    Line,
    is_plain_text,
    is_star,
    read_lines,
    tokens_of,
    without_bom,
)
from producers.optout.signals import SILENCE, SignalError, Statement

BYTES_MAX = 500 * 1024
"""Largest file that is read."""

_KEYS = (b"user-agent", b"disallow", b"allow")
_EXTENSION = re.compile(rb"\*\.[A-Za-z0-9_-]+\$?")
_NOTHING = re.compile(rb"[ \t\v\f]*(?:#[^\r\n]*)?")


@dataclass(frozen=True, slots=True)
class AiTxtRule:
    """One allow or disallow line.

    Attributes:
        line: 1-based number.
        allow: whether it allows.
        pattern: `*.ext`, or a path pattern; percent-encoded octets.
        agents: tokens it speaks to, case-folded; `*` for all.
    """

    line: int
    allow: bool
    pattern: bytes
    agents: frozenset[str]

    def matches(self, path: bytes) -> bool:
        """Whether the rule speaks about the file at `path`."""
        if _EXTENSION.fullmatch(self.pattern):
            wanted = self.pattern[1:].rstrip(b"$").lower()
            return _extension(path) == wanted.decode("ascii")
        return parse_glob(self.pattern).matches(path)


@dataclass(frozen=True, slots=True)
class AiTxtFile:
    """A file in the dialect of Spawning."""

    rules: tuple[AiTxtRule, ...]

    def decide(self, agent: str, url: str) -> Statement:
        """What the file says to `agent` about `url`."""
        path = canonical_escapes(path_of(url))
        best, best_rank = None, (-1, False)
        for rule in self.rules:
            rank = (len(rule.pattern), not rule.allow)
            if rule.agents.isdisjoint({"*", agent.casefold()}) or rank <= best_rank:
                continue
            if rule.matches(path):
                best, best_rank = rule, rank
        if best is None:
            return SILENCE
        if best.allow:
            return Statement(reservation="not_reserved", line=best.line)
        return Statement(reservation="reserved", line=best.line)


def parse_ai_txt(body: bytes) -> AiTxtFile:
    """Parse the bytes of an /ai.txt.

    A file of white space says nothing and is fine.

    Raises:
        SignalError: too long, no UTF-8 text, or another dialect.
    """
    if len(body) > BYTES_MAX:
        message = f"ai.txt: expected at most {BYTES_MAX} bytes, found {len(body)}"
        raise SignalError(message, outcome="unreadable", reason="unreadable")
    body = without_bom(body)
    if not body.strip(ASCII_SPACE):
        return AiTxtFile(())
    lines = list(read_lines(body))
    if not _is_dialect(body, lines):
        message = "ai.txt: expected only User-Agent, Disallow and Allow lines"
        raise SignalError(message, outcome="unknown", reason="unknown_dialect")
    return AiTxtFile(tuple(_rules(lines)))


def _is_dialect(body: bytes, lines: list[Line]) -> bool:
    """Whether the file has rules for somebody, and nothing but comments besides."""
    keys = [line.key.lower() for line in lines]
    written = [row for row in re.split(rb"[\r\n]", body) if not _NOTHING.fullmatch(row)]
    return (
        is_plain_text(body)
        and len(written) == len(lines)
        and keys[:1] == [b"user-agent"]
        and keys[-1:] != [b"user-agent"]
        and all(key in _KEYS for key in keys)
    )


def _rules(lines: list[Line]) -> list[AiTxtRule]:
    rules: list[AiTxtRule] = []
    agents: set[str] = set()
    closed = False
    for line in lines:
        key = line.key.lower()
        if key == b"user-agent":
            agents = set() if closed else agents
            agents |= {"*"} if is_star(line.value) else tokens_of(line.value)
            closed = False
            continue
        closed = True
        if line.value:
            pattern = escape_octets(line.value)
            allow = key == b"allow"
            rules.append(AiTxtRule(line.number, allow, pattern, frozenset(agents)))
    return rules


def _extension(path: bytes) -> str:
    name = path.partition(b"?")[0].decode("utf-8", "replace")
    return PurePosixPath(name).suffix.lower() or ".html"
