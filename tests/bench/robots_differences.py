"""Why our answer may differ from google/robotstxt's: ten rules, and no others.

Each rule is a predicate over file, agent and URL, written from the bytes alone: nothing
of the parser under test is used. It holds only where the feature that it names can
touch the answer, so that it does not excuse a difference of another kind.

Ours may be stricter. It may be looser only by a rule with `may_allow`, which says why.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import unquote_to_bytes

_BOM = b"\xef\xbb\xbf"
_LIMIT = 500 * 1024
_SPACE = b" \t\n\v\f\r"
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
_RFC_TOKEN = re.compile(r"[A-Za-z_-]+")
_ESCAPE = re.compile(rb"%[0-9a-fA-F]{2}")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_ABSOLUTE = re.compile(rb"(?:https?:)?//([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_AGENT = (b"user-agent", b"useragent", b"user agent")
_ALLOW = (b"allow",)
_DISALLOW = (
    b"disallow",
    b"dissallow",
    b"dissalow",
    b"disalow",
    b"diasllow",
    b"disallaw",
)
_ANY, _END = -1, -2


@dataclass(frozen=True, slots=True)
class Difference:
    """A rule by which ours and Google's answers may part.

    Attributes:
        name: the table's first column.
        why: why ours differs.
        holds: whether it applies to (file, agent, URL).
        may_allow: whether ours may also allow what Google's disallows.
    """

    name: str
    why: str
    holds: Callable[[bytes, str, str], bool]
    may_allow: bool = False


def explain(body: bytes, agent: str, url: str, *, ours: bool) -> list[Difference]:
    """The rules that explain a difference; `ours` is our answer, true for allowed."""
    return [
        rule
        for rule in DIFFERENCES
        if (rule.may_allow or not ours) and rule.holds(body, agent, url)
    ]


def _token_outside_the_grammar(body: bytes, agent: str, url: str) -> bool:
    return _RFC_TOKEN.fullmatch(agent) is None and any(
        agent.casefold() in (word, _name(word))
        for text in _agents(body)
        for word in text.split(maxsplit=1)[:1]
    )


def _list_of_tokens(body: bytes, agent: str, url: str) -> bool:
    return any(
        len(text.split()) + text.count(",") + text.count(";") > 1
        and ({agent.casefold()} & _words(text) or "*" in _items(text))
        for text in _agents(body)
    )


def _quoted_token(body: bytes, agent: str, url: str) -> bool:
    for value in _values(body, _AGENT):
        written = value.lower().decode("utf-8", "replace")
        meant = written.casefold().strip().strip(_QUOTES)
        if meant != written and _name(meant) in (agent.casefold(), "*"):
            return True
    return False


def _wildcard_token(body: bytes, agent: str, url: str) -> bool:
    return any(
        word == ".*"
        or ("*" in word and word != "*" and fnmatchcase(agent.casefold(), word))
        for text in _agents(body)
        for word in _words(text)
    )


def _quoted_pattern(body: bytes, agent: str, url: str) -> bool:
    return any(
        value[:1] in (b'"', b"'", b"`") and _matches_decoded(value[1:-1], url)
        for value in _values(body, _DISALLOW)
        if len(value) > 1 and value[:1] == value[-1:]
    )


def _absolute_url(body: bytes, agent: str, url: str) -> bool:
    return any(
        found[1].lower() == _host(url) and _matches_decoded(found[2] or b"/", url)
        for value in _values(body, _DISALLOW)
        if (found := _ABSOLUTE.fullmatch(value)) is not None
    )


def _decoded_disallow(body: bytes, agent: str, url: str) -> bool:
    path = _canonical(_path(url))
    return any(
        _matches_decoded(value, url)
        and not _matches(_pattern(_canonical(_escaped(value))), path)
        for value in _values(body, _DISALLOW)
    )


def _spelling_of_escapes(body: bytes, agent: str, url: str) -> bool:
    path = _path(url)
    return any(
        _matches(_pattern(_upper(_escaped(value))), path)
        != _matches(_pattern(_canonical(_escaped(value))), _canonical(path))
        for value in _values(body, _DISALLOW + _ALLOW)
    )


def _more_than_one_mark(body: bytes, agent: str, url: str) -> bool:
    return body.startswith(_BOM + _BOM[:1])


def _beyond_the_limit(body: bytes, agent: str, url: str) -> bool:
    return len(body) > _LIMIT


DIFFERENCES = (
    Difference(
        "token outside the grammar",
        "`AI2Bot` and `bigsur.ai` are in use; the grammar has letters, `-` and `_`. A"
        " group that names such a crawler speaks to it, in place of `*`",
        _token_outside_the_grammar,
        may_allow=True,
    ),
    Difference(
        "list of tokens",
        "`User-agent: FooBot, GPTBot` disallows for both",
        _list_of_tokens,
    ),
    Difference(
        "quoted token",
        '`User-agent: "FooBot"` disallows for FooBot, and so does a name behind a blank'
        " that is none in ASCII",
        _quoted_token,
    ),
    Difference(
        "wildcard in a token",
        "`User-agent: *bot` disallows for FooBot",
        _wildcard_token,
    ),
    Difference(
        "quoted pattern",
        '`Disallow: "/a"` is meant for /a; no path starts with a quotation mark',
        _quoted_pattern,
    ),
    Difference(
        "absolute URL as a pattern",
        "`Disallow: https://e.test/a`, in the file of that host, is meant for /a",
        _absolute_url,
    ),
    Difference(
        "percent-decoded disallow",
        "a disallow rule is compared decoded as well: `/%62` and `/b` are one resource"
        " (RFC 3986, 6.2.2.2)",
        _decoded_disallow,
    ),
    Difference(
        "spelling of escapes",
        "`%e9` is `%E9` and `%7E` is `~`, in rule and URL alike (RFC 3986, 6.2.2);"
        " Google's leaves the URL to its caller, so its allow rules may miss there",
        _spelling_of_escapes,
        may_allow=True,
    ),
    Difference(
        "second byte order mark",
        "every mark at the start is skipped; the first line is then read, whatever it"
        " says",
        _more_than_one_mark,
        may_allow=True,
    ),
    Difference(
        "past 500 KiB",
        "what lies behind the limit is not read; the file counts as cut off, so nothing"
        " in it is silently allowed",
        _beyond_the_limit,
        may_allow=True,
    ),
)


def _values(body: bytes, keys: tuple[bytes, ...]) -> Iterator[bytes]:
    """Values of the lines whose key starts with one of `keys`."""
    for row in re.split(rb"[\r\n]", body.lstrip(_BOM)):
        line = row.partition(b"\0")[0].partition(b"#")[0].strip(_SPACE)
        key, colon, value = line.partition(b":")
        if not colon:
            key, _, value = line.replace(b"\t", b" ").partition(b" ")
        if key.strip(_SPACE).lower().startswith(keys):
            yield value.strip(_SPACE)


def _agents(body: bytes) -> Iterator[str]:
    """Values of the user-agent lines, case-folded."""
    for value in _values(body, _AGENT):
        yield value.decode("utf-8", "replace").casefold()


def _items(text: str) -> set[str]:
    return {item.strip().strip(_QUOTES) for item in text.split(",")}


def _words(text: str) -> set[str]:
    """Every name in a user-agent value, with and without its version."""
    words = [word.strip(_QUOTES) for word in re.split(r"[\s,;]+", text)]
    return {name for word in words for name in (word, _name(word))}


def _name(word: str) -> str:
    return word.partition("/")[0]


def _host(url: str) -> bytes:
    return url.split("/")[2].lower().encode()


def _path(url: str) -> bytes:
    """Path and query of an absolute URL without a fragment."""
    return b"/" + url.encode().split(b"/", 3)[3]


def _escaped(value: bytes) -> bytes:
    return _NOT_ASCII.sub(lambda found: b"%%%02X" % found.group()[0], value)


def _upper(octets: bytes) -> bytes:
    return _ESCAPE.sub(lambda found: found.group().upper(), octets)


def _canonical(octets: bytes) -> bytes:
    return _upper(octets).replace(b"%7E", b"~")


def _pattern(value: bytes, *, decode: bool = False) -> list[int]:
    """Octets of a rule, with a mark for each star and for a final `$`."""
    anchored = value.endswith(b"$")
    pieces = (value[:-1] if anchored else value).split(b"*")
    octets: list[int] = []
    for piece in pieces:
        octets += [*(unquote_to_bytes(piece) if decode else piece), _ANY]
    return octets[:-1] + [_END] * anchored


def _matches_decoded(value: bytes, url: str) -> bool:
    return _matches(_pattern(value, decode=True), unquote_to_bytes(_path(url)))


def _matches(pattern: list[int], path: bytes) -> bool:
    """The obvious matcher: every place that the pattern so far can have reached."""
    if not pattern:
        return False  # an empty rule matches nothing
    places = {0}
    for octet in pattern:
        if octet == _ANY:
            places = set(range(min(places), len(path) + 1))
        elif octet == _END:
            places &= {len(path)}
        else:
            places = {at + 1 for at in places if path[at : at + 1] == bytes([octet])}
        if not places:
            return False
    return True
