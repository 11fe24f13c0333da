"""One spelling for each identifier of a person."""

import unicodedata


def normalise_identifier(identifier: str) -> str:
    """Give the spelling that identifiers are compared in.

    NFKC before and after case folding, since folding can leave text that is not in
    NFKC, and no blanks around it. `Jane@Example.ORG ` and `jane@example.org` are one
    person; nothing is guessed beyond that (no plus-tags, no dots). Fences compare in
    this spelling for as long as they last, so it never changes.

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
