"""How evenly the characters of a value are spread."""

from collections import Counter
from math import log2


def bits_per_char(value: str) -> float:
    """Shannon entropy of the characters of a value, 0 for an empty one.

    Random hex digits tend to 4 bits from below, random base64 to 6; words in English
    letters lie between 2 and 3.5 for lengths of 8 to 32.

    Source: Shannon, A Mathematical Theory of Communication (1948), section 6.
    """
    size = len(value)
    return sum(n / size * log2(size / n) for n in Counter(value).values())
