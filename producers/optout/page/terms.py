"""Terms of use: where they are, and which of their sentences a person must read.

Courts disagree whether prose is a reservation by machine-readable means, so prose is
never decided here: a sentence that speaks of text and data mining, machine learning,
training or scraping makes the page wait for a person, whatever the sentence says.

Source: LG Hamburg, 310 O 227/23, of 27 September 2024 (perhaps); OLG Hamburg,
5 U 104/24, of 10 December 2025 (not as of 2021).
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from producers.optout.page.html_meta import PageTags
from producers.optout.page.html_text import text_of
from producers.optout.vocabulary.prose import speaks_of_mining, terms_rank
from producers.optout.vocabulary.signals import SILENCE, Statement

URLS_MAX = 8
"""Most URLs of terms that are named for one page."""

TEXT_CHARS_MAX = 1024 * 1024
"""Longest text in which sentences are looked for."""

SENTENCE_CHARS_MAX = 1000
"""Longest sentence; a longer one is read in pieces that overlap."""

SENTENCES_MAX = 256
"""Most sentences that are returned."""

_OVERLAP = 200
_WORDS_MIN = 40
_RELATIONS = frozenset({"terms-of-service", "terms-of-use", "terms", "copyright"})
_SENTENCE_END = re.compile(r"(?<=[.!?;:])\s+|[。！？؟]|\n[ \t\r\f\v]*\n")  # noqa: RUF001 - other scripts
_LETTERS = re.compile(r"[^\W\d_]+")
_TAG = re.compile(rb"<(/?[A-Za-z!?][^\s<>/]*+)[^<>]*+>")
_INLINE = frozenset(
    b"a abbr b bdi bdo cite code em font i ins kbd mark q s small span strong sub sup"
    b" u var wbr".split()
)
_NEEDS_SCRIPT = re.compile(r"java ?script", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that a person must read.

    Attributes:
        line: 1-based line that it starts on.
        text: the sentence, one blank between words.
    """

    line: int
    text: str


def terms_urls(tags: PageTags, policies: Sequence[str]) -> tuple[str, ...]:
    """Where the terms of a page are, the plainest first; as written, perhaps relative.

    Args:
        tags: the elements of the page.
        policies: what `tdm-policy` named for it.
    """
    related = [
        link.href for link in tags.links if not _RELATIONS.isdisjoint(link.rel.split())
    ]
    ranked: tuple[list[str], list[str]] = ([], [])
    for href, text in reversed(tags.anchors):  # terms are linked from the foot
        rank = terms_rank(text, _path(href))
        if rank is not None:
            ranked[rank].append(href)
    found = [url.strip() for url in (*policies, *related, *ranked[0], *ranked[1])]
    return tuple(dict.fromkeys(url for url in found if _is_page(url)))[:URLS_MAX]


def find_sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences that speak of mining, machine learning, training or scraping.

    Args:
        text: plain text; past `TEXT_CHARS_MAX` it is not read.
    """
    found: list[Sentence] = []
    lines = [0, *(end.end() for end in re.finditer("\n", text[:TEXT_CHARS_MAX]))]
    for start, sentence in _sentences(text[:TEXT_CHARS_MAX]):
        if speaks_of_mining(sentence):
            line = bisect_right(lines, start)
            found.append(Sentence(line, " ".join(sentence.split())))
        if len(found) == SENTENCES_MAX:
            break
    return tuple(found)


def terms_statement(body: bytes) -> Statement:
    """What terms of use leave open: a person must read them, or they are silent.

    Terms that are not text, too long, or shown by a script only, are to be read by a
    person too. The line is that of the first sentence.

    Args:
        body: the page: markup or plain text.
    """
    text = _plain_text(body)
    if text is None or len(text) > TEXT_CHARS_MAX:
        return Statement(reservation="unset", review="terms_of_use")
    sentences = find_sentences(text)
    if sentences:
        line = sentences[0].line
        return Statement(reservation="unset", line=line, review="terms_of_use")
    words = len(_LETTERS.findall(text))
    if words == 0 or (words < _WORDS_MIN and _NEEDS_SCRIPT.search(text)):
        return Statement(reservation="unset", review="terms_of_use")
    return SILENCE


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """(start, sentence) for each; a long one in overlapping pieces."""
    ends = [found.span() for found in _SENTENCE_END.finditer(text)]
    borders = [(0, 0), *ends, (len(text), len(text))]
    for (_, start), (end, _) in pairwise(borders):
        step = SENTENCE_CHARS_MAX - _OVERLAP
        for at in range(start, max(end - _OVERLAP, start + 1), step):
            piece = text[at : min(at + SENTENCE_CHARS_MAX, end)]
            yield at + len(piece) - len(piece.lstrip()), piece


def _plain_text(body: bytes) -> str | None:
    """The text of a page without its tags, line by line as it was; none for binary."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        octets = body.decode("utf-16", "replace").encode("utf-8", "replace")
    else:
        octets = body.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in octets or octets.startswith(b"%PDF-"):
        return None
    try:
        octets.decode()
    except UnicodeDecodeError:
        octets = octets.decode("cp1252", "replace").encode()
    octets = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text_of(_TAG.sub(_without_tag, octets))


def _without_tag(tag: re.Match[bytes]) -> bytes:
    """What stands for a tag: nothing inside a word, else a gap as high as the tag.

    A comment stands for itself: a reservation may be written in one.
    """
    if tag[1].startswith(b"!--"):
        return tag[0]
    name = tag[1].lstrip(b"/").lower()
    gap = b"" if name in _INLINE else b" "
    return gap + b"\n" * tag[0].count(b"\n")


def _path(href: str) -> str:
    try:
        parts = urlsplit(href)
    except ValueError:
        return ""
    return unquote(parts.path)


def _is_page(url: str) -> bool:
    """Whether `url` may lead to a page: relative, http or https, no mere fragment."""
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        return False
    return bool(url) and not url.startswith("#") and scheme in {"", "http", "https"}
