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

    `jane@example.org` becomes `j***@e***.org`.
    """
    local, at, domain = identifier.partition("@")
    if not at:
        return f"{identifier[:1]}***"
    _, dot, suffix = domain.rpartition(".")
    return f"{local[:1]}***@{domain[:1]}***{dot}{suffix if dot else ''}"
