"""Bank accounts and payment cards."""

import re
from typing import Final

from producers.pii.classes import Hints, Span
from producers.pii.extras import require

_IBAN_HEAD: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z]{2}[0-9]{2}[ \u00a0-]?[A-Za-z0-9])"
)
_IBAN: Final = re.compile(r"[A-Za-z]{2}[0-9]{2}(?:[ \u00a0-]?[A-Za-z0-9]){11,30}")
_SEPARATORS: Final = " \u00a0-"
_IBAN_LENGTHS: Final = range(15, 35)
"""Shortest (Norway) to longest. Source: ISO 13616-1; the registry has 15 to 33."""


class IbanDetector:
    """IBANs by country, length, structure and the check of modulo 97.

    Raises:
        InputError: python-stdnum is not installed.
    """

    def __init__(self) -> None:
        self._is_valid = require("stdnum.iban", "pii").is_valid

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        spans = []
        for head in _IBAN_HEAD.finditer(text):
            start = head.start()
            end = self._end(text, start)
            if end:
                spans.append(Span(start, end, "iban"))
        return spans

    def _end(self, text: str, start: int) -> int:
        """Where the IBAN that starts here ends; 0 where none does.

        Words may follow a blank away, so ends are tried from the far one.
        """
        found = _IBAN.match(text, start)
        if found is None:
            return 0
        for end in range(found.end(), start + min(_IBAN_LENGTHS) - 1, -1):
            if text[end - 1] in _SEPARATORS or text[end : end + 1].isalnum():
                continue
            value = _compact(text[start:end])
            if len(value) in _IBAN_LENGTHS and _checks(value) and self._is_valid(value):
                return end
        return 0


def _checks(value: str) -> bool:
    """Whether the check digits agree; the library also knows each country's structure.

    Source: ISO/IEC 7064, MOD 97-10; ISO 13616-1, section 6.
    """
    turned = value[4:] + value[:4]
    return int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


_BEFORE: Final = r"(?<![\w+])(?<![0-9][.,-])(?<![0-9][.,-] )"
_AFTER: Final = r"(?!\w)(?![.,][0-9])"
_TWELVE_DIGITS: Final = re.compile(r"[0-9](?:[ \u00a0-]?[0-9]){11}")
_CARDS: Final = tuple(
    re.compile(f"{_BEFORE}(?=({form}){_AFTER})")
    for form in (
        r"[0-9]{12,19}|[0-9]{4}([ \u00a0-])[0-9]{6}\2[0-9]{4,5}",
        r"[0-9]{4}([ \u00a0-])(?:[0-9]{4}\2){2}[0-9]{1,4}",
        r"[0-9]{4}([ \u00a0-])(?:[0-9]{4}\2){3}[0-9]{1,3}",
    )
)
"""How cards are printed. Each way is looked for alone: other digits may follow."""

_ISSUERS: Final[tuple[tuple[int, int, range], ...]] = (
    (4, 4, range(13, 20)),
    (51, 55, range(16, 17)),
    (2221, 2720, range(16, 17)),
    (34, 34, range(15, 16)),
    (37, 37, range(15, 16)),
    (300, 305, range(14, 20)),
    (3095, 3095, range(14, 20)),
    (36, 36, range(14, 20)),
    (38, 39, range(14, 20)),
    (3528, 3589, range(16, 20)),
    (1800, 1800, range(15, 16)),
    (2131, 2131, range(15, 16)),
    (6011, 6011, range(16, 20)),
    (644, 649, range(16, 20)),
    (65, 65, range(16, 20)),
    (62, 62, range(16, 20)),
    (81, 82, range(16, 20)),
    (2200, 2204, range(16, 20)),
    (50, 50, range(12, 20)),
    (56, 58, range(12, 20)),
    (60, 61, range(12, 20)),
    (63, 64, range(12, 20)),
    (66, 69, range(12, 20)),
)
"""First and last prefix, and lengths in digits: Visa, Mastercard, American Express,
Diners Club, JCB, Discover, UnionPay, RuPay, Mir, Maestro.

Source: ISO/IEC 7812-1 (numbering and length); prefixes as the schemes publish them.
"""


class CardDetector:
    """Payment cards by issuer, length, grouping and the Luhn digit.

    Raises:
        InputError: python-stdnum is not installed.
    """

    def __init__(self) -> None:
        self._is_valid = require("stdnum.luhn", "pii").is_valid

    def find(self, text: str, hints: Hints) -> list[Span]:
        """See `Detector.find`."""
        del hints
        if not _TWELVE_DIGITS.search(text):
            return []
        spans = []
        for found in (card for form in _CARDS for card in form.finditer(text)):
            value = _compact(found.group(1))
            if _is_issued(value) and self._is_valid(value):
                spans.append(Span(found.start(1), found.end(1), "payment_card"))
        return spans


def _is_issued(value: str) -> bool:
    """Whether a scheme gives out numbers that start like this and are as long."""
    return any(
        low <= int(value[: len(str(low))]) <= high and len(value) in lengths
        for low, high, lengths in _ISSUERS
    )


def _compact(value: str) -> str:
    return value.translate({0x20: None, 0xA0: None, 0x2D: None})
