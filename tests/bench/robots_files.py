"""Robots files from a seed: what sites write, what they mistype, what an enemy writes.

A file is grown from one of four grammars, then perhaps damaged by a few edits. Its
questions are made from its own rules, so that most of them meet a pattern.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

AGENTS = ("FooBot", "foobot", "Foo-Bot", "foo_bot", "GPTBot", "CCBot", "AI2Bot", "e.ai")
"""Who asks; the last two are in use and outside the grammar of RFC 9309."""

_ENDS = ("\n",) * 8 + ("\r\n", "\r\n", "\r", "\n\n", " \n", "\t\r\n", " # no\n", "#\n")
_TOKENS = (
    *AGENTS,
    *("*",) * 4,
    "* ",
    "*bot",
    "Foo*",
    "FooBot/2.1",
    "AI2Bot/1.0",
    "FooBot x",
    "Mozilla/5.0 (compatible; FooBot/1.0)",
    "FooBot, GPTBot",
    "GPTBot,CCBot",
    "GPTBot;AI2Bot",
    "*, FooBot",
    '"FooBot"',
    "'*'",
    "foobots",
    "Foo",
    "é",
    "",
)
_USER_AGENT = ("User-agent",) * 6 + ("user-agent", "USER-AGENT", "User agent")
_RULE = ("Disallow",) * 6 + ("Allow",) * 5 + ("disallow", "ALLOW", "Dissallow")
_RARE_KEYS = ("useragent", "Diasllow", "disallaw", "Allowed", "Disallows", "allow all")
_OTHER_LINES = (
    "Crawl-delay: 10",
    "Sitemap: https://e.test/s.xml",
    "Content-Signal: search=yes, ai-train=no",
    "Content-Usage: train-ai=n",
    "License: https://e.test/rsl.xml",
    "Host: e.test",
    "Noindex: /a",
    "# User-agent: *",
    "#Disallow: /",
    "Clean-param: a /b",
    "no colon here",
    ": /a",
    "",
)
_PIECES = (
    *("/", "a", "b", "/a", "/b/", "x", ".html", "index.html", "index.htm", "?", "=1"),
    *("*", "*", "$", "**", "é", "~", "&", ";", "//", ".", "..", " ", "\\", "#", "+"),
    *("%61", "%2A", "%24", "%e9", "%C3%A9", "%7E", "%7e", "%2f", "%", "%zz", "%25"),
)
_PLAIN_PIECES = _PIECES[:14]
_WHOLE_RULES = (
    "/",
    "",
    "*",
    "/*",
    "/$",
    '"/"',
    "'/a'",
    "http://e.test/a",
    "https://other.test/",
    "//e.test/a",
    "/wp-admin/",
    "/wp-admin/admin-ajax.php",
    "/*.pdf$",
    "/*?",
)
_SEPARATORS = (": ",) * 12 + (":", " : ", ":\t", " ", "\t", "::", "=", "")
_MARK = b"\xef\xbb\xbf"
_NOISE = (
    *(_MARK, b"\xef\xbb", b"\0", b"\xff", b"\xc2\xa0", b"\xe2\x80\x8b"),
    *(b"\x0b", b"\x0c", b"\x85", b"\xe2\x80\xa8", b" ", b"\t", b"\n", b"\r", b"#"),
    *(b":", b"*", b"/", b"$", b"%", b'"', b"<html>", b"\x1b[0m", b"User-agent: *\n"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A file and what is asked of it.

    Attributes:
        body: bytes of the robots.txt.
        questions: (agent, url), the url percent-encoded.
    """

    body: bytes
    questions: tuple[tuple[str, str], ...]


def samples(seed: int, count: int) -> Iterator[Sample]:
    """`count` files; the same for the same seed."""
    rng = random.Random(seed)
    for _ in range(count):
        yield _sample(rng)


def _sample(rng: random.Random) -> Sample:
    grow = rng.choices(_GRAMMARS, weights=(4, 4, 4, 1))[0]
    body = grow(rng).encode()
    body = _MARK * rng.choices((0, 1, 2), weights=(100, 10, 1))[0] + body
    for _ in range(rng.choice((0, 0, 0, 0, 1, 2, 5))):
        body = _damaged(rng, body)
    text = body.decode("utf-8", "replace")
    return Sample(body, tuple(_question(rng, text) for _ in range(3)))


def _line(rng: random.Random, key: str, value: str) -> str:
    separator = ": " if rng.random() < 0.8 else rng.choice(_SEPARATORS)
    return key + separator + value + rng.choice(_ENDS)


def _pattern(rng: random.Random, pieces: tuple[str, ...] = _PIECES) -> str:
    if rng.random() < 0.2:
        return rng.choice(_WHOLE_RULES)
    start = "/" if rng.random() < 0.9 else ""
    return start + "".join(rng.choices(pieces, k=rng.randrange(5)))


