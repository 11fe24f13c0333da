"""One spelling for each identifier of a person."""

import re
import unicodedata
from typing import Final

NORMALISATION: Final = 2
"""Version of `normalise_identifier`; digests of identifiers are kept with theirs."""

_IGNORED: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that are not seen, such as soft hyphens and spaces of no width. Written
out, so that every version of Python drops the same ones.

Source: Unicode 16.0, DerivedCoreProperties.txt, Default_Ignorable_Code_Point.
"""

_TELEPHONE: Final = re.compile(r"\+[0-9][0-9 ./()\u2010-\u2015\u2212-]{6,}")
"""A telephone number with its country code, after NFKC."""


def normalise_identifier(identifier: str) -> str:
    """Give the spelling that identifiers are compared in.

    Without case, compatibility forms and characters that are not seen, one blank
    between words and none around them. `Jane@Example.ORG ` and `jane@example.org` are
    one person. A telephone number that begins with `+` is its digits: separators go,
    and so does a `(0)`. Nothing is guessed beyond that (no plus-tags, no dots, no
    national numbers). Fences compare in this spelling for as long as they last, so
    another one is another version. Letters that Unicode has assigned keep their forms
    in all its later versions.

    Source: Unicode Standard, section 3.13, D145 to D147 (caseless matching), and
        section 5.21 (ignoring characters); Unicode Character Encoding Stability
        Policies (normalization, case folding); RFC 3966, section 4 (numbers are
        compared without visual separators); ITU-T E.123, section 2.
    """
    text = identifier
    # Once more: what is put together when a character goes may fold again.
    for _ in range(2):
        text = _IGNORED.sub("", unicodedata.normalize("NFKC", text).casefold())
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    if _TELEPHONE.fullmatch(text):
        return "+" + re.sub("[^0-9]", "", text.replace("(0)", ""))
    return text


def first_spelling(identifier: str) -> str:
    """The spelling of version 1: without case and compatibility forms only.

    For digests that were made in it; and names are kept so, since it is nearer to what
    somebody typed and so to what may be found in a file.

    Source: Unicode Standard, section 3.13, D145 and D147 (caseless matching).
    """
    folded = unicodedata.normalize("NFKC", identifier).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def mask_identifier(identifier: str) -> str:
    """What may be shown of an identifier: the first letter of each part.

    `jane@example.org` becomes `j***@e***.org`. What is no letter or digit is shown as
    `*`: it could move the cursor, or turn the line around (U+202E).
    """
    local, at, domain = identifier.partition("@")
    if not at:
        return f"{_plain(identifier[:1])}***"
    _, dot, suffix = domain.rpartition(".")
    last = f".{_plain(suffix)}" if dot else ""
    return f"{_plain(local[:1])}***@{_plain(domain[:1])}***{last}"


def _plain(text: str) -> str:
    """The text with `*` for all but letters and digits that can be seen."""
    return "".join(c if c.isalnum() and c.isprintable() else "*" for c in text)
