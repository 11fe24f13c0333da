"""Subjects that a record declares, found in its text in any normal form."""

import re
from typing import Final

from producers.pii.classes import Hints, Span
from producers.pii.folding import Places, fold

_WORD: Final = re.compile(r"\w+")
_PHONE: Final = re.compile(r"\+?[0-9 ()./-]{7,24}")
_DIGITS: Final = re.compile(r"[0-9]")
_NAME: Final = re.compile(r"([^\s,@]{1,128}) ([^\s,@]{1,128})")

_DIGITS_MIN: Final = 7
"""Least digits of a telephone number without the code of its country."""

_IDENTIFIER_CHARS_MAX: Final = 256
_BLANK: Final = r"\s{1,8}"
_AT: Final = r"(?:@|%40|&#64;|\s?[\[(]at[\])]\s?)"
_DOT: Final = r"(?:\.|\s?[\[(]dot[\])]\s?)"
_BETWEEN_DIGITS: Final = r"[ ()./-]{0,3}"
_COUNTRY_CODE_DIGITS_MAX: Final = 3
"""Source: ITU-T E.164, section 6.2.1."""


class SubjectDetector:
    """Finds the identifiers of `hints.subjects`.

    Case, accents, width and invisible marks do not count; blanks may be any blanks. An
    e-mail address is also found with `[at]` and `%40`, a name of two words with the
    family name first and a comma, a telephone number with any separators, with or
    without its country code.
    """

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        if not hints.subjects:
            return []
        folded = fold(text)
        places: Places | None = None
        spans = []
        for identifier in hints.subjects:
            pattern = _pattern(fold(identifier)[:_IDENTIFIER_CHARS_MAX].strip(), folded)
            for found in pattern.finditer(folded) if pattern else ():
                places = places or Places(text)
                start, end = places.span(*found.span(1))
                spans.append(Span(start, end, "declared_subject"))
        return spans


def _pattern(identifier: str, folded: str) -> re.Pattern[str] | None:
    """What finds an identifier; None where the text cannot hold it."""
    if _PHONE.fullmatch(identifier) and len(_DIGITS.findall(identifier)) >= _DIGITS_MIN:
        return _phone_pattern(identifier)
    words = _WORD.findall(identifier)
    if not words or max(words, key=len) not in folded:
        return None
    forms = [_spelled(identifier)]
    name = _NAME.fullmatch(identifier)
    if name:
        forms.append(rf"{re.escape(name[2])},\s{{0,8}}{re.escape(name[1])}")
    before = r"(?<!\w)" if identifier[0].isalnum() else ""
    after = r"(?!\w)" if identifier[-1].isalnum() else ""
    return re.compile(f"{before}(?=({'|'.join(forms)}){after})")


def _spelled(identifier: str) -> str:
    """An identifier as a pattern."""
    is_mail = "@" in identifier
    pieces = []
    for part in re.findall(r"\s+|.", identifier):
        if part.isspace():
            pieces.append(_BLANK)
        elif part == "@":
            pieces.append(_AT)
        elif part == "." and is_mail:
            pieces.append(_DOT)
        else:
            pieces.append(re.escape(part))
    return "".join(pieces)


def _phone_pattern(identifier: str) -> re.Pattern[str]:
    """Seven digits at least, with any separators between them.

    Of a number that starts with a plus, the code of the country, one to three digits,
    may be left out or replaced by a zero: the digits that follow it must all be there.
    """
    digits = _DIGITS.findall(identifier)
    if not identifier.startswith("+"):
        return re.compile(rf"(?<![0-9])(?=({_BETWEEN_DIGITS.join(digits)})(?![0-9]))")
    forms = [rf"(?:\+|00)?{_BETWEEN_DIGITS}{_BETWEEN_DIGITS.join(digits)}"]
    for size in range(1, _COUNTRY_CODE_DIGITS_MAX + 1):
        code, rest = digits[:size], digits[size:]
        number = _BETWEEN_DIGITS.join(rest)
        if len(rest) >= _DIGITS_MIN:
            forms.append(
                rf"(?:\+|00)?{''.join(code)}{_BETWEEN_DIGITS}0{_BETWEEN_DIGITS}{number}"
            )
            forms.append(rf"\(?0{_BETWEEN_DIGITS}{number}")
    return re.compile(rf"(?<![0-9])(?=({'|'.join(forms)})(?![0-9]))")
