"""Phrases of a dictionary, found word by word in any case and with any accents."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from ledger.errors import InputError
from producers.pii.classes import (
    ARTICLE_9_CLASSES,
    SENSITIVE_CLASSES,
    Hints,
    SensitiveClass,
    Span,
)
from producers.pii.folding import Places, fold
from producers.pii.tables import load_table

_WORD: Final = re.compile(r"\w+")
_GAP: Final = re.compile(r"[\s'\u2019\u2010\u2011-]{1,8}|[./]")
"""What may stand between two words of a phrase."""

PHRASE_CHARS_MAX: Final = 256
PHRASES_MAX: Final = 100_000
WORD_CHARS_MAX: Final = 128
"""Longer words of a text belong to no phrase."""

_Words = tuple[str, ...]


class PhraseDetector:
    """Finds the phrases of some classes as whole words.

    Args:
        phrases: phrases of each class; a word is letters, digits and underscores, what
            stands between words is free within one blank, hyphen or apostrophe.

    Raises:
        InputError: a phrase has no word or is too long, or there are too many.
    """

    def __init__(self, phrases: Mapping[SensitiveClass, Iterable[str]]) -> None:
        self._by_key: dict[str, list[tuple[int, _Words, SensitiveClass]]] = {}
        count = 0
        for name, listed in phrases.items():
            for words in sorted({_words_of(phrase) for phrase in listed}):
                key = max(range(len(words)), key=lambda at: len(words[at]))
                self._by_key.setdefault(words[key], []).append((key, words, name))
                count += 1
        if count > PHRASES_MAX:
            message = f"phrases: expected at most {PHRASES_MAX}, found {count}"
            raise InputError(message)

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        folded = fold(text)
        if self._by_key.keys().isdisjoint(_WORD.findall(folded)):
            return []
        words = [found.span() for found in _WORD.finditer(folded)]
        places = Places(text)
        spans = []
        for at, (start, end) in enumerate(words):
            for key, phrase, name in self._by_key.get(folded[start:end], ()):
                if _stands(folded, words, at - key, phrase):
                    last = words[at - key + len(phrase) - 1]
                    low, high = places.span(words[at - key][0], last[1])
                    spans.append(Span(low, high, name))
        return spans


def _stands(
    folded: str, words: list[tuple[int, int]], first: int, phrase: _Words
) -> bool:
    """Whether a phrase stands in the text from word `first` on."""
    if first < 0 or first + len(phrase) > len(words):
        return False
    places = words[first : first + len(phrase)]
    if any(
        folded[start:end] != word
        for (start, end), word in zip(places, phrase, strict=True)
    ):
        return False
    return all(_GAP.fullmatch(folded, a[1], b[0]) for a, b in pairwise(places))


def _words_of(phrase: str) -> _Words:
    """The folded words of a phrase."""
    words = tuple(_WORD.findall(fold(phrase)))
    if not words or len(phrase) > PHRASE_CHARS_MAX:
        message = (
            f"phrases: expected a word at least and {PHRASE_CHARS_MAX} characters "
            f"at most, found {len(words)} words in {len(phrase)} characters"
        )
        raise InputError(message)
    if any(len(word) > WORD_CHARS_MAX for word in words):
        message = f"phrases: expected words of at most {WORD_CHARS_MAX} characters"
        raise InputError(message)
    return words


@cache
def shipped_phrases() -> PhraseDetector:
    """The terms of special categories in all languages that ship, and the markers.

    Source: Regulation (EU) 2016/679, Article 9(1).
    """
    phrases: dict[SensitiveClass, list[str]] = {name: [] for name in ARTICLE_9_CLASSES}
    for language in article_9_languages():
        table = load_table("terms", f"{language}.toml")
        for name in ARTICLE_9_CLASSES:
            phrases[name] += table[name]
    phrases["proprietary"] = load_table("markers.toml")["markers"]
    return PhraseDetector(phrases)


@cache
def article_9_languages() -> tuple[str, ...]:
    """ISO 639-1 codes of the languages that have a dictionary."""
    folder = files("producers.pii").joinpath("terms")
    names = (entry.name for entry in folder.iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


def marker_detector(markers: Iterable[str]) -> PhraseDetector:
    """Markers of proprietary text that the user adds, such as names of projects.

    Raises:
        InputError: see `PhraseDetector`.
    """
    return PhraseDetector({"proprietary": markers})


def phrase_detector(table: Mapping[str, Iterable[str]]) -> PhraseDetector:
    """A dictionary that the user wrote: class to phrases, as read from TOML.

    Raises:
        InputError: a class is not one of `SensitiveClass`, or see `PhraseDetector`.
    """
    known: dict[str, SensitiveClass] = {name: name for name in SENSITIVE_CLASSES}
    unknown = sorted(set(table) - set(known))
    if unknown:
        message = f"phrases: expected sensitive classes, found {', '.join(unknown)}"
        raise InputError(message)
    return PhraseDetector({known[name]: phrases for name, phrases in table.items()})
