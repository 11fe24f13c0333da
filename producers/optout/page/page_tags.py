"""Training reservations beside a page: X-Robots-Tag, Robots-Tag and meta robots.

`noai` and `noml` reserve a text against training. `noimageai` speaks of images only,
and `noindex` of search only; neither is a reservation of text.

    X-Robots-Tag: noai, googlebot: noindex      a name and a colon limit what follows
    X-Robots-Tag: unavailable_after: 25 Jun 2030 15:00:00 PST, noai
    Robots-Tag: *=noai, nosnippet; ExampleBot=  names and equals signs, semicolons
    <meta name="robots" content="noai">         or a crawler's name in place of robots

Source: MDN, X-Robots-Tag; draft-illyes-repext-03 (Robots-Tag); noai: DeviantArt,
November 2022; noml: Mojeek, 2023.
"""

import re
from collections.abc import Collection, Sequence

from producers.optout.documents.tdmrep import TDM_NAMES
from producers.optout.vocabulary.merge import Preferences, merged
from producers.optout.vocabulary.signals import SILENCE, Statement
from producers.optout.vocabulary.usage import (
    is_usage_key,
    leaves_training_open,
    names_training,
)

_RESERVING = frozenset({"noai", "noml"})
_HEADERS = frozenset({"x-robots-tag", "robots-tag"})
_USAGE = frozenset({"content-usage", "content-signal"})
"""Headers that have readers of their own; as meta elements they are in no standard."""


_WITH_VALUE = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}
)
"""Rules that take a value after a colon, and so are no crawler's name."""

_NO_CRAWLERS = frozenset(
    {
        "ai",
        "all",
        "any",
        "anyone",
        "bot",
        "bots",
        "crawler",
        "crawlers",
        "everybody",
        "everyone",
        "follow",
        "genai",
        "index",
        "indexifembedded",
        "llm",
        "ml",
        "noarchive",
        "nocache",
        "nofollow",
        "noimageindex",
        "noindex",
        "none",
        "nosnippet",
        "notranslate",
        "robot",
        "robots",
        "user-agent",
    }
)
"""Rules without a value, and words for all: no names of one crawler either."""

_OF_THE_PAGE = frozenset(
    {"assisted", "content", "declaration", "disclosure", "generated"}
)
"""Parts of names that tell how a page was made, such as `ai-generated`."""

_CRAWLER = re.compile(r"[a-z][a-z_.-]*")
"""What is plainly a crawler's name; with digits it may as well be a part of a date."""

