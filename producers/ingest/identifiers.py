"""One spelling for each identifier of a person."""

import unicodedata


def normalise_identifier(identifier: str) -> str:
    """Give the spelling that identifiers are compared in.

    NFKC before and after case folding, since folding can leave text that is not in
    NFKC, and no blanks around it. `Jane@Example.ORG ` and `jane@example.org` are one
    person; nothing is guessed beyond that (no plus-tags, no dots).

    Source: Unicode Standard, section 3.13, D145 and D147 (caseless matching).
    """
    folded = unicodedata.normalize("NFKC", identifier).casefold()
    return unicodedata.normalize("NFKC", folded).strip()
