"""/ai.txt in the dialect of Spawning: User-Agent, Disallow and Allow, by file type.

    User-Agent: *
    Disallow: *.txt
    Allow: *.css

At least four unlike formats share the name of this file. This dialect is read here and
that of `ai_declaration` there; a file with any other line is refused as unknown, so
that prose is neither a "no" nor a "yes". Spawning publishes no matching rules; ours are
the strict reading:

- `*.ext` is the file extension of the path, whatever its case; a path without an
  extension counts as `.html`, which is what such a page is;
- what disallows one type of page (`*.html`, `/*.php`) disallows every page, since its
  path need not tell the type: also one with an extension that is none (`/v1.0`);
- `*.*` is every file, and `*.htm` is `*.html`;
- every other value is a path pattern of RFC 9309, and a disallow rule is compared
  percent-decoded as well; what is neither is refused, and so is a list of names;
- the longest rule wins, and disallow wins a tie; what our own group or that of `*`
  disallows, the other does not allow; and what a training crawler of the basket is
  disallowed in a file about training, is disallowed.

Source: ai.txt files as deployed by site owners (spawning.ai/ai-txt, 2023).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote_to_bytes

from ledger.events.optout import Preference
from producers.optout.documents.ai_declaration import (
    VERSION,
    AiDeclaration,
    read_declaration,
)
from producers.optout.robots.lines import (
    ASCII_SPACE,
    Line,
    is_plain_text,
    is_star,
    listed_in,
    read_lines,
    tokens_of,
    without_bom,
)
from producers.optout.vocabulary.limits import POLICY_BYTES_MAX
from producers.optout.vocabulary.patterns import (
    canonical_escapes,
    escape_octets,
    parse_glob,
    path_of,
)
from producers.optout.vocabulary.signals import SILENCE, SignalError, Statement
from producers.optout.vocabulary.usage import statement_of

_KEYS = ("user-agent", "disallow", "allow")
_EXTENSION = re.compile(rb"\*\.(?:\*|[A-Za-z0-9_-]+)\$?")
_PATTERN = re.compile(rb"[/*][^\s,;\"'`]*")
_PAGE_TYPE = "asp|aspx|cfm|cgi|do|htm|html|jsp|jspx|jhtml|phtml|php|pl|shtml|xht|xhtml"
_PAGES = re.compile(rf"/?\*\.(?:{_PAGE_TYPE})\$?".encode(), re.IGNORECASE)
_HTM = {".htm": ".html"}
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
        if not self.allow and _PAGES.fullmatch(self.pattern) and _is_page(path):
            return True
        if _EXTENSION.fullmatch(self.pattern):
            wanted = self.pattern[1:].rstrip(b"$").lower().decode("ascii")
            return wanted == ".*" or _extension(path) == _HTM.get(wanted, wanted)
        if parse_glob(self.pattern).matches(path):
            return True
        decoded = parse_glob(self.pattern, decode=True)
        return not self.allow and decoded.matches(unquote_to_bytes(path))


@dataclass(frozen=True, slots=True)
class AiTxtFile:
    """A file in the dialect of Spawning."""

    rules: tuple[AiTxtRule, ...]

    def decide(self, agent: str, url: str, basket: Collection[str] = ()) -> Statement:
        """What the file says to `agent` about `url`.

        Args:
            agent: our own product token.
            url: absolute or relative; percent-encoded by the caller.
            basket: those of training crawlers; only a no to one of them counts.
        """
        path = canonical_escapes(path_of(url))
        found = [self._best(name, path) for name in (agent.casefold(), "*")]
        others = [self._best(token.casefold(), path) for token in basket]
        found += [rule for rule in others if rule is not None and not rule.allow]
        rules = sorted(filter(None, found), key=lambda rule: rule.allow)
        if not rules:
            return SILENCE
        said: Preference = "allow" if rules[0].allow else "disallow"
        return statement_of({"train": said}, line=rules[0].line)

    def _best(self, name: str, path: bytes) -> AiTxtRule | None:
        """The longest rule for `name` that matches; disallow before allow."""
        matching = (r for r in self.rules if name in r.agents and r.matches(path))
        return max(matching, key=lambda r: (len(r.pattern), not r.allow), default=None)


def parse_ai_txt(body: bytes) -> AiTxtFile | AiDeclaration:
    """Parse the bytes of an /ai.txt.

    A file of white space says nothing and is fine.

    Raises:
        SignalError: too long, no UTF-8 text, or another dialect.
    """
    if len(body) > POLICY_BYTES_MAX:
        message = (
            f"ai.txt: expected at most {POLICY_BYTES_MAX} bytes, found {len(body)}"
        )
        raise SignalError(message, outcome="unreadable", reason="unreadable")
    body = without_bom(body)
    if not body.strip(ASCII_SPACE):
        return AiTxtFile(())
    lines = list(read_lines(body))
    if _is_text_of(lines, body):
        keys = [line.key.decode("utf-8", "replace").lower() for line in lines]
        first = (lines[0].key.lower(), lines[0].value)
        if first == VERSION and "user-agent" not in keys:
            return read_declaration(body, lines)
        if _is_dialect(keys) and all(map(_is_plain, lines)):
            return AiTxtFile(tuple(_rules(lines)))
    message = "ai.txt: expected User-Agent, Disallow and Allow lines, or a declaration"
    raise SignalError(message, outcome="unknown", reason="unknown_dialect")


def _is_text_of(lines: list[Line], body: bytes) -> bool:
    """Whether the file holds these lines, and nothing but comments besides."""
    written = [row for row in re.split(rb"[\r\n]", body) if not _NOTHING.fullmatch(row)]
    return bool(lines) and is_plain_text(body) and len(written) == len(lines)


def _is_dialect(keys: list[str]) -> bool:
    """Whether the file has rules for somebody, and nothing else."""
    return keys[0] == "user-agent" != keys[-1] and all(key in _KEYS for key in keys)


def _is_plain(line: Line) -> bool:
    """Whether the value is one name, one type of file, one path, or nothing."""
    if line.key.lower() == b"user-agent":
        is_name = listed_in(line.value) <= tokens_of(line.value)
        return is_star(line.value) or (is_name and b"*" not in line.value)
    return not line.value or _PATTERN.fullmatch(line.value) is not None


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


def _is_page(path: bytes) -> bool:
    """Whether a path may be that of a page, whatever made it."""
    extension = _extension(path)[1:]
    is_type = extension.isalnum() and not extension.isdecimal()
    return path.endswith(b"/") or not is_type or extension in _PAGE_TYPE.split("|")


def _extension(path: bytes) -> str:
    name = path.partition(b"?")[0].decode("utf-8", "replace")
    suffix = PurePosixPath(name).suffix.lower() or ".html"
    return _HTM.get(suffix, suffix)
