"""RSL 1.0: licences that a site offers, and what they say of training.

    <rsl xmlns="https://rslstandard.org/rsl">
      <content url="/articles/*" server="https://licence.example">
        <license>
          <permits type="usage">search ai-train</permits>
          <prohibits type="usage">ai-input</prohibits>
          <payment type="training"/>
        </license>
      </content>
    </rsl>

Of the content elements that match, the longest pattern decides. Its licences are
alternatives. In a licence what is prohibited wins over what is permitted; where some
use is permitted, every other is not; a payment other than `free`, and a `server`, mean
that a licence must be obtained. Terms that depend on who uses the text, and where, are
read by a person. The tokens of the drafts before 1.0 are understood as well.

Source: RSL 1.0, sections 3.3 (content), 3.4 (license), 3.5 (permits), 3.6 (prohibits)
and 3.7 (payment).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args
from urllib.parse import unquote_to_bytes

from ledger.events.optout import Preference, Usage
from producers.optout.documents.rsl_xml import Content, Licence, read_contents
from producers.optout.vocabulary.patterns import (
    Glob,
    canonical_escapes,
    escape_octets,
    host_of,
    parse_glob,
    path_of,
)
from producers.optout.vocabulary.signals import Statement
from producers.optout.vocabulary.usage import most_specific, statement_of

_ALL: Final[frozenset[Usage]] = frozenset(get_args(Usage))
_USES: Final[dict[str, frozenset[Usage]]] = {
    "all": _ALL,
    "ai-all": frozenset({"train", "ai_input"}),
    "ai-train": frozenset({"train"}),
    "ai-input": frozenset({"ai_input"}),
    "ai-index": frozenset(),
    "search": frozenset({"search"}),
    "train-ai": frozenset({"train"}),
    "train-genai": frozenset({"train"}),
    "ai-use": frozenset({"ai_input"}),
    "ai-summarize": frozenset({"ai_input"}),
}
_ABSOLUTE = re.compile(r"((?:https?|\*):|)//([^/?#\\\s]*)(\S*)", re.IGNORECASE)
_ANY_PORT = re.compile(r":(?:80|443)?\*?$")
_HOST = re.compile(r"(?:[^@\s]*@)?[a-z0-9.*_-]+(?::[0-9*]*)?", re.IGNORECASE)
_PATH = re.compile(r"(?:/|\*(?![^/\s]*\.[^/\s]*/)|\*$)\S*")
"""Not `*.host.example/`: as a path it would match nothing."""

_BY_PERMITS: Final[tuple[Usage, ...]] = ("train", "ai_input", "search")
"""Usages that `permits` leaves out by not naming them; mining at large has no token."""


@dataclass(frozen=True, slots=True)
class RslContent:
    """What a document says of some URLs.

    Attributes:
        host: pattern of the host; none where the document gives a path only.
        pattern: octets of the path pattern, percent-encoded.
        globs: the path pattern as written and decoded.
        statement: what the licences come to.
    """

    host: Glob | None
    pattern: bytes
    globs: tuple[Glob, Glob]
    statement: Statement


@dataclass(frozen=True, slots=True)
class RslFile:
    """A parsed RSL document."""

    contents: tuple[RslContent, ...]

    def decide(self, url: str) -> Statement:
        """What the document says about `url`; silence where nothing matches."""
        host = host_of(url).encode("utf-8", "replace")
        path = canonical_escapes(path_of(url))
        decoded = unquote_to_bytes(path)
        return most_specific(
            [
                (len(content.pattern), content.statement)
                for content in self.contents
                if (content.host is None or not host or content.host.matches(host))
                and (
                    content.globs[0].matches(path) or content.globs[1].matches(decoded)
                )
            ]
        )


def parse_rsl(body: bytes) -> RslFile:
    """Parse the bytes of an RSL document, or of a feed that holds RSL elements.

    Raises:
        SignalError: too long, too deep, no XML, a document type, or no RSL at all.
    """
    return RslFile(tuple(_content(content) for content in read_contents(body)))


def _content(content: Content) -> RslContent:
    host, url, is_odd = _place(content.url)
    is_malformed = is_odd or not content.licences
    statement = _of_alternatives(
        [_licence(licence, content) for licence in content.licences]
    )
    if is_malformed:
        line = statement.line or content.line
        statement = replace(statement, line=line, is_malformed=True)
    pattern = escape_octets(url.encode("utf-8", "surrogatepass"))
    globs = (parse_glob(pattern), parse_glob(pattern, decode=True))
    return RslContent(host, pattern, globs, statement)


def _place(url: str) -> tuple[Glob | None, str, bool]:
    """Host and path that a content element is about, and whether that is odd.

    One that is not understood may be about anything: then it is read as about all.
    """
    found = _ABSOLUTE.fullmatch(url)
    is_host = found is not None and _HOST.fullmatch(found[2]) is not None
    if found is not None and is_host and (found[1] or re.search(r"[.*]", found[2])):
        scheme, host, rest = found.groups()
        plain = scheme if scheme[:1].isalpha() else "https:"
        host = host_of(f"{plain}//{host}")
        path = path_of(f"https://host{rest}").decode("utf-8", "replace")
        return parse_glob(_ANY_PORT.sub("", host).encode() + b"$"), path, False
    is_path = found is None and _PATH.fullmatch(url) is not None
    return None, url if is_path else "", not is_path


def _of_alternatives(statements: Sequence[Statement]) -> Statement:
    """The best offer; a licence that says nothing of training is none.

    That a person must read one is kept, unless a plain one settles the matter.
    """
    silence = Statement(reservation="unset")
    best = max(statements, key=_offer, default=silence)
    return replace(best, is_malformed=any(said.is_malformed for said in statements))


def _offer(said: Statement) -> int:
    if said.reservation == "not_reserved" and not said.review:
        return 4
    if said.licence_required:
        return 3
    if said.review:
        return 2
    return 1 if said.reservation == "reserved" else 0


def _licence(licence: Licence, content: Content) -> Statement:
    stated, is_known = _stated(licence)
    plain = statement_of(stated, line=licence.line)
    noes = tuple(one for one in plain.stated if one[1] == "disallow")
    if plain.reservation == "reserved":
        return plain
    is_free = all(payment == "free" for payment in licence.payments)
    if content.server or content.is_encrypted or not is_free:
        return Statement(
            reservation="reserved",
            stated=noes,
            line=licence.line,
            licence_required=True,
            policy=next(iter((*licence.urls, content.server)), ""),
        )
    is_conditional = any(kind in {"user", "geo"} for _, kind, _ in licence.rules)
    if is_conditional:
        return replace(plain, reservation="unset", stated=noes, review="linked_rights")
    if not is_known:
        return replace(
            plain, reservation="unset", stated=noes, review="unknown_preference"
        )
    return plain


def _stated(licence: Licence) -> tuple[dict[Usage, Preference], bool]:
    """What the licence says by usage; and whether nothing that restricts is unknown."""
    permitted: set[Usage] | None = None
    prohibited: set[Usage] = set()
    is_known = not licence.has_unknown
    for element, kind, words in licence.rules:
        if kind in {"user", "geo"}:
            continue
        uses = frozenset[Usage]().union(*(_USES.get(word, ()) for word in words))
        is_known = is_known and kind == "usage"
        if element == "permits":
            permitted = (permitted or set()) | uses
        else:
            prohibited |= uses
            # A prohibition of nothing was meant to be one of something.
            is_known = is_known and bool(words) and words <= _USES.keys()
    stated: dict[Usage, Preference] = {}
    if permitted is not None:
        stated.update(dict.fromkeys(_BY_PERMITS, "disallow"))
        stated.update(dict.fromkeys(permitted, "allow"))
    stated.update(dict.fromkeys(prohibited, "disallow"))
    return stated, is_known