_RESERVING_WORD = re.compile(
    r"(?<![a-z0-9_-])(?:no|disallow)[-_.]?"
    r"(?:(?:gen-?ai|ai|ml|llm)(?:[-_]?train[a-z]*)?|train(?:ing)?|tdm|data-?mining)"
    r"(?![a-z0-9_-])"
)
_SCOPE = re.compile(r"\s*([A-Za-z0-9_.*-]+)\s*:(.*)", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_Pairs = Sequence[tuple[str, str]]
_Scoped = Sequence[tuple[str, set[str]]]


def relevant_headers(headers: _Pairs) -> tuple[tuple[str, str], ...]:
    """The header lines that can hold a reservation, in order, names in lower case."""
    usage = {name.casefold() for name, _ in headers if is_usage_key(name)}
    has_licence = any(_is_licence_link(name, value) for name, value in headers)
    links = {"link"} if has_licence else set[str]()
    return _select(headers, _HEADERS | TDM_NAMES | usage | links)


def relevant_metas(
    metas: _Pairs, agents: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """The meta elements that can hold a reservation, in order.

    One with `http-equiv` is listed under the name of the header that it stands for.
    """
    usage = {
        name.casefold()
        for name, _ in metas
        if is_usage_key(name) or _is_for_training(name)
    }
    return _select(metas, _HEADERS | TDM_NAMES | {"robots"} | usage | _folded(agents))


def canonical_lines(pairs: _Pairs) -> bytes:
    """`name: value` lines, kept as evidence; line numbers of statements are theirs."""
    return "".join(f"{name}: {value}\n" for name, value in pairs).encode()


def header_noai(headers: _Pairs, agents: Collection[str]) -> Statement:
    """The first header line that reserves against `agents` or everybody.

    Where none does, the first that may have been meant to.

    Args:
        headers: (name, value) in order.
        agents: product tokens that count besides "everybody".
    """
    ours = {"*", *_folded(agents)}
    return merged(
        _named_line(number, name.lower(), value, ours)
        for number, (name, value) in enumerate(headers, 1)
        if name.lower() not in _USAGE
    )


def meta_noai(metas: _Pairs, agents: Collection[str]) -> Statement:
    """The first meta element that reserves, or may, against `agents` or everybody."""
    ours = _folded(agents)
    return merged(
        _by_rules(number, [("*", _words(content))], {"*"})
        if not {"robots", *ours}.isdisjoint(_names_in(name))
        else _named_line(number, name.lower(), content, {"*", *ours})
        for number, (name, content) in enumerate(metas, 1)
    )


def _is_licence_link(name: str, value: str) -> bool:
    return name.lower() == "link" and "license" in value.lower()


def _named_line(number: int, name: str, value: str, ours: Collection[str]) -> Statement:
    if name == "x-robots-tag":
        return _by_rules(number, _x_robots_tag(value), ours)
    if name == "robots-tag":
        return _by_rules(number, _robots_tag(value), ours)
    is_unread = (is_usage_key(name) and leaves_training_open(value)) or (
        _is_for_training(name) and leaves_training_open(f"{name}={value}")
    )
    return Statement(reservation="unset", line=number * is_unread, is_unread=is_unread)


def _is_for_training(name: str) -> bool:
    """Whether an element is named for training, in a vocabulary not read here."""
    is_known = name.casefold() in TDM_NAMES
    is_about_the_page = not _OF_THE_PAGE.isdisjoint(name.casefold().split("-"))
    return names_training(name) and not (is_known or is_about_the_page)


def _by_rules(number: int, scoped: _Scoped, ours: Collection[str]) -> Statement:
    """What the rules of one value say; a `noai` in an odd place is malformed."""
    if any(
        scope in ours and not _RESERVING.isdisjoint(rules) for scope, rules in scoped
    ):
        no: Preferences = (("train", "disallow"),)
        return Statement(reservation="reserved", stated=no, line=number)
    if any(_is_odd(scope, rules) for scope, rules in scoped):
        return Statement(reservation="unset", line=number, is_malformed=True)
    return SILENCE


def _is_odd(scope: str, rules: set[str]) -> bool:
    """Whether a reserving word is there, but is no rule of an evident crawler."""
    is_crawler = _CRAWLER.fullmatch(scope) is not None and scope not in _NO_CRAWLERS
    odd_rules = rules - _RESERVING if is_crawler else rules
    if "no" in rules and not rules.isdisjoint({"ai", "ml"}):
        return True  # written apart
    return any(_RESERVING_WORD.search(word) for word in (scope, *odd_rules))


def _x_robots_tag(value: str) -> list[tuple[str, set[str]]]:
    """(crawler or `*`, rules) of a value; a name counts until the next one."""
    scope = "*"
    found: list[tuple[str, set[str]]] = []
    for part in value.split(","):
        named = _SCOPE.fullmatch(part)
        if named is not None and named[1].lower() not in _WITH_VALUE:
            scope, part = named[1].casefold(), named[2]  # noqa: PLW2901 - the rest of it
        found.append((scope, _words(part)))
    return found


def _robots_tag(value: str) -> list[tuple[str, set[str]]]:
    """(crawler or `*`, rules) of a value of the draft's syntax."""
    found: list[tuple[str, set[str]]] = []
    for part in value.split(";"):
        name, equals, rules = part.partition("=")
        if not equals:
            name, rules = "*", name
        found.append((name.strip().casefold(), _words(rules)))
    return found


def _words(text: str) -> set[str]:
    return set(re.split(r"[\s,;]+", text.casefold()))


def _folded(agents: Collection[str]) -> frozenset[str]:
    return frozenset(agent.casefold() for agent in agents)


def _select(pairs: _Pairs, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.lower(), _BLANKS.sub(" ", value).strip())
        for name, value in pairs
        if not names.isdisjoint(_names_in(name))
    )


def _names_in(name: str) -> set[str]:
    """The names of an element; some sites list several."""
    return {name.casefold(), *re.split(r"[\s,;]+", name.casefold())}
