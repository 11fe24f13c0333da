"""One spelling for all normal forms of a text, and the way back to its places."""

import unicodedata
from bisect import bisect_right
from itertools import accumulate


class _Folds(dict[int, str]):
    """What each character folds to, worked out on first sight."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", chr(code)).casefold()
        kept = "".join(
            c
            for c in unicodedata.normalize("NFKD", folded)
            if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
        )
        self[code] = kept
        return kept


_FOLDS = _Folds()


def fold(text: str) -> str:
    """The text without case, accents, width and invisible marks.

    Each character folds alone, so that composed and decomposed forms, full-width
    letters and ligatures fold to one spelling, and places can be found again. At most
    1,114,112 characters are remembered.

    Source: Unicode Standard, section 3.13, D145 (compatibility caseless match); UAX 15.
    """
    return text.lower() if text.isascii() else text.translate(_FOLDS)


class Places:
    """Which place of a text a place of its folded form comes from."""

    def __init__(self, text: str) -> None:
        """Count what each character folds to."""
        self._ends = (
            None
            if text.isascii()
            else list(accumulate(len(_FOLDS[ord(c)]) for c in text))
        )

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the text of `start` and `end` in its folded form."""
        if self._ends is None:
            return start, end
        after = bisect_right(self._ends, end - 1) + 1
        marks_too = bisect_right(self._ends, end)
        return bisect_right(self._ends, start), max(after, marks_too)
