"""The German health insurance number, which python-stdnum does not know."""

import re
from typing import Final

_FORM: Final = re.compile(r"[A-Z][0-9]{9}")


def is_kvnr(value: str) -> bool:
    """Whether the last digit checks the letter and the eight digits before it.

    The letter counts as its place in the alphabet, two digits. Digits are weighted by
    1 and 2 in turn, the digits of the products are added, the sum is taken modulo 10.

    Source: section 290 SGB V; GKV-Spitzenverband, guideline on the
    Krankenversichertennummer, annex 1.
    """
    if not _FORM.fullmatch(value):
        return False
    digits = f"{ord(value[0]) - ord('A') + 1:02d}{value[1:-1]}"
    products = (int(d) * (1 + place % 2) for place, d in enumerate(digits))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(value[-1])
