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

from producers.optout.signals import SILENCE, Statement

_RESERVING = frozenset({"noai", "noml"})
_HEADERS = frozenset({"x-robots-tag", "robots-tag"})
_TDM_NAMES = frozenset({"tdm-reservation", "tdm-policy"})

_WITH_VALUE = frozenset(
    {"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"}
)
"""Rules that take a value after a colon, and so are no crawler's name."""

_SCOPE = re.compile(r"\s*([A-Za-z0-9_.*-]+)\s*:(.*)", re.DOTALL)
_BLANKS = re.compile(r"\s+")
_Pairs = Sequence[tuple[str, str]]


def relevant_headers(headers: _Pairs) -> tuple[tuple[str, str], ...]:
    """The header lines that can hold a reservation, in order, names in lower case."""
    return _select(headers, _HEADERS | _TDM_NAMES)


def relevant_metas(
    metas: _Pairs, agents: Collection[str]
) -> tuple[tuple[str, str], ...]:
    """The meta elements that can hold a reservation, in order."""
    return _select(metas, _TDM_NAMES | {"robots"} | _folded(agents))


def canonical_lines(pairs: _Pairs) -> bytes:
    """`name: value` lines, kept as evidence; line numbers of statements are theirs."""
    return "".join(f"{name}: {value}\n" for name, value in pairs).encode()


def header_noai(headers: _Pairs, agents: Collection[str]) -> Statement:
    """The first header line that reserves against `agents` or everybody.

    Args:
        headers: (name, value) in order.
        agents: product tokens that count besides "everybody".
    """
    for number, (name, value) in enumerate(headers, 1):
        split = {"x-robots-tag": _x_robots_tag, "robots-tag": _robots_tag}.get(
            name.lower()
        )
        if split is not None and any(
            scope in {"*", *_folded(agents)} and not _RESERVING.isdisjoint(rules)
            for scope, rules in split(value)
        ):
            return Statement(reservation="reserved", line=number)
    return SILENCE


def meta_noai(metas: _Pairs, agents: Collection[str]) -> Statement:
    """The first meta element that reserves against `agents` or everybody."""
    for number, (name, content) in enumerate(metas, 1):
        is_ours = name.casefold() in {"robots", *_folded(agents)}
        if is_ours and not _RESERVING.isdisjoint(_words(content)):
            return Statement(reservation="reserved", line=number)
    return SILENCE


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


def _select(pairs: _Pairs, names: Collection[str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.lower(), _BLANKS.sub(" ", value).strip())
        for name, value in pairs
        if name.casefold() in names
    )