def _as_deployed(rng: random.Random) -> str:
    """Groups as sites write them: stacked agents, plain rules, remarks between."""
    text = ""
    for _ in range(rng.randint(1, 4)):
        for token in rng.sample((*AGENTS, "*", "*"), rng.randint(1, 3)):
            text += f"User-agent: {token}\n"
        for _ in range(rng.randrange(4)):
            key = rng.choice(("Disallow", "Allow"))
            text += f"{key}: {_pattern(rng, _PLAIN_PIECES)}\n"
        if rng.random() < 0.4:
            text += rng.choice(_OTHER_LINES) + "\n"
        text += "\n"
    return text


def _loose(rng: random.Random) -> str:
    """Lines in any order, with every key, value and end of line."""
    text = ""
    for _ in range(rng.randint(2, 14)):
        kind = rng.random()
        if kind < 0.35:
            text += _line(rng, rng.choice(_USER_AGENT), rng.choice(_TOKENS))
        elif kind < 0.8:
            text += _line(rng, rng.choice(_RULE), _pattern(rng))
        elif kind < 0.87:
            text += _line(rng, rng.choice(_RARE_KEYS), _pattern(rng))
        else:
            text += rng.choice(_OTHER_LINES) + rng.choice(_ENDS)
    return text


def _of_one_group(rng: random.Random) -> str:
    """Many rules for one agent: who wins, and how patterns match."""
    text = _line(rng, "User-agent", rng.choice(_TOKENS))
    for _ in range(rng.randint(1, 8)):
        text += _line(rng, rng.choice(("Allow", "Disallow")), _pattern(rng))
    return text


def _hostile(rng: random.Random) -> str:
    """Long lines, many stars, many groups, a file past 500 KiB."""
    token = rng.choice(AGENTS)
    if rng.random() < 0.005:
        return _loose(rng) + "# filler\n" * 56_890 + _loose(rng)
    kind = rng.randrange(4)
    if kind == 0:
        path = "/" + "*a" * rng.randrange(60) + rng.choice(("", "$", "b", "b$"))
        return f"User-agent: {token}\nDisallow: {path}\nAllow: /a\n"
    if kind == 1:
        length = rng.choice((16_640, 16_661, 16_663, 16_664, 16_700))
        return f"User-agent: {token}\nDisallow: /" + "a" * length + "\nAllow: /a\n"
    if kind == 2:
        groups = (
            f"User-agent: {rng.choice(_TOKENS)}\n"
            f"{rng.choice(('Allow', 'Disallow'))}: {_pattern(rng)}\n"
            for _ in range(40)
        )
        return "".join(groups)
    return f"User-agent: {token}{' ' * 17_000}x\nDisallow: /\n" + _loose(rng)


def _damaged(rng: random.Random, body: bytes) -> bytes:
    at = rng.randrange(len(body) + 1)
    kind = rng.randrange(4)
    if kind == 0:
        return body[:at] + body[at + rng.randint(1, 3) :]
    if kind == 1:
        return body[:at] + body[at:].swapcase()
    if kind == 2:
        lines = body.splitlines(keepends=True)
        rng.shuffle(lines)
        return b"".join(lines)
    return body[:at] + rng.choice(_NOISE) + body[at:]


def _question(rng: random.Random, text: str) -> tuple[str, str]:
    """An agent, and a URL that a rule of the file may well match."""
    agent = rng.choice(AGENTS[:6] if rng.random() < 0.8 else AGENTS)
    rules = re.findall(r"(?im)^\s*\w*allow\w*[ \t:]+([^\r\n#]*)", text)
    path = rng.choice(rules).strip() if rules else ""
    if rng.random() < 0.25 or not path.startswith("/"):
        path = "/" + "".join(rng.choices(_PIECES, k=rng.randrange(4)))
    path = path.rstrip("$").replace("*", rng.choice(("", "a", "/b", "xx")))[:400]
    path += rng.choice(("", "", "", "a", "/", "?x=1", "/a.pdf"))
    return agent, "https://e.test" + _escaped(rng, path)


def _escaped(rng: random.Random, path: str) -> str:
    """`path` as it goes over the wire, its escapes perhaps in lower case."""
    octets = path.partition("#")[0].encode("utf-8", "surrogatepass")
    text = "".join(chr(o) if 0x20 < o < 0x7F else f"%{o:02X}" for o in octets)
    return text.lower() if rng.random() < 0.03 else text


_GRAMMARS: tuple[Callable[[random.Random], str], ...] = (
    _as_deployed,
    _loose,
    _of_one_group,
    _hostile,
)
